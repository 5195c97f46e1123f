//! In which numbers a network computes.

use tch::Kind;

/// The numbers of a network's inner layers; logits are f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// 32-bit floating point: the reference.
    #[default]
    Fp32,
    /// As fp32, but convolutions and products of matrices keep 10 bits of each factor; on CUDA GPUs only.
    Tf32,
    /// bfloat16, with sums in f32; twice as fast where the processor has instructions for it, and 8 bits of each value are kept.
    Bf16,
}

impl Precision {
    /// Those of every device, the reference first.
    pub const ALL: [Self; 2] = [Self::Fp32, Self::Bf16];

    /// The name in pipeline.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Fp32 | Self::Tf32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}
