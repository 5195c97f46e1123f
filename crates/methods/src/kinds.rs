//! Every kind of method. No file that a code digest covers names this one: inputs hold the method itself.

pub mod ablationcam;
pub mod edges;
pub mod eigencam;
pub mod external;
pub mod glime;
pub mod gradcam;
pub mod gradcam_plus_plus;
pub mod gradient;
pub mod gradient_attention;
pub mod greedy;
pub mod hirescam;
pub mod input_x_gradient;
pub mod integrated_gradients;
pub mod kernelshap;
pub mod layercam;
pub mod lime;
pub mod occlusion;
pub mod oracle;
pub mod random;
pub mod rise;
pub mod rollout;
pub mod scorecam;
pub mod smoothgrad;

use config::Choice;

use crate::method::Family;

/// Every kind, in the order in which reports show them: explanations, then controls.
pub static ALL: [Family; 23] = [
    Family::Map(&gradcam::METHOD),
    Family::Map(&hirescam::METHOD),
    Family::Map(&gradcam_plus_plus::METHOD),
    Family::Map(&layercam::METHOD),
    Family::Map(&scorecam::METHOD),
    Family::Map(&ablationcam::METHOD),
    Family::Map(&gradient::METHOD),
    Family::Map(&input_x_gradient::METHOD),
    Family::Map(&smoothgrad::METHOD),
    Family::Map(&integrated_gradients::METHOD),
    Family::Map(&gradient_attention::METHOD),
    Family::Weights(&lime::METHOD),
    Family::Weights(&glime::METHOD),
    Family::Weights(&kernelshap::METHOD),
    Family::Weights(&rise::METHOD),
    Family::Weights(&occlusion::METHOD),
    Family::External(&external::METHOD),
    Family::Drawn(&random::METHOD),
    Family::Seen(&edges::METHOD),
    Family::Map(&eigencam::METHOD),
    Family::Map(&rollout::METHOD),
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
