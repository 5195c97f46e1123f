//! Batches of scenes: shifted, mirrored, and lit a little differently each time.

use networks::{CHANNELS, NetworkError, Normalisation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use tch::Tensor;

use crate::pool::{Pool, SIDE};

/// Side of a network's input in pixels.
pub const CROP: usize = 224;
/// A channel's gain lies within 1 plus or minus this.
const GAIN: f32 = 0.2;

/// One seeded source of choices.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The choices of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A whole number below `limit`; the bias of the remainder is below 2^-40 here.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.0.next_u64() % limit as u64) as usize
    }

    fn within(&mut self, half: f32) -> f32 {
        (self.0.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0) * half
    }

    /// A random order of 0..count (Fisher and Yates).
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// What is done to one scene.
struct Change {
    top: usize,
    left: usize,
    mirrored: bool,
    gains: [f32; CHANNELS],
}

impl Change {
    fn new(chance: &mut Chance) -> Self {
        let room = SIDE - CROP + 1;
        let brightness = chance.within(GAIN);
        Self {
            top: chance.below(room),
            left: chance.below(room),
            mirrored: chance.below(2) == 1,
            gains: std::array::from_fn(|_| 1.0 + brightness + chance.within(GAIN / 4.0)),
        }
    }

    /// Writes planes [channels, CROP, CROP], normalised.
    fn apply(&self, scene: &[u8], planes: &mut [f32]) {
        let Normalisation { mean, std } = Normalisation::IMAGENET;
        for (channel, plane) in planes.chunks_exact_mut(CROP * CROP).enumerate() {
            let (gain, mean, std) = (self.gains[channel] / 255.0, mean[channel], std[channel]);
            for (y, row) in plane.chunks_exact_mut(CROP).enumerate() {
                for (x, value) in row.iter_mut().enumerate() {
                    let x = if self.mirrored { CROP - 1 - x } else { x };
                    let pixel = (self.top + y) * SIDE + self.left + x;
                    *value = ((f32::from(scene[pixel * CHANNELS + channel]) * gain).min(1.0)
                        - mean)
                        / std;
                }
            }
        }
    }
}

/// The scenes `indices`, changed by chance: inputs [batch, 3, CROP, CROP] and classes [batch].
pub fn batch(
    pool: &Pool,
    indices: &[usize],
    chance: &mut Chance,
) -> Result<(Tensor, Tensor), NetworkError> {
    let changes: Vec<Change> = indices.iter().map(|_| Change::new(chance)).collect();
    let mut planes = vec![0.0; indices.len() * CHANNELS * CROP * CROP];
    planes
        .par_chunks_exact_mut(CHANNELS * CROP * CROP)
        .zip(indices)
        .zip(&changes)
        .for_each(|((planes, &index), change)| change.apply(pool.scene(index).0, planes));
    let classes: Vec<i64> = indices
        .iter()
        .map(|&index| pool.scene(index).1 as i64)
        .collect();
    Ok((
        networks::tensor(&planes, [CROP, CROP])?,
        Tensor::from_slice(&classes),
    ))
}
