//! VGG (Simonyan and Zisserman 2015), with and without batch norm, as torchvision has it.

use architectures::Vgg as Size;

use crate::builder::{Builder, CHANNELS, Geometry, scaled};
use crate::graph::{Graph, Id, Role};

/// Output channels of the convolutions of the five blocks at width 1.
const OUTPUTS: [i64; 5] = [64, 128, 256, 512, 512];
/// Outputs of the two hidden linear layers at width 1.
const HIDDEN: i64 = 4096;
/// Side of the grid that the classifier reads.
const POOLED_SIDE: i64 = 7;

/// A convolution of `features`, with the batch norm behind it where there is one.
struct Convolution {
    geometry: Geometry,
    kernel: Vec<Id>,
    norm: Option<[Id; 4]>,
}

/// A VGG: at an input of 224x224 the last ReLU of `features` gives 14x14, and the pooling behind it 7x7.
pub fn vgg(size: Size, width: f64, classes: i64) -> Graph {
    let (mut builder, mut x) = Builder::new();
    let (mut inputs, mut index) = (CHANNELS, 0);
    let mut blocks = [const { Vec::new() }; 5];
    for (place, block) in blocks.iter_mut().enumerate() {
        let outputs = scaled(OUTPUTS[place], width);
        for _ in 0..size.convolutions[place] {
            let geometry = Geometry {
                inputs,
                outputs,
                kernel: 3,
                stride: 1,
                padding: 1,
            };
            // The norm first: the order of version 1.
            let norm = size
                .normed
                .then(|| builder.norm(&format!("features.{}", index + 1), outputs));
            let kernel = builder.kernel(&format!("features.{index}"), geometry, true);
            block.push(Convolution {
                geometry,
                kernel,
                norm,
            });
            inputs = outputs;
            index += if size.normed { 3 } else { 2 };
        }
        index += 1;
    }
    let hidden = scaled(HIDDEN, width);
    let first = builder.matrix(
        "classifier.0",
        [hidden, inputs * POOLED_SIDE * POOLED_SIDE],
        Role::Weight,
    );
    let second = builder.matrix("classifier.3", [hidden, hidden], Role::Weight);
    let last = builder.matrix("classifier.6", [classes, hidden], Role::OutputWeight);

    let mut indices = 0..;
    let mut name = || format!("features.{}", indices.next().unwrap_or_default());
    for block in blocks {
        for convolution in block {
            x = builder.convolution(x, &name(), convolution.geometry, &convolution.kernel);
            if let Some(norm) = convolution.norm {
                x = builder.normed(x, &name(), norm);
            }
            let relu = name();
            x = builder.relu(x, &relu, &relu);
        }
        x = builder.max_pool(x, [2, 2, 0], &name());
    }
    x = builder.average_pool(x, POOLED_SIDE);
    x = builder.linear(x, "classifier.0", first);
    x = builder.relu(x, "classifier.1", "classifier.1");
    x = builder.dropout(x, "classifier.2");
    x = builder.linear(x, "classifier.3", second);
    x = builder.relu(x, "classifier.4", "classifier.4");
    x = builder.dropout(x, "classifier.5");
    x = builder.linear(x, "classifier.6", last);
    builder.finish(x)
}
