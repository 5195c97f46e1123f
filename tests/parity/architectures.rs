//! Every built-in architecture beside torchvision's: all layers at an eighth of the width, with weights by a formula, and the names and shapes
//! of the parameters at full width.

use std::fmt::Write;
use std::path::Path;

use cam::Layer;
use methods::Sign;
use methods::kinds::gradcam;
use networks::{Architecture, Classifier, NetworkError, Normalisation, Parameters, Role, Width};
use tch::{Device, Kind, Tensor};

use super::fixture;
use super::formula;
use super::networks::{LOGITS, network};
use super::numbers::{Numbers, difference, relative};
use super::table::{Table, Tolerance};

/// Of the narrow networks.
const WIDTH: f64 = 1.0 / 8.0;
const CLASSES: i64 = 10;
/// Of the largest value of a Grad-CAM.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("architectures.safetensors"));
    let image = Numbers::read(&fixture("networks.safetensors")).image("image");
    for architecture in Architecture::ALL {
        let name = architecture.name();
        table.note(
            "parameters of 14 architectures, names and shapes, digests apart",
            "torchvision",
            difference(
                &state(architecture),
                &as_numbers(&file.integers(&format!("{name}.state"))),
            ),
            Tolerance::AtMost(0.0),
        );
        let bytes = formula::weight_file(architecture, WIDTH, CLASSES);
        let layers = file.layers(name);
        assert!(
            layers.iter().any(|layer| layer == architecture.layer()),
            "{name}"
        );
        for layer in layers {
            let network = network(Path::new(name), &bytes, architecture, WIDTH);
            let network = network.split_at(&layer).unwrap();
            let classifier = Classifier::new(network, Normalisation::IMAGENET);
            let logits = classifier.logits(&image).unwrap();
            table.note(
                "logits of 14 narrow architectures, of the largest",
                "torchvision",
                relative(&logits, &file.f32s(&format!("{name}.logits"))),
                LOGITS,
            );
            let target = (0..logits.len())
                .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
                .unwrap();
            let found = classifier.gradients(&[(&image, target)]).unwrap().remove(0);
            let arrays = Layer::new(&found.activations, &found.gradients, found.shape).unwrap();
            let weights = gradcam::channel_weights(&arrays);
            let map = Sign::Positive.of(gradcam::map(&arrays));
            for (what, key, found) in [
                ("channel weights", "channel_weights", &weights),
                ("map", "map", &map),
            ] {
                table.note(
                    format!(
                        "Grad-CAM of 14 narrow architectures, each layer: {what}, of the largest"
                    ),
                    "autograd",
                    relative(found, &file.f32s(&format!("{name}.{layer}.{key}"))),
                    TOLERANCE,
                );
            }
        }
    }
}

fn as_numbers(integers: &[usize]) -> Vec<u32> {
    integers.iter().map(|&integer| integer as u32).collect()
}

/// How many parameters a network of full width asks for, and the lower and upper half of the CRC-32 of their names and shapes.
fn state(architecture: Architecture) -> Vec<u32> {
    let mut asked = Asked::default();
    networks::build(&mut asked, architecture, Width::new(1.0).unwrap()).unwrap();
    asked.lines.sort();
    let digest = crc32fast::hash(asked.lines.join("\n").as_bytes());
    vec![asked.lines.len() as u32, digest & 0xFFFF, digest >> 16]
}

/// Notes what a network asks for, and gives it tensors that take no memory.
#[derive(Default)]
struct Asked {
    lines: Vec<String>,
}

impl Parameters for Asked {
    fn take(&mut self, name: &str, shape: &[i64], _: Role) -> Result<Tensor, NetworkError> {
        let mut line = name.to_owned();
        for side in shape {
            write!(line, " {side}").unwrap();
        }
        self.lines.push(line);
        Ok(Tensor::zeros([1], (Kind::Float, Device::Cpu)).expand(shape, false))
    }

    fn classes(&self, _: &str) -> Result<i64, NetworkError> {
        Ok(1000)
    }
}
