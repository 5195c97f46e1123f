//! Table `targets`: the class that is explained.

crate::table::table! {
    /// The class that every explanation of an image in a network is about.
    #[table = "targets"]
    pub struct Target {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Label of the explained class.
        #[unit = "name"]
        pub target_label: String,
        /// The image's true class; null where it is not known.
        #[unit = "class id"]
        pub true_class: Option<u32>,
        /// Label of the true class; null where it is not known.
        #[unit = "name"]
        pub true_label: Option<String>,
        /// Whether the network predicts the true class; null where that is not known.
        #[unit = "truth value"]
        pub correct: Option<bool>,
        /// Probability of the explained class for the untouched crop, from 0 to 1.
        #[unit = "probability"]
        pub probability: f32,
    }
}
