//! The action `comparisons`: the results of the measures for the methods. The image is the unit: a method's value for an image is its mean over runs.

mod components;
mod concordances;
mod conditions;
mod decisions;
mod groups;
mod pairs;
mod separations;
mod stability;
mod summaries;

use std::collections::{BTreeMap, BTreeSet};

use actions::{Compared, Comparisons};
use parts::{ActionError, Rows};
use rayon::prelude::*;
use schema::{
    AnyRows, Comparison, Concordance, Decision, Score, Separation, Stability, Summary,
    VarianceComponents,
};

/// What the tables depend on besides the measures.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The study's seed; each interval has random numbers of its own.
    pub seed: u64,
    /// Bootstrap resamples of an interval.
    pub resamples: u32,
    /// Level of intervals.
    pub confidence: f64,
    /// Names of the methods that give the same in every run.
    pub deterministic: &'a BTreeSet<String>,
    /// The columns by which methods are compared, each with the values that are better.
    pub better: &'a BTreeMap<&'static str, &'static str>,
    /// The columns of which a reversed explanation has the negated value.
    pub negated: &'a BTreeSet<&'static str>,
    /// The columns by which answers are checked, each with what it asks.
    pub questions: &'a BTreeMap<&'static str, &'static str>,
    /// What decisions must know of each method.
    pub methods: &'a BTreeMap<String, Compared>,
    /// What removed pixels become, the one that answers are about first.
    pub replacements: &'a [String],
}

/// All tables of the action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// Pairs of methods.
    pub comparisons: Vec<Comparison>,
    /// Methods.
    pub summaries: Vec<Summary>,
    /// Images with their runs.
    pub stability: Vec<Stability>,
    /// Conditions.
    pub variance_components: Vec<VarianceComponents>,
    /// Conditions, and conditions without their replacement.
    pub concordance: Vec<Concordance>,
    /// Questions.
    pub decisions: Vec<Decision>,
    /// Groups of orders under a condition.
    pub separations: Vec<Separation>,
}

/// Compares the methods of a study.
pub fn run(inputs: &Comparisons, rows: &Rows<'_>) -> Result<Tables, ActionError> {
    let settings = Settings {
        seed: inputs.seed,
        resamples: inputs.resamples,
        confidence: inputs.confidence,
        deterministic: &inputs.deterministic,
        better: &inputs.better,
        negated: &inputs.negated,
        questions: &inputs.questions,
        methods: &inputs.methods,
        replacements: &inputs.replacements,
    };
    let measures = inputs.measures.values().map(|all| rows.any(all));
    let measures: Vec<_> = measures.collect::<Result<_, _>>()?;
    let measures: Vec<&dyn AnyRows> = measures.iter().map(|rows| &**rows).collect();
    Ok(comparisons(
        &rows.all(&inputs.scores)?,
        &measures,
        &settings,
    ))
}

/// Compares the methods of a whole study by its scores and other measures. The rows may come in any order.
pub fn comparisons(
    scores: &Vec<Score>,
    measures: &[&dyn AnyRows],
    settings: &Settings<'_>,
) -> Tables {
    let mut measured: Vec<&dyn AnyRows> = vec![scores];
    measured.extend(measures);
    let conditions = conditions::conditions(&measured, settings.better);
    let each = || conditions.par_iter();
    let mut comparisons = each()
        .flat_map_iter(|(condition, methods)| pairs::compared(condition, methods, settings))
        .collect::<Vec<_>>();
    pairs::adjust(&mut comparisons);
    let mut summaries = each()
        .flat_map_iter(|(condition, methods)| summaries::summaries(condition, methods, settings))
        .collect::<Vec<_>>();
    groups::assign(&mut summaries, &comparisons);
    let separations = each().flat_map_iter(|(condition, methods)| {
        separations::separations(condition, methods, &conditions, settings)
    });
    let components = conditions.iter().map(|(condition, methods)| {
        components::components(condition, methods, settings.deterministic)
    });
    let mut tables = Tables {
        comparisons,
        summaries,
        stability: stability::stability(scores),
        variance_components: components.collect(),
        concordance: concordances::concordances(&conditions),
        decisions: Vec::new(),
        separations: separations.collect(),
    };
    tables.decisions = decisions::decisions(&tables, scores, settings);
    tables
}

/// Reasons in words, or none.
pub(crate) fn because(reasons: &[(bool, &str)]) -> Option<String> {
    let holding: Vec<&str> = reasons
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, reason)| *reason)
        .collect();
    (!holding.is_empty()).then(|| holding.join("; "))
}

#[cfg(test)]
mod tests;
