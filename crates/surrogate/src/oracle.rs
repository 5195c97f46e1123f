//! Comparison with the lime package: the shipped fixture (scripts/oracles/surrogate.py), and the photographs in
//! ../shared/reference where that is there.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use sampling::Masks;

use crate::{Distance, Explanation, Features, Settings, fit};

const KERNEL_TOLERANCE: f64 = 1e-12;
const FIT_TOLERANCE: f64 = 1e-8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let tensor = file
        .tensor(name)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    tensor
        .data()
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

/// Masks stored as one u8 for each sample and superpixel.
fn masks(file: &SafeTensors<'_>, name: &str) -> Masks {
    let tensor = file.tensor(name).unwrap();
    let rows = tensor.data().chunks_exact(tensor.shape()[1]);
    Masks::from_rows(
        tensor.shape()[1],
        rows.map(|row| row.iter().map(|&bit| bit == 1).collect::<Vec<_>>()),
    )
    .unwrap()
}

fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    println!("{what}: largest difference {difference:.1e}");
    assert!(
        difference <= tolerance,
        "{what}: {difference:e} is above {tolerance:e}"
    );
}

fn assert_kernel(what: &str, masks: &Masks, distance: Distance, distances: &[f64], kernel: &[f64]) {
    let found: Vec<f64> = (0..masks.samples())
        .map(|sample| distance.from_ones(masks.kept_count(sample), masks.superpixels()))
        .collect();
    assert_close(
        &format!("{what} distances"),
        &found,
        distances,
        KERNEL_TOLERANCE,
    );
    assert_close(
        &format!("{what} kernel"),
        &distance.weights(masks, None),
        kernel,
        KERNEL_TOLERANCE,
    );
}

fn summary(found: &Explanation) -> [f64; 3] {
    [found.intercept, found.r2, found.local_prediction]
}

/// The fits that scripts/oracles/surrogate.py makes of every design and distance.
const FITS: [(&str, f64, Features); 5] = [
    ("all", 1.0, Features::All),
    ("all_alpha_0", 0.0, Features::All),
    ("highest_weights_3", 1.0, Features::HighestWeights(3)),
    ("forward_selection_1", 1.0, Features::ForwardSelection(1)),
    ("forward_selection_4", 1.0, Features::ForwardSelection(4)),
];

fn assert_fits(file: &SafeTensors<'_>, design: &str, distance: Distance) {
    let masks = masks(file, &format!("{design}.masks"));
    let probabilities = numbers(file, &format!("{design}.probabilities"));
    let prefix = format!("{design}.{distance}");
    let read = |name: &str| numbers(file, &format!("{prefix}.{name}"));
    assert_kernel(
        &prefix,
        &masks,
        distance,
        &read("distances"),
        &read("kernel"),
    );
    for (name, alpha, features) in FITS {
        let settings = Settings {
            distance,
            alpha,
            features,
            ..Settings::default()
        };
        let found = fit(&masks, &probabilities, &settings).unwrap();
        let what = format!("{prefix}.{name}");
        assert_close(
            &what,
            &found.weights,
            &read(&format!("{name}.coefficients")),
            FIT_TOLERANCE,
        );
        assert_close(
            &what,
            &summary(&found),
            &read(&format!("{name}.summary")),
            FIT_TOLERANCE,
        );
        let errors: Vec<f64> = found
            .standard_errors
            .iter()
            .map(|error| error.unwrap_or(-1.0))
            .collect();
        assert_close(
            &what,
            &errors,
            &read(&format!("{name}.standard_errors")),
            FIT_TOLERANCE,
        );
    }
}

#[test]
fn fits_equal_the_lime_package() {
    let bytes = std::fs::read(root().join("tests/fixtures/surrogate.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for design in ["d7", "d12"] {
        for distance in Distance::ALL {
            assert_fits(&file, design, distance);
        }
    }
}

#[test]
fn photographs_give_the_published_weights() {
    for name in ["labrador", "tabby", "tiger"] {
        let path = root()
            .join("../shared/reference")
            .join(name)
            .with_extension("safetensors");
        let Ok(bytes) = std::fs::read(path) else {
            println!("skipped: no reference values for {name}");
            continue;
        };
        assert_photograph(&SafeTensors::deserialize(&bytes).unwrap(), name);
    }
}

fn assert_photograph(file: &SafeTensors<'_>, name: &str) {
    let masks = masks(file, "lime_masks");
    let read = |quantity: &str| numbers(file, quantity);
    assert_kernel(
        name,
        &masks,
        Distance::Cosine,
        &read("lime_distances"),
        &read("lime_kernel"),
    );
    let found = fit(&masks, &read("lime_probs"), &Settings::default()).unwrap();
    assert_close(name, &found.weights, &read("lime_coef"), FIT_TOLERANCE);
    let expected =
        ["lime_intercept", "lime_r2", "lime_local_pred"].map(|quantity| read(quantity)[0]);
    assert_close(name, &summary(&found), &expected, FIT_TOLERANCE);

    let features = Features::ForwardSelection(5);
    let found = fit(
        &masks,
        &read("lime_probs"),
        &Settings {
            features,
            ..Settings::default()
        },
    )
    .unwrap();
    let mut expected = vec![0.0; masks.superpixels()];
    let chosen = file.tensor("lime_forward5_features").unwrap();
    let chosen = chosen
        .data()
        .chunks_exact(4)
        .map(|bytes| i32::from_le_bytes(bytes.try_into().unwrap()));
    for (superpixel, weight) in chosen.zip(read("lime_forward5_coef")) {
        expected[usize::try_from(superpixel).unwrap()] = weight;
    }
    assert_close(
        &format!("{name} forward_selection"),
        &found.weights,
        &expected,
        FIT_TOLERANCE,
    );
}
