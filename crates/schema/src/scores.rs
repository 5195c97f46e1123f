//! Table `scores`: the areas under the removal curves.

crate::table! {
    /// A removal curve p0 .. pn: the explained class's probability after 0 .. n superpixels were removed, or its logit, where the networks'
    /// `measured` says so.
    #[table = "scores"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Score {
        /// Whether the method gives the same explanation in every run. If so, the explanation is computed once, as run 0.
        #[unit = "truth value"]
        pub deterministic: bool,
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become: `mean`, `black`, `gray`, `blur` or `noisy_linear`.
        #[unit = "name"]
        pub replacement: String,
        /// Total number of superpixels removed, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub steps: u32,
        /// Number of superpixels with the same relevance as another; null for a method without relevances.
        #[unit = "superpixels"]
        #[range(0 ..= steps)]
        pub tied: Option<u32>,
        /// Area by the trapezoidal rule with unit spacing, the sum of the means of neighbours: of probabilities from 0 to n.
        #[unit = "probability x superpixels"]
        #[better = lower]
        #[question = "area under the removal curve"]
        #[heading = "AUC"]
        pub auc: f64,
        /// `auc` / n: of probabilities from 0 to 1.
        #[unit = "probability"]
        #[better = lower]
        #[heading = "AUC / steps"]
        pub auc_mean: f64,
        /// `auc` / (n p0), comparable between networks; null where p0 is 0, and for logits.
        #[unit = "1"]
        #[range(0 ..)]
        #[better = lower]
        #[heading = "Relative AUC"]
        pub auc_relative: Option<f64>,
        /// Area by the trapezoidal rule over the share of pixels removed: of probabilities from 0 to 1.
        #[unit = "probability"]
        #[better = lower]
        #[question = "by the share of pixels removed"]
        #[heading = "AUC by area"]
        pub auc_area: f64,
    }
}
