//! Table `perturbations`: which masks a method asked, and what the network answered.

crate::table! {
    /// The samples of one explanation: masks over superpixels and the network's answers.
    #[table = "perturbations"]
    #[keys(image, network, method, run)]
    pub struct Perturbations {
        /// Name of the partition that the masks belong to; null of RISE, whose masks belong to none.
        #[unit = "name"]
        pub partition: Option<String>,
        /// Way of drawing the masks, such as `coin`.
        #[unit = "name"]
        pub sampler: String,
        /// Numbers in which the network answered: `fp32`, `tf32`, `bf16`, or `mixed`: `bf16` to all masks and also `fp32` to some.
        #[unit = "name"]
        pub precision: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Number of masks, the untouched image (row 0) included.
        #[unit = "masks"]
        pub samples: u32,
        /// Number of superpixels, d; of RISE, of the cells of its grid.
        #[unit = "superpixels"]
        pub superpixels: u32,
        /// The masks one after another, ceil(d / 8) bytes each, lowest bit first, 1 where a superpixel is kept; row 0 is all ones,
        /// and the bits after the last superpixel are 0.
        #[unit = "bits"]
        pub masks: Vec<u8>,
        /// Of `kernelshap`, how many of the rows from the third on are all masks of some sizes, and not drawn; 0 of other methods.
        #[unit = "masks"]
        pub enumerated: u32,
        /// How often each mask was drawn; empty where each was drawn once, or repeated draws have rows of their own.
        #[unit = "1"]
        pub repeats: Vec<u32>,
        /// Of RISE, by how much each mask's grid is shifted up and to the left: two numbers a mask, in 65,536ths of a cell of ceil(side of the crop / cells of a
        /// side) pixels; empty of other methods.
        #[unit = "1/65536 cell"]
        pub shifts: Vec<u16>,
        /// Probability of the explained class for each mask, from 0 to 1; or its logit, where the networks' `measured` says so. Of `mixed` those
        /// of `bf16`.
        #[unit = "probability"]
        pub probabilities: Vec<f32>,
        /// Of `mixed`, the rows that were asked in `fp32` too: first those that were certain to be, row 0 the first of them, then an equal random
        /// choice from the others of even number and one from those of odd, in any order. Empty for the other precisions.
        #[unit = "row"]
        pub reference_samples: Vec<u32>,
        /// The answers of `fp32` to `reference_samples`.
        #[unit = "probability"]
        pub reference_probabilities: Vec<f32>,
        /// How many of `reference_samples` were certain to be asked.
        #[unit = "masks"]
        pub reference_certain: u32,
    }
}
