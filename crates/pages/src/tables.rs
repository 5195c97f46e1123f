//! The tables of a report, from the grouped scores and the study's other rows.

use statistics::five_numbers;

use crate::results::{AUC, AUC_MEAN, AUC_RELATIVE, Comparison, Condition, Group, Measure, Results};
use crate::table::{Cell, Column, Table};
use crate::{Inputs, paper};

const ONE_IMAGE: &str = "one image";
const ONE_VALUE: &str = "one value";
const ONE_RUN: &str = "one run";
const NO_START: &str = "probability 0 at the start";

/// Every table that is written beside the page.
pub(crate) fn all(inputs: &Inputs, results: &Results<'_>) -> Vec<Table> {
    vec![
        answers(results),
        mean_auc(results),
        paper::mean_auc(),
        std_over_runs(results),
        paper::std_over_runs(),
        auc_by_run(results),
        distribution(results),
        exclusions(inputs),
        images(inputs),
        networks(inputs),
        versions(inputs),
        costs(inputs),
        artifacts(inputs),
    ]
}

/// The columns of a condition; those that are the same in all rows only in the CSV.
fn condition_columns(results: &Results<'_>) -> Vec<Column> {
    vec![
        Column::new("network", "Network"),
        Column::new("partition", "Partition").shown(results.varying.partition),
        Column::new("order", "Order").shown(results.varying.order),
        Column::new("replacement", "Replacement").shown(results.varying.replacement),
    ]
}

/// A row of such a table.
fn under(condition: &Condition<'_>, cells: Vec<Cell>) -> Vec<Cell> {
    let Condition {
        network,
        partition,
        order,
        replacement,
    } = condition;
    let parts = [network, partition, order, replacement];
    parts
        .into_iter()
        .map(|part| Cell::text(*part))
        .chain(cells)
        .collect()
}

/// A table whose rows begin with a condition; `columns` are those after it.
fn by_condition(
    name: &'static str,
    results: &Results<'_>,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
) -> Table {
    Table {
        name,
        columns: [condition_columns(results), columns].concat(),
        rows,
    }
}

/// Under each condition the method with the best mean area, and the next.
pub(crate) fn answers(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::new("best_method", "Best method"),
        Column::new("best_auc", "its mean AUC"),
        Column::new("next_method", "Next method"),
        Column::new("next_auc", "its mean AUC"),
        Column::new("images_better", "Images on which the best is better"),
        Column::new("images_compared", "Images compared"),
    ];
    let row = |comparison: &Comparison<'_>| {
        let ranking = comparison.ranking();
        let (best, best_auc) = ranking.first()?;
        let mut cells = vec![Cell::text(best.method), Cell::Number(*best_auc)];
        if let Some((next, next_auc)) = ranking.get(1) {
            let (better, compared) = comparison.better(best, next);
            cells.extend([Cell::text(next.method), Cell::Number(*next_auc)]);
            cells.extend([better, compared].map(|count| Cell::Count(count as u64)));
        } else {
            cells.resize(columns.len(), Cell::Absent("one method"));
        }
        Some(under(&comparison.condition, cells))
    };
    let rows = results.comparisons.iter().filter_map(row).collect();
    by_condition("answers", results, columns.clone(), rows)
}

/// Mean area and its spread by condition and method.
pub(crate) fn mean_auc(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::new("method", "Method"),
        Column::new("deterministic", "Deterministic").shown(false),
        Column::new("images", "Images"),
        Column::new("runs", "Runs"),
        Column::new("auc", "Mean AUC"),
        Column::new("std_over_images", "Std over images"),
        Column::new("std_pooled", "Pooled std"),
        Column::new("mean_std_over_runs", "Mean std over runs"),
        Column::new("auc_mean", "AUC / steps"),
        Column::new("auc_relative", "Relative AUC"),
    ];
    let row = |group: &Group<'_>| {
        let cells = vec![
            Cell::text(group.method),
            Cell::text(group.deterministic.to_string()),
            Cell::Count(group.images.len() as u64),
            runs(group),
            Cell::number(group.mean(AUC), "no value"),
            Cell::number(group.std_over_images(), ONE_IMAGE),
            Cell::number(group.std_pooled(), ONE_VALUE),
            Cell::number(group.mean_std_over_runs(), ONE_RUN),
            Cell::number(group.mean(AUC_MEAN), "no value"),
            Cell::number(group.mean(AUC_RELATIVE), NO_START),
        ];
        under(&group.condition, cells)
    };
    let rows = results.groups().map(row).collect();
    by_condition("mean_auc", results, columns, rows)
}

/// Number of runs of an image, or fewest and most.
fn runs(group: &Group<'_>) -> Cell {
    match group.runs() {
        (fewest, most) if fewest == most => Cell::Count(most as u64),
        (fewest, most) => Cell::text(format!("{fewest} to {most}")),
    }
}

/// Mean and standard deviation over runs for every image, a row each.
pub(crate) fn std_over_runs(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::new("method", "Method"),
        Column::new("deterministic", "Deterministic").shown(false),
        Column::new("image", "Image"),
        Column::new("runs", "Runs"),
        Column::new("auc", "Mean AUC"),
        Column::new("std_over_runs", "Std over runs"),
    ];
    let row = |(group, image): (&Group<'_>, &str)| {
        let cells = vec![
            Cell::text(group.method),
            Cell::text(group.deterministic.to_string()),
            Cell::Image(image.to_owned(), results.image_number(image)),
            Cell::Count(group.images[image].len() as u64),
            Cell::number(group.image_mean(image, AUC), "no value"),
            Cell::number(group.std_over_runs(image), ONE_RUN),
        ];
        under(&group.condition, cells)
    };
    let images = |group| images_of(group).map(move |image| (group, image));
    let rows = results.groups().flat_map(images).map(row).collect();
    by_condition("std_over_runs", results, columns, rows)
}

fn images_of<'g>(group: &'g Group<'_>) -> impl Iterator<Item = &'g str> {
    group.images.keys().copied()
}

/// Every score: what the figures of single runs show.
fn auc_by_run(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::new("method", "Method"),
        Column::new("deterministic", "Deterministic"),
        Column::new("image", "Image"),
        Column::new("run", "Run"),
        Column::new("auc", "AUC"),
        Column::new("auc_mean", "AUC / steps"),
        Column::new("auc_relative", "Relative AUC"),
        Column::new("steps", "Steps"),
        Column::new("tied", "Tied"),
    ];
    let rows_of = |group: &Group<'_>| -> Vec<_> {
        let scores = group.images.values().flatten();
        let cells = scores.map(|score| {
            vec![
                Cell::text(&score.method),
                Cell::text(score.deterministic.to_string()),
                Cell::text(&score.image),
                Cell::Count(score.run.into()),
                Cell::Number(score.auc),
                Cell::Number(score.auc_mean),
                Cell::number(score.auc_relative, NO_START),
                Cell::Count(score.steps.into()),
                score.tied.map_or(Cell::Absent("no relevances"), |tied| {
                    Cell::Count(tied.into())
                }),
            ]
        });
        cells.map(|cells| under(&group.condition, cells)).collect()
    };
    let rows = results.groups().flat_map(rows_of).collect();
    by_condition("auc_by_run", results, columns, rows)
}

/// What the boxes show.
pub(crate) fn distribution(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::new("method", "Method"),
        Column::new("measure", "Measure"),
        Column::new("images", "Images"),
        Column::new("minimum", "Minimum"),
        Column::new("lower_quartile", "Lower quartile"),
        Column::new("median", "Median"),
        Column::new("upper_quartile", "Upper quartile"),
        Column::new("maximum", "Maximum"),
    ];
    let row = |group: &Group<'_>, (name, measure): (&str, Measure)| {
        let means = group.image_means(measure);
        let five = five_numbers(&means);
        let number = |part: fn(&statistics::FiveNumbers) -> f64| {
            Cell::number(five.as_ref().map(part), NO_START)
        };
        let cells = vec![
            Cell::text(group.method),
            Cell::text(name),
            Cell::Count(means.len() as u64),
            number(|five| five.minimum),
            number(|five| five.lower_quartile),
            number(|five| five.median),
            number(|five| five.upper_quartile),
            number(|five| five.maximum),
        ];
        under(&group.condition, cells)
    };
    let measures: [(&str, Measure); 2] = [("auc", AUC), ("auc_relative", AUC_RELATIVE)];
    let rows = results
        .groups()
        .flat_map(|group| measures.map(|measure| row(group, measure)))
        .collect();
    by_condition("distribution", results, columns, rows)
}

/// The images that were left out.
pub(crate) fn exclusions(inputs: &Inputs) -> Table {
    let mut excluded: Vec<_> = inputs.exclusions.iter().collect();
    excluded.sort_by_key(|exclusion| (&exclusion.image, &exclusion.network));
    let row = |exclusion: &schema::Exclusion| {
        vec![
            Cell::text(&exclusion.image),
            Cell::text(&exclusion.reason),
            Cell::optional_text(exclusion.network.as_ref(), "no network"),
            Cell::optional_text(exclusion.predicted_label.as_ref(), "not asked"),
            Cell::optional_text(exclusion.true_label.as_ref(), "not known"),
        ]
    };
    Table {
        name: "exclusions",
        columns: vec![
            Column::new("image", "Image"),
            Column::new("reason", "Reason"),
            Column::new("network", "Network"),
            Column::new("predicted_label", "Predicted class"),
            Column::new("true_label", "True class"),
        ],
        rows: excluded.into_iter().map(row).collect(),
    }
}

/// The images and the digests of their files.
pub(crate) fn images(inputs: &Inputs) -> Table {
    let mut crops: Vec<_> = inputs.crops.iter().collect();
    crops.sort_by_key(|crop| &crop.image);
    let row = |crop: &schema::Crop| {
        vec![
            Cell::text(&crop.image),
            Cell::Count(crop.source_height.into()),
            Cell::Count(crop.source_width.into()),
            Cell::text(&crop.image_digest),
        ]
    };
    Table {
        name: "images",
        columns: vec![
            Column::new("image", "Image"),
            Column::new("source_height", "Height, pixels"),
            Column::new("source_width", "Width, pixels"),
            Column::new("image_digest", "BLAKE3 of the file").code(),
        ],
        rows: crops.into_iter().map(row).collect(),
    }
}

/// The networks and the digests of their weights.
pub(crate) fn networks(inputs: &Inputs) -> Table {
    let row = |network: &crate::Network| {
        vec![
            Cell::text(&network.name),
            Cell::text(&network.architecture),
            Cell::text(&network.digest),
        ]
    };
    Table {
        name: "networks",
        columns: vec![
            Column::new("network", "Network"),
            Column::new("architecture", "Architecture"),
            Column::new("digest", "BLAKE3 of the weights").code(),
        ],
        rows: inputs.networks.iter().map(row).collect(),
    }
}

/// Versions and devices.
pub(crate) fn versions(inputs: &Inputs) -> Table {
    let provenance = &inputs.provenance;
    let versions = provenance
        .versions
        .iter()
        .map(|(name, version)| vec![Cell::text(name), Cell::text(version)]);
    let devices = provenance
        .devices
        .iter()
        .map(|device| vec![Cell::text("device"), Cell::text(device)]);
    Table {
        name: "versions",
        columns: vec![
            Column::new("name", "What"),
            Column::new("version", "Version"),
        ],
        rows: versions.chain(devices).collect(),
    }
}

/// What the stages cost.
pub(crate) fn costs(inputs: &Inputs) -> Table {
    let row = |cost: &crate::StageCost| {
        vec![
            Cell::text(&cost.stage),
            Cell::Count(cost.actions),
            Cell::number(Some(cost.wall_seconds), "not measured"),
            Cell::Count(cost.forward_passes),
            Cell::Count(cost.backward_passes),
        ]
    };
    Table {
        name: "costs",
        columns: vec![
            Column::new("stage", "Stage"),
            Column::new("actions", "Actions"),
            Column::new("wall_seconds", "Wall time, seconds").decimals(1),
            Column::new("forward_passes", "Forward passes, images"),
            Column::new("backward_passes", "Backward passes, images"),
        ],
        rows: inputs.provenance.costs.iter().map(row).collect(),
    }
}

/// How many artifacts of each table the study consists of.
pub(crate) fn artifacts(inputs: &Inputs) -> Table {
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for artifact in &inputs.provenance.artifacts {
        *counts.entry(&artifact.table).or_default() += 1;
    }
    Table {
        name: "artifacts",
        columns: vec![
            Column::new("table", "Table"),
            Column::new("artifacts", "Artifacts"),
        ],
        rows: counts
            .iter()
            .map(|(&table, &count)| vec![Cell::text(table), Cell::Count(count)])
            .collect(),
    }
}
