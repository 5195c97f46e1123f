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

    /// Whether this processor has instructions for these numbers. Without them each product is computed in f32 between two conversions, which takes
    /// several times as long as f32 alone.
    pub fn is_native(self) -> bool {
        self != Self::Bf16 || has_bf16()
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Fp32 | Self::Tf32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}

/// AMX, which multiplies matrices of bf16, comes with AVX-512's instructions for bf16.
#[cfg(target_arch = "x86_64")]
fn has_bf16() -> bool {
    std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(target_arch = "aarch64")]
fn has_bf16() -> bool {
    std::arch::is_aarch64_feature_detected!("bf16")
}

/// No other processor's instructions are known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_bf16() -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_bf16_where_the_system_says_so() {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let mut words = text.split_whitespace();
        let said = words.any(|word| ["avx512_bf16", "bf16"].contains(&word));
        assert_eq!(Precision::Bf16.is_native(), said);
        assert!(Precision::Fp32.is_native());
    }
}
