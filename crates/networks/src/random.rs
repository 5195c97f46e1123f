//! Random parameters, and the random bits that they are made of.

use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::parameters::{Parameters, Role};

/// Seeded random parameters: weights uniform with the variance 2 / inputs of He et al. 2015, for tests and
/// for measurements of speed; such a network is right about nothing.
#[derive(Debug)]
pub struct RandomParameters {
    seed: i64,
    classes: i64,
}

impl RandomParameters {
    /// Parameters that depend on `seed`, the parameter's name and its shape only.
    pub fn new(seed: i64, classes: i64) -> Self {
        Self { seed, classes }
    }
}

impl Parameters for RandomParameters {
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError> {
        let options = (Kind::Float, tch::Device::Cpu);
        match role {
            Role::Zeros | Role::Mean => Tensor::f_zeros(shape, options),
            Role::Ones | Role::Variance => Tensor::f_ones(shape, options),
            Role::Weight | Role::OutputWeight | Role::Constant => {
                let inputs: i64 = shape[1..].iter().product();
                let gain: f64 = if role == Role::Weight { 6.0 } else { 3.0 };
                let bound = (gain / inputs as f64).sqrt();
                let values = uniform(self.seed as u64, name).map(|value| (value * bound) as f32);
                random(shape, values)
            }
        }
        .during("making a random weight")
    }

    fn classes(&self, _: &str) -> Result<i64, NetworkError> {
        Ok(self.classes)
    }
}

/// A tensor of these values, which are many: each is written where it stays, without a list of all of them beside the tensor.
fn random(shape: &[i64], mut values: impl Iterator<Item = f32>) -> Result<Tensor, tch::TchError> {
    /// Values that are handed over at a time.
    const CHUNK: usize = 1 << 16;
    let tensor = Tensor::f_empty(shape, (Kind::Float, tch::Device::Cpu))?;
    let mut rest = tensor.f_view([-1])?.f_split(CHUNK as i64, 0)?;
    for part in &mut rest {
        let chunk: Vec<f32> = values.by_ref().take(part.numel()).collect();
        part.f_copy_(&Tensor::f_from_slice(&chunk)?)?;
    }
    Ok(tensor)
}

/// Uniform values in [-1, 1) that depend on `seed`, a parameter's name and the place in it only, so that no state of libtorch's is
/// touched and anyone can make them again: the counters of `SplitMix64` (Steele et al. 2014) start at an FNV-1a hash of the name.
pub fn uniform(seed: u64, name: &str) -> impl Iterator<Item = f64> {
    bits(seed, name).map(|bits| (bits >> 40) as f64 / f64::from(1_u32 << 23) - 1.0)
}

/// The 64 random bits behind each of those values.
pub(crate) fn bits(seed: u64, name: &str) -> impl Iterator<Item = u64> {
    let start = name.bytes().fold(seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..).map(move |index| split_mix(start.wrapping_add(index)))
}

/// `SplitMix64` (Steele et al. 2014): neighbouring counters give unrelated values.
fn split_mix(counter: u64) -> u64 {
    let mut z = counter
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
