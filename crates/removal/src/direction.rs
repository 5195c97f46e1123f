//! From which end of an order superpixels are removed.

use std::fmt;

use serde::Serialize;

/// Which superpixels are removed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By relevance, highest first; ties by lower superpixel id.
    #[default]
    MostRelevantFirst,
    /// The exact reverse of [`Order::MostRelevantFirst`]; ties therefore by higher superpixel id.
    LeastRelevantFirst,
}

impl Order {
    /// Both orders.
    pub const ALL: [Self; 2] = [Self::MostRelevantFirst, Self::LeastRelevantFirst];

    /// The name in pipeline.toml and in the column `order`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MostRelevantFirst => "most_relevant_first",
            Self::LeastRelevantFirst => "least_relevant_first",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
