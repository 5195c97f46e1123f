//! Table `logits`: the networks' answers to the untouched crops.

crate::table! {
    /// A network's answer to an image's untouched crop.
    #[table = "logits"]
    #[keys(image, network)]
    pub struct Logits {
        /// Class with the highest logit; of several, the one with the lowest number.
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
