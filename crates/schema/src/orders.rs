//! Table `orders`: the orders of the controls, one row for each superpixel.

crate::table::table! {
    /// A superpixel in the order of a control.
    #[table = "orders"]
    pub struct Place {
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
        /// Number of the order, from 0.
        #[unit = "run"]
        pub run: u32,
        /// What removed pixels became while the order was looked for; null where no network was asked.
        #[unit = "name"]
        pub replacement: Option<String>,
        /// The superpixel, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Relevance, higher meaning more relevant: mean Sobel magnitude (`edges`), otherwise the number of superpixels that come after it.
        #[unit = "1"]
        pub relevance: f64,
        /// Place of the superpixel in the order, the most relevant first, from 0; ties by the seed.
        #[unit = "place"]
        pub rank: u32,
    }
}
