//! Weights from given masks and answers beside shap, scikit-learn and RISE's definition.

use methods::kinds::{glime, kernelshap, occlusion, rise};
use methods::{Answered, Fitting, Partition, Weights};
use sampling::samplers::{SHAPLEY, SINGLES, grid, local};
use sampling::{Drawn, Masks, Sampler};
use surrogate::{Distance, Features, Settings};

use super::numbers::{Numbers, difference};
use super::table::{Table, Tolerance};
use crate::study_folder::repository;

/// Closed arithmetic in 64 bit.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-8);
/// Masks are enlarged in 32 bit.
const OF_SOFT_MASKS: Tolerance = Tolerance::AtMost(1e-6);

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&repository().join("crates/lime/fixtures/queries.safetensors"));
    for features in ["12", "9", "7"] {
        let tensor = |what: &str| format!("shap.{features}.{what}");
        let repeats = file.integers(&tensor("repeats")).into_iter();
        let drawn = Drawn {
            enumerated: file.integers(&tensor("enumerated"))[0],
            repeats: repeats.map(|count| count as u32).collect(),
            ..masks(&file, &tensor("masks"), features.parse().unwrap()).into()
        };
        let found = explained(
            &kernelshap::METHOD,
            &drawn,
            &file.f32s(&tensor("answers")),
            SHAPLEY,
            Fitting::Fixed,
            None,
        );
        let apart = difference(&found, &file.f64s(&tensor("values")));
        table.note(
            "KernelSHAP: values from shap's masks",
            "shap",
            apart,
            TOLERANCE,
        );
    }
    let singles = masks(&file, "occlusion.masks", 9).into();
    let answers = file.f32s("occlusion.answers");
    let found = explained(
        &occlusion::METHOD,
        &singles,
        &answers,
        SINGLES,
        Fitting::Fixed,
        None,
    );
    let apart = difference(&found, &file.f64s("occlusion.values"));
    table.note("Occlusion: weights", "captum", apart, TOLERANCE);
    let uniform = Settings {
        distance: Distance::Uniform,
        kernel_width: None,
        alpha: 1.0,
        growing: false,
        features: Features::All,
    };
    let drawn = masks(&file, "glime.masks", 9).into();
    let fitting = Fitting::Surrogate(uniform);
    let found = explained(
        &glime::METHOD,
        &drawn,
        &file.f32s("glime.answers"),
        local(0.5),
        fitting,
        None,
    );
    let apart = difference(&found, &file.f64s("glime.weights"));
    table.note("GLIME: weights", "scikit-learn", apart, TOLERANCE);
    soft(table, &file);
}

/// The oracle has no untouched image, which is row 0 here and does not count.
fn soft(table: &mut Table, file: &Numbers) {
    let (size, side) = ([20, 26], 3);
    let grids = masks(file, "rise.grids", side * side);
    let ones = Masks::from_rows(side * side, [[true; 9]]).unwrap();
    let rows = |masks: &Masks| -> Vec<Vec<bool>> {
        let row = |row| {
            (0..side * side)
                .map(move |cell| masks.kept(row, cell))
                .collect()
        };
        (0..masks.samples()).map(row).collect()
    };
    let all = [rows(&ones), rows(&grids)].concat();
    // A shift of whole pixels, as a fraction of a cell that no rounding moves to another pixel.
    let cells = size.map(|length: usize| length.div_ceil(side));
    let fraction = |(pixels, cell): (usize, usize)| ((2 * pixels + 1) * 32_768 / cell) as u16;
    let shifts = file.integers("rise.shifts");
    let shifts = shifts
        .chunks(2)
        .map(|shift| [(shift[0], cells[0]), (shift[1], cells[1])].map(fraction));
    let drawn = Drawn {
        shifts: [[0, 0]].into_iter().chain(shifts).collect(),
        ..Masks::from_rows(side * side, all).unwrap().into()
    };
    let first = drawn.masks.values(1);
    let mut mask = vec![0.0; size[0] * size[1]];
    cam::soft_mask(&first, side, drawn.shifts[1], size, &mut mask);
    let mask: Vec<f64> = mask.into_iter().map(f64::from).collect();
    let apart = difference(&mask, &file.f64s("rise.first"));
    table.note("RISE: a mask", "scikit-image", apart, OF_SOFT_MASKS);
    let answers = [vec![0.0], file.f32s("rise.answers")].concat();
    let labels: Vec<u16> = file
        .integers("rise.labels")
        .into_iter()
        .map(|label| label as u16)
        .collect();
    let partition = Partition {
        labels: &labels,
        size,
        count: usize::from(*labels.iter().max().unwrap()) + 1,
    };
    for (fitting, tensor) in [(Fitting::Fixed, "values"), (Fitting::Debiased, "coverage")] {
        let found = explained(
            &rise::METHOD,
            &drawn,
            &answers,
            grid(0.5),
            fitting,
            Some(partition),
        );
        let apart = difference(&found, &file.f64s(&format!("rise.{tensor}")));
        table.note(
            "RISE: relevances from given masks",
            "its definition",
            apart,
            OF_SOFT_MASKS,
        );
    }
}

fn masks(file: &Numbers, tensor: &str, width: usize) -> Masks {
    let rows = file.rows(tensor).into_iter();
    let rows = rows.map(|row| row.into_iter().map(|bit| bit == 1).collect::<Vec<bool>>());
    Masks::from_rows(width, rows).unwrap()
}

fn explained(
    method: &Weights,
    drawn: &Drawn,
    probabilities: &[f32],
    sampler: Sampler,
    fitting: Fitting,
    partition: Option<Partition<'_>>,
) -> Vec<f64> {
    let answered = Answered {
        drawn,
        probabilities,
        correction: None,
        sampler,
        fitting,
        partition,
    };
    let explained = (method.run.explanation)(&answered).unwrap();
    assert_eq!(explained.weights, (method.run.weights)(&answered).unwrap());
    explained.weights
}
