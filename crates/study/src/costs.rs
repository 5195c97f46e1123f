//! What results cost when they were computed, from the records of their actions: never from an artifact, because two runs of one action differ in it.

use std::collections::{BTreeMap, BTreeSet};

use schema::{CurveStep, Table};
use store::Summary;

use crate::plan::{Action, Plan, facet};
use crate::{Kind, Name, Stage};

/// What some actions cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Actions that are done.
    pub actions: u64,
    /// Different images that they are about; 0 for those about the whole study.
    pub images: u64,
    /// Sum of their wall times in seconds.
    pub wall_seconds: f64,
    /// Images that went forward through a network. Where actions share what they ask, each counts its part.
    pub forward_passes: u64,
    /// Images that went backward through a network.
    pub backward_passes: u64,
    /// Forward passes that the actions would take each by itself, with nothing shared.
    pub own_forward_passes: u64,
}

impl Cost {
    /// The sum over the actions that are done.
    pub fn of<'a>(plan: &Plan, actions: impl IntoIterator<Item = &'a Action>) -> Self {
        let mut cost = Self::default();
        let mut images = BTreeSet::new();
        for action in actions {
            let Some(summary) = plan.summary(action) else {
                continue;
            };
            images.extend(action.subject.image);
            cost.actions += 1;
            cost.wall_seconds += summary.cost.wall_seconds;
            cost.forward_passes += summary.cost.forward_passes;
            cost.backward_passes += summary.cost.backward_passes;
            cost.own_forward_passes += own_forward_passes(action.kind, &summary);
        }
        cost.images = images.len() as u64;
        cost
    }

    /// What a stage cost.
    pub fn of_stage(plan: &Plan, stage: Stage) -> Self {
        Self::of(plan, plan.stage(stage))
    }

    /// Images of the study by second of wall time; none where nothing took time.
    pub fn images_per_second(&self) -> Option<f64> {
        per_second(self.images, self.wall_seconds)
    }

    /// Forward passes per second of wall time; none where nothing took time, or no network was evaluated.
    pub fn forward_passes_per_second(&self) -> Option<f64> {
        per_second(self.forward_passes, self.wall_seconds)
    }
}

/// What explanations cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Explanations {
    /// How many there are.
    pub count: u64,
    /// What all of them cost here.
    pub cost: Cost,
    /// What all of them took, where another tool made them.
    pub declared: Option<Declared>,
}

/// The cost that another tool declares for its explanations; none where it does not declare the cost of all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Declared {
    /// Seconds.
    pub seconds: Option<f64>,
    /// Passes through the network.
    pub passes: Option<u64>,
}

impl Declared {
    /// The sum over records; none where a record is of another method.
    fn of(plan: &Plan, actions: &[&Action]) -> Option<Self> {
        let nothing = Self {
            seconds: Some(0.0),
            passes: Some(0),
        };
        let summaries = actions.iter().filter_map(|action| plan.summary(action));
        let mut summaries = summaries.peekable();
        summaries.peek()?;
        summaries.try_fold(nothing, |sum, summary| {
            let declared = summary.facets.get(facet::DECLARED)?;
            let (seconds, passes) = (declared["seconds"].as_f64(), declared["passes"].as_u64());
            Some(Self {
                seconds: sum.seconds.zip(seconds).map(|(sum, seconds)| sum + seconds),
                passes: sum.passes.zip(passes).map(|(sum, passes)| sum + passes),
            })
        })
    }
}

/// What the explanations of each network and method cost, and the orders of controls. Judging them is left out: the quality for a number of
/// passes is a score beside `own_forward_passes` / `explanations`.
pub fn of_explanations(plan: &Plan) -> BTreeMap<(Name, Name), Explanations> {
    let mut actions: BTreeMap<(Name, Name), Vec<&Action>> = BTreeMap::new();
    for kind in [
        Kind::Saliency,
        Kind::Perturbations,
        Kind::Weights,
        Kind::Relevances,
    ] {
        let trained = |action: &&Action| action.subject.depth.is_none();
        for action in plan.of(kind).filter(trained) {
            let names = action
                .subject
                .network
                .clone()
                .zip(action.subject.method.clone());
            if let Some(names) = names {
                actions.entry(names).or_default().push(action);
            }
        }
    }
    let cost = |actions: Vec<&Action>| {
        // What follows from a map or from samples belongs to the explanation that those are of.
        let begins = |action: &&&Action| match action.kind {
            Kind::Relevances => action.stage == Stage::Deletion,
            kind => kind != Kind::Weights,
        };
        let explanations = actions
            .iter()
            .filter(begins)
            .filter(|action| action.is_done())
            .count();
        Explanations {
            count: explanations as u64,
            declared: Declared::of(plan, &actions),
            cost: Cost::of(plan, actions),
        }
    };
    let each = actions.into_iter();
    each.map(|(names, actions)| (names, cost(actions)))
        .collect()
}

/// A curve asks once for each of its rows; other actions share nothing.
fn own_forward_passes(kind: Kind, summary: &Summary) -> u64 {
    match kind {
        Kind::Curves => {
            let curve = summary.artifacts.get(CurveStep::NAME);
            curve.map_or(0, |artifact| artifact.rows)
        }
        _ => summary.cost.forward_passes,
    }
}

fn per_second(count: u64, seconds: f64) -> Option<f64> {
    (count > 0 && seconds > 0.0).then(|| count as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_done_took_no_time_and_has_no_speed() {
        let cost = Cost::default();
        assert_eq!(
            (cost.images_per_second(), cost.forward_passes_per_second()),
            (None, None)
        );
        let quick = Cost {
            images: 3,
            forward_passes: 30,
            wall_seconds: 2.0,
            ..cost
        };
        assert_eq!(
            (quick.images_per_second(), quick.forward_passes_per_second()),
            (Some(1.5), Some(15.0))
        );
    }
}
