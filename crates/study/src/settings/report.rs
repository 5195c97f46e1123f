//! `[report]`: what the report says beside its numbers.

config::settings! {
    /// Texts of the report.
    #[derive(Clone)]
    pub struct Settings {
        /// The heading.
        title: String = "Explanation selectivity".to_owned();
    }
}
