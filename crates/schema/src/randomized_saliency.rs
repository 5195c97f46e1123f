//! Table `randomized_saliency`: class activation maps of networks whose upper layers are random.

crate::table::table! {
    /// A map as in `saliency`, of the network with its upper layers random (cascading randomization, Adebayo et al. 2018).
    #[table = "randomized_saliency"]
    pub struct RandomizedSaliency {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// How far down from the output layers are random, from 1 to `sanity.depths`: all of them there.
        #[unit = "depth"]
        pub depth: u32,
        /// How many layers are random.
        #[unit = "layers"]
        pub random_layers: u32,
        /// How many layers the network has.
        #[unit = "layers"]
        pub layers: u32,
        /// The random layer that is nearest to the input, such as `layer4.0`.
        #[unit = "name"]
        pub lowest_random_layer: String,
        /// The explained class: that of the network as it was trained.
        #[unit = "class id"]
        pub target_class: u32,
        /// Height of the map, the layer's own.
        #[unit = "positions"]
        pub height: u32,
        /// Width of the map, the layer's own.
        #[unit = "positions"]
        pub width: u32,
        /// Relevance, `height` x `width`, row-major, after the rectifier and not normalised.
        #[unit = "logit"]
        pub map: Vec<f32>,
    }
}
