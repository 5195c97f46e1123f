//! The action `saliency`: the map of a method that reads what a network computes.

use actions::{Cam, Saliency};
use cam::{Activations, CamError, Layer};
use imaging::Rgb;
use methods::{Attention, Baseline, Block, Blocks, Inputs, Mapping, Probe, Probing, Reads, Sample};
use networks::{Attentions, CHANNELS, Classifier, Gradients, NetworkError, Values};
use parts::{ActionError, Map, Rows};
use removal::Backdrop;
use sampling::Seed;

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum SaliencyError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Its activations do not fit together.
    #[error(transparent)]
    Cam(#[from] CamError),
    /// The method failed.
    #[error(transparent)]
    Method(#[from] ActionError),
}

impl From<SaliencyError> for ActionError {
    fn from(error: SaliencyError) -> Self {
        match error {
            SaliencyError::Network(NetworkError::Interrupted) => Self::Interrupted,
            SaliencyError::Method(error) => error,
            error => Self::failed(error),
        }
    }
}

/// A map, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The map.
    pub map: Map,
    /// How far an attribution is from complete, as the table's column says.
    pub completeness_residual: Option<f64>,
    /// Images that went forward through the network, or activations through its head.
    pub forward: u64,
    /// Images that went backward through it.
    pub backward: u64,
}

/// A crop to be explained.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The crop.
    pub crop: Rgb,
    /// The class.
    pub target: usize,
    /// Where random numbers come from.
    pub seed: Seed,
}

/// The row of a map of an image in one network by one method.
pub fn row(inputs: &Saliency, made: Made, classifier: &Classifier) -> schema::Saliency {
    let names = &inputs.names;
    let layer = match inputs.cam.method.run {
        Reads::Inputs(_) => "input",
        Reads::Attention(_) => "attention",
        Reads::Activations(_) | Reads::Layer(_) | Reads::Answers(_) => classifier.layer(),
    };
    schema::Saliency {
        image: names.image.clone(),
        network: names.network.clone(),
        method: names.method.clone(),
        run: names.run,
        layer: layer.to_owned(),
        target_class: inputs.cam.target_class.value,
        height: made.map.height as u32,
        width: made.map.width as u32,
        map: made.map.values,
        completeness_residual: made.completeness_residual,
    }
}

/// The maps that some inputs ask for in one network by one method, each by itself or an error. An image that cannot be read keeps no other from its map.
pub fn maps(
    cams: &[&Cam],
    rows: &Rows<'_>,
    classifier: &Classifier,
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Result<Made, ActionError>>, ActionError> {
    let [first, ..] = cams else {
        return Ok(Vec::new());
    };
    let asked = |cam: &&Cam| {
        Ok(Asked {
            crop: rows.load(&cam.pixels)?,
            target: cam.target_class.value as usize,
            seed: seed(cam),
        })
    };
    let asked = cams.iter().map(asked).collect();
    together(asked, |asked| {
        Ok(saliency(
            (first.method, &first.mapping),
            classifier,
            asked,
            interrupted,
        )?)
    })
}

/// That of a method that draws nothing is never read.
fn seed(cam: &Cam) -> Seed {
    let Some(draws) = &cam.draws else {
        return Seed([0; 32]);
    };
    let parts = [draws.image_digest.as_bytes(), draws.method.as_bytes()];
    Seed::derive(draws.seed, &[parts[0], parts[1], &draws.run.to_le_bytes()])
}

/// The maps of the crops that were read, which `ask` is given together, and the errors of the others in their places.
fn together(
    crops: Vec<Result<Asked, ActionError>>,
    ask: impl FnOnce(&[Asked]) -> Result<Vec<Made>, ActionError>,
) -> Result<Vec<Result<Made, ActionError>>, ActionError> {
    let asked: Vec<Asked> = crops.iter().flatten().cloned().collect();
    let mut maps = ask(&asked)?.into_iter();
    let missing = || ActionError::failed("the network gave no map for it");
    let map = |crop: Result<_, _>| crop.and_then(|_| maps.next().ok_or_else(missing));
    Ok(crops.into_iter().map(map).collect())
}

/// The maps of crops of one size by a method with its settings.
pub fn saliency(
    (method, mapping): (&methods::Map, &Mapping),
    classifier: &Classifier,
    asked: &[Asked],
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Made>, SaliencyError> {
    match &method.run {
        Reads::Activations(map) => {
            let crops: Vec<&Rgb> = asked.iter().map(|asked| &asked.crop).collect();
            let made = |found: &Values| {
                let activations = Activations::new(&found.activations, found.shape)?;
                let map = mapping.relevance.of(map(&activations));
                Ok(made(map, activations.size(), 1, 0))
            };
            classifier.activations(&crops)?.iter().map(made).collect()
        }
        Reads::Layer(map) => {
            let backward = u64::from(classifier.goes_backward());
            let made = |found: &Gradients| {
                let layer = Layer::new(&found.activations, &found.gradients, found.shape)?;
                let map = mapping.relevance.of(map(&layer));
                let [_, height, width] = found.shape;
                Ok(made(map, [height, width], 1, backward))
            };
            let found = classifier.gradients(&targets(asked))?;
            found.iter().map(made).collect()
        }
        Reads::Answers(probing) => {
            let map = |asked| by_answers(*probing, mapping, classifier, asked, interrupted);
            asked.iter().map(map).collect()
        }
        Reads::Inputs(inputs) => Ok(by_inputs(inputs, mapping, classifier, asked, interrupted)?),
        Reads::Attention(attention) => {
            let backward = u64::from(attention.gradients);
            let found = classifier.attentions(&targets(asked), attention.gradients)?;
            let made = |found: &Attentions| {
                let map = mapping.relevance.of(by_attention(attention, found));
                made(map, found.grid, 1, backward)
            };
            Ok(found.iter().map(made).collect())
        }
    }
}

fn targets(asked: &[Asked]) -> Vec<(&Rgb, usize)> {
    let targets = asked.iter().map(|asked| (&asked.crop, asked.target));
    targets.collect()
}

fn made(values: Vec<f32>, [height, width]: [usize; 2], forward: u64, backward: u64) -> Made {
    Made {
        map: Map {
            height,
            width,
            values,
        },
        completeness_residual: None,
        forward,
        backward,
    }
}

fn by_attention(attention: &Attention, found: &Attentions) -> Vec<f32> {
    let blocks = found.blocks.iter();
    let blocks = blocks.map(|(maps, gradients)| Block { maps, gradients });
    (attention.map)(&Blocks {
        tokens: found.tokens,
        prefix: found.prefix,
        class_token: found.class_token,
        blocks: blocks.collect(),
    })
}

/// Asks a classifier about one crop.
struct Asks<'a> {
    classifier: &'a Classifier,
    asked: &'a Asked,
    interrupted: &'a dyn Fn() -> bool,
    /// Inputs so far.
    forward: u64,
}

impl Asks<'_> {
    fn answers(
        &mut self,
        answers: Result<Vec<f32>, NetworkError>,
    ) -> Result<Vec<f32>, ActionError> {
        let answers = answers.map_err(SaliencyError::from)?;
        self.forward += answers.len() as u64;
        Ok(answers)
    }
}

impl Probe for Asks<'_> {
    fn size(&self) -> [usize; 2] {
        [self.asked.crop.height(), self.asked.crop.width()]
    }

    fn masked(
        &mut self,
        count: usize,
        mask: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> Result<Vec<f32>, ActionError> {
        let (crop, target) = (&self.asked.crop, self.asked.target);
        let found = self
            .classifier
            .ask_masked(crop, target, count, mask, self.interrupted)
            .map(|answers| answers.logits);
        self.answers(found)
    }

    fn changed(
        &mut self,
        count: usize,
        change: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> Result<Vec<f32>, ActionError> {
        let (crop, target) = (&self.asked.crop, self.asked.target);
        let found = self
            .classifier
            .changed_logits(crop, target, count, change, self.interrupted);
        self.answers(found)
    }
}

fn by_answers(
    probing: Probing,
    mapping: &Mapping,
    classifier: &Classifier,
    asked: &Asked,
    interrupted: &dyn Fn() -> bool,
) -> Result<Made, SaliencyError> {
    let found = classifier.activations(&[&asked.crop])?.remove(0);
    let activations = Activations::new(&found.activations, found.shape)?;
    let mut asks = Asks {
        classifier,
        asked,
        interrupted,
        forward: 1,
    };
    let map = probing(&activations, &mut asks)?;
    Ok(made(
        mapping.relevance.of(map),
        activations.size(),
        asks.forward,
        0,
    ))
}

/// Batches hold inputs of several crops.
fn by_inputs(
    inputs: &Inputs,
    mapping: &Mapping,
    classifier: &Classifier,
    asked: &[Asked],
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Made>, NetworkError> {
    let Some(first) = asked.first() else {
        return Ok(Vec::new());
    };
    let size = [first.crop.height(), first.crop.width()];
    let ends = |asked: &Asked| {
        let baseline = mapping.baseline.map(|baseline| match baseline {
            Baseline::Zero => vec![0.0; asked.crop.pixels().len()],
            Baseline::Black => classifier.input(&shown(Backdrop::Black, &asked.crop)),
            Baseline::Blur => classifier.input(&shown(Backdrop::Blur, &asked.crop)),
        });
        (classifier.input(&asked.crop), baseline.unwrap_or_default())
    };
    let ends: Vec<(Vec<f32>, Vec<f32>)> = asked.iter().map(ends).collect();
    let sample = |place: usize| Sample {
        input: &ends[place].0,
        baseline: &ends[place].1,
        seed: asked[place].seed,
    };
    let points = mapping.points.unwrap_or(1) as usize;
    let mut sums: Vec<Vec<f64>> = ends
        .iter()
        .map(|(input, _)| vec![0.0; input.len()])
        .collect();
    let input = |place: usize| {
        let (of, place) = (place / points, place % points);
        ((inputs.at)(mapping, &sample(of), place), asked[of].target)
    };
    let mut add = |place: usize, gradient: &[f32]| {
        let (of, place) = (place / points, place % points);
        (inputs.add)(mapping, &sample(of), place, gradient, &mut sums[of]);
    };
    let count = points * asked.len();
    classifier.input_gradients(count, size, &input, &mut add, interrupted)?;
    let logits = match mapping.baseline {
        None => Vec::new(),
        Some(_) => classifier.input_logits(2 * asked.len(), size, &|place| {
            let (input, baseline) = &ends[place / 2];
            let end = if place % 2 == 0 { input } else { baseline };
            (end.clone(), asked[place / 2].target)
        })?,
    };
    let made = |(place, sums): (usize, &Vec<f64>)| {
        let (map, sum) = mapping.over_channels(sums, CHANNELS);
        let logits = logits.get(2 * place..2 * place + 2);
        let passes = points as u64;
        let forward = passes + logits.map_or(0, |logits| logits.len() as u64);
        Made {
            completeness_residual: logits.map(|logits| residual(sum, logits)),
            ..made(map, size, forward, passes)
        }
    };
    Ok(sums.iter().enumerate().map(made).collect())
}

/// How far a sum is from the difference of two logits, as a share of it.
fn residual(sum: f64, logits: &[f32]) -> f64 {
    let difference = f64::from(logits[0]) - f64::from(logits[1]);
    (sum - difference).abs() / difference.abs().max(1e-6)
}

/// The crop with everything replaced.
fn shown(backdrop: Backdrop, crop: &Rgb) -> Rgb {
    removal::backdrop(backdrop, crop, &[], 0, [0.0; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_cannot_be_read_fails_alone_and_the_others_are_evaluated_together() {
        let crop = Rgb::new(1, 2, vec![0; 6]).unwrap();
        let crops = (0..5).map(|target| match target {
            3 => Err(ActionError::failed("not a PNG file")),
            target => Ok(Asked {
                crop: crop.clone(),
                target,
                seed: Seed([0; 32]),
            }),
        });
        let mut calls = Vec::new();
        let maps = together(crops.collect(), |asked| {
            calls.push(asked.len());
            let map = |asked: &Asked| made(vec![asked.target as f32], [1, 1], 1, 0);
            Ok(asked.iter().map(map).collect())
        });
        assert_eq!(calls, [4]);
        let values = maps.unwrap().into_iter();
        let values: Vec<Option<f32>> = values.map(|made| made.ok()?.map.values.pop()).collect();
        assert_eq!(values, [Some(0.0), Some(1.0), Some(2.0), None, Some(4.0)]);
    }

    #[test]
    fn a_residual_is_a_share_of_the_difference() {
        assert!((residual(1.5, &[3.0, 1.0]) - 0.25).abs() < 1e-12);
        assert!((residual(1e-6, &[1.0, 1.0]) - 1.0).abs() < 1e-12);
    }
}
