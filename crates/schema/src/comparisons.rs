//! Table `comparisons`: pairs of methods on the same images.

crate::table! {
    /// Two methods compared under a condition: how a measure differs over the images that have the measure for both.
    #[table = "comparisons"]
    #[keys(network, partition, method)]
    #[nulls = reason]
    pub struct Comparison {
        /// Name of the method that `method` is compared with.
        #[unit = "name"]
        #[heading = "compared with"]
        pub other_method: String,
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
        /// Number of images that have the measure for both methods: the sample size.
        #[unit = "images"]
        pub images: u32,
        /// The method's mean over these images, of each image's mean over runs; null without an image.
        #[unit = "the measure's"]
        pub mean: Option<f64>,
        /// The other method's.
        #[unit = "the measure's"]
        #[heading = "of the other"]
        pub other_mean: Option<f64>,
        /// `mean` minus `other_mean`.
        #[unit = "the measure's"]
        pub difference: Option<f64>,
        /// Lower end of the difference's BCa bootstrap interval over images; null for fewer than 2 images.
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
        /// Two-sided p-value of Wilcoxon's signed-rank test with Pratt's zeros; 1 where all differences are 0, null without an image.
        #[unit = "probability"]
        #[range(0 ..= 1)]
        #[heading = "p (Wilcoxon)"]
        pub p: Option<f64>,
        /// Whether `p` is exact; otherwise, `p` is the normal approximation. Null where `p` is null.
        #[unit = "truth value"]
        #[null = free]
        pub exact: Option<bool>,
        /// `p` after Holm's correction for the `family`.
        #[unit = "probability"]
        #[range(p ..= 1)]
        #[heading = "p (Holm)"]
        pub p_adjusted: Option<f64>,
        /// Number of p-values that are corrected together: all p-values of the same measure in the study.
        #[unit = "tests"]
        pub family: u32,
        /// Matched-pairs rank-biserial correlation of the differences, from -1 to 1: above 0 where `method` has the higher values; null where all
        /// differences are 0.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[heading = "Rank-biserial"]
        pub rank_biserial: Option<f64>,
        /// Mean of the differences divided by their standard deviation; null where all differences are equal, or for one image.
        #[unit = "1"]
        #[heading = "Difference / its std"]
        pub standardised_difference: Option<f64>,
        /// Number of images on which `method` is better.
        #[unit = "images"]
        pub wins: u32,
        /// Number of images on which `other_method` is better.
        #[unit = "images"]
        pub losses: u32,
        /// Number of images on which both are equal.
        #[unit = "images"]
        pub ties: u32,
    }
}
