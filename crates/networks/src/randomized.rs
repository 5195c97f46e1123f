//! Networks whose upper layers have lost what they learned: cascading randomization (Adebayo et al. 2018).
//!
//! A random layer keeps the values of each of its tensors, in a random order. So every layer keeps the scale that it was trained to, a running
//! variance stays one, and nothing of what was learned is left in their order. Fresh starting values would undo the scale as well: behind the
//! batch norms of a `ResNet` the softmax would then be 0 or 1 whatever is shown, and LIME had nothing to fit.

use std::collections::BTreeSet;

use graph::Graph;
use tch::Tensor;

use crate::error::{NetworkError, Operation};
use crate::parameters::{Parameters, Role};
use crate::random::bits;

/// How far down from the output a network is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// From 1 to `of`.
    pub part: u32,
    /// At which the whole network is random; at least 1.
    pub of: u32,
}

impl Depth {
    /// Of so many layers, how many are random: the share of them, rounded up.
    pub fn layers(self, all: usize) -> usize {
        let random = (all as u64 * u64::from(self.part)).div_ceil(u64::from(self.of.max(1)));
        all.min(random as usize)
    }
}

/// Which layers of a network are random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// Their names, from the output down; at least one.
    pub random: Vec<String>,
    /// How many layers the network has.
    pub layers: usize,
}

/// Which layers of a graph are random, and what gives its parameters. What is random in one layer does not depend on the depth.
///
/// A layer is what names of modules call one at their second part, such as `features.10`, `layer4.2` or `blocks.11`, with the batch norm behind it.
/// Layers stand in the order of execution.
pub(crate) fn randomized<'a>(
    graph: &Graph,
    trained: &'a mut dyn Parameters,
    depth: Depth,
    seed: u64,
) -> (Randomized<'a>, Cascade) {
    let mut layers = layers(graph);
    let count = layers.len();
    let random = layers.split_off(count - depth.layers(count));
    let cascade = Cascade {
        random: random.iter().rev().map(|(name, _)| name.clone()).collect(),
        layers: count,
    };
    let modules = random.into_iter().flat_map(|(_, modules)| modules);
    let randomized = Randomized {
        trained,
        modules: modules.collect(),
        seed,
    };
    (randomized, cascade)
}

/// The layers with their modules, from the input up.
fn layers(graph: &Graph) -> Vec<(String, Vec<String>)> {
    let statistics = graph.parameters.iter();
    let statistics = statistics.filter(|parameter| parameter.role == Role::Mean);
    let norms: BTreeSet<&str> = statistics.map(|mean| module_of(&mean.name)).collect();
    let mut layers: Vec<(String, Vec<String>)> = Vec::new();
    for module in graph.trained().into_iter().map(|trained| trained.module) {
        let end = module.match_indices('.').nth(1).map(|(at, _)| at);
        let name = &module[..end.unwrap_or(module.len())];
        match layers.last_mut() {
            Some((last, modules)) if norms.contains(module) || last == name => {
                modules.push(module.to_owned());
            }
            _ => layers.push((name.to_owned(), vec![module.to_owned()])),
        }
    }
    layers
}

/// The module of a parameter: its name without the last part.
fn module_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(module, _)| module)
}

/// Trained parameters, with the tensors of some modules in a random order.
pub(crate) struct Randomized<'a> {
    trained: &'a mut dyn Parameters,
    modules: BTreeSet<String>,
    seed: u64,
}

impl Parameters for Randomized<'_> {
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError> {
        let trained = self.trained.take(name, shape, role)?;
        if role == Role::Constant || !self.modules.contains(module_of(name)) {
            return Ok(trained);
        }
        let shuffle = || -> Result<Tensor, tch::TchError> {
            let mut values = Vec::<f32>::try_from(&trained.f_view([-1])?)?;
            shuffle(&mut values, bits(self.seed, name));
            Tensor::f_from_slice(&values)?.f_view(shape)
        };
        shuffle().during("making a layer random")
    }

    fn classes(&self, name: &str) -> Result<i64, NetworkError> {
        self.trained.classes(name)
    }
}

/// Every order is equally likely (Fisher and Yates; Durstenfeld 1964).
fn shuffle(values: &mut [f32], bits: impl Iterator<Item = u64>) {
    for (last, bits) in (1..values.len()).rev().zip(bits) {
        let place = (u128::from(bits) * (last as u128 + 1)) >> 64;
        values.swap(last, place as usize);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::path::Path;

    use architectures::Architecture;

    use super::*;
    use crate::tests::{saved, weights};
    use tch::{Device, Kind};

    use crate::{GraphFile, Network, Precision, Width};

    fn named(name: &str) -> Architecture {
        name.parse().unwrap()
    }

    fn layers(architecture: Architecture) -> Vec<String> {
        let graph = graph::builders::build(architecture, 0.1, 3);
        super::layers(&graph)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn layers_are_named_from_the_input_up_and_a_norm_belongs_to_its_convolution() {
        assert_eq!(
            layers(named("alexnet")).join(" "),
            "features.0 features.3 features.6 features.8 features.10 classifier.1 classifier.4 classifier.6"
        );
        assert_eq!(
            layers(named("resnet50")).join(" "),
            "conv1 layer1.0 layer1.1 layer1.2 layer2.0 layer2.1 layer2.2 layer2.3 layer3.0 layer3.1 layer3.2 layer3.3 layer3.4 layer3.5 \
             layer4.0 layer4.1 layer4.2 fc"
        );
    }

    #[test]
    fn depths_go_from_the_output_layer_to_the_whole_network() {
        let of = |of: u32, all| -> Vec<usize> {
            (1..=of)
                .map(|part| Depth { part, of }.layers(all))
                .collect()
        };
        assert_eq!(of(8, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(of(4, 18), [5, 9, 14, 18]);
        assert_eq!(of(3, 2), [1, 2, 2]);
    }

    #[test]
    fn only_the_random_layers_change_and_they_are_the_same_at_every_depth() {
        let width = Width::new(0.05).unwrap();
        let path = Path::new("a.safetensors");
        for architecture in [named("alexnet"), named("resnet50")] {
            let bytes = saved(&weights(architecture, width));
            let file = GraphFile::weights(path, &bytes, architecture, width);
            let input = Tensor::linspace(-1, 1, 3 * 96 * 128, (Kind::Float, Device::Cpu))
                .sin()
                .view([1, 3, 96, 128]);
            let answers = |network: &Network| {
                tch::no_grad(|| {
                    let features = network.features(&input).unwrap();
                    (
                        features.activations.copy(),
                        network.head(&features).unwrap(),
                    )
                })
            };
            let random = |part, seed| {
                let depth = Depth { part, of: 100 };
                file.load_randomized(Precision::Fp32, depth, seed).unwrap()
            };
            let (trained, _) = file.load(Precision::Fp32).unwrap();
            let (whole, head) = answers(&trained);
            let (network, cascade) = random(1, 3);
            assert_eq!(cascade.random.len(), 1, "{cascade:?}");
            let (features, logits) = answers(&network);
            assert!(features.equal(&whole) && !logits.equal(&head));
            let (network, all) = random(100, 3);
            assert_eq!(all.random.len(), all.layers);
            assert!(!answers(&network).0.equal(&whole));
            assert_eq!(all.random[0], cascade.random[0], "the top goes first");
            assert!(answers(&random(100, 3).0).1.equal(&answers(&network).1));
            assert!(!answers(&random(100, 4).0).1.equal(&answers(&network).1));
        }
    }

    proptest! {
        #[test]
        fn a_shuffled_tensor_keeps_its_values(count in 0_u16..300, seed in any::<u64>()) {
            let values: Vec<f32> = (0..count).map(f32::from).collect();
            let mut shuffled = values.clone();
            shuffle(&mut shuffled, bits(seed, "fc.weight"));
            if count > 20 {
                prop_assert_ne!(&shuffled, &values);
            }
            shuffled.sort_by(f32::total_cmp);
            prop_assert_eq!(shuffled, values);
        }
    }
}
