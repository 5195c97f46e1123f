//! Every kind of method. No file that a code digest covers names this one: inputs hold the method itself.

pub mod edges;
pub mod external;
pub mod gradcam;
pub mod greedy;
pub mod hirescam;
pub mod lime;
pub mod oracle;
pub mod random;

use config::Choice;

use crate::method::Family;

/// Every kind, in the order in which reports show them: explanations, then controls.
pub static ALL: [Family; 8] = [
    Family::Map(&gradcam::METHOD),
    Family::Map(&hirescam::METHOD),
    Family::Weights(&lime::METHOD),
    Family::External(&external::METHOD),
    Family::Drawn(&random::METHOD),
    Family::Seen(&edges::METHOD),
    Family::Searched(&greedy::METHOD),
    Family::Searched(&oracle::METHOD),
];

/// A place in [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(usize);

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        <Self as Choice>::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
    }

    /// What it is.
    pub fn family(self) -> &'static Family {
        &ALL[self.0]
    }
}

impl Choice for Kind {
    const WHAT: &'static str = "kind of method";
    const ALL: &'static [Self] = &{
        let mut kinds = [Self(0); ALL.len()];
        let mut place = 0;
        while place < kinds.len() {
            kinds[place] = Self(place);
            place += 1;
        }
        kinds
    };

    fn name(self) -> &'static str {
        self.family().kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_have_names_of_their_own_and_are_read_back() {
        let names: BTreeSet<&str> = ALL.iter().map(Family::kind).collect();
        assert_eq!(names.len(), ALL.len());
        for &kind in <Kind as Choice>::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
}
