//! Table `logits`: the networks' answers to the untouched crops.

crate::table! {
    /// An image's crop, untouched, in a network.
    #[table = "logits"]
    #[keys(image, network)]
    pub struct Logits {
        /// Class with the highest logit, the lowest number where several have it.
        #[unit = "class id"]
        pub predicted_class: u32,
        /// Probability (softmax or sigmoid of the logits, divided by the network's temperature) of the predicted class, from 0 to 1.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        pub probability: f32,
        /// Logit of each class, before the softmax or sigmoid.
        #[unit = "logit"]
        pub logits: Vec<f32>,
    }
}
