//! Table `agreement`: how far two runs of a method agree, by number of samples.

crate::table! {
    /// Two runs of a method that explains from samples, each fitted to its first `samples` samples.
    #[table = "agreement"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Agreement {
        /// Number of the second run, above the first.
        #[unit = "run"]
        #[range(1 ..)]
        pub other_run: u32,
        /// Number of samples that each fit uses, from the first one on.
        #[unit = "masks"]
        #[range(1 ..)]
        pub samples: u32,
        /// Number of superpixels.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Spearman's rank correlation of the weights, from -1 to 1; null where all weights of a run are equal, or with one superpixel.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        pub spearman: Option<f64>,
        /// Kendall's tau-b of the weights, from -1 to 1; null as `spearman` is.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        pub kendall: Option<f64>,
        /// Jaccard index of the 3 superpixels of highest weight, from 0 to 1; null with 3 superpixels or fewer.
        #[unit = "1"]
        #[range(0 ..= 1)]
        pub jaccard_3: Option<f64>,
        /// Jaccard index of the 5 superpixels of highest weight, from 0 to 1; null with 5 superpixels or fewer.
        #[unit = "1"]
        #[range(0 ..= 1)]
        pub jaccard_5: Option<f64>,
        /// Jaccard index of the 10 superpixels of highest weight, from 0 to 1; null with 10 superpixels or fewer.
        #[unit = "1"]
        #[range(0 ..= 1)]
        pub jaccard_10: Option<f64>,
        /// Share of the superpixels whose weight is above 0 in one run and below 0 in the other, from 0 to 1.
        #[unit = "fraction of superpixels"]
        #[range(0 ..= 1)]
        pub sign_changes: f64,
    }
}
