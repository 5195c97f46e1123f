//! Table `randomized_weights`: the surrogates of networks whose upper layers are random.

crate::table::table! {
    /// A superpixel in an explanation as in `weights`, of the network with its upper layers random (cascading randomization, Adebayo et al. 2018).
    /// The masks are those of the explanation of the network as it was trained.
    #[table = "randomized_weights"]
    pub struct RandomizedWeight {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// Number of the run, from 0.
        #[unit = "run"]
        pub run: u32,
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
        /// Id of the superpixel, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Signed weight of the superpixel: its relevance.
        #[unit = "probability"]
        pub weight: f64,
    }
}
