//! Table `stability`: how far a method's scores vary over runs.

crate::table! {
    /// An image in a network, partition and method, judged by an order and a replacement: its runs together.
    #[table = "stability"]
    #[keys(image, network, partition, method)]
    #[nulls = reason]
    pub struct Stability {
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
        #[range(1 ..)]
        pub runs: u32,
        /// Mean over runs of `auc`.
        #[unit = "probability x superpixels"]
        #[heading = "Mean AUC"]
        pub auc: f64,
        /// Standard deviation over runs of `auc`, ddof 1; 0 for a deterministic method, null for one run of another.
        #[unit = "probability x superpixels"]
        #[range(0 ..)]
        #[heading = "Std over runs"]
        pub auc_std: Option<f64>,
        /// Mean over runs of `auc_relative`; null where `auc_relative` is null.
        #[unit = "1"]
        #[heading = "Mean relative AUC"]
        pub auc_relative: Option<f64>,
        /// Standard deviation over runs of `auc_relative`, ddof 1; 0 for a deterministic method, null for one run of another.
        #[unit = "1"]
        #[range(0 ..)]
        #[heading = "Std over runs, relative"]
        pub auc_relative_std: Option<f64>,
    }
}
