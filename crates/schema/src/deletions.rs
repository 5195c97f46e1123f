//! Table `deletions`: the networks' answers while one superpixel is removed.

crate::table! {
    /// A superpixel that is removed alone: the network's answer without this superpixel.
    #[table = "deletions"]
    #[keys(image, network, partition)]
    pub struct Deletion {
        /// What removed pixels become: `mean`, `black`, `gray`, `blur` or `noisy_linear`.
        #[unit = "name"]
        pub replacement: String,
        /// The superpixel that is removed, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Probability of the explained class, from 0 to 1.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        pub probability: f32,
        /// Logit of the explained class.
        #[unit = "logit"]
        pub logit: f32,
    }
}
