//! Table `curves`: the networks' answers while superpixels are removed.

crate::table! {
    /// A step of a removal: the network's answer after the first `step` superpixels of the order were replaced.
    #[table = "curves"]
    #[keys(image, network, partition, method, run)]
    pub struct CurveStep {
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become: `mean`, `black`, `gray`, `blur` or `noisy_linear`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels removed, from 0 (the untouched image) to all of them.
        #[unit = "superpixels"]
        pub step: u32,
        /// The superpixel that this step removed; null at step 0.
        #[unit = "superpixel id"]
        pub superpixel: Option<u16>,
        /// Share of the crop's pixels that are removed, from 0 to 1.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        pub removed_area: f64,
        /// Probability of the explained class, from 0 to 1.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        pub probability: f32,
        /// Logit of the explained class.
        #[unit = "logit"]
        pub logit: f32,
        /// Largest probability of any class, from 0 to 1; null after a sigmoid, whose classes do not compete.
        #[unit = "probability"]
        pub largest_probability: Option<f32>,
        /// Entropy of the probabilities of all classes; at most the logarithm of the number of classes. Null after a sigmoid.
        #[unit = "nats"]
        pub entropy: Option<f32>,
    }
}
