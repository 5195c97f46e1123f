//! Table `saliency`: the maps of methods that read what a network computes.

crate::table! {
    /// A map of relevance for an image in a network, at the resolution of what the method reads: a layer's, the patches', or the crop's.
    #[table = "saliency"]
    #[keys(image, network, method, run)]
    pub struct Saliency {
        /// What the method reads: a layer such as `features.11`, `input`, or `attention`.
        #[unit = "name"]
        pub layer: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Height of the map.
        #[unit = "positions"]
        #[range(1 ..)]
        pub height: u32,
        /// Width of the map.
        #[unit = "positions"]
        #[range(1 ..)]
        pub width: u32,
        /// Relevance, `height` x `width`, row-major, not normalised; without negative values where the method's `relevance` is not `signed`.
        #[unit = "logit"]
        pub map: Vec<f32>,
        /// For integrated gradients: how far the sum of the attributions is from the difference of the logits of input and baseline, as a fraction of
        /// that difference (at least 1e-6). Null for other methods.
        #[unit = "1"]
        #[range(0 ..)]
        pub completeness_residual: Option<f64>,
    }
}
