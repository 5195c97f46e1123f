//! Networks of `torch.export`, tried on pictures before they are used.

use std::path::Path;

use executor::Executor;
use graph::{Graph, Id, pt2, remove_dead};
use tch::{Kind, Tensor};

use super::pictures::waves;
use super::weights::WeightFile;
use super::{Difference, Doubt, LoadError, Takes};
use crate::error::{NetworkError, Operation};
use crate::families::{Plan, graphed};
use crate::input::CHANNELS;
use crate::parameters;

/// Reads the content of the file `path`, a network that is to take pictures of `side` x `side` pixels.
pub(super) fn open(
    path: &Path,
    bytes: &[u8],
    side: usize,
    output: Option<&str>,
    layer: Option<&str>,
) -> Result<(Plan, WeightFile, Vec<Doubt>), LoadError> {
    let refused = |refusal| LoadError::Exported {
        path: path.to_owned(),
        refusal,
    };
    let pt2::Program {
        mut graph,
        tensors,
        size,
        ..
    } = pt2::read(bytes).map_err(refused)?;
    if let Some(&wanted) = size.iter().flatten().find(|&&wanted| wanted != side as i64) {
        return Err(LoadError::Takes {
            path: path.to_owned(),
            input: vec![1, CHANNELS as i64, side as i64, side as i64],
            takes: Takes::Side(wanted),
        });
    }
    let chosen = choose(path, &graph, output)?;
    let inner = graph.before_softmax(chosen);
    let doubts = inner.map(|_| Doubt::Unwrapped).into_iter().collect();
    graph.outputs = vec![(None, inner.map_or(chosen, |(logits, _)| logits))];
    remove_dead(&mut graph, &[]);
    let mut parameters = WeightFile::of(path, tensors)?;
    let tensors = parameters::all(&graph, &mut parameters)?;
    let executor = Executor::new(graph.clone(), tensors).map_err(NetworkError::from)?;
    let side = side as i64;
    let classes = tch::no_grad(|| try_out(path, &executor, side))?;
    let layer = match layer {
        Some(layer) => layer.to_owned(),
        None => graphed::usual_layer(&executor, side)?,
    };
    let plan = Plan {
        graph,
        layer,
        batch: graphed::BATCH,
        classes,
    };
    Ok((plan, parameters, doubts))
}

/// The output that is meant, by its name or its place.
fn choose(path: &Path, graph: &Graph, wanted: Option<&str>) -> Result<Id, LoadError> {
    let place = wanted.and_then(|wanted| {
        let named = |(name, _): &(Option<String>, Id)| name.as_deref() == Some(wanted);
        let place = graph.outputs.iter().position(named);
        place.or_else(|| wanted.parse().ok())
    });
    let found = match (wanted, place) {
        (None, _) if graph.outputs.len() == 1 => graph.outputs.first(),
        (_, Some(place)) => graph.outputs.get(place),
        _ => None,
    };
    found.map(|(_, id)| *id).ok_or_else(|| {
        let names = graph.outputs.iter().zip(0..);
        let names = names.map(|((name, _), place)| match name {
            Some(name) => format!("`{name}`"),
            None => place.to_string(),
        });
        let names: Vec<String> = names.collect();
        LoadError::Gives {
            path: path.to_owned(),
            found: format!("the outputs {}", names.join(", ")),
            expected: "one, the logits: set `output` of the network to its name or place"
                .to_owned(),
        }
    })
}

/// Runs the network on two pictures together and on the first one alone, and says how many classes it tells apart.
fn try_out(path: &Path, executor: &Executor, side: i64) -> Result<usize, LoadError> {
    let pictures = waves([2, CHANNELS as i64, side, side]).during("making an input")?;
    let both = forward(executor, &pictures)?;
    let classes = match both.size()[..] {
        [2, classes] if classes > 0 && both.is_floating_point() => classes as usize,
        ref shape => {
            return Err(LoadError::Gives {
                path: path.to_owned(),
                found: format!("values of shape {shape:?} for two pictures"),
                expected:
                    "logits, [2, classes]: export a classifier, or set `output` of the network"
                        .to_owned(),
            });
        }
    };
    let first = pictures.f_narrow(0, 0, 1).during("making an input")?;
    let alone = forward(executor, &first)?;
    let (apart, largest) = compare(&both, &alone).during("comparing logits")?;
    if !largest.is_finite() {
        return Err(LoadError::ProgramNotFinite {
            path: path.to_owned(),
        });
    }
    if apart > TOLERANCE * largest {
        return Err(LoadError::Unsteady {
            path: path.to_owned(),
            what: Difference::Batch,
            difference: apart / largest,
        });
    }
    Ok(classes)
}

/// How far the logits of a picture alone and in a batch may be apart, as a share of the largest: rounding, no more.
const TOLERANCE: f64 = 1e-4;

fn forward(executor: &Executor, pictures: &Tensor) -> Result<Tensor, NetworkError> {
    let graph = executor.graph();
    let given = [(graph.input, pictures.shallow_clone())];
    let found = executor.run(&given, &[graph.outputs[0].1])?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// The largest difference between the first of two rows and a row, and the largest value.
fn compare(both: &Tensor, alone: &Tensor) -> Result<(f64, f64), tch::TchError> {
    let first = both.f_narrow(0, 0, 1)?.f_to_kind(Kind::Double)?;
    let apart = first.f_sub(&alone.f_to_kind(Kind::Double)?)?;
    let largest = |values: &Tensor| f64::try_from(&values.f_abs()?.f_max()?);
    Ok((largest(&apart)?, largest(both)?))
}
