//! `[report]`: the texts of the report.

config::settings! {
    /// Texts of the report.
    #[derive(Clone)]
    pub struct Settings {
        /// The heading.
        title: String = "Explanation selectivity".to_owned();
    }
}
