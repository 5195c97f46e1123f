//! Table `needed_samples`: how many samples an image needs.

crate::table! {
    /// An image in a network, partition and method that explains from samples: how many of them it needs until its runs agree.
    #[table = "needed_samples"]
    #[keys(image, network, partition, method)]
    #[nulls = reason]
    pub struct NeededSamples {
        /// Number of runs that are compared, each with each.
        #[unit = "runs"]
        pub runs: u32,
        /// Number of samples that each run has.
        #[unit = "masks"]
        #[heading = "Samples of a run"]
        pub samples: u32,
        /// The agreement that is asked for: evaluate.agreement.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[heading = "Agreement asked for"]
        pub level: f64,
        /// Spearman's rank correlation of the weights at all samples, the mean over the pairs of runs; null where a pair has none, or with one run.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[null = free]
        pub spearman: Option<f64>,
        /// Smallest number of samples among those of `agreement` from which on the mean Spearman correlation is at least `level`; null where it is
        /// below with all of them.
        #[unit = "masks"]
        #[range(1 ..= samples)]
        #[heading = "Samples needed"]
        pub needed: Option<u32>,
    }
}
