//! `[report]`: what the report says beside its numbers.

config::settings! {
    /// What the report says beside its numbers.
    #[derive(Clone)]
    pub struct Settings {
        /// The heading.
        title: String = "Explanation selectivity".to_owned();
    }
}
