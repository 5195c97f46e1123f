//! Table `concordance`: how far images, or replacements, rank the methods alike.

crate::table! {
    /// A condition: whether its judges, images or replacements, rank the methods alike.
    #[table = "concordance"]
    #[keys(network, partition)]
    #[nulls = reason]
    pub struct Concordance {
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        #[null = free]
        pub order: Option<String>,
        /// What removed pixels become; null where replacements are the judges, and for a measure of explanations without removal.
        #[unit = "name"]
        #[null = free]
        pub replacement: Option<String>,
        /// The measure: the column of `scores`, `gains` or `localization` with this name.
        #[unit = "name"]
        pub measure: String,
        /// What ranks the methods: `images`, each by its mean over runs, or `replacements`, each by its mean over images.
        #[unit = "name"]
        #[heading = "Judged by"]
        pub judges: String,
        /// Number of judges that have the measure for all methods.
        #[unit = "judges"]
        #[heading = "How many judges"]
        pub count: u32,
        /// Number of methods.
        #[unit = "methods"]
        pub methods: u32,
        /// Kendall's coefficient of concordance W, from 0 (no agreement) to 1 (the same ranking by all). Null for fewer than 2 judges or methods, or
        /// where every judge finds all methods equal.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[heading = "Kendall's W"]
        pub w: Option<f64>,
        /// Probability of such a W if judges rank at random, by Friedman's test with its chi-squared approximation, which is coarse for few judges.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        #[heading = "p (Friedman)"]
        pub p: Option<f64>,
    }
}
