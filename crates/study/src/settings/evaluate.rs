//! `[evaluate]`: how explanations, curves and methods are measured and compared.

use config::Limits;

config::settings! {
    /// How explanations, curves and methods are measured and compared.
    #[derive(Clone, Copy)]
    pub struct Settings {
        /// Bootstrap resamples of an interval.
        resamples: u32 [100..=1_000_000] = 10_000;
        /// Level of intervals.
        confidence: f64 [Limits::below(0.5, 1.0)] = 0.95;
        /// Rank correlation between runs at which a number of samples is enough.
        agreement: f64 [Limits::above(0.0, 1.0)] = 0.9;
    }
}
