//! Table `concordance`: how far images, or replacements, rank the methods alike.

crate::table::table! {
    /// A condition: whether its judges, images or replacements, rank the methods alike.
    #[table = "concordance"]
    pub struct Concordance {
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        pub order: Option<String>,
        /// What removed pixels become; null where replacements are the judges, and for a measure of explanations without removal.
        #[unit = "name"]
        pub replacement: Option<String>,
        /// The measure: the column of `scores`, `gains` or `localization` with this name.
        #[unit = "name"]
        pub measure: String,
        /// What ranks the methods: `images`, each by its mean over runs, or `replacements`, each by its mean over images.
        #[unit = "name"]
        pub judges: String,
        /// Number of judges that have the measure for all methods.
        #[unit = "judges"]
        pub count: u32,
        /// Number of methods.
        #[unit = "methods"]
        pub methods: u32,
        /// Kendall's coefficient of concordance W, from 0 (no agreement) to 1 (the same ranking by all); null for fewer than 2 judges or methods, or
        /// where every judge finds all methods equal.
        #[unit = "1"]
        pub w: Option<f64>,
        /// Chance of such a W from judges that rank at random, by Friedman's test with its chi-squared approximation, which is coarse for few judges.
        #[unit = "probability"]
        pub p: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
