//! Table `stability`: how far a method's scores vary over runs.

crate::table::table! {
    /// An image in a network, partition and method, judged by an order and a replacement: its runs together.
    #[table = "stability"]
    pub struct Stability {
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
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Whether the method gives the same explanation in every run.
        #[unit = "truth value"]
        pub deterministic: bool,
        /// Number of runs.
        #[unit = "runs"]
        pub runs: u32,
        /// Mean over runs of `auc`.
        #[unit = "probability x superpixels"]
        pub auc: f64,
        /// Standard deviation over runs of `auc`, ddof 1; 0 for a deterministic method, null for one run of another.
        #[unit = "probability x superpixels"]
        pub auc_std: Option<f64>,
        /// Mean over runs of `auc_relative`; null where it is.
        #[unit = "1"]
        pub auc_relative: Option<f64>,
        /// Standard deviation over runs of `auc_relative`, ddof 1; 0 for a deterministic method, null for one run of another.
        #[unit = "1"]
        pub auc_relative_std: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
