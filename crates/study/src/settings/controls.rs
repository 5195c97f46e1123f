//! `[methods.NAME]` of the controls: orders that come from no explanation.

use crate::reader::Section;
use crate::settings::segment::Partition;

/// Most orders of `random`: as many as there may be runs.
const MOST_ORDERS: u32 = 10_000;

/// `kind = "random"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    /// How many orders are drawn, as runs 0, 1, ...; 1 to 10,000, apart from the study's runs.
    pub orders: u32,
}

impl Random {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let orders = section.integer("orders", Some(10), 1..=MOST_ORDERS);
        section.finish();
        Self { orders }
    }
}

/// Whether a partition has more superpixels than the oracle takes, whatever the image; only of a grid is that known before.
pub(crate) fn too_fine_for_oracle(partition: &Partition) -> bool {
    match *partition {
        Partition::Grid { rows, columns } => {
            rows.saturating_mul(columns) > controls::MOST_SUPERPIXELS as u32
        }
        _ => false,
    }
}
