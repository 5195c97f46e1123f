//! Statements about methods beside each other: differences with their tests, where variance comes from, whether judges agree.

use super::{COMPLETE, NO_IMAGE, ONE_IMAGE, ONE_RUN, by_place, method, rank};
use crate::Inputs;
use crate::results::{Results, place};
use crate::table::{Table, columns};

const NO_DIFFERENCE: &str = "no difference";
const FEW: &str = "too few images or methods";
const FEW_JUDGES: &str = "too few judges or methods";

/// Every pair of methods: difference of a measure with its interval, tests and effect sizes.
pub(crate) fn comparisons(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = &inputs.comparisons;
    let methods = &results.methods;
    let table = by_place(
        "comparisons",
        results,
        rows,
        |row| place!(row),
        |row| (rank(methods, &row.method), rank(methods, &row.other_method)),
        "no removal",
    );
    columns! { table, |row|
        Text better "Better values".shown(false) => &row.better;
        Text method "Method" => method(&row.method, &row.network, Some(&row.partition));
        Text other_method "Other method" => method(&row.other_method, &row.network, Some(&row.partition));
        Count images "Images" => row.images;
        Number mean "Mean, in the measure's unit" => (row.mean, NO_IMAGE);
        Number other_mean "Other's mean" => (row.other_mean, NO_IMAGE);
        Number difference "Difference" => (row.difference, NO_IMAGE);
        Number low "Interval from" => (row.low, ONE_IMAGE);
        Number high "to" => (row.high, ONE_IMAGE);
        Number level "Confidence".decimals(2).shown(false) => row.level;
        Count resamples "Resamples".shown(false) => row.resamples;
        Number p "p, Wilcoxon's signed-rank test".decimals(4) => (row.p, NO_IMAGE);
        Truth exact "p is exact".shown(false) => (row.exact, NO_IMAGE);
        Number p_adjusted "p by Holm's correction".decimals(4) => (row.p_adjusted, NO_IMAGE);
        Count family "Tests corrected for".shown(false) => row.family;
        Number rank_biserial "Rank-biserial correlation".decimals(2) => (row.rank_biserial, NO_DIFFERENCE);
        Number standardised_difference "Standardised difference".decimals(2) => (row.standardised_difference, "all differences are equal");
        Count wins "Images on which it is better" => row.wins;
        Count losses "on which the other is" => row.losses;
        Count ties "equal" => row.ties;
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// Where a measure's variance comes from.
pub(crate) fn variance_components(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = &inputs.variance_components;
    columns! { by_place("variance_components", results, rows, |row| place!(row), |_| (), "no removal"), |row|
        Count images "Images" => row.images;
        Count methods "Methods" => row.methods;
        Number image_variance "Variance between images, in the measure's unit squared".decimals(4) => (row.image_variance, FEW);
        Number method_variance "between methods".decimals(4) => (row.method_variance, FEW);
        Number interaction_variance "of image × method".decimals(4) => (row.interaction_variance, FEW);
        Number run_variance "between runs".decimals(4) => (row.run_variance, ONE_RUN);
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}

/// Whether images, or replacements, rank the methods alike.
pub(crate) fn concordance(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = &inputs.concordance;
    let without = "all together, or no removal";
    columns! { by_place("concordance", results, rows, |row| place!(row), |row| &row.judges, without), |row|
        Text judges "Judges" => &row.judges;
        Count count "Number of judges" => row.count;
        Count methods "Methods" => row.methods;
        Number w "Kendall's W, from 0 to 1" => (row.w, FEW_JUDGES);
        Number p "p, Friedman's test".decimals(4) => (row.p, FEW_JUDGES);
        Text reason "Why a value is missing".shown(false) => (row.reason.as_ref(), COMPLETE);
    }
    .build()
}
