//! The training loop: `AdamW` with one cycle of the learning rate, small pictures first.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use networks::{Architecture, Mode, Network, Width};
use scenes::Class;
use serde_json::json;
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use crate::augmentation::{self, CROP, Chance};
use crate::held_out::HeldOut;
use crate::pool::{self, Pool};
use crate::variables::Variables;
use crate::{TrainError, at};

/// Share of the steps in which the learning rate rises.
const WARM_UP: f64 = 0.05;
/// Longest gradient that a step follows.
const GRADIENT_NORM: f64 = 2.0;

/// How to train one network.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What to train.
    pub architecture: Architecture,
    /// As a multiple of the published width.
    pub width: Width,
    /// Passes over the pool.
    pub epochs: usize,
    /// Of these, how many with pictures of half the side (four times as fast); `AlexNet` needs its full size.
    pub small_epochs: usize,
    /// Scenes in a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Of `AdamW`.
    pub weight_decay: f64,
    /// Weights to start from; fresh ones where there are none.
    pub from: Option<PathBuf>,
    /// Of the order, the changes and the starting weights.
    pub seed: u64,
    /// Where to compute.
    pub device: Device,
}

impl Recipe {
    fn rate(&self, progress: f64) -> f64 {
        let rise = progress / WARM_UP;
        let fall = (progress - WARM_UP) / (1.0 - WARM_UP);
        self.learning_rate * rise.min(0.5 + 0.5 * (std::f64::consts::PI * fall.max(0.0)).cos())
    }
}

/// Trains, and writes after each epoch the weights in half precision to `weights` and a line to `log`.
pub fn fit(
    recipe: &Recipe,
    pool: &Pool,
    held_out: &HeldOut,
    weights: &Path,
    log: &mut impl Write,
) -> Result<(), TrainError> {
    tch::manual_seed(recipe.seed as i64);
    let mut store = nn::VarStore::new(recipe.device);
    let mut variables = Variables::new(&store, Class::ALL.len());
    let mut network = networks::build(&mut variables, recipe.architecture, recipe.width)?;
    if let Some(path) = &recipe.from {
        store.load(path)?;
    }
    let mut optimiser = nn::AdamW::default()
        .wd(recipe.weight_decay)
        .build(&store, recipe.learning_rate)?;
    let mut chance = Chance::new(recipe.seed);
    let start = Instant::now();
    for epoch in 0..recipe.epochs {
        network.set_mode(Mode::Training);
        let loss = pass(recipe, &network, &mut optimiser, pool, &mut chance, epoch)?;
        network.set_mode(Mode::Inference);
        save(&store, weights)?;
        let accuracy = held_out.accuracy(&network, recipe.device)?;
        let line = json!({
            "epoch": epoch + 1, "of": recipe.epochs, "scenes": pool.len(), "loss": loss,
            "held_out_accuracy": accuracy.overall(), "held_out_right": accuracy.right,
            "seconds": start.elapsed().as_secs_f64().round(),
        });
        eprintln!("{line}");
        writeln!(log, "{line}")
            .and_then(|()| log.flush())
            .map_err(at("the training log"))?;
    }
    Ok(())
}

/// One pass over the pool; returns the mean loss.
fn pass(
    recipe: &Recipe,
    network: &Network,
    optimiser: &mut nn::Optimizer,
    pool: &Pool,
    chance: &mut Chance,
    epoch: usize,
) -> Result<f64, TrainError> {
    let order = chance.order(pool.len());
    let steps = order.len() / recipe.batch;
    let start = Instant::now();
    let mut total = 0.0;
    for (step, indices) in order.chunks_exact(recipe.batch).enumerate() {
        let progress = (epoch * steps + step) as f64 / (recipe.epochs * steps) as f64;
        optimiser.set_lr(recipe.rate(progress));
        let (inputs, classes) = augmentation::batch(pool, indices, chance)?;
        let inputs = if epoch < recipe.small_epochs {
            half_side(&inputs)?
        } else {
            inputs
        };
        let inputs = channels_last(&inputs)?.to_device(recipe.device);
        let loss = network
            .forward(&inputs)?
            .cross_entropy_for_logits(&classes.to_device(recipe.device));
        optimiser.backward_step_clip_norm(&loss, GRADIENT_NORM);
        let loss = loss.double_value(&[]);
        if !loss.is_finite() {
            return Err(TrainError::Diverged {
                step: epoch * steps + step,
            });
        }
        total += loss;
        if (step + 1) % 20 == 0 {
            let rate = ((step + 1) * recipe.batch) as f64 / start.elapsed().as_secs_f64();
            eprintln!(
                "epoch {} step {}/{steps} loss {loss:.3} {rate:.1} scenes/s",
                epoch + 1,
                step + 1
            );
        }
    }
    Ok(total / steps as f64)
}

fn half_side(inputs: &Tensor) -> Result<Tensor, TrainError> {
    let side = (CROP / 2) as i64;
    Ok(inputs.f_internal_upsample_bilinear2d_aa([side, side], false, None, None)?)
}

/// The same values with channels innermost in memory, which convolutions on a CPU train faster on.
fn channels_last(input: &Tensor) -> Result<Tensor, TrainError> {
    let inputs = input.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(inputs.f_permute([0, 3, 1, 2])?)
}

/// Writes every parameter in half precision, in alphabetical order.
fn save(store: &nn::VarStore, path: &Path) -> Result<(), TrainError> {
    let sorted: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    let halves: Vec<(String, Tensor)> = sorted
        .into_iter()
        .map(|(name, tensor)| (name, tensor.to_device(Device::Cpu).to_kind(Kind::Half)))
        .collect();
    let temporary = path.with_extension("partial");
    Tensor::write_safetensors(&halves, &temporary)?;
    let bytes = std::fs::read(&temporary).map_err(at(&temporary))?;
    pool::write(path, &bytes)
}
