//! Table `targets`: the class that is explained.

crate::table! {
    /// The class that every explanation of an image in a network explains.
    #[table = "targets"]
    #[keys(image, network)]
    pub struct Target {
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
        #[range(0 ..= 1)]
        pub probability: f32,
    }
}
