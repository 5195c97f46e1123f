//! Table `decisions`: which method the study supports, how surely, and what would flip that.

crate::table! {
    /// A question about the methods on a network: which one the study supports, how surely, and what would flip that.
    #[table = "decisions"]
    #[nulls = reason]
    pub struct Decision {
        /// `fidelity`: which method finds best what the network looks at. `fidelity: ...`: the same, asked in the way that follows.
        /// `better than chance`: whether a method, a control or not, does better than orders drawn by chance. `repeatability`: which method varies least over runs.
        #[unit = "text"]
        pub question: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// The method that the question is about: the best one, if it does not ask about each.
        #[unit = "name"]
        pub method: String,
        /// The next method, or the first one that `method` is not shown to be ahead of; null where there is no other.
        #[unit = "name"]
        pub runner_up: Option<String>,
        /// Column that methods are compared by.
        #[unit = "name"]
        pub measure: String,
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        #[null = free]
        pub order: Option<String>,
        /// What removed pixels become; null for a measure of explanations without removal.
        #[unit = "name"]
        #[null = free]
        pub replacement: Option<String>,
        /// `ahead`: the interval of the difference has no 0 in it, and `p_adjusted` is at most 1 less its level. `behind`: likewise, on the other side.
        /// `undecided`: anything else.
        #[unit = "name"]
        pub verdict: String,
        /// The measure of `method` minus that of `runner_up`.
        #[unit = "the measure's"]
        pub difference: Option<f64>,
        /// Lower end of the difference's BCa bootstrap interval over images.
        #[unit = "the measure's"]
        #[range(..= high)]
        pub low: Option<f64>,
        /// Upper end of that interval.
        #[unit = "the measure's"]
        #[range(low ..)]
        pub high: Option<f64>,
        /// p-value of the difference by Wilcoxon's test with Holm's correction, as in `comparisons`.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        pub p_adjusted: Option<f64>,
        /// Number of images on which `method` is better.
        #[unit = "images"]
        #[range(0 ..= images)]
        pub wins: u32,
        /// Number of images that have the measure for both methods, or for the only one.
        #[unit = "images"]
        pub images: u32,
        /// What would make another method the answer.
        #[unit = "text"]
        pub flips_when: Option<String>,
    }
}
