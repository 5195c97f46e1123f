//! Table `variance_components`: where the variance of a measure comes from.

crate::table::table! {
    /// A condition: the variance of a measure, divided between images, methods, their interaction, and runs.
    #[table = "variance_components"]
    pub struct VarianceComponents {
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
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
        /// Number of images that have the measure for all methods.
        #[unit = "images"]
        pub images: u32,
        /// Number of methods.
        #[unit = "methods"]
        pub methods: u32,
        /// Variance between images; an estimate, which may be below 0, as the others may.
        #[unit = "the measure's, squared"]
        pub image_variance: Option<f64>,
        /// Variance between methods.
        #[unit = "the measure's, squared"]
        pub method_variance: Option<f64>,
        /// Variance of image x method: which method is better depends on the image.
        #[unit = "the measure's, squared"]
        pub interaction_variance: Option<f64>,
        /// Variance between runs of a method on an image, the mean over all images and methods, 0 for a deterministic one; null where a method that
        /// draws random numbers has one run: `interaction_variance` holds a part of it then.
        #[unit = "the measure's, squared"]
        pub run_variance: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
