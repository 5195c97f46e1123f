//! Table `separations`: how surely a measure tells orders of known worth apart.

crate::table! {
    /// Two groups of orders under a condition, of which the first should be better: how reliably the measure ranks them so.
    #[table = "separations"]
    #[nulls = reason]
    pub struct Separation {
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        #[null = free]
        pub order: Option<String>,
        /// What removed pixels become; null for a measure of explanations without removal.
        #[unit = "name"]
        #[null = free]
        pub replacement: Option<String>,
        /// The column that separates the orders.
        #[unit = "name"]
        pub measure: String,
        /// Which values of the measure are better: `lower` or `higher`.
        #[unit = "name"]
        #[heading = "Better values"]
        pub better: String,
        /// The group that should be better: `searched` (`greedy`, `oracle`), `methods` (explanations) or `random` (orders drawn by chance).
        #[unit = "name"]
        #[heading = "Should be better"]
        pub above: String,
        /// The other group: `methods`, `random`, or `reversed` (explanations whose least relevant superpixels count as the most relevant).
        #[unit = "name"]
        #[heading = "than"]
        pub below: String,
        /// Name of the one method that stands for `methods` or `reversed`; null where all explaining methods do.
        #[unit = "name"]
        #[null = free]
        pub method: Option<String>,
        /// Number of images that have the measure in both groups.
        #[unit = "images"]
        pub images: u32,
        /// Mean over images of the share of pairs, one run of each group, in which that of the first group is better. Equal ones count half: 0.5 is a
        /// guess.
        #[unit = "fraction of pairs"]
        #[range(0 ..= 1)]
        pub separation: Option<f64>,
        /// Lower end of the mean's BCa bootstrap interval over images; null for fewer than 2 images.
        #[unit = "fraction of pairs"]
        #[range(..= high)]
        #[heading = "Interval from"]
        pub low: Option<f64>,
        /// Upper end of that interval.
        #[unit = "fraction of pairs"]
        #[range(low ..)]
        #[heading = "to"]
        pub high: Option<f64>,
        /// Level of the interval: evaluate.confidence.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        #[heading = "Confidence"]
        pub level: f64,
        /// Number of bootstrap resamples: evaluate.resamples.
        #[unit = "resamples"]
        pub resamples: u32,
        /// `apart`: the interval lies above 0.5. `inverted`: it lies below. `undecided`: anything else.
        #[unit = "name"]
        pub verdict: String,
        /// Names of the methods in either group that the measure favours by construction, each with the reason; null where none is.
        #[unit = "text"]
        #[null = free]
        #[heading = "Favoured by construction"]
        pub favoured: Option<String>,
    }
}
