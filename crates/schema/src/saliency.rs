//! Table `saliency`: the class activation maps of Grad-CAM.

crate::table! {
    /// A map of relevance for an image in a network, at the resolution of the network's layer.
    #[table = "saliency"]
    #[keys(image, network, method)]
    pub struct Saliency {
        /// Layer whose activations were weighted, such as `features.11`.
        #[unit = "name"]
        pub layer: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Height of the map, the layer's own.
        #[unit = "positions"]
        #[range(1 ..)]
        pub height: u32,
        /// Width of the map, the layer's own.
        #[unit = "positions"]
        #[range(1 ..)]
        pub width: u32,
        /// Relevance, `height` x `width`, row-major, after the rectifier and not normalised (Grad-CAM, Selvaraju et al. 2017, eq. 2).
        #[unit = "logit"]
        #[range(0 ..)]
        pub map: Vec<f32>,
    }
}
