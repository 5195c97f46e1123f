//! Table `logits`: the networks' answers to the untouched crops.

crate::table::table! {
    /// An image's crop, untouched, in a network.
    #[table = "logits"]
    pub struct Logits {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Class with the highest logit, the lowest number where several have it.
        #[unit = "class id"]
        pub predicted_class: u32,
        /// Probability (softmax of the logits, divided by the network's temperature) of the predicted class, from 0 to 1.
        #[unit = "probability"]
        pub probability: f32,
        /// Logit of each class, before the softmax.
        #[unit = "logit"]
        pub logits: Vec<f32>,
    }
}
