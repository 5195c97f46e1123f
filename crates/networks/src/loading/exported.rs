//! Networks of `torch.export` and ONNX, tried on pictures before they are used.

use std::path::Path;

use checkpoint::Tensors;
use executor::Executor;
use executor::layers::{self, Candidate};
use graph::onnx::Content;
use graph::{Graph, Id, builders, onnx, pt2, remove_dead};
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
        graph,
        tensors,
        size,
        ..
    } = builders::exported(bytes).map_err(refused)?;
    tried(path, (graph, tensors, size), side, output, layer)
}

/// The same of the content of an ONNX file, which must hold all of its numbers: keys of results know it by the digest of that file alone.
pub(super) fn open_onnx(
    path: &Path,
    bytes: &[u8],
    side: usize,
    output: Option<&str>,
    layer: Option<&str>,
) -> Result<(Plan, WeightFile, Vec<Doubt>), LoadError> {
    let refused = |refusal| LoadError::Onnx {
        path: path.to_owned(),
        refusal,
    };
    let content = Content::whole(bytes).map_err(refused)?;
    let onnx::Program {
        graph,
        tensors,
        size,
        ..
    } = builders::onnx(&content, side as i64).map_err(refused)?;
    tried(path, (graph, tensors, size), side, output, layer)
}

/// A graph with its parameters, and the height and width that it takes, after it was tried on pictures.
fn tried(
    path: &Path,
    (mut graph, tensors, size): (Graph, Tensors<'_>, [Option<i64>; 2]),
    side: usize,
    output: Option<&str>,
    layer: Option<&str>,
) -> Result<(Plan, WeightFile, Vec<Doubt>), LoadError> {
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
    let pictures = waves([2, CHANNELS as i64, side as i64, side as i64]);
    let pictures = pictures.during("making an input")?;
    let classes = tch::no_grad(|| try_out(path, &executor, &pictures))?;
    let layer = self::layer(&executor, &pictures, layer)?;
    let plan = Plan {
        graph,
        layer: layer.map(|layer| (layer.name, layer.layout)),
        batch: graphed::BATCH,
        classes,
        attending: None,
    };
    Ok((plan, parameters, doubts))
}

/// The layer of a name, or the usual one.
fn layer(
    executor: &Executor,
    pictures: &Tensor,
    wanted: Option<&str>,
) -> Result<Option<Candidate>, NetworkError> {
    let shapes = executor.shapes(pictures)?;
    let graph = executor.graph();
    let Some(name) = wanted else {
        return Ok(executor.default_layer(&shapes, pictures)?);
    };
    let value = graph.find(name).ok_or_else(|| NetworkError::NoLayer {
        layer: name.to_owned(),
        nearest: graphed::nearest(graph, name),
    })?;
    let found = layers::named(graph, &shapes, name);
    found.map(Some).ok_or_else(|| NetworkError::NoMap {
        layer: name.to_owned(),
        shape: shapes.of(value).unwrap_or_default().to_vec(),
    })
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
fn try_out(path: &Path, executor: &Executor, pictures: &Tensor) -> Result<usize, LoadError> {
    let both = forward(executor, pictures)?;
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
    if !largest.is_finite() || !apart.is_finite() {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use imaging::Rgb;

    use executor::layers::TokenLayout as Layout;

    use super::*;
    use crate::{Classifier, GraphFile, Normalisation, Precision};

    fn fixture(name: &str) -> (PathBuf, Vec<u8>) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../graph/fixtures");
        let path = folder.join(format!("{name}.pt2"));
        let bytes = std::fs::read(&path).unwrap();
        (path, bytes)
    }

    /// A network of `scripts/oracles/onnx_graphs.py`, compared with the same one as `.pt2`.
    #[test]
    fn an_onnx_file_is_explained_as_the_same_network_of_torch_export() {
        let pixels = (0..64 * 64 * 3).map(|place| (place * 37 % 251) as u8);
        let crop = Rgb::new(64, 64, pixels.collect()).unwrap();
        for name in ["deit", "resnet"] {
            let (path, bytes) = fixture(name);
            let other = path.with_extension("onnx");
            let onnx = std::fs::read(&other).unwrap();
            let read = |file: GraphFile<'_>| {
                let (network, doubts) = file.load(Precision::Fp32).unwrap();
                assert!(doubts.is_empty(), "{doubts:?}");
                let classifier = Classifier::new(network, Normalisation::IMAGENET);
                classifier.gradients(&[(&crop, 1)]).unwrap().remove(0)
            };
            let expected = read(GraphFile::exported(&path, &bytes, 64, None));
            let found = read(GraphFile::onnx(&other, &onnx, 64, None));
            assert_eq!(found.shape, expected.shape, "{name}");
            let largest =
                |values: &[f32]| values.iter().fold(0.0_f32, |most, it| most.max(it.abs()));
            for (found, expected) in [
                (&found.activations, &expected.activations),
                (&found.gradients, &expected.gradients),
            ] {
                let apart: Vec<f32> = found
                    .iter()
                    .zip(expected)
                    .map(|(one, other)| one - other)
                    .collect();
                assert!(largest(&apart) <= 1e-5 * largest(expected), "{name}");
            }
        }
    }

    /// Networks of scripts/oracles/graphs.py.
    #[test]
    fn every_kind_of_network_has_its_usual_layer_and_a_map_there() {
        let tokens = |prefix, side| Layout::Tokens {
            prefix,
            grid: [side; 2],
        };
        let networks = [
            ("resnet", "layer2", Layout::ChannelsFirst, [8, 8, 8]),
            ("convnext", "stages", Layout::ChannelsFirst, [8, 8, 8]),
            (
                "vit",
                "encoder.layers.encoder_layer_0.ln_1",
                tokens(1, 8),
                [8, 8, 8],
            ),
            ("deit", "blocks.1.norm1", tokens(2, 8), [8, 8, 8]),
            ("dinov3", "blocks.0.norm1", tokens(5, 8), [8, 8, 8]),
            // A Swin transformer v2 has its norms behind its attention.
            (
                "swin",
                "features.1.0.norm2",
                Layout::ChannelsLast,
                [4, 8, 8],
            ),
        ];
        let pixels = (0..64 * 64 * 3).map(|place| (place * 37 % 251) as u8);
        let crop = Rgb::new(64, 64, pixels.collect()).unwrap();
        for (name, layer, layout, shape) in networks {
            let (path, bytes) = fixture(name);
            let program = pt2::read(&bytes).unwrap();
            let side = program.size[0].unwrap_or(64) as usize;
            let (plan, ..) = open(&path, &bytes, side, None, None).unwrap();
            assert_eq!(plan.layer, Some((layer.to_owned(), layout)), "{name}");
            assert_eq!(plan.classes, 5);
            for precision in Precision::ALL {
                let file = GraphFile::exported(&path, &bytes, side, None);
                let (network, doubts) = file.load(precision).unwrap();
                assert!(doubts.is_empty(), "{doubts:?}");
                let classifier = Classifier::new(network, Normalisation::IMAGENET);
                let found = classifier.gradients(&[(&crop, 1), (&crop, 3)]).unwrap();
                assert_eq!(found[0].shape, shape, "{name}");
                assert_eq!(found[0].activations, found[1].activations);
                assert!(
                    found[0].gradients.iter().any(|&gradient| gradient != 0.0),
                    "{name}"
                );
                assert_ne!(found[0].gradients, found[1].gradients);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_way_out() {
        let refusal = |name: &str, side, output, layer| {
            let (path, bytes) = fixture(name);
            let error = open(&path, &bytes, side, output, layer).err().unwrap();
            error.to_string()
        };
        let error = refusal("vit", 96, None, None);
        assert!(error.contains("set `crop` to 64"), "{error}");
        let error = refusal("deit", 64, None, Some("blocks.1.norm3"));
        assert!(error.contains("the nearest are `blocks.1.norm"), "{error}");
        let error = refusal("deit", 64, None, Some("head"));
        assert!(error.contains("[2, 5], which are neither maps"), "{error}");
        let error = refusal("deit", 64, Some("logits"), None);
        assert!(error.contains("set `output`"), "{error}");
    }
}
