//! Methods that read what a network computes on the way to a logit, and give a map.

use cam::{Activations, Layer};
use serde::Serialize;

use crate::attention::Attention;
use crate::inputs::Inputs;
use crate::plugin::Plugin;
use crate::probing::Probing;

/// Makes a map of relevance from what a network computes.
pub type Map = Plugin<Reads, Mapping>;

/// What a method reads of a network, with the function that makes a map from it. The map is signed and not normalised: [`Sign`] says what becomes of
/// negative values.
#[derive(Clone, Copy, Debug)]
pub enum Reads {
    /// The activations of a layer. The map has the layer's positions.
    Activations(fn(&Activations<'_>) -> Vec<f32>),
    /// The activations of a layer, and the gradients of the class's logit there. The map has the layer's positions.
    Layer(fn(&Layer<'_>) -> Vec<f32>),
    /// The activations of a layer, and logits of inputs or activations that the method changes. The map has the layer's positions.
    Answers(Probing),
    /// Gradients of the class's logit with respect to inputs. The map has the crop's pixels.
    Inputs(Inputs),
    /// The maps of every attention. The map has a position for each patch.
    Attention(Attention),
}

impl Reads {
    /// What it reads and gives, in words.
    pub fn described(&self) -> &'static str {
        match self {
            Self::Activations(_) => "a map, from activations of a layer",
            Self::Layer(_) => "a map, from activations and gradients of a layer",
            Self::Answers(_) => "a map, from activations of a layer and answers",
            Self::Inputs(_) => "a map, from gradients at inputs",
            Self::Attention(attention) if attention.gradients => {
                "a map, from the attention of a transformer and gradients there"
            }
            Self::Attention(_) => "a map, from the attention of a transformer",
        }
    }
}

/// How a method makes its map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mapping {
    /// What becomes of negative values.
    pub relevance: Sign,
    /// At how many inputs a method takes gradients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// Standard deviation of the noise of these inputs, as a share of the range of the untouched one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Where a path of inputs begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

impl From<Sign> for Mapping {
    fn from(relevance: Sign) -> Self {
        Self {
            relevance,
            points: None,
            noise: None,
            baseline: None,
        }
    }
}

/// What becomes of negative values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// They stay.
    Signed,
    /// They become 0.
    Positive,
    /// They become positive. Methods that take gradients at inputs do this for each channel and pixel, before any sum.
    Absolute,
}

config::choice!(Sign, "relevance": Signed => "signed", Positive => "positive", Absolute => "absolute");

impl Sign {
    /// The map with its negative values changed.
    #[must_use]
    pub fn of(self, mut map: Vec<f32>) -> Vec<f32> {
        for value in &mut map {
            *value = match self {
                Self::Signed => *value,
                Self::Positive => value.max(0.0),
                Self::Absolute => value.abs(),
            };
        }
        map
    }
}

/// Where a path of inputs begins: what stands for an image that shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// 0 after normalisation: the mean colour of the network's training images.
    Zero,
    /// Black pixels.
    Black,
    /// The crop, blurred as removal blurs (Gaussian, sigma 10 pixels).
    Blur,
}

config::choice!(Baseline, "baseline": Zero => "zero", Black => "black", Blur => "blur");

config::settings! {
    /// What a class activation map takes.
    pub(crate) struct Rectified {
        /// What happens to negative values: `positive` sets them to 0, `absolute` takes their absolute values.
        relevance: Sign = Sign::Positive;
    }
}

config::settings! {
    /// What a map takes whose published form keeps its sign.
    pub(crate) struct Signed {
        /// What happens to negative values: `positive` sets them to 0, `absolute` takes their absolute values.
        relevance: Sign = Sign::Signed;
    }
}

config::settings! {
    /// What a gradient takes.
    pub(crate) struct Unsigned {
        /// What happens to negative values: `positive` sets them to 0, `absolute` takes absolute values of each channel and pixel before any sum.
        relevance: Sign = Sign::Absolute;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_says_what_becomes_of_negative_values() {
        let map = || vec![-2.0, 0.0, 1.5];
        assert_eq!(Sign::Signed.of(map()), [-2.0, 0.0, 1.5]);
        assert_eq!(Sign::Positive.of(map()), [0.0, 0.0, 1.5]);
        assert_eq!(Sign::Absolute.of(map()), [2.0, 0.0, 1.5]);
    }
}
