//! `[deletion]`: how features are removed while the network is watched (Montavon et al. 2018).

use crate::reader::{Choice, Section};
use crate::settings::Replacement;

pub use removal::Order;

impl Choice for Order {
    const WHAT: &'static str = "order";
    const ALL: &'static [(&'static str, Self)] = &[
        ("most_relevant_first", Self::MostRelevantFirst),
        ("least_relevant_first", Self::LeastRelevantFirst),
    ];
}

/// The noise of ROAD (Rong et al. 2022).
const ROAD_NOISE: f64 = 0.01;

/// Every explanation is judged by each order with each replacement.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// At least one, none twice, in the order of the file.
    pub orders: Vec<Order>,
    /// At least one, none twice, in the order of the file.
    pub replacements: Vec<Replacement>,
    /// Standard deviation of the noise of `noisy_linear`, of values from 0 to 1; at most 1.
    pub noise: f64,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            orders: section.choices("orders", vec![Order::MostRelevantFirst]),
            replacements: section.choices("replacements", vec![Replacement::Mean]),
            noise: section.number("noise", Some(ROAD_NOISE), 0.0..=1.0),
        };
        section.finish();
        settings
    }
}
