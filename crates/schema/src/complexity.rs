//! Table `complexity`: how many superpixels an explanation is about.

crate::table! {
    /// An explanation: on how few superpixels its relevance is concentrated.
    #[table = "complexity"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Complexity {
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        pub superpixels: u32,
        /// Smallest number of superpixels that have 80 % of the positive relevance together, from 1 to n.
        #[unit = "superpixels"]
        #[range(1 ..= superpixels)]
        #[heading = "Superpixels for 80 % of the positive relevance"]
        pub superpixels_for_80_percent: Option<u32>,
        /// Gini index of the absolute relevance, from 0 (all alike) to 1 - 1/n (one has it all).
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[heading = "Gini index"]
        pub gini: Option<f64>,
        /// Entropy of the absolute relevance as shares of its sum, from 0 (one has it all) to ln n (all alike).
        #[unit = "nat"]
        #[range(0 ..= 11.1)]
        pub entropy: Option<f64>,
    }
}
