//! What a removed superpixel is replaced with.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Content of a removed superpixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Replacement {
    /// The superpixel's own mean colour.
    #[default]
    Mean,
    /// Black.
    Black,
    /// The network's mean colour x 255, rounded half to even.
    Gray,
    /// The image under a Gaussian of sigma 10 pixels, reflected at the border.
    Blur,
}

/// A name that no replacement has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown replacement {0:?}: expected one of mean, black, gray, blur")]
pub struct UnknownReplacement(pub String);

impl Replacement {
    /// Every replacement, in the order in which they are documented.
    pub const ALL: [Self; 4] = [Self::Mean, Self::Black, Self::Gray, Self::Blur];

    /// The name in pipeline.toml and in the column `replacement`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Black => "black",
            Self::Gray => "gray",
            Self::Blur => "blur",
        }
    }
}

impl fmt::Display for Replacement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Replacement {
    type Err = UnknownReplacement;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|replacement| replacement.name() == name);
        found.ok_or_else(|| UnknownReplacement(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_listed_in_the_error() {
        let message = "grey".parse::<Replacement>().unwrap_err().to_string();
        for replacement in Replacement::ALL {
            assert_eq!(replacement.to_string().parse(), Ok(replacement));
            assert!(message.contains(replacement.name()));
        }
    }
}
