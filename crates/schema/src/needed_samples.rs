//! Table `needed_samples`: how many samples an image needs.

crate::table! {
    /// An image in a network, partition and method that explains from samples: how many samples the method needs until its runs agree.
    #[table = "needed_samples"]
    #[keys(image, network, partition, method)]
    #[nulls = reason]
    pub struct NeededSamples {
        /// Number of runs, which are compared in pairs.
        #[unit = "runs"]
        pub runs: u32,
        /// Number of samples that each run has.
        #[unit = "masks"]
        #[heading = "Samples of a run"]
        pub samples: u32,
        /// The agreement to reach: evaluate.agreement.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[heading = "Agreement asked for"]
        pub level: f64,
        /// Spearman's rank correlation of the weights at all samples, the mean over the pairs of runs; null where a pair has none, or with one run.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[null = free]
        pub spearman: Option<f64>,
        /// Smallest number of samples in `agreement` from which on the mean Spearman correlation is at least `level`; null where the correlation of
        /// all samples is below `level`.
        #[unit = "masks"]
        #[range(1 ..= samples)]
        #[heading = "Samples needed"]
        pub needed: Option<u32>,
    }
}
