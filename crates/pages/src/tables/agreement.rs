//! How alike the runs of an explanation are, by number of samples.

use std::collections::BTreeMap;

use schema::Agreement;
use statistics::mean;

use super::common::{image, rank, sorted};
use crate::Inputs;
use crate::results::Results;
use crate::table::{Builder, Table, columns};

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

/// Names, a number of samples, and the agreement of the pairs of runs with this number.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;
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
        let absent = Cell::Absent(NOT_RANKED.into());
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
}
