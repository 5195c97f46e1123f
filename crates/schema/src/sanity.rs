//! Table `sanity`: how much of an explanation is left when the network forgets what it learned.

crate::table::table! {
    /// An explanation of the network beside that of the same network with its upper layers random (cascading randomization, Adebayo et al. 2018).
    #[table = "sanity"]
    pub struct Sanity {
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
        /// How many layers are random; null of a program, which has no named ones.
        #[unit = "layers"]
        pub random_layers: Option<u32>,
        /// How many layers the network has; null of a program.
        #[unit = "layers"]
        pub layers: Option<u32>,
        /// The random layer that is nearest to the input, such as `layer4.0`; null of a program.
        #[unit = "name"]
        pub lowest_random_layer: Option<String>,
        /// Spearman's rank correlation of the superpixels' relevances in both networks, from -1 to 1; 0 in the mean of unrelated ones.
        #[unit = "1"]
        pub spearman: Option<f64>,
        /// The same of the absolute relevances.
        #[unit = "1"]
        pub spearman_absolute: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
