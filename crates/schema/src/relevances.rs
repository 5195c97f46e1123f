//! Table `relevances`: how relevant each superpixel is by any method, one row for each superpixel.

crate::table! {
    /// A superpixel in an explanation by any method, or in the order of a control.
    #[table = "relevances"]
    #[keys(image, network, partition, method, run)]
    pub struct Relevance {
        /// How far down from the output the network's layers are random, from 1 to `sanity.depths`; null for the trained network.
        #[unit = "depth"]
        #[range(1 ..)]
        pub depth: Option<u32>,
        /// What removed pixels became while the method searched; null unless the method searches with the removal's replacement.
        #[unit = "name"]
        pub replacement: Option<String>,
        /// The superpixel, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Relevance of the superpixel, on the method's own scale; higher means more relevant.
        #[unit = "1"]
        pub relevance: f64,
        /// Place of the superpixel in the order of removal, the most relevant first, from 0.
        #[unit = "place"]
        pub rank: u32,
        /// Standard error of the relevance; null for a method without standard errors.
        #[unit = "1"]
        #[range(0 ..)]
        pub standard_error: Option<f64>,
    }
}
