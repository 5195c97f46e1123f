//! `AlexNet` in the one-column form of Krizhevsky 2014 ("One weird trick"), as torchvision has it.

use crate::builder::{Builder, CHANNELS, Geometry, scaled};
use crate::graph::{Graph, Role};

/// Index in `features`, output channels at width 1, kernel, stride and padding of the convolutions.
const CONVOLUTIONS: [(usize, i64, i64, i64, i64); 5] = [
    (0, 64, 11, 4, 2),
    (3, 192, 5, 1, 2),
    (6, 384, 3, 1, 1),
    (8, 256, 3, 1, 1),
    (10, 256, 3, 1, 1),
];
/// Convolutions with a max pooling behind their ReLU.
const POOLED: [usize; 3] = [0, 3, 10];
/// Outputs of the two hidden linear layers at width 1.
const HIDDEN: i64 = 4096;
/// Side of the grid that the classifier reads.
const POOLED_SIDE: i64 = 6;

/// `AlexNet`: `features.11` is the last convolution's ReLU (13x13 at an input of 224x224), `features.12` its pooling (6x6).
pub fn alexnet(width: f64, classes: i64) -> Graph {
    let (mut builder, mut x) = Builder::new();
    let mut inputs = CHANNELS;
    let convolutions = CONVOLUTIONS.map(|(index, outputs, kernel, stride, padding)| {
        let outputs = scaled(outputs, width);
        let geometry = Geometry {
            inputs,
            outputs,
            kernel,
            stride,
            padding,
        };
        inputs = outputs;
        let kernel = builder.kernel(&format!("features.{index}"), geometry, true);
        (index, geometry, kernel)
    });
    let hidden = scaled(HIDDEN, width);
    let first = builder.matrix(
        "classifier.1",
        [hidden, inputs * POOLED_SIDE * POOLED_SIDE],
        Role::Weight,
    );
    let second = builder.matrix("classifier.4", [hidden, hidden], Role::Weight);
    let last = builder.matrix("classifier.6", [classes, hidden], Role::OutputWeight);

    for (index, geometry, kernel) in convolutions {
        x = builder.convolution(x, &format!("features.{index}"), geometry, &kernel);
        let relu = format!("features.{}", index + 1);
        x = builder.relu(x, &relu, &relu);
        if POOLED.contains(&index) {
            x = builder.max_pool(x, [3, 2, 0], &format!("features.{}", index + 2));
        }
    }
    x = builder.average_pool(x, POOLED_SIDE);
    x = builder.dropout(x, "classifier.0");
    x = builder.linear(x, "classifier.1", first);
    x = builder.relu(x, "classifier.2", "classifier.2");
    x = builder.dropout(x, "classifier.3");
    x = builder.linear(x, "classifier.4", second);
    x = builder.relu(x, "classifier.5", "classifier.5");
    x = builder.linear(x, "classifier.6", last);
    builder.finish(x)
}
