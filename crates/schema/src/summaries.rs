//! Table `summaries`: a method's mean of a measure, with its interval.

crate::table::table! {
    /// A method under a condition: the mean of a measure over images, of each image's mean over its runs.
    #[table = "summaries"]
    pub struct Summary {
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// Order of removal; null for a measure of both orders together, or of none.
        #[unit = "name"]
        pub order: Option<String>,
        /// What removed pixels become; null for a measure of explanations without removal.
        #[unit = "name"]
        pub replacement: Option<String>,
        /// The measure: the column of `scores`, `gains` or `localization` with this name.
        #[unit = "name"]
        pub measure: String,
        /// Which values of the measure are better: `lower` or `higher`.
        #[unit = "name"]
        pub better: String,
        /// Number of images that have the measure.
        #[unit = "images"]
        pub images: u32,
        /// Mean over images; null without one.
        #[unit = "the measure's"]
        pub mean: Option<f64>,
        /// Lower end of the mean's BCa bootstrap interval over images; null for fewer than 2 images.
        #[unit = "the measure's"]
        pub low: Option<f64>,
        /// Upper end of that interval.
        #[unit = "the measure's"]
        pub high: Option<f64>,
        /// Level of the interval: evaluate.confidence.
        #[unit = "probability"]
        pub level: f64,
        /// Number of bootstrap resamples: evaluate.resamples.
        #[unit = "resamples"]
        pub resamples: u32,
        /// Standard deviation of the images' means, ddof 1; null for fewer than 2 images.
        #[unit = "the measure's"]
        pub std_over_images: Option<f64>,
        /// Mean over images of the method's rank among the methods, 1 for the best and equal ones in the middle, where all methods have the
        /// measure; null where no image has it for all.
        #[unit = "rank"]
        pub mean_rank: Option<f64>,
        /// Place of the method by its mean among the methods of the condition, 1 for the best; null without a mean.
        #[unit = "place"]
        pub place: Option<u32>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
