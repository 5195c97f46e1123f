//! Table `needed_samples`: how many samples an image needs.

crate::table::table! {
    /// An image in a network, partition and method that explains from samples: how many of them it needs until its runs agree.
    #[table = "needed_samples"]
    pub struct NeededSamples {
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
        /// Number of runs that are compared, each with each.
        #[unit = "runs"]
        pub runs: u32,
        /// Number of samples that each run has.
        #[unit = "masks"]
        pub samples: u32,
        /// The agreement that is asked for: evaluate.agreement.
        #[unit = "1"]
        pub level: f64,
        /// Spearman's rank correlation of the weights at all samples, the mean over the pairs of runs; null where a pair has none, or with one run.
        #[unit = "1"]
        pub spearman: Option<f64>,
        /// Smallest number of samples among those of `agreement` from which on the mean Spearman correlation is at least `level`; null where it is
        /// below with all of them.
        #[unit = "masks"]
        pub needed: Option<u32>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
