//! The shipped networks beside version 1 of this project, whose layers were written by hand: the graphs that took their place give the same.

use imaging::Preparation;
use methods::Sign;
use methods::kinds::gradcam::METHOD;
use serde_json::Value;

use super::maps::map;
use super::networks::load;
use super::numbers::relative;
use super::table::{Table, Tolerance};
use super::{fixture, repository};

/// Of the largest value.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);

pub(super) fn compare(table: &mut Table) {
    let text = std::fs::read_to_string(fixture("version_1.json")).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    let numbers = |stored: &Value| -> Vec<f32> {
        let numbers = stored.as_array().unwrap().iter();
        numbers
            .map(|number| number.as_f64().unwrap() as f32)
            .collect()
    };
    for (name, stored) in stored.as_object().unwrap() {
        let (network, image) = name.split_once('.').unwrap();
        let weights = repository().join(format!("data/networks/{network}.safetensors"));
        let classifier = load(&weights, network, 0.25);
        let bytes = std::fs::read(repository().join(format!("data/images/{image}.png"))).unwrap();
        let crop = imaging::prepare(
            &imaging::decode(&bytes).unwrap(),
            &Preparation::new(256, 224).unwrap(),
        );
        let logits = classifier.logits(&crop).unwrap();
        let target = stored["target_class"].as_u64().unwrap() as usize;
        let map = map((&METHOD, Sign::Positive.into()), &classifier, &crop, target);
        let mut note = |quantity: &str, found: &[f32], expected: &[f32]| {
            let quantity = format!("shipped {network}: {quantity}, of the largest");
            let difference = relative(found, expected);
            table.note(
                quantity,
                "version 1, written by hand",
                difference,
                TOLERANCE,
            );
        };
        note("logits", &logits, &numbers(&stored["logits"]));
        note("Grad-CAM's map", &map, &numbers(&stored["map"]));
    }
}
