//! Names that a study gives to its networks, partitions and methods.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A name made of `a` to `z`, `0` to `9`, `_` and `-`, of 1 to 64 characters.
///
/// Dots are left out because they separate the parts of the file names under `latest/`, and the length is bounded
/// because those parts together must fit into the 255 bytes of a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(&'static str);

/// All names that this process has met: few, while a plan has millions of copies of them, which threads make at once.
static MET: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Most characters of a [`Name`].
const LONGEST: usize = 64;

impl Name {
    /// What a name may look like, for messages.
    pub const EXPECTED: &str = "1 to 64 of the characters a-z, 0-9, `_` and `-`";

    /// The name, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let good = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        };
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(good);
        fits.then(|| {
            let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
            let known = met.get(text).copied();
            Self(known.unwrap_or_else(|| {
                let kept: &'static str = Box::leak(text.into());
                met.insert(kept);
                kept
            }))
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}
