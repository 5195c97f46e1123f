//! Table `perturbations`: which masks a method asked, and what the network answered.

crate::table::table! {
    /// The samples of one explanation: masks over superpixels and the network's answers.
    #[table = "perturbations"]
    pub struct Perturbations {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// Number of the run, from 0; each has random numbers of its own.
        #[unit = "run"]
        pub run: u32,
        /// Way of drawing the masks, such as `coin`.
        #[unit = "name"]
        pub sampler: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Number of masks, the untouched image (row 0) included.
        #[unit = "masks"]
        pub samples: u32,
        /// Number of superpixels, d.
        #[unit = "superpixels"]
        pub superpixels: u32,
        /// The masks one after another, ceil(d / 8) bytes each, lowest bit first, 1 where a superpixel is kept; row 0 is all ones,
        /// and the bits after the last superpixel are 0.
        #[unit = "bits"]
        pub masks: Vec<u8>,
        /// Probability of the explained class for each mask, from 0 to 1.
        #[unit = "probability"]
        pub probabilities: Vec<f32>,
    }
}
