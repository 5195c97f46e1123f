//! Orders and areas of three photographs, made in Python, from ../shared/reference beside the repository.

use std::path::Path;

use safetensors::SafeTensors;

use crate::{Order, areas, order};

fn numbers<const BYTES: usize, T>(
    file: &SafeTensors<'_>,
    name: &str,
    read: fn([u8; BYTES]) -> T,
) -> Vec<T> {
    let tensor = file.tensor(name).unwrap();
    tensor
        .data()
        .chunks_exact(BYTES)
        .map(|bytes| read(bytes.try_into().unwrap()))
        .collect()
}

fn check_order(file: &SafeTensors<'_>, method: &str, relevance: &[f64]) {
    let expected = numbers(file, &format!("{method}_order"), i32::from_le_bytes);
    let found: Vec<i32> = order(relevance, Order::MostRelevantFirst)
        .unwrap()
        .into_iter()
        .map(i32::from)
        .collect();
    assert_eq!(found, expected, "{method}");
}

/// f32 probabilities, as they are stored, cost 1e-7 of each of up to 38 steps.
fn check_areas(file: &SafeTensors<'_>, curve: &str) {
    let read = |name: &str| numbers(file, &format!("{curve}_{name}"), f64::from_le_bytes);
    let probabilities: Vec<f32> = read("curve")
        .into_iter()
        .map(|value| value as f32)
        .collect();
    let last = (probabilities.len() - 1) as f64;
    let removed: Vec<f64> = (0..probabilities.len())
        .map(|step| step as f64 / last)
        .collect();
    let found = areas(&probabilities, &removed).unwrap();
    assert!(
        (found.auc - read("auc")[0]).abs() < 1e-5,
        "{curve}: {found:?}"
    );
    assert!(
        (found.auc_mean - read("auc_normalised")[0]).abs() < 1e-6,
        "{curve}: {found:?}"
    );
}

#[test]
fn photographs_give_the_published_orders_and_areas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference");
    for name in ["labrador", "tabby", "tiger"] {
        let Ok(bytes) = std::fs::read(folder.join(name).with_extension("safetensors")) else {
            println!("skipped: no reference values for {name}");
            continue;
        };
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let pooled = numbers(&file, "gradcam_superpixel", f32::from_le_bytes);
        check_order(
            &file,
            "gradcam",
            &pooled.into_iter().map(f64::from).collect::<Vec<_>>(),
        );
        check_order(
            &file,
            "lime",
            &numbers(&file, "lime_coef", f64::from_le_bytes),
        );
        for curve in [
            "gradcam_deletion",
            "lime_deletion",
            "gradcam_insertion",
            "lime_insertion",
        ] {
            check_areas(&file, curve);
        }
    }
}
