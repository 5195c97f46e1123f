//! Table `gains`: both orders of removal together.

crate::table::table! {
    /// A pair of removal curves of one explanation: the most relevant first, and the least relevant first. Read backwards, the
    /// latter is the insertion curve: the most relevant is restored first.
    #[table = "gains"]
    pub struct Gain {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// Number of the run, from 0.
        #[unit = "run"]
        pub run: u32,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// `auc_mean` of the curve `most_relevant_first`, from 0 to 1; lower is better.
        #[unit = "probability"]
        pub deletion_auc_mean: f64,
        /// `auc_mean` of the insertion curve, which is that of `least_relevant_first`, from 0 to 1; higher is better.
        #[unit = "probability"]
        pub insertion_auc_mean: f64,
        /// `insertion_auc_mean` minus `deletion_auc_mean`, from -1 to 1; higher is better, and 0 is what an order at random has in the mean.
        #[unit = "probability"]
        pub symmetric_gain: f64,
        /// `symmetric_gain` by the untouched image's probability, comparable between networks; null where that is 0.
        #[unit = "1"]
        pub symmetric_gain_relative: Option<f64>,
        /// The same difference of `auc_area`, from -1 to 1.
        #[unit = "probability"]
        pub symmetric_gain_area: f64,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
