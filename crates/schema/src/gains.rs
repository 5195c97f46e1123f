//! Table `gains`: both orders of removal together.

crate::table! {
    /// A pair of removal curves of one explanation: the most relevant first, and the least relevant first. Read backwards, the second curve is the
    /// insertion curve, which restores the most relevant first.
    #[table = "gains"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Gain {
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// `auc_mean` of the curve `most_relevant_first`; lower is better.
        #[unit = "probability"]
        #[heading = "Deletion, AUC / steps"]
        pub deletion_auc_mean: f64,
        /// `auc_mean` of the insertion curve, which is that of `least_relevant_first`; higher is better.
        #[unit = "probability"]
        #[heading = "Insertion, AUC / steps"]
        pub insertion_auc_mean: f64,
        /// `insertion_auc_mean` minus `deletion_auc_mean`, for probabilities from -1 to 1; higher is better, and a random order has 0 in the mean.
        #[unit = "probability"]
        #[better = higher]
        #[reversed = negated]
        #[question = "both orders together (symmetric gain)"]
        pub symmetric_gain: f64,
        /// `symmetric_gain` divided by the untouched image's probability, comparable between networks; null where that probability is 0, and for
        /// logits.
        #[unit = "1"]
        #[better = higher]
        #[reversed = negated]
        #[heading = "Relative symmetric gain"]
        pub symmetric_gain_relative: Option<f64>,
        /// The same difference for `auc_area`, for probabilities from -1 to 1.
        #[unit = "probability"]
        #[heading = "Symmetric gain by area"]
        pub symmetric_gain_area: f64,
    }
}
