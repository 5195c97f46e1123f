//! Computes a network from a `.pt2` file beside PyTorch: `census NETWORK.pt2 VALUES.safetensors GRADIENT.safetensors SECONDS THREADS` prints one JSON
//! object and writes the gradient at the default layer. `scripts/checks/census.py` makes the values and compares the gradient.
//!
//! VALUES has `input_N` and `logits_N` for batches of N. The object has the largest differences between logits, as a share of the largest one, of the
//! network as it comes and of the prepared one, the default layer with its layout and shape, and images a second of the prepared network.

use std::time::Instant;

use executor::Form;
use safetensors::SafeTensors;
use serde_json::json;
use tch::{Device, Kind, Tensor};

type Failure = Box<dyn std::error::Error>;

/// Inputs in a batch whose speed is measured, and whose gradient is taken.
const BATCH: i64 = 16;
const GRADIENT_BATCH: &str = "2";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [network, values, gradient, seconds, threads] = &arguments[..] else {
        return Err(
            "usage: census NETWORK.pt2 VALUES.safetensors GRADIENT.safetensors SECONDS THREADS"
                .into(),
        );
    };
    tch::set_num_threads(threads.parse()?);
    let (bytes, values) = (std::fs::read(network)?, std::fs::read(values)?);
    let values = SafeTensors::deserialize(&values)?;
    let start = Instant::now();
    let program = graph::pt2::read(&bytes)?;
    let read = start.elapsed().as_secs_f64();
    let plain = executor::open(&program)?;
    let (input, output) = (plain.graph().input, plain.graph().outputs[0].1);
    let images = tensor(&values, &format!("input_{GRADIENT_BATCH}"))?;
    let shapes = plain.shapes(&images)?;
    let layer = plain.default_layer(&shapes, &images)?;
    let watched: Vec<graph::Id> = layer.iter().map(|layer| layer.value).collect();
    let form = Form {
        device: Device::Cpu,
        kind: Kind::Float,
    };
    let start = Instant::now();
    let prepared = executor::open(&program)?.prepared(form, &watched)?;
    let prepare = start.elapsed().as_secs_f64();

    let mut differences = serde_json::Map::new();
    for (how, executor) in [("plain", &plain), ("prepared", &prepared)] {
        for name in values
            .names()
            .into_iter()
            .filter_map(|name| name.strip_prefix("input_"))
        {
            let given = [(input, tensor(&values, &format!("input_{name}"))?)];
            let found = tch::no_grad(|| executor.run(&given, &[output]))?.remove(0);
            let expected = tensor(&values, &format!("logits_{name}"))?;
            differences.insert(
                format!("{how}_{name}"),
                json!(difference(&found, &expected)?),
            );
        }
    }
    if let Some(layer) = &layer {
        let (_, found) = prepared.gradient(layer.value, &images)?;
        Tensor::write_safetensors(&[("gradient", found)], gradient)?;
    }
    let given = [(input, images.f_narrow(0, 0, 1)?.f_repeat([BATCH, 1, 1, 1])?)];
    let answer = || tch::no_grad(|| prepared.run(&given, &[output]).map(drop));
    answer()?;
    let (start, mut count, seconds) = (Instant::now(), 0, seconds.parse::<f64>()?);
    while count == 0 || start.elapsed().as_secs_f64() < seconds {
        answer()?;
        count += 1;
    }
    let layer = layer.map(|layer| {
        json!({
            "name": layer.name,
            "value": plain.graph().values[layer.value.0],
            "layout": format!("{:?}", layer.layout),
            "shape": layer.shape,
        })
    });
    let object = json!({
        "nodes": plain.graph().nodes.len(),
        "prepared_nodes": prepared.graph().nodes.len(),
        "read_seconds": read,
        "prepare_seconds": prepare,
        "logits": differences,
        "layer": layer,
        "images_a_second": (count * BATCH) as f64 / start.elapsed().as_secs_f64(),
    });
    println!("{object}");
    Ok(())
}

fn tensor(values: &SafeTensors<'_>, name: &str) -> Result<Tensor, Failure> {
    let view = values.tensor(name)?;
    let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
    Ok(Tensor::f_from_data_size(view.data(), &shape, Kind::Float)?)
}

/// The largest difference, as a share of the largest number expected.
fn difference(found: &Tensor, expected: &Tensor) -> Result<f64, Failure> {
    let largest = (found.f_sub(expected)?)
        .f_abs()?
        .f_max()?
        .f_double_value(&[])?;
    Ok(largest / expected.f_abs()?.f_max()?.f_double_value(&[])?)
}
