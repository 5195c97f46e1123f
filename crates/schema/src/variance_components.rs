//! Table `variance_components`: where the variance of a measure comes from.

crate::table! {
    /// A condition: the variance of a measure, divided between images, methods, their interaction, and runs.
    #[table = "variance_components"]
    #[keys(network, partition)]
    #[nulls = reason]
    pub struct VarianceComponents {
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
        /// Number of images that have the measure for all methods.
        #[unit = "images"]
        pub images: u32,
        /// Number of methods.
        #[unit = "methods"]
        pub methods: u32,
        /// Variance between images. Like the other variances, an estimate that may be below 0.
        #[unit = "the measure's, squared"]
        pub image_variance: Option<f64>,
        /// Variance between methods.
        #[unit = "the measure's, squared"]
        pub method_variance: Option<f64>,
        /// Variance of image x method: which method is better depends on the image.
        #[unit = "the measure's, squared"]
        pub interaction_variance: Option<f64>,
        /// Variance between runs of a method on an image, as the mean over all images and methods; 0 for a deterministic method. Null where a method
        /// that draws random numbers has one run: `interaction_variance` then contains a part of this variance.
        #[unit = "the measure's, squared"]
        #[range(0 ..)]
        pub run_variance: Option<f64>,
    }
}
