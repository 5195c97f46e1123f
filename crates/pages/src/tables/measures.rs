//! Every measure of explanations and of their runs, from the tables of `evaluate`.

use std::collections::BTreeMap;

use schema::{
    Agreement, Complexity, Gain, Localization, NeededSamples, Sanity, Stability, Summary,
};
use statistics::mean;

use super::{ONE_IMAGE, ONE_RUN, image, method, place, sorted};
use crate::Inputs;
use crate::results::Results;
use crate::table::{Cell, Column, Table};

const NO_IMAGE: &str = "no image";
const NO_START: &str = "probability 0 at the start";
const NO_MASK: &str = "no mask";
const NO_RELEVANCE: &str = "no relevance";
const NOT_RANKED: &str = "cannot be ranked";
const FEW_SUPERPIXELS: &str = "too few superpixels";

/// An image, network, partition and method: what every row of these tables is about.
type Names<'a> = [&'a str; 4];

/// A table whose rows begin with such names; `columns` are those after them, `cells` those of a row.
fn by_explanation<'a, T, K: Ord>(
    name: &'static str,
    results: &Results<'_>,
    rows: &'a [T],
    names: fn(&'a T) -> Names<'a>,
    rest: fn(&'a T) -> K,
    columns: Vec<Column>,
    cells: impl Fn(&'a T) -> Vec<Cell>,
) -> Table {
    let rows = sorted(rows, |row| {
        let [image, network, partition, method] = names(row);
        let network = place(&results.networks, network);
        let method = place(&results.methods, method);
        (network, partition, method, image, rest(row))
    });
    let row = |row: &&'a T| {
        let [name, network, partition, method] = names(row);
        let own = [image(results, name, network)];
        let names = [network, partition, method].map(Cell::text);
        own.into_iter().chain(names).chain(cells(row)).collect()
    };
    let own = vec![
        Column::text("image", "Image"),
        Column::text("network", "Network"),
        Column::text("partition", "Partition").shown(results.varying.partition),
        Column::text("method", "Method"),
    ];
    Table {
        name,
        columns: [own, columns].concat(),
        rows: rows.iter().map(row).collect(),
    }
}

/// The column that says why another has no value.
fn reason_column() -> Column {
    Column::text("reason", "Why a value is missing").shown(false)
}

fn reason(reason: Option<&String>) -> Cell {
    Cell::optional_text(reason, "nothing is missing")
}

/// Means over images of every measure, with their intervals.
pub(crate) fn summaries(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = sorted(&inputs.summaries, |row| {
        (
            place(&results.networks, &row.network),
            &row.partition,
            &row.order,
            &row.replacement,
            &row.measure,
            place(&results.methods, &row.method),
        )
    });
    let row = |row: &Summary| {
        vec![
            Cell::text(&row.network),
            Cell::text(&row.partition),
            Cell::optional_text(row.order.as_ref(), "both or none"),
            Cell::optional_text(row.replacement.as_ref(), "no removal"),
            Cell::text(&row.measure),
            Cell::text(&row.better),
            method(&row.method, &row.network, Some(&row.partition)),
            Cell::Count(row.images.into()),
            Cell::number(row.mean, NO_IMAGE),
            Cell::number(row.low, ONE_IMAGE),
            Cell::number(row.high, ONE_IMAGE),
            Cell::Number(row.level),
            Cell::Count(row.resamples.into()),
            Cell::number(row.std_over_images, ONE_IMAGE),
            Cell::number(row.mean_rank, "no image has it for all"),
            Cell::count(row.place, NO_IMAGE),
            reason(row.reason.as_ref()),
        ]
    };
    Table {
        name: "summaries",
        columns: vec![
            Column::text("network", "Network"),
            Column::text("partition", "Partition").shown(results.varying.partition),
            Column::text("order", "Order").shown(results.varying.order),
            Column::text("replacement", "Replacement").shown(results.varying.replacement),
            Column::text("measure", "Measure"),
            Column::text("better", "Better values"),
            Column::text("method", "Method"),
            Column::count("images", "Images"),
            Column::number("mean", "Mean, in the measure's unit"),
            Column::number("low", "Interval from"),
            Column::number("high", "to"),
            Column::number("level", "Confidence").decimals(2),
            Column::count("resamples", "Resamples").shown(false),
            Column::number("std_over_images", "Std over images, in the measure's unit"),
            Column::number("mean_rank", "Mean rank, 1 the best").decimals(2),
            Column::count("place", "Place by the mean"),
            reason_column(),
        ],
        rows: rows.into_iter().map(row).collect(),
    }
}

/// An image's mean area and its spread over runs.
pub(crate) fn stability(inputs: &Inputs, results: &Results<'_>) -> Table {
    let columns = vec![
        Column::text("order", "Order").shown(results.varying.order),
        Column::text("replacement", "Replacement").shown(results.varying.replacement),
        Column::truth("deterministic", "Deterministic").shown(false),
        Column::count("runs", "Runs"),
        Column::number("auc", "Mean AUC, probability × superpixels"),
        Column::number("auc_std", "Std over runs, probability × superpixels"),
        Column::number("auc_relative", "Mean relative AUC"),
        Column::number("auc_relative_std", "Std over runs, relative"),
        reason_column(),
    ];
    by_explanation(
        "stability",
        results,
        &inputs.stability,
        |row: &Stability| [&row.image, &row.network, &row.partition, &row.method],
        |row| (&row.order, &row.replacement),
        columns,
        |row| {
            vec![
                Cell::text(&row.order),
                Cell::text(&row.replacement),
                Cell::Truth(row.deterministic),
                Cell::Count(row.runs.into()),
                Cell::Number(row.auc),
                Cell::number(row.auc_std, ONE_RUN),
                Cell::number(row.auc_relative, NO_START),
                Cell::number(
                    row.auc_relative_std,
                    "one run, or probability 0 at the start",
                ),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

/// How alike the runs of an explanation are by number of samples: means over pairs of runs.
pub(crate) fn agreement(inputs: &Inputs, results: &Results<'_>) -> Table {
    let mut pairs = BTreeMap::<(Names<'_>, u32), Vec<&Agreement>>::new();
    // In order of runs, so that sums are the same whatever the order of the rows.
    for row in sorted(&inputs.agreement, |row| (row.run, row.other_run)) {
        let names = [&*row.image, &row.network, &row.partition, &row.method];
        pairs.entry((names, row.samples)).or_default().push(row);
    }
    let groups: Vec<_> = pairs.into_iter().collect();
    let columns = vec![
        Column::count("samples", "Samples, masks"),
        Column::count("pairs", "Pairs of runs"),
        Column::number("spearman", "Mean Spearman correlation"),
        Column::number("kendall", "Mean Kendall tau-b"),
        Column::number("jaccard_3", "Mean Jaccard index of the top 3"),
        Column::number("jaccard_5", "of the top 5"),
        Column::number("jaccard_10", "of the top 10"),
        Column::number("sign_changes", "Mean share of superpixels that change sign"),
    ];
    // As in `needed_samples`, a mean is that of all pairs or none.
    let over_pairs = |pairs: &[&Agreement], value: fn(&Agreement) -> Option<f64>| {
        let values: Option<Vec<f64>> = pairs.iter().map(|pair| value(pair)).collect();
        values.and_then(|values| mean(&values))
    };
    by_explanation(
        "agreement",
        results,
        &groups,
        |((names, _), _)| *names,
        |((_, samples), _)| *samples,
        columns,
        |((_, samples), pairs)| {
            let number = |value, reason| Cell::number(over_pairs(pairs, value), reason);
            vec![
                Cell::Count((*samples).into()),
                Cell::Count(pairs.len() as u64),
                number(|pair| pair.spearman, NOT_RANKED),
                number(|pair| pair.kendall, NOT_RANKED),
                number(|pair| pair.jaccard_3, FEW_SUPERPIXELS),
                number(|pair| pair.jaccard_5, FEW_SUPERPIXELS),
                number(|pair| pair.jaccard_10, FEW_SUPERPIXELS),
                number(|pair| Some(pair.sign_changes), NOT_RANKED),
            ]
        },
    )
}

/// How many samples an image needs until runs agree.
pub(crate) fn needed_samples(inputs: &Inputs, results: &Results<'_>) -> Table {
    let columns = vec![
        Column::count("runs", "Runs"),
        Column::count("samples", "Samples of a run, masks"),
        Column::number("level", "Agreement asked for").decimals(2),
        Column::number("spearman", "Mean Spearman correlation at all samples"),
        Column::count("needed", "Samples needed, masks"),
        reason_column(),
    ];
    by_explanation(
        "needed_samples",
        results,
        &inputs.needed_samples,
        |row: &NeededSamples| [&row.image, &row.network, &row.partition, &row.method],
        |_| (),
        columns,
        |row| {
            vec![
                Cell::Count(row.runs.into()),
                Cell::Count(row.samples.into()),
                Cell::Number(row.level),
                Cell::number(row.spearman, NOT_RANKED),
                Cell::count(row.needed, "more than there are"),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

/// Both orders of an explanation together.
pub(crate) fn gains(inputs: &Inputs, results: &Results<'_>) -> Table {
    let columns = vec![
        Column::count("run", "Run"),
        Column::text("replacement", "Replacement").shown(results.varying.replacement),
        Column::number("deletion_auc_mean", "Deletion, AUC / steps"),
        Column::number("insertion_auc_mean", "Insertion, AUC / steps"),
        Column::number("symmetric_gain", "Symmetric gain, probability"),
        Column::number("symmetric_gain_relative", "Relative symmetric gain"),
        Column::number("symmetric_gain_area", "Symmetric gain by area, probability"),
        reason_column(),
    ];
    by_explanation(
        "gains",
        results,
        &inputs.gains,
        |row: &Gain| [&row.image, &row.network, &row.partition, &row.method],
        |row| (&row.replacement, row.run),
        columns,
        |row| {
            vec![
                Cell::Count(row.run.into()),
                Cell::text(&row.replacement),
                Cell::Number(row.deletion_auc_mean),
                Cell::Number(row.insertion_auc_mean),
                Cell::Number(row.symmetric_gain),
                Cell::number(row.symmetric_gain_relative, NO_START),
                Cell::Number(row.symmetric_gain_area),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

/// An explanation beside the mask of the object.
pub(crate) fn localization(inputs: &Inputs, results: &Results<'_>) -> Table {
    let columns = vec![
        Column::count("run", "Run"),
        Column::number("mask_area", "Mask, share of pixels"),
        Column::number("pointing", "Pointing game, share of pixels"),
        Column::number("relevance_inside", "Positive relevance inside, share"),
        Column::number("intersection_over_union", "Intersection over union"),
        Column::number("average_precision", "Average precision"),
        reason_column(),
    ];
    by_explanation(
        "localization",
        results,
        &inputs.localization,
        |row: &Localization| [&row.image, &row.network, &row.partition, &row.method],
        |row| row.run,
        columns,
        |row| {
            let missing = if row.mask_area.is_some() {
                NO_RELEVANCE
            } else {
                NO_MASK
            };
            vec![
                Cell::Count(row.run.into()),
                Cell::number(row.mask_area, NO_MASK),
                Cell::number(row.pointing, missing),
                Cell::number(row.relevance_inside, missing),
                Cell::number(row.intersection_over_union, missing),
                Cell::number(row.average_precision, missing),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

/// What is left of an explanation when layers are random, from the output down.
pub(crate) fn sanity(inputs: &Inputs, results: &Results<'_>) -> Table {
    const PROGRAM: &str = "a program has no named layers";
    const NOT_COMPARED: &str = "nothing to compare";
    let columns = vec![
        Column::count("run", "Run"),
        Column::count("depth", "Depth"),
        Column::count("random_layers", "Random layers"),
        Column::count("layers", "of"),
        Column::text("lowest_random_layer", "down to"),
        Column::number("spearman", "Rank correlation with the original"),
        Column::number("spearman_absolute", "of the absolute relevance"),
        reason_column(),
    ];
    by_explanation(
        "sanity",
        results,
        &inputs.sanity,
        |row: &Sanity| [&row.image, &row.network, &row.partition, &row.method],
        |row| (row.run, row.depth),
        columns,
        |row| {
            vec![
                Cell::Count(row.run.into()),
                Cell::Count(row.depth.into()),
                Cell::count(row.random_layers, PROGRAM),
                Cell::count(row.layers, PROGRAM),
                Cell::optional_text(row.lowest_random_layer.as_ref(), PROGRAM),
                Cell::number(row.spearman, NOT_COMPARED),
                Cell::number(row.spearman_absolute, NOT_COMPARED),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

/// On how few superpixels an explanation is concentrated.
pub(crate) fn complexity(inputs: &Inputs, results: &Results<'_>) -> Table {
    let columns = vec![
        Column::count("run", "Run"),
        Column::count("superpixels", "Superpixels"),
        Column::count(
            "superpixels_for_80_percent",
            "Superpixels for 80 % of the positive relevance",
        ),
        Column::number("gini", "Gini index of the absolute relevance"),
        Column::number("entropy", "Entropy of the absolute relevance, nat"),
        reason_column(),
    ];
    by_explanation(
        "complexity",
        results,
        &inputs.complexity,
        |row: &Complexity| [&row.image, &row.network, &row.partition, &row.method],
        |row| row.run,
        columns,
        |row| {
            vec![
                Cell::Count(row.run.into()),
                Cell::Count(row.superpixels.into()),
                Cell::count(row.superpixels_for_80_percent, NO_RELEVANCE),
                Cell::number(row.gini, NO_RELEVANCE),
                Cell::number(row.entropy, NO_RELEVANCE),
                reason(row.reason.as_ref()),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, study};

    fn pair(image: &str, [run, other_run]: [u32; 2], samples: u32, spearman: f64) -> Agreement {
        Agreement {
            image: image.to_owned(),
            network: "alexnet".to_owned(),
            partition: "stripes".to_owned(),
            method: "lime".to_owned(),
            run,
            other_run,
            samples,
            superpixels: 5,
            spearman: Some(spearman),
            kendall: None,
            jaccard_3: Some(0.5),
            jaccard_5: None,
            jaccard_10: None,
            sign_changes: 0.2,
            reason: None,
        }
    }

    #[test]
    fn agreement_is_the_mean_over_pairs_of_runs_or_nothing() {
        let mut inputs = study(&IMAGES, 3);
        inputs.agreement = vec![
            pair("unknown", [0, 1], 32, 1.0),
            pair(IMAGES[0], [0, 1], 32, 0.7),
            pair(IMAGES[0], [0, 1], 16, 0.1),
            pair(IMAGES[0], [1, 2], 16, 0.4),
            pair(IMAGES[0], [0, 2], 16, 0.3),
        ];
        inputs.agreement[1].spearman = None;
        let table = agreement(&inputs, &Results::new(&inputs));
        let columns = |row: &Vec<Cell>| row[4..8].to_vec();
        let found: Vec<_> = table.rows.iter().map(columns).collect();
        let absent = Cell::Absent(NOT_RANKED);
        assert_eq!(
            found,
            [
                vec![
                    Cell::Count(16),
                    Cell::Count(3),
                    Cell::Number(mean(&[0.1, 0.3, 0.4]).unwrap()),
                    absent.clone()
                ],
                vec![
                    Cell::Count(32),
                    Cell::Count(1),
                    absent.clone(),
                    absent.clone()
                ],
                vec![Cell::Count(32), Cell::Count(1), Cell::Number(1.0), absent],
            ]
        );
        assert!(
            matches!(table.rows[0][0], Cell::Link { .. }),
            "leads to its pictures"
        );
        assert_eq!(table.rows[2][0], Cell::text("unknown"), "has none");
        inputs.agreement.reverse();
        assert_eq!(agreement(&inputs, &Results::new(&inputs)), table);
    }

    #[test]
    fn methods_stand_in_the_report_s_order_and_measures_by_name() {
        let mut inputs = study(&IMAGES, 2);
        let row = |method: &str, measure: &str| Summary {
            network: "alexnet".to_owned(),
            partition: "stripes".to_owned(),
            method: method.to_owned(),
            order: None,
            replacement: None,
            measure: measure.to_owned(),
            better: "higher".to_owned(),
            images: 1,
            mean: Some(0.5),
            low: None,
            high: None,
            level: 0.95,
            resamples: 100,
            std_over_images: None,
            mean_rank: None,
            place: Some(1),
            reason: Some("one image".to_owned()),
        };
        inputs.methods.reverse();
        inputs.summaries = vec![
            row("gradcam", "pointing"),
            row("lime", "pointing"),
            row("gradcam", "auc"),
        ];
        let table = summaries(&inputs, &Results::new(&inputs));
        let names = |row: &Vec<Cell>| [row[4].clone(), row[6].clone()];
        let found: Vec<_> = table.rows.iter().map(names).collect();
        let expected = [
            ["auc", "gradcam"],
            ["pointing", "lime"],
            ["pointing", "gradcam"],
        ];
        let any = row("gradcam", "auc");
        let cells = |[measure, name]: [&str; 2]| {
            let method = method(name, &any.network, Some(&any.partition));
            [Cell::text(measure), method]
        };
        assert_eq!(found, expected.map(cells));
        assert_eq!(table.rows[0][9], Cell::Absent(ONE_IMAGE));
    }
}
