//! How well a weight file fits a built-in architecture, by the names and shapes of its tensors alone.

use std::collections::BTreeMap;
use std::fmt;

use architectures::{Architecture, Family};
use graph::builders;

use crate::families::output;
use crate::width::Width;

/// Shapes of tensors by name.
pub(crate) type Shapes = BTreeMap<String, Vec<i64>>;

/// Channels of every architecture's first convolution at width 1.
const FIRST_CHANNELS: f64 = 64.0;
/// Tensors that a message names; of more it gives the number.
const NAMED: usize = 3;

/// A weight file compared with an architecture at a width.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The architecture.
    pub architecture: Architecture,
    /// Its width, 1 being the published one.
    pub width: f64,
    /// Tensors of the architecture that the file has in the right shape.
    pub fitting: usize,
    /// Those that it does not have, in the order of the layers.
    pub missing: Vec<String>,
    /// Those that it has in another shape: name, its shape, the right one.
    pub misshapen: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Tensors that the architecture does not have, with their shapes.
    pub foreign: Shapes,
}

impl Fit {
    /// The architecture and width that fit tensors of these shapes best.
    pub(crate) fn best_of(shapes: &Shapes) -> Self {
        let fits = Architecture::ALL
            .into_iter()
            .map(|architecture| Self::new(shapes, architecture, width(shapes, architecture)));
        fits.reduce(|best, fit| if fit.is_above(&best) { fit } else { best })
            .unwrap_or_else(|| unreachable!("there are built-in architectures"))
    }

    pub(crate) fn new(shapes: &Shapes, architecture: Architecture, width: Width) -> Self {
        let rows = shapes.get(&output(architecture));
        let rows = rows.and_then(|shape| shape.first());
        // Where the output layer is missing, any number does.
        let classes = rows.copied().unwrap_or_default();
        let mut fit = Self {
            architecture,
            width: width.get(),
            fitting: 0,
            missing: Vec::new(),
            misshapen: Vec::new(),
            foreign: shapes.clone(),
        };
        for parameter in builders::build(architecture, width.get(), classes).parameters {
            match fit.foreign.remove(&parameter.name) {
                Some(found) if found == parameter.shape => fit.fitting += 1,
                Some(found) => fit.misshapen.push((parameter.name, found, parameter.shape)),
                None => fit.missing.push(parameter.name),
            }
        }
        fit
    }

    /// Whether the file has all tensors of the architecture and no others.
    pub fn is_exact(&self) -> bool {
        self.differences() == 0
    }

    /// Tensors of the file that have the name of one of the architecture's.
    pub fn named(&self) -> usize {
        self.fitting + self.misshapen.len()
    }

    /// Tensors of the file.
    pub fn tensors(&self) -> usize {
        self.named() + self.foreign.len()
    }

    fn differences(&self) -> usize {
        self.missing.len() + self.misshapen.len() + self.foreign.len()
    }

    /// Whether the file and the architecture have a larger share of their names in common, or of an equal share more shapes.
    fn is_above(&self, other: &Self) -> bool {
        let all = |fit: &Self| fit.tensors() + fit.missing.len();
        let shares = [self.named() * all(other), other.named() * all(self)];
        shares[0] > shares[1] || shares[0] == shares[1] && self.fitting > other.fitting
    }

    fn lacks_output(&self) -> bool {
        let output = output(self.architecture);
        self.missing.contains(&output)
    }

    /// What to do where it is not exact.
    fn way_out(&self) -> &'static str {
        if self.lacks_output() && self.foreign.is_empty() {
            "it has no output layer, so these are the weights of a backbone: save those of the whole classifier"
        } else if self.lacks_output() {
            "a built-in architecture ends in one linear layer of this name: export a network with another head with torch.export (scripts/export_pt2.py)"
        } else if self.missing.is_empty() && self.misshapen.is_empty() {
            "save the state dict without these, or export the network with torch.export (scripts/export_pt2.py)"
        } else {
            "check `architecture` and `width`, or export the network with torch.export (scripts/export_pt2.py)"
        }
    }
}

/// What is missing, of another shape, and too much; and how to get a file that fits.
impl fmt::Display for Fit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "does not fit {} at width {}:",
            self.architecture.name(),
            self.width
        )?;
        if !self.missing.is_empty() {
            let names = self.missing.iter().map(|name| format!("`{name}`"));
            let (names, verb) = listed(names);
            write!(formatter, " {names} {verb} missing;")?;
        }
        if !self.misshapen.is_empty() {
            let shapes = self.misshapen.iter().map(|(name, found, expected)| {
                format!("`{name}` has shape {found:?} and should have {expected:?}")
            });
            write!(formatter, " {};", listed(shapes).0)?;
        }
        if !self.foreign.is_empty() {
            let shapes = self.foreign.iter();
            let shapes = shapes.map(|(name, shape)| format!("`{name}` {shape:?}"));
            let (names, verb) = listed(shapes);
            write!(formatter, " {names} {verb} not part of it;")?;
        }
        write!(formatter, " {}", self.way_out())
    }
}

/// The first few of some tensors and the number of the others, and the verb for them.
fn listed(tensors: impl ExactSizeIterator<Item = String>) -> (String, &'static str) {
    let count = tensors.len();
    let verb = if count == 1 { "is" } else { "are" };
    let named = tensors.take(NAMED).collect::<Vec<_>>().join(", ");
    if count <= NAMED {
        return (named, verb);
    }
    (format!("{named} and {} more", count - NAMED), verb)
}

/// The width at which an architecture's first convolution has the channels that the file says; 1 where it says nothing.
fn width(shapes: &Shapes, architecture: Architecture) -> Width {
    let first = match architecture.family() {
        Family::AlexNet | Family::Vgg(_) => "features.0.weight",
        Family::ResNet(_) => "conv1.weight",
    };
    let channels = shapes.get(first).and_then(|shape| shape.first());
    channels
        .and_then(|&channels| Width::new(channels as f64 / FIRST_CHANNELS).ok())
        .unwrap_or(Width::PUBLISHED)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::tests::{Weights, named, saved, weights};

    use crate::{GraphFile, LoadError, Network, Precision};

    const NARROW: f64 = 0.0625;

    fn loaded(weights: &Weights, architecture: &str, width: f64) -> Result<Network, LoadError> {
        let (path, width) = (Path::new("a.pth"), Width::new(width).unwrap());
        let architecture = named(architecture);
        let bytes = saved(weights);
        let file = GraphFile::weights(path, &bytes, architecture, width);
        Ok(file.load(Precision::Fp32)?.0)
    }

    fn refusal(weights: &Weights, architecture: &str) -> String {
        loaded(weights, architecture, NARROW)
            .unwrap_err()
            .to_string()
    }

    fn narrow(architecture: &str) -> Weights {
        weights(named(architecture), Width::new(NARROW).unwrap())
    }

    fn renamed(weights: Weights, name: impl Fn(&str) -> String) -> Weights {
        let renamed = weights.into_iter();
        renamed.map(|(old, tensor)| (name(&old), tensor)).collect()
    }

    #[test]
    fn the_weights_of_every_architecture_are_told_and_their_width() {
        for width in [1.0, 0.5, NARROW] {
            for architecture in Architecture::ALL {
                let parameters = builders::build(architecture, width, 10).parameters;
                let shapes = parameters.into_iter().map(|it| (it.name, it.shape));
                let best = Fit::best_of(&shapes.collect());
                assert!(best.is_exact(), "{best}");
                assert_eq!((best.architecture, best.width), (architecture, width));
            }
        }
    }

    #[test]
    fn what_training_puts_before_and_into_names_is_taken_off() {
        let prefixes = ["module.", "model.", "_orig_mod.", "model._orig_mod.net."];
        for prefix in prefixes {
            let weights = renamed(narrow("resnet18"), |name| format!("{prefix}{name}"));
            assert!(loaded(&weights, "resnet18", NARROW).is_ok(), "{prefix}");
        }
        // As PyTorch's ImageNet example wraps the convolutions alone.
        let weights = renamed(narrow("vgg11"), |name| {
            name.replace("features.", "features.module.")
        });
        assert!(loaded(&weights, "vgg11", NARROW).is_ok());
    }

    #[test]
    fn another_head_or_none_is_refused_with_what_the_file_has() {
        let weights = renamed(narrow("resnet18"), |name| name.replace("fc.", "fc.1."));
        let error = refusal(&weights, "resnet18");
        assert!(error.starts_with("a.pth: "), "{error}");
        assert!(
            error.contains("`fc.weight`, `fc.bias` are missing"),
            "{error}"
        );
        assert!(error.contains("`fc.1.weight` [7, 32]"), "{error}");
        assert!(error.contains("export_pt2.py"), "{error}");
        let mut weights = narrow("resnet18");
        weights.retain(|name, _| !name.starts_with("fc."));
        let error = refusal(&weights, "resnet18");
        assert!(error.contains("backbone"), "{error}");
    }

    #[test]
    fn tensors_that_are_too_many_or_of_another_shape_are_named() {
        let mut weights = narrow("resnet18");
        weights.insert("conv1.total_ops".to_owned(), Tensor::from_slice(&[1.0_f64]));
        let error = refusal(&weights, "resnet18");
        assert!(
            error.contains("`conv1.total_ops` [1] is not part"),
            "{error}"
        );
        let mut weights = narrow("resnet18");
        weights.insert(
            "conv1.weight".to_owned(),
            Tensor::zeros([4, 3, 3, 3], (Kind::Float, Device::Cpu)),
        );
        let error = refusal(&weights, "resnet18");
        assert!(
            error.contains("[4, 3, 3, 3] and should have [4, 3, 7, 7]"),
            "{error}"
        );
    }

    #[test]
    fn the_weights_of_another_architecture_or_width_are_told() {
        let error = refusal(&narrow("resnet18"), "alexnet");
        assert!(
            error.contains("the weights of resnet18 at width 0.0625"),
            "{error}"
        );
        let error = loaded(&narrow("resnet18"), "resnet18", 0.5)
            .unwrap_err()
            .to_string();
        assert!(error.contains("width = 0.0625"), "{error}");
    }

    #[test]
    fn doubles_and_layers_without_rows_are_refused_with_the_way_out() {
        let mut weights = narrow("resnet18");
        for name in ["fc.weight", "fc.bias"] {
            let rows = weights[name].narrow(0, 0, 0);
            weights.insert(name.to_owned(), rows);
        }
        let error = refusal(&weights, "resnet18");
        assert!(error.contains("`fc.weight` has no rows"), "{error}");
        let mut weights = narrow("resnet18");
        let double = weights["bn1.running_mean"].to_kind(Kind::Double);
        weights.insert("bn1.running_mean".to_owned(), double);
        let error = refusal(&weights, "resnet18");
        assert!(
            error.contains("`bn1.running_mean` is of type F64"),
            "{error}"
        );
        assert!(error.contains(".float()"), "{error}");
    }
}
