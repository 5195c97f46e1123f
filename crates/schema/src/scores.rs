//! Table `scores`: the areas under the removal curves.

crate::table::table! {
    /// A removal curve of p0 .. pn, the explained class's probability after 0 .. n superpixels were removed.
    #[table = "scores"]
    pub struct Score {
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
        /// Whether the method gives the same explanation in every run; it is then computed once, as run 0.
        #[unit = "truth value"]
        pub deterministic: bool,
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become: `mean`, `black`, `gray`, `blur` or `noisy_linear`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels removed in all, n.
        #[unit = "superpixels"]
        pub steps: u32,
        /// Number of superpixels that share their relevance with another; null for a method without relevances.
        #[unit = "superpixels"]
        pub tied: Option<u32>,
        /// Area by the trapezoidal rule with unit spacing, the sum of the means of neighbours: from 0 to n.
        #[unit = "probability x superpixels"]
        pub auc: f64,
        /// `auc` / n: from 0 to 1.
        #[unit = "probability"]
        pub auc_mean: f64,
        /// `auc` / (n p0), comparable between networks; null where p0 is 0.
        #[unit = "1"]
        pub auc_relative: Option<f64>,
        /// Area by the trapezoidal rule over the share of pixels removed: from 0 to 1.
        #[unit = "probability"]
        pub auc_area: f64,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
