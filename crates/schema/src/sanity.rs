//! Table `sanity`: how much of an explanation is left when the network forgets what it learned.

crate::table! {
    /// An explanation of the network, compared with one of the same network with random upper layers (cascading randomization, Adebayo et al. 2018).
    #[table = "sanity"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Sanity {
        /// How far down from the output the layers are random, from 1 to `sanity.depths`, where all layers are random.
        #[unit = "depth"]
        #[range(1 ..)]
        pub depth: u32,
        /// How many layers are random; null for a program, whose layers have no names.
        #[unit = "layers"]
        #[range(1 ..= layers)]
        #[null = free]
        pub random_layers: Option<u32>,
        /// How many layers the network has; null for a program.
        #[unit = "layers"]
        #[range(1 ..)]
        #[null = free]
        #[heading = "of"]
        pub layers: Option<u32>,
        /// The random layer that is nearest to the input, such as `layer4.0`; null for a program.
        #[unit = "name"]
        #[null = free]
        #[heading = "down to"]
        pub lowest_random_layer: Option<String>,
        /// Spearman's rank correlation of the superpixels' relevances in both networks, from -1 to 1; unrelated relevances have 0 in the mean.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[heading = "Rank correlation with the original"]
        pub spearman: Option<f64>,
        /// The same for the absolute relevances.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[heading = "of the absolute relevance"]
        pub spearman_absolute: Option<f64>,
    }
}
