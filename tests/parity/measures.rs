//! Statistics and measures of explanations beside scipy, statsmodels, scikit-learn and Quantus.

use measures::kinds::complexity::complexity;
use measures::kinds::localization::localization;
use statistics::{
    Cell, bca, concordance, holm, jackknife, kendall, mean, mean_interval, variance_components,
    wilcoxon,
};

use super::fixture;
use super::numbers::{Numbers, difference};
use super::table::{Table, Tolerance};

const TOLERANCE: Tolerance = Tolerance::AtMost(1e-10);
/// Two programs that draw 10,000 resamples of their own differ by this share of the interval's length, at most.
const RANDOMNESS: Tolerance = Tolerance::AtMost(3e-2);
/// Quantus adds 1e-8 to every relevance.
const NEAR: Tolerance = Tolerance::AtMost(1e-6);
const LEVEL: f64 = 0.95;

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("measures.safetensors"));
    intervals(table, &file);
    signed_ranks(table, &file);
    agreement(table, &file);
    components(table, &file);
    let adjusted = holm(&file.f64s("holm.p")).unwrap();
    let apart = difference(&adjusted, &file.f64s("holm.adjusted"));
    table.note("Holm's adjusted p-values", "statsmodels", apart, TOLERANCE);
    explanation(table, &file);
}

fn intervals(table: &mut Table, file: &Numbers) {
    for case in ["plain", "skewed", "ties"] {
        let of = |name: &str| file.f64s(&format!("bootstrap.{case}.{name}"));
        let values = of("values");
        let (estimate, left_out) = (mean(&values).unwrap(), jackknife(&values));
        let interval = bca(estimate, &left_out, of("replicates"), LEVEL).unwrap();
        let apart = difference(&[interval.low, interval.high], &of("interval"));
        let quantity = "BCa interval of given replicates";
        table.note(quantity, "scipy", apart, TOLERANCE);

        let interval = mean_interval(&values, LEVEL, 10_000, [7; 32]).unwrap();
        let scipys = of("scipy_10000");
        let apart = difference(&[interval.low, interval.high], &scipys) / (scipys[1] - scipys[0]);
        let quantity = "BCa interval of 10,000 resamples, of its length";
        table.note(quantity, "scipy", apart, RANDOMNESS);
    }
}

fn signed_ranks(table: &mut Table, file: &Numbers) {
    let mut note = |case: &str, way: &str, quantity: &str| {
        let found = wilcoxon(&file.f64s(&format!("wilcoxon.{case}.differences"))).unwrap();
        assert_eq!(found.exact, way == "exact", "{case}");
        let expected = file.f64s(&format!("wilcoxon.{case}.{way}"));
        let apart = difference(&[found.positive, found.p], &expected);
        table.note(quantity, "scipy", apart, TOLERANCE);
    };
    for case in ["plain", "zeros", "ties", "zeros_and_ties", "one_sided"] {
        note(
            case,
            "exact",
            "Wilcoxon's signed ranks and exact p, with Pratt's zeros and ties",
        );
    }
    for case in ["long", "long_zeros"] {
        note(
            case,
            "approximate",
            "Wilcoxon's signed ranks and approximate p, likewise",
        );
    }
}

fn agreement(table: &mut Table, file: &Numbers) {
    for case in ["plain", "ties"] {
        let of = |name: &str| file.f64s(&format!("kendall.{case}.{name}"));
        let apart = (kendall(&of("a"), &of("b")).unwrap() - of("tau")[0]).abs();
        table.note("Kendall's tau-b", "scipy", apart, TOLERANCE);

        let of = |name: &str| file.f64s(&format!("concordance.{case}.{name}"));
        let values = of("values");
        let judges: Vec<&[f64]> = values.chunks_exact(of("things")[0] as usize).collect();
        let found = concordance(&judges).unwrap();
        let apart = difference(&[found.w, found.p], &of("w_and_p"));
        table.note(
            "Kendall's W and its p",
            "scipy, Friedman's test",
            apart,
            TOLERANCE,
        );
    }
}

fn components(table: &mut Table, file: &Numbers) {
    for (case, runs) in [("balanced", [4, 4, 4]), ("unbalanced", [1, 5, 3])] {
        let values = file.f64s(&format!("components.{case}.values"));
        let row = |mut values: &'_ [f64]| -> Vec<Vec<f64>> {
            let cell = |runs: &usize| {
                let (cell, rest) = values.split_at(*runs);
                values = rest;
                cell.to_vec()
            };
            runs.iter().map(cell).collect()
        };
        let images: Vec<Vec<Vec<f64>>> = values.chunks_exact(runs.iter().sum()).map(row).collect();
        let cell = |runs: &'_ Vec<f64>| runs.len() == 1;
        let cells: Vec<Vec<Cell<'_>>> = images
            .iter()
            .map(|row| {
                let cells = row.iter().map(|runs| Cell {
                    runs,
                    deterministic: cell(runs),
                });
                cells.collect()
            })
            .collect();
        let found = variance_components(&cells).unwrap();
        let found = [
            found.image,
            found.method,
            found.interaction,
            found.run.unwrap(),
        ];
        let apart = difference(&found, &file.f64s(&format!("components.{case}.expected")));
        table.note("variance components", "statsmodels", apart, TOLERANCE);
    }
}

fn explanation(table: &mut Table, file: &Numbers) {
    let of = |name: &str| file.f64s(&format!("explanation.{name}"));
    let labels: Vec<u16> = of("labels").iter().map(|label| *label as u16).collect();
    let mask: Vec<bool> = of("mask").iter().map(|inside| *inside > 0.0).collect();
    let relevance = of("relevance");
    let place = localization(&relevance, &labels, Some(&mask), None);
    let spread = complexity(&relevance);
    let mut note = |quantity: &str, name: &str, against, found: Option<f64>, tolerance| {
        let apart = (found.unwrap() - of(name)[0]).abs();
        table.note(quantity, against, apart, tolerance);
    };
    note(
        "average precision of an explanation",
        "average_precision",
        "scikit-learn",
        place.average_precision,
        TOLERANCE,
    );
    note(
        "relevance inside the mask",
        "relevance_inside",
        "Quantus",
        place.relevance_inside,
        TOLERANCE,
    );
    note(
        "Gini index of an explanation",
        "gini",
        "Quantus",
        spread.gini,
        NEAR,
    );
    note(
        "entropy of an explanation",
        "entropy",
        "Quantus",
        spread.entropy,
        NEAR,
    );
}
