//! The tables of a report, from the grouped scores and the study's other rows.

mod agreement;
mod areas;
mod common;
mod declared;
mod provenance;

use crate::results::Results;
use crate::table::Table;
use crate::{Inputs, paper};

pub(crate) use agreement::agreement;
pub(crate) use areas::{answers, distribution, mean_auc, std_over_runs};
pub(crate) use declared::{declared, declared_as_given};
pub(crate) use provenance::{
    artifacts_by_table, costs, exclusions, explanation_costs, images, networks, versions,
};

/// Every table that is written beside the page.
pub(crate) fn all(inputs: &Inputs, results: &Results<'_>) -> Vec<Table> {
    let mut tables = vec![
        declared_as_given(results, &inputs.decisions),
        answers(results),
        mean_auc(inputs, results, false),
        paper::mean_auc(),
        std_over_runs(results),
        paper::std_over_runs(),
        areas::auc_by_run(results),
        distribution(results),
        declared(results, &inputs.summaries),
        declared(results, &inputs.comparisons),
        declared(results, &inputs.variance_components),
        declared(results, &inputs.concordance),
        declared(results, &inputs.separations),
        declared(results, &inputs.stability),
        agreement(inputs, results),
        declared(results, &inputs.needed_samples),
        declared(results, &inputs.gains),
        declared(results, &inputs.sanity),
    ];
    let measures = inputs.measures.iter();
    tables.extend(measures.map(|measure| declared(results, &*measure.rows)));
    tables.extend([
        explanation_costs(inputs, results),
        exclusions(inputs),
        images(inputs),
        networks(inputs),
        versions(inputs),
        costs(inputs),
        artifacts_by_table(inputs),
        provenance::artifacts(inputs),
    ]);
    tables
}
