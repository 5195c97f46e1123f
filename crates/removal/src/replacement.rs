//! What a removed superpixel is replaced with.

use serde::Serialize;
use std::fmt;

/// Content of a removed superpixel, where one image has it for all masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backdrop {
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

/// Content of a removed superpixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Interpolated from the pixels that are left, with noise (ROAD, Rong et al. 2022); another image for each mask.
    NoisyLinear,
}

impl Backdrop {
    /// Every one, in the order in which they are documented.
    pub const ALL: [Self; 4] = [Self::Mean, Self::Black, Self::Gray, Self::Blur];

    /// The name in pipeline.toml.
    pub fn name(self) -> &'static str {
        Replacement::from(self).name()
    }
}

impl Replacement {
    /// Every replacement, in the order in which they are documented.
    pub const ALL: [Self; 5] = [
        Self::Mean,
        Self::Black,
        Self::Gray,
        Self::Blur,
        Self::NoisyLinear,
    ];

    /// The name in pipeline.toml and in the column `replacement`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Black => "black",
            Self::Gray => "gray",
            Self::Blur => "blur",
            Self::NoisyLinear => "noisy_linear",
        }
    }

    /// The one image that has it for all masks; none where it depends on the mask.
    pub fn backdrop(self) -> Option<Backdrop> {
        Backdrop::ALL
            .into_iter()
            .find(|backdrop| Self::from(*backdrop) == self)
    }
}

impl From<Backdrop> for Replacement {
    fn from(backdrop: Backdrop) -> Self {
        match backdrop {
            Backdrop::Mean => Self::Mean,
            Backdrop::Black => Self::Black,
            Backdrop::Gray => Self::Gray,
            Backdrop::Blur => Self::Blur,
        }
    }
}

impl fmt::Display for Replacement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_interpolation_are_one_image_for_all_masks() {
        for replacement in Replacement::ALL {
            let backdrop = replacement.backdrop();
            assert_eq!(
                backdrop.is_none(),
                replacement == Replacement::NoisyLinear,
                "{replacement}"
            );
            assert!(backdrop.is_none_or(|backdrop| backdrop.name() == replacement.name()));
        }
    }
}
