//! LIME's arithmetic beside the lime package, given masks and probabilities: distances, kernel, fits, chosen features.

use sampling::Masks;
use surrogate::{Distance, Explanation, Features, Settings};

use super::fixture;
use super::numbers::{Numbers, difference};
use super::table::{Table, Tolerance};

const DESIGNS: [&str; 3] = ["d7", "d12", "d24"];
const KERNEL: Tolerance = Tolerance::AtMost(1e-12);
const FIT: Tolerance = Tolerance::AtMost(1e-8);

/// The fits that scripts/oracles/surrogate.py makes of every design and distance.
const FITS: [(&str, f64, Features); 5] = [
    ("all", 1.0, Features::All),
    ("all_alpha_0", 0.0, Features::All),
    ("highest_weights_3", 1.0, Features::HighestWeights(3)),
    ("forward_selection_1", 1.0, Features::ForwardSelection(1)),
    ("forward_selection_4", 1.0, Features::ForwardSelection(4)),
];

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("surrogate.safetensors"));
    for design in DESIGNS {
        let probabilities = file.f64s(&format!("{design}.probabilities"));
        let masks = masks(&file, &format!("{design}.masks"));
        for distance in [Distance::Cosine, Distance::L2] {
            let expected = |tensor: &str| file.f64s(&format!("{design}.{distance}.{tensor}"));
            note_kernel(
                table,
                &masks,
                distance,
                &expected("distances"),
                &expected("kernel"),
            );
            for (name, alpha, features) in FITS {
                let settings = Settings {
                    distance,
                    alpha,
                    features,
                    ..Settings::default()
                };
                let found = surrogate::fit(&masks, &probabilities, &settings).unwrap();
                let expected = |tensor: &str| expected(&format!("{name}.{tensor}"));
                note_fit(
                    table,
                    features,
                    &found,
                    &expected("coefficients"),
                    &expected("summary"),
                );
                let errors = found
                    .standard_errors
                    .iter()
                    .map(|error| error.unwrap_or(-1.0));
                table.note(
                    "LIME: standard errors",
                    "the sandwich formula in NumPy",
                    difference(&errors.collect::<Vec<_>>(), &expected("standard_errors")),
                    FIT,
                );
            }
        }
    }
}

/// Masks stored as one byte for each sample and superpixel.
pub(super) fn masks(file: &Numbers, tensor: &str) -> Masks {
    let rows = file.rows(tensor);
    let kept = |row: &Vec<u8>| row.iter().map(|&bit| bit == 1).collect::<Vec<_>>();
    Masks::from_rows(rows[0].len(), rows.iter().map(kept)).unwrap()
}

/// Compares distances and kernel; in `l2` mode the package is given that metric, kernel and width.
pub(super) fn note_kernel(
    table: &mut Table,
    masks: &Masks,
    distance: Distance,
    distances: &[f64],
    kernel: &[f64],
) {
    let found: Vec<f64> = (0..masks.samples())
        .map(|sample| distance.from_ones(masks.kept_count(sample), masks.superpixels()))
        .collect();
    let mut note = |quantity: &str, difference| {
        let quantity = format!("LIME: {distance} {quantity}");
        table.note(quantity, "the lime package", difference, KERNEL);
    };
    note("distances", difference(&found, distances));
    note("kernel", difference(&distance.weights(masks, None), kernel));
}

/// Compares coefficients, and which of them are 0 because another superpixel was chosen.
pub(super) fn note_fit(
    table: &mut Table,
    features: Features,
    found: &Explanation,
    coefficients: &[f64],
    summary: &[f64],
) {
    let selection = match features {
        Features::All => "all",
        Features::HighestWeights(_) => "highest_weights",
        Features::ForwardSelection(_) => "forward_selection",
    };
    let unlike = found
        .weights
        .iter()
        .zip(coefficients)
        .filter(|(found, expected)| (**found == 0.0) != (**expected == 0.0));
    let unlike = unlike.count() as f64;
    let mut note = |quantity: &str, difference, tolerance| {
        let quantity = format!("LIME, {selection}: {quantity}");
        table.note(quantity, "the lime package", difference, tolerance);
    };
    note(
        "superpixels chosen by one alone",
        unlike,
        Tolerance::AtMost(0.0),
    );
    note(
        "ridge coefficients",
        difference(&found.weights, coefficients),
        FIT,
    );
    let ours = [found.intercept, found.r2, found.local_prediction];
    note(
        "intercept, R², local prediction",
        difference(&ours, summary),
        FIT,
    );
}
