//! Every measure of explanations and of their runs, from the tables of `evaluate`.

use std::collections::BTreeMap;

use schema::{Agreement, Localization};
use statistics::mean;

use super::{
    COMPLETE, NO_IMAGE, NO_START, ONE_IMAGE, ONE_RUN, by_place, image, method, rank, sorted,
};
use crate::Inputs;
use crate::results::{Results, place};
use crate::table::{Builder, Table, columns};

const NO_MASK: &str = "no mask";
const NO_RELEVANCE: &str = "no relevance";
const NOT_RANKED: &str = "cannot be ranked";
const FEW_SUPERPIXELS: &str = "too few superpixels";

/// An image, network, partition and method: what every row of these tables is about.
type Names<'a> = [&'a str; 4];

/// The [`Names`] of a row.
macro_rules! names {
    ($row:expr) => {
        [
            &*$row.image,
            &*$row.network,
            &*$row.partition,
            &*$row.method,
        ]
    };
}

/// A table whose rows begin with such names, in that order and then by `rest`.
fn by_explanation<'a, T, K: Ord>(
    name: &'static str,
    results: &Results<'_>,
    rows: &'a [T],
    names: fn(&'a T) -> Names<'a>,
    rest: impl Fn(&'a T) -> K,
) -> Builder<&'a T> {
    let rows = sorted(rows, |row| {
        let [image, network, partition, method] = names(row);
        let network = rank(&results.networks, network);
        let method = rank(&results.methods, method);
        (network, partition, method, image, rest(row))
    });
    columns! { Builder::new(name, rows), |row|
        Text image "Image" => image(results, names(row)[0], names(row)[1]);
        Text network "Network" => names(row)[1];
        Text partition "Partition".shown(results.varying.partition) => names(row)[2];
        Text method "Method" => names(row)[3];
    }
}

/// Means over images of every measure, with their intervals.
pub(crate) fn summaries(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = &inputs.summaries;
    columns! { by_place("summaries", results, rows, |row| place!(row), |row| rank(&results.methods, &row.method), "no removal"), |row|
        Text better "Better values" => &row.better;
        Text method "Method" => method(&row.method, &row.network, Some(&row.partition));
        Count images "Images" => row.images;
        Number mean "Mean, in the measure's unit" => (row.mean, NO_IMAGE);
        Number low "Interval from" => (row.low, ONE_IMAGE);
        Number high "to" => (row.high, ONE_IMAGE);
        Number level "Confidence".decimals(2) => row.level;
        Count resamples "Resamples".shown(false) => row.resamples;
        Number std_over_images "Std over images, in the measure's unit" => (row.std_over_images, ONE_IMAGE);
        Number mean_rank "Mean rank, 1 the best".decimals(2) => (row.mean_rank, "no image has it for all");
        Count place "Place by the mean" => (row.place, NO_IMAGE);
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// An image's mean area and its spread over runs.
pub(crate) fn stability(inputs: &Inputs, results: &Results<'_>) -> Table {
    columns! { by_explanation("stability", results, &inputs.stability, |row| names!(row), |row| (&row.order, &row.replacement)), |row|
        Text order "Order".shown(results.varying.order) => &row.order;
        Text replacement "Replacement".shown(results.varying.replacement) => &row.replacement;
        Truth deterministic "Deterministic".shown(false) => row.deterministic;
        Count runs "Runs" => row.runs;
        Number auc "Mean AUC, probability × superpixels" => row.auc;
        Number auc_std "Std over runs, probability × superpixels" => (row.auc_std, ONE_RUN);
        Number auc_relative "Mean relative AUC" => (row.auc_relative, NO_START);
        Number auc_relative_std "Std over runs, relative" => (row.auc_relative_std, "one run, or probability 0 at the start");
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// Names, a number of samples, and what the pairs of runs say with it.
type Pairs<'a> = ((Names<'a>, u32), Vec<&'a Agreement>);

/// How alike the runs of an explanation are by number of samples: means over pairs of runs.
pub(crate) fn agreement(inputs: &Inputs, results: &Results<'_>) -> Table {
    let mut pairs = BTreeMap::<_, Vec<&Agreement>>::new();
    // In order of runs, so that sums are the same whatever the order of the rows.
    for row in sorted(&inputs.agreement, |row| (row.run, row.other_run)) {
        pairs
            .entry((names!(row), row.samples))
            .or_default()
            .push(row);
    }
    let groups: Vec<Pairs<'_>> = pairs.into_iter().collect();
    // As in `needed_samples`, a mean is that of all pairs or none.
    let over_pairs = |group: &Pairs<'_>, value: fn(&Agreement) -> Option<f64>| {
        let values: Option<Vec<f64>> = group.1.iter().map(|pair| value(pair)).collect();
        values.and_then(|values| mean(&values))
    };
    let table = by_explanation("agreement", results, &groups, |row| row.0.0, |row| row.0.1);
    columns! { table, |row|
        Count samples "Samples, masks" => row.0.1;
        Count pairs "Pairs of runs" => row.1.len();
        Number spearman "Mean Spearman correlation" => (over_pairs(row, |pair| pair.spearman), NOT_RANKED);
        Number kendall "Mean Kendall tau-b" => (over_pairs(row, |pair| pair.kendall), NOT_RANKED);
        Number jaccard_3 "Mean Jaccard index of the top 3" => (over_pairs(row, |pair| pair.jaccard_3), FEW_SUPERPIXELS);
        Number jaccard_5 "of the top 5" => (over_pairs(row, |pair| pair.jaccard_5), FEW_SUPERPIXELS);
        Number jaccard_10 "of the top 10" => (over_pairs(row, |pair| pair.jaccard_10), FEW_SUPERPIXELS);
        Number sign_changes "Mean share of superpixels that change sign" => (over_pairs(row, |pair| Some(pair.sign_changes)), NOT_RANKED);
    }
    .build()
}

/// How many samples an image needs until runs agree.
pub(crate) fn needed_samples(inputs: &Inputs, results: &Results<'_>) -> Table {
    columns! { by_explanation("needed_samples", results, &inputs.needed_samples, |row| names!(row), |_| ()), |row|
        Count runs "Runs" => row.runs;
        Count samples "Samples of a run, masks" => row.samples;
        Number level "Agreement asked for".decimals(2) => row.level;
        Number spearman "Mean Spearman correlation at all samples" => (row.spearman, NOT_RANKED);
        Count needed "Samples needed, masks" => (row.needed, "more than there are");
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// Both orders of an explanation together.
pub(crate) fn gains(inputs: &Inputs, results: &Results<'_>) -> Table {
    columns! { by_explanation("gains", results, &inputs.gains, |row| names!(row), |row| (&row.replacement, row.run)), |row|
        Count run "Run" => row.run;
        Text replacement "Replacement".shown(results.varying.replacement) => &row.replacement;
        Number deletion_auc_mean "Deletion, AUC / steps" => row.deletion_auc_mean;
        Number insertion_auc_mean "Insertion, AUC / steps" => row.insertion_auc_mean;
        Number symmetric_gain "Symmetric gain, probability" => row.symmetric_gain;
        Number symmetric_gain_relative "Relative symmetric gain" => (row.symmetric_gain_relative, NO_START);
        Number symmetric_gain_area "Symmetric gain by area, probability" => row.symmetric_gain_area;
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// An explanation beside the mask of the object.
pub(crate) fn localization(inputs: &Inputs, results: &Results<'_>) -> Table {
    let missing = |row: &Localization| match row.mask_area {
        Some(_) => NO_RELEVANCE,
        None => NO_MASK,
    };
    columns! { by_explanation("localization", results, &inputs.localization, |row| names!(row), |row| row.run), |row|
        Count run "Run" => row.run;
        Number mask_area "Mask, share of pixels" => (row.mask_area, NO_MASK);
        Number pointing "Pointing game, share of pixels" => (row.pointing, missing(row));
        Number relevance_inside "Positive relevance inside, share" => (row.relevance_inside, missing(row));
        Number intersection_over_union "Intersection over union" => (row.intersection_over_union, missing(row));
        Number average_precision "Average precision" => (row.average_precision, missing(row));
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// What is left of an explanation when layers are random, from the output down.
pub(crate) fn sanity(inputs: &Inputs, results: &Results<'_>) -> Table {
    const PROGRAM: &str = "a program has no named layers";
    const NOT_COMPARED: &str = "nothing to compare";
    columns! { by_explanation("sanity", results, &inputs.sanity, |row| names!(row), |row| (row.run, row.depth)), |row|
        Count run "Run" => row.run;
        Count depth "Depth" => row.depth;
        Count random_layers "Random layers" => (row.random_layers, PROGRAM);
        Count layers "of" => (row.layers, PROGRAM);
        Text lowest_random_layer "down to" => (row.lowest_random_layer.as_ref(), PROGRAM);
        Number spearman "Rank correlation with the original" => (row.spearman, NOT_COMPARED);
        Number spearman_absolute "of the absolute relevance" => (row.spearman_absolute, NOT_COMPARED);
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// On how few superpixels an explanation is concentrated.
pub(crate) fn complexity(inputs: &Inputs, results: &Results<'_>) -> Table {
    columns! { by_explanation("complexity", results, &inputs.complexity, |row| names!(row), |row| row.run), |row|
        Count run "Run" => row.run;
        Count superpixels "Superpixels" => row.superpixels;
        Count superpixels_for_80_percent "Superpixels for 80 % of the positive relevance" => (row.superpixels_for_80_percent, NO_RELEVANCE);
        Number gini "Gini index of the absolute relevance" => (row.gini, NO_RELEVANCE);
        Number entropy "Entropy of the absolute relevance, nat" => (row.entropy, NO_RELEVANCE);
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;
    use crate::testing::{IMAGES, study, summary};
    use schema::Summary;

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
        assert_eq!(table.rows[2][0], Cell::from("unknown"), "has none");
        inputs.agreement.reverse();
        assert_eq!(agreement(&inputs, &Results::new(&inputs)), table);
    }

    #[test]
    fn methods_stand_in_the_report_s_order_and_measures_by_name() {
        let mut inputs = study(&IMAGES, 2);
        let row = |method: &str, measure: &str| Summary {
            measure: measure.to_owned(),
            low: None,
            ..summary(method, 0.5, 1)
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
            [Cell::from(measure), method]
        };
        assert_eq!(found, expected.map(cells));
        assert_eq!(table.rows[0][9], Cell::Absent(ONE_IMAGE));
    }
}
