//! Table `complexity`: how many superpixels an explanation is about.

crate::table::table! {
    /// An explanation: on how few superpixels its relevance is concentrated.
    #[table = "complexity"]
    pub struct Complexity {
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
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        pub superpixels: u32,
        /// Smallest number of superpixels that have 80 % of the positive relevance together, from 1 to n.
        #[unit = "superpixels"]
        pub superpixels_for_80_percent: Option<u32>,
        /// Gini index of the absolute relevance, from 0 (all alike) to 1 - 1/n (one has it all).
        #[unit = "1"]
        pub gini: Option<f64>,
        /// Entropy of the absolute relevance as shares of its sum, from 0 (one has it all) to ln n (all alike).
        #[unit = "nat"]
        pub entropy: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
