//! What is found out about a program when it is tried.

use std::fmt;

/// Inputs that a program takes where it does not take those of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// This many at a time only.
    Batch(i64),
    /// Pictures of this many channels.
    Channels(i64),
    /// Pictures with the channels last.
    ChannelsLast,
    /// Numbers of this type.
    Numbers(&'static str),
    /// Pictures of this height and width.
    Side(i64),
}

impl fmt::Display for Takes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(count) => write!(
                formatter,
                "it takes {count} at a time only, as it was traced: export it so that it takes any number of inputs (x.flatten(1) in place of x.view({count}, -1); or torch.jit.script)"
            ),
            Self::Channels(1) => formatter.write_str(
                "it takes pictures of 1 channel: export a module that first takes the mean over the channels, x.mean(1, keepdim=True)",
            ),
            Self::Channels(count) => write!(
                formatter,
                "it takes pictures of {count} channels: export a module that makes these of red, green and blue"
            ),
            Self::ChannelsLast => formatter.write_str(
                "it takes pictures with the channels last: export a module that first calls x.permute(0, 2, 3, 1)",
            ),
            Self::Numbers(numbers @ "bytes from 0 to 255") => write!(
                formatter,
                "it takes {numbers}: export a module that takes floats, and set `mean` and `std` of the network"
            ),
            Self::Numbers(numbers) => write!(
                formatter,
                "its weights are {numbers}, and its inputs here are float32: export model.float()"
            ),
            Self::Side(side) => write!(
                formatter,
                "it takes pictures of {side} x {side} pixels: set `crop` to {side} in [images]"
            ),
        }
    }
}

/// A reason to think that a program's answers are not what a study needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Each input's outputs are from 0 to 1, and add up to 1.
    Softmax,
    /// The same holds for the exponentials of the outputs.
    LogSoftmax,
    /// All outputs are from 0 to 1.
    Sigmoids,
    /// A picture of one colour gives outputs that are not finite.
    OneColour,
    /// The last operator of a graph is a softmax, or a log-softmax, which was left out.
    Unwrapped,
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Softmax => "its outputs lie between 0 and 1 and add up to 1, so it ends in a softmax; a second softmax makes all probabilities nearly equal. Export it without, or export a module that gives torch.log of its outputs",
            Self::LogSoftmax => "the exponentials of its outputs add up to 1, so it ends in a log-softmax; probabilities are right, but Grad-CAM then explains log-probabilities and not logits. Export it without, or leave Grad-CAM out",
            Self::Sigmoids => "its outputs lie between 0 and 1, so it seems to end in sigmoids; a softmax of these makes all probabilities nearly equal. Export it without them, or export a module that gives torch.logit of its outputs",
            Self::Unwrapped => "its last operator is a softmax; its logits are read before it",
            Self::OneColour => "a picture of one colour gives logits that are not finite, and the replacements `mean`, `black` and `gray` end in one. Set replacements = [\"blur\"] or [\"noisy_linear\"] in [deletion], or add a small number to what the network divides each picture by",
        })
    }
}

/// Two ways to the same logits that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The same input twice.
    Repeat,
    /// An input alone and in a batch.
    Batch,
    /// The halves, one after the other, and the whole.
    Halves,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Repeat => "forward(x) differs from the forward(x) before",
            Self::Batch => "forward(x) of an input in a batch differs from that of the input alone",
            Self::Halves => "head(features(x)) differs from forward(x)",
        })
    }
}
