//! Every measure. No file that a code digest covers names this one: inputs hold what a measure reads, and keys the digest of its own file.

pub mod area_shares;
pub mod complexity;
pub mod decision_flip;
pub mod deletion_correlation;
pub mod localization;
pub mod normalised;
pub mod saco;
pub mod sensitivity;
pub mod single_deletion;

use crate::Declared;

/// Every measure, in the order in which reports show them.
pub static ALL: [Declared; 9] = [
    Declared::of::<localization::Localization>(),
    Declared::of::<complexity::Complexity>(),
    Declared::of::<decision_flip::DecisionFlip>(),
    Declared::of::<area_shares::AreaShares>(),
    Declared::of::<normalised::Normalised>(),
    Declared::of::<deletion_correlation::DeletionCorrelation>(),
    Declared::of::<sensitivity::Sensitivity>(),
    Declared::of::<single_deletion::SingleDeletion>(),
    Declared::of::<saco::Saco>(),
];

/// A place in [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(usize);

impl Kind {
    /// Number of measures.
    pub const COUNT: usize = ALL.len();

    /// Every measure.
    pub const ALL: [Self; Self::COUNT] = {
        let mut kinds = [Self(0); Self::COUNT];
        let mut place = 0;
        while place < kinds.len() {
            kinds[place] = Self(place);
            place += 1;
        }
        kinds
    };

    /// What it declares.
    pub fn declared(self) -> &'static Declared {
        &ALL[self.0]
    }

    /// The name of its table, which is that of its kind of action.
    pub fn name(self) -> &'static str {
        (self.declared().table)().name
    }

    /// Its place in [`ALL`].
    pub fn place(self) -> usize {
        self.0
    }
}
