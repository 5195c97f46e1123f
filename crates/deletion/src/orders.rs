//! The action `orders`: the order in which a control removes superpixels.

use controls::{OracleError, Ranking};
use networks::{Classifier, NetworkError};
use occlusion::Scene;
use sampling::{Masks, Seed};

/// The seed of one order of a control: as that of an explanation, the study's, the image's file, the partition, the method and the run, but
/// not the network, so that all networks are asked with the same random orders.
pub fn seed(study: u64, image_digest: &str, partition: &str, method: &str, run: u32) -> Seed {
    Seed::derive(
        study,
        &[
            image_digest.as_bytes(),
            partition.as_bytes(),
            method.as_bytes(),
            &run.to_le_bytes(),
        ],
    )
}

/// The control `random`.
pub fn random(seed: Seed, superpixels: usize) -> Ranking {
    controls::random(seed, superpixels)
}

/// The control `edges`.
pub fn edges(crop: &imaging::Rgb, labels: &[u16], superpixels: usize, seed: Seed) -> Ranking {
    controls::edges(crop, labels, superpixels, seed)
}

/// The control `greedy`, and how many masks it asked about.
pub fn greedy(
    classifier: &Classifier,
    scene: &Scene<'_>,
    seed: Seed,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Ranking, u64), NetworkError> {
    let mut asked = 0;
    let ask = |masks: &Masks| {
        asked += masks.samples() as u64;
        let answers = scene.ask(classifier, masks, interrupted)?;
        Ok(answers.probabilities)
    };
    let ranking = controls::greedy(scene.superpixels, seed, ask)?;
    Ok((ranking, asked))
}

/// The control `oracle`, and how many masks it asked about.
pub fn oracle(
    classifier: &Classifier,
    scene: &Scene<'_>,
    seed: Seed,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Ranking, u64), OracleError<NetworkError>> {
    let mut asked = 0;
    let ask = |masks: &Masks| {
        asked += masks.samples() as u64;
        let answers = scene.ask(classifier, masks, interrupted)?;
        Ok(answers.probabilities)
    };
    let ranking = controls::oracle(scene.superpixels, seed, ask)?;
    Ok((ranking, asked))
}
