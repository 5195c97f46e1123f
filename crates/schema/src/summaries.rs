//! Table `summaries`: a method's mean of a measure, with its interval.

crate::table! {
    /// A method under a condition: the mean of a measure over images, of each image's mean over its runs.
    #[table = "summaries"]
    #[keys(network, partition, method)]
    #[nulls = reason]
    pub struct Summary {
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        #[null = free]
        pub order: Option<String>,
        /// What removed pixels become; null for a measure of explanations without removal.
        #[unit = "name"]
        #[null = free]
        pub replacement: Option<String>,
        /// The measure: the column of `scores`, `gains` or `localization` with this name.
        #[unit = "name"]
        pub measure: String,
        /// Which values of the measure are better: `lower` or `higher`.
        #[unit = "name"]
        #[heading = "Better values"]
        pub better: String,
        /// Number of images that have the measure.
        #[unit = "images"]
        pub images: u32,
        /// Mean over images; null without one.
        #[unit = "the measure's"]
        pub mean: Option<f64>,
        /// Lower end of the mean's BCa bootstrap interval over images; null for fewer than 2 images.
        #[unit = "the measure's"]
        #[range(..= high)]
        #[heading = "Interval from"]
        pub low: Option<f64>,
        /// Upper end of that interval.
        #[unit = "the measure's"]
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
        /// Standard deviation of the images' means, ddof 1; null for fewer than 2 images.
        #[unit = "the measure's"]
        #[range(0 ..)]
        #[heading = "Std over images"]
        pub std_over_images: Option<f64>,
        /// Mean of the method's rank over the images where all methods have the measure: 1 is the best, and equal methods share the middle rank. Null
        /// where no image has the measure for all methods.
        #[unit = "rank"]
        #[range(1 ..)]
        #[heading = "Mean rank, 1 the best"]
        pub mean_rank: Option<f64>,
        /// Place of the method by its mean among the methods of the condition, 1 for the best; null without a mean.
        #[unit = "place"]
        #[range(1 ..)]
        #[heading = "Place by the mean"]
        pub place: Option<u32>,
        /// Letters of the groups that the method belongs to. A group is a run of methods in the order of their mean ranks; no two of a group are
        /// shown to differ by Wilcoxon's test after Holm's correction. Null without a mean rank.
        #[unit = "letters"]
        #[heading = "Groups not told apart"]
        pub groups: Option<String>,
    }
}
