//! `NAME.json` beside `NAME.pt2`, as `scripts/export_pt2.py` writes it: how images are prepared, the classes' names, and the network's own answers.

use std::path::Path;

use networks::Network;
use serde::Deserialize;
use serde_json::Value;
use stage::StageError;

/// How far the stored answers and ours may be apart, as a share of the largest logit: rounding, no more.
const TOLERANCE: f32 = 1e-4;

/// The content of the file.
#[derive(Debug, Deserialize)]
pub(crate) struct Beside {
    /// How images become inputs; passed on.
    pub(crate) preparation: Value,
    /// Names of the classes, in the order of the logits.
    pub(crate) classes: Option<Vec<String>>,
    answers: Option<Answers>,
}

#[derive(Debug, Deserialize)]
struct Answers {
    seed: u32,
    /// A row for each picture.
    logits: Vec<Vec<f32>>,
}

impl Beside {
    /// The JSON file of a network, if there is one.
    pub(crate) fn read(network: &Path) -> Result<Option<Self>, StageError> {
        let path = network.with_extension("json");
        let failed = |error: &dyn std::fmt::Display| {
            StageError::action(format!(
                "{}: {error}; expected the JSON file that scripts/export_pt2.py writes with the network: export the network again, or move the \
                 file away",
                path.display()
            ))
        };
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| failed(&error)),
        }
    }

    /// Height and width of the network's inputs.
    pub(crate) fn side(&self) -> Option<u32> {
        self.preparation["size"].as_u64()?.try_into().ok()
    }

    /// An error where the network answers otherwise than it did when it was exported.
    pub(crate) fn compare(
        &self,
        path: &Path,
        network: &Network,
        side: usize,
    ) -> Result<(), StageError> {
        let Some(Answers { seed, logits }) = &self.answers else {
            return Ok(());
        };
        let pictures = pictures(logits.len() * 3 * side * side, *seed);
        let found = networks::logits(network, &pictures, [side, side]);
        let found: Vec<Vec<f32>> = found.map_err(StageError::action)?;
        let largest = logits.iter().flatten();
        let largest = largest.fold(0.0_f32, |most, logit| most.max(logit.abs()));
        let pairs = found.iter().flatten().zip(logits.iter().flatten());
        let apart = pairs.fold(0.0_f32, |most, (one, other)| most.max((one - other).abs()));
        let same_shape = found.iter().map(Vec::len).eq(logits.iter().map(Vec::len));
        if same_shape && apart <= TOLERANCE * largest {
            return Ok(());
        }
        Err(StageError::action(format!(
            "{}: its logits differ from those in {} by {:.1e} of the largest, but only {TOLERANCE:.0e} is allowed: the two files do not belong \
             together, or one is damaged; export the network again",
            path.display(),
            path.with_extension("json").display(),
            if same_shape {
                apart / largest
            } else {
                f32::INFINITY
            },
        )))
    }
}

/// Numbers from -1 to 1 that look random, the same as `images` in `scripts/export_pt2.py` makes.
fn pictures(count: usize, seed: u32) -> Vec<f32> {
    let number = |place: usize| {
        let mixed = (place as u32)
            .wrapping_add(1)
            .wrapping_mul(2_654_435_761)
            .wrapping_add(seed.wrapping_mul(40_503));
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519);
        (f64::from(mixed) / f64::from(1_u32 << 31) - 1.0) as f32
    };
    (0..count).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `images(1, 1, 1)` of `scripts/export_pt2.py`.
    #[test]
    fn pictures_are_those_of_the_exporter() {
        assert_eq!(pictures(3, 1), EXPECTED);
    }

    const EXPECTED: [f32; 3] = [0.293_005_44, 0.807_393_5, 0.430_587_26];
}
