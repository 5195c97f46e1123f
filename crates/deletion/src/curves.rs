//! The action `curves`: explanation selectivity (Montavon et al. 2018). Superpixels are removed one after another, and the network is evaluated at
//! every step.

use actions::Curves;
use networks::{Certainty, Classifier, NetworkError};
use occlusion::{Distinct, Loaded, Scene, failed};
use parts::{ActionError, Rows};
use removal::{StepsError, reversed};
use schema::CurveStep;

/// The crop after some removals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The superpixel that went last; none at step 0.
    pub superpixel: Option<u16>,
    /// Share of the pixels that are removed, in [0, 1].
    pub removed_area: f64,
    /// Of the target.
    pub probability: f32,
    /// Of the target.
    pub logit: f32,
    /// How sure the network is of anything; none behind a sigmoid.
    pub certainty: Option<Certainty>,
}

/// A removal from beginning to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Step 0 is the untouched crop, step k has the first k superpixels replaced, the last step has all.
    pub steps: Vec<Step>,
    /// How many of the steps no earlier curve had evaluated.
    pub computed: u64,
}

/// Why there is no curve.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The superpixels are not in an order.
    #[error(transparent)]
    Order(#[from] StepsError),
}

/// The rows of a curve, and how many of its steps no curve before it had evaluated.
pub type Removal = Result<(Vec<CurveStep>, u64), ActionError>;

/// The rows of curves that read one scene, and how many of their steps no curve before them had evaluated. A curve whose order cannot be read keeps
/// no other from its rows.
pub fn run(
    inputs: &[&Curves],
    rows: &Rows<'_>,
    classifier: &Classifier,
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Removal>, ActionError> {
    let [first, ..] = inputs else {
        return Ok(Vec::new());
    };
    let loaded = Loaded::new(&first.scene, rows)?;
    let order = |inputs: &&Curves| Ok(reversed(rows.load(&inputs.order)?, inputs.names.order));
    let orders: Vec<Result<Vec<u16>, ActionError>> = inputs.iter().map(order).collect();
    let known: Vec<Vec<u16>> = orders.iter().flatten().cloned().collect();
    let made = curves(classifier, &loaded.scene(), &known, interrupted);
    let made = made.map_err(|error| match error {
        CurveError::Network(error) => failed(error),
        error @ CurveError::Order(_) => ActionError::failed(error),
    })?;
    let mut made = made.into_iter();
    let outcome = |(inputs, order): (&&Curves, Result<_, _>)| {
        order?;
        let curve = made.next().ok_or(ActionError::Interrupted)?;
        Ok((steps(inputs, &curve), curve.computed))
    };
    Ok(inputs.iter().zip(orders).map(outcome).collect())
}

/// One row for each step.
fn steps(inputs: &Curves, curve: &Curve) -> Vec<CurveStep> {
    let names = &inputs.names;
    let row = |(number, step): (u32, &Step)| CurveStep {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        method: names.method.clone(),
        run: names.run,
        order: names.order.name().to_owned(),
        replacement: names.replacement.to_owned(),
        step: number,
        superpixel: step.superpixel,
        removed_area: step.removed_area,
        probability: step.probability,
        logit: step.logit,
        largest_probability: step.certainty.map(|certainty| certainty.largest),
        entropy: step.certainty.map(|certainty| certainty.entropy),
    };
    (0..).zip(&curve.steps).map(row).collect()
}

/// A curve for each order, which has the superpixels in the order of their removal. The steps of all of them go to the network together, and
/// those that keep the same superpixels once; a curve does not depend on which others it is made with.
pub fn curves(
    classifier: &Classifier,
    scene: &Scene<'_>,
    orders: &[Vec<u16>],
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Curve>, CurveError> {
    let mut distinct = Distinct::new(scene.superpixels);
    let asked: Vec<_> = orders
        .iter()
        .map(|order| Ok::<_, StepsError>(distinct.add(&removal::step_masks(order)?)))
        .collect::<Result<_, _>>()?;
    let answers = scene.ask(classifier, &distinct.masks(), interrupted)?;
    let curve = |(order, (places, new)): (&Vec<u16>, (Vec<usize>, usize))| {
        let removed = std::iter::once(None).chain(order.iter().copied().map(Some));
        let steps = removed
            .zip(removed_areas(scene.labels, order))
            .zip(places)
            .map(|((superpixel, removed_area), place)| Step {
                superpixel,
                removed_area,
                probability: answers.probabilities[place],
                logit: answers.logits[place],
                certainty: answers.certainties.get(place).copied(),
            });
        Curve {
            steps: steps.collect(),
            computed: new as u64,
        }
    };
    Ok(orders.iter().zip(asked).map(curve).collect())
}

/// The share of pixels that are gone after each step, from 0 to 1.
fn removed_areas(labels: &[u16], order: &[u16]) -> Vec<f64> {
    let mut pixels = vec![0_u64; order.len()];
    for &label in labels {
        pixels[usize::from(label)] += 1;
    }
    let mut removed = 0;
    let after = order.iter().map(|&superpixel| {
        removed += pixels[usize::from(superpixel)];
        removed as f64 / labels.len() as f64
    });
    std::iter::once(0.0).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_rise_from_nothing_to_all_by_each_superpixels_share() {
        assert_eq!(
            removed_areas(&[0, 1, 1, 2, 2, 2, 2, 2], &[2, 0, 1]),
            [0.0, 0.625, 0.75, 1.0]
        );
    }
}
