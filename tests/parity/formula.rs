//! Weights that need no file: each is a function of its parameter's name and its place there, as in scripts/oracles/networks.py.

use std::collections::BTreeMap;

use networks::{Architecture, NetworkError, Parameters, Role, Width, uniform};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tch::Tensor;

const SEED: u64 = 20_261_122;

/// A safetensors file of a whole network with such weights.
pub(crate) fn weight_file(architecture: Architecture, width: f64, classes: i64) -> Vec<u8> {
    let mut formula = Formula {
        values: BTreeMap::new(),
        classes,
    };
    networks::build(&mut formula, architecture, Width::new(width).unwrap()).unwrap();
    let views = formula.values.iter().map(|(name, (shape, bytes))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

/// Notes what a network asks for.
struct Formula {
    values: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
    classes: i64,
}

impl Parameters for Formula {
    fn take(&mut self, name: &str, shape: &[i64], _: Role) -> Result<Tensor, NetworkError> {
        let values = values(name, shape);
        let tensor = Tensor::from_slice(&values).view(shape);
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let shape = shape.iter().map(|&side| side as usize).collect();
        self.values.insert(name.to_owned(), (shape, bytes));
        Ok(tensor)
    }

    fn classes(&self, _: &str) -> Result<i64, NetworkError> {
        Ok(self.classes)
    }
}

fn values(name: &str, shape: &[i64]) -> Vec<f32> {
    let [middle, reach] = range(name, shape);
    let count: i64 = shape.iter().product();
    uniform(SEED, name)
        .take(count as usize)
        .map(|value| (middle + reach * value) as f32)
        .collect()
}

/// Middle and reach of a parameter's values.
fn range(name: &str, shape: &[i64]) -> [f64; 2] {
    if name.ends_with("running_var") {
        return [1.0, 0.5];
    }
    if name.ends_with("bias") || name.ends_with("running_mean") {
        return [0.0, 0.1];
    }
    if let [_] = shape {
        // The last norm of a bottleneck, so that sixteen of them do not grow without bound.
        let gain = if name.contains(".bn3.") { 0.25 } else { 1.0 };
        return [gain, 0.25 * gain];
    }
    let inputs: i64 = shape[1..].iter().product();
    [0.0, (6.0 / inputs as f64).sqrt()]
}
