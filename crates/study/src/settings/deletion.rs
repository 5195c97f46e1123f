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

/// Every explanation is judged by each order with each replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// At least one, none twice, in the order of the file.
    pub orders: Vec<Order>,
    /// At least one, none twice, in the order of the file.
    pub replacements: Vec<Replacement>,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            orders: section.choices("orders", vec![Order::MostRelevantFirst]),
            replacements: section.choices("replacements", vec![Replacement::Mean]),
        };
        section.finish();
        settings
    }
}
