//! Table `decisions`: which method the study supports, how surely, and what would flip that.

crate::table! {
    /// A question about the methods on a network: which method the study supports, how surely, and what would change the answer.
    #[table = "decisions"]
    #[nulls = reason]
    pub struct Decision {
        /// `fidelity`: which method finds best what the network uses. `fidelity: ...`: the same question under the condition that follows. `better
        /// than chance`: whether a method, a control or not, does better than random orders. `repeatability`: which method varies least over runs.
        #[unit = "text"]
        pub question: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// The method that the question is about: the best one, unless the question is about each method.
        #[unit = "name"]
        pub method: String,
        /// The next method, or the first one that `method` is not shown to be ahead of; null where there is no other method.
        #[unit = "name"]
        pub runner_up: Option<String>,
        /// The column by which methods are compared.
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
        /// `ahead`: the interval of the difference excludes 0, and `p_adjusted` is at most 1 minus its level. `behind`: the same, on the other side.
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
