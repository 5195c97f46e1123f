//! `ResNet` (He et al. 2016) in torchvision's form: the stride sits in the first 3x3 convolution of a block.

use architectures::ResNet as Size;

use crate::builder::{Builder, CHANNELS, Geometry, scaled};
use crate::graph::{Graph, Id, Role};

/// Channels of a block's 3x3 convolutions in each stage, at width 1.
const PLANES: [i64; 4] = [64, 128, 256, 512];
/// A bottleneck gives this many times its planes.
const EXPANSION: i64 = 4;

/// A convolution without bias and the batch norm behind it.
#[derive(Clone)]
struct Normed {
    geometry: Geometry,
    kernel: Vec<Id>,
    norm: [Id; 4],
}

/// Convolutions beside a shortcut, with a ReLU after each but the last, and after the sum.
struct Block {
    convolutions: Vec<Normed>,
    downsample: Option<Normed>,
    /// Such as `layer4.2`.
    module: String,
    /// The name of what it gives: that of the stage where it is the last one.
    output: String,
}

/// A `ResNet`: `layer4` is its last residual block (7x7 at an input of 224x224).
pub fn resnet(size: Size, width: f64, classes: i64) -> Graph {
    let (mut builder, input) = Builder::new();
    let planes = PLANES.map(|planes| scaled(planes, width));
    let stem = Geometry {
        inputs: CHANNELS,
        outputs: planes[0],
        kernel: 7,
        stride: 2,
        padding: 3,
    };
    let stem = normed_kernel(&mut builder, "conv1", "bn1", stem);
    let mut inputs = planes[0];
    let mut blocks = Vec::new();
    for (stage, &count) in size.blocks.iter().enumerate() {
        for place in 0..count {
            let stride = if stage > 0 && place == 0 { 2 } else { 1 };
            let planes = planes[stage];
            let outputs = if size.bottlenecks {
                planes * EXPANSION
            } else {
                planes
            };
            let sizes = if size.bottlenecks {
                vec![
                    [inputs, planes, 1, 1],
                    [planes, planes, 3, stride],
                    [planes, outputs, 1, 1],
                ]
            } else {
                vec![[inputs, planes, 3, stride], [planes, planes, 3, 1]]
            };
            let module = format!("layer{}.{place}", stage + 1);
            let output = if place + 1 == count {
                format!("layer{}", stage + 1)
            } else {
                module.clone()
            };
            blocks.push(block(
                &mut builder,
                &sizes,
                [inputs, outputs, stride],
                module,
                output,
            ));
            inputs = outputs;
        }
    }
    let fc = builder.matrix("fc", [classes, inputs], Role::OutputWeight);

    let mut x = apply(&mut builder, input, "conv1", "bn1", &stem);
    x = builder.relu(x, "relu", "relu");
    x = builder.max_pool(x, [3, 2, 1], "maxpool");
    for block in &blocks {
        x = residual(&mut builder, x, block);
    }
    x = builder.average_pool(x, 1);
    x = builder.linear(x, "fc", fc);
    builder.finish(x)
}

fn normed_kernel(
    builder: &mut Builder,
    convolution: &str,
    norm: &str,
    geometry: Geometry,
) -> Normed {
    Normed {
        geometry,
        kernel: builder.kernel(convolution, geometry, false),
        norm: builder.norm(norm, geometry.outputs),
    }
}

fn apply(builder: &mut Builder, input: Id, convolution: &str, norm: &str, normed: &Normed) -> Id {
    let x = builder.convolution(input, convolution, normed.geometry, &normed.kernel);
    builder.normed(x, norm, normed.norm)
}

/// Convolutions of [inputs, outputs, kernel, stride], and a shortcut of [inputs, outputs, stride].
fn block(
    builder: &mut Builder,
    sizes: &[[i64; 4]],
    [inputs, outputs, stride]: [i64; 3],
    module: String,
    output: String,
) -> Block {
    let geometry = |[inputs, outputs, kernel, stride]: [i64; 4]| Geometry {
        inputs,
        outputs,
        kernel,
        stride,
        padding: kernel / 2,
    };
    let convolutions = (1..)
        .zip(sizes)
        .map(|(place, &size)| {
            let [convolution, norm] = ["conv", "bn"].map(|name| format!("{module}.{name}{place}"));
            normed_kernel(builder, &convolution, &norm, geometry(size))
        })
        .collect();
    let reshapes = stride != 1 || inputs != outputs;
    let downsample = reshapes.then(|| {
        let [convolution, norm] = [0, 1].map(|place| format!("{module}.downsample.{place}"));
        normed_kernel(
            builder,
            &convolution,
            &norm,
            geometry([inputs, outputs, 1, stride]),
        )
    });
    Block {
        convolutions,
        downsample,
        module,
        output,
    }
}

fn residual(builder: &mut Builder, input: Id, block: &Block) -> Id {
    let module = &block.module;
    // One module that is called several times.
    let relu = format!("{module}.relu");
    let mut x = input;
    for (place, normed) in (1..).zip(&block.convolutions) {
        if place > 1 {
            let name = if place == 2 {
                relu.clone()
            } else {
                format!("{relu}_{}", place - 2)
            };
            x = builder.relu(x, &name, &relu);
        }
        x = apply(
            builder,
            x,
            &format!("{module}.conv{place}"),
            &format!("{module}.bn{place}"),
            normed,
        );
    }
    let shortcut = match &block.downsample {
        Some(normed) => {
            let [convolution, norm] = [0, 1].map(|place| format!("{module}.downsample.{place}"));
            apply(builder, input, &convolution, &norm, normed)
        }
        None => input,
    };
    x = builder.add(x, shortcut, &format!("{module}.add"), module);
    x = builder.relu(x, &block.output, &relu);
    if block.output != block.module {
        builder.0.aliases.insert(block.module.clone(), x);
    }
    x
}
