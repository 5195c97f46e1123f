//! The action `weights`: the surrogate's coefficients, from masks and answers.

use actions::{Explained, Fit, Weights};
use parts::{ActionError, Answers, Rows};
use sampling::{Masks, Sampler};
use surrogate::{Correction, Explanation, Settings, SurrogateError, fit_clustered, fit_corrected};

/// The weights of an explanation, one row for each superpixel.
pub fn run(inputs: &Weights, rows: &Rows<'_>) -> Result<Vec<schema::Weight>, ActionError> {
    let answers = rows.load::<Answers>(&inputs.answers)?;
    let explanation = fit(&answers, &inputs.fit)?;
    weight_rows(&inputs.names, &explanation)
}

/// Fits a surrogate to answers, corrected by a reference's where there is one.
pub fn fit(answers: &Answers, fit: &Fit) -> Result<Explanation, ActionError> {
    let correction = Correction {
        samples: &answers.reference_samples,
        probabilities: &answers.reference_probabilities,
        certain: answers.reference_certain,
    };
    let correction = (!answers.reference_samples.is_empty()).then_some(&correction);
    let (masks, probabilities) = (&answers.masks, &answers.probabilities);
    let fitted = weights(
        masks,
        probabilities,
        correction,
        fit.sampler,
        &fit.surrogate,
    );
    fitted.map_err(ActionError::failed)
}

fn weight_rows(
    names: &Explained,
    explanation: &Explanation,
) -> Result<Vec<schema::Weight>, ActionError> {
    let order = removal::order(&explanation.weights).map_err(ActionError::failed)?;
    let ranks = removal::ranks(&order);
    let row = |superpixel: usize| schema::Weight {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        method: names.method.clone(),
        run: names.run,
        superpixel: superpixel as u16,
        weight: explanation.weights[superpixel],
        standard_error: explanation.standard_errors[superpixel],
        rank: ranks[superpixel],
        intercept: explanation.intercept,
        r2: explanation.r2,
        local_prediction: explanation.local_prediction,
    };
    Ok((0..explanation.weights.len()).map(row).collect())
}

/// Fits the surrogate to answers, corrected by a reference's where there is one.
pub fn weights(
    masks: &Masks,
    probabilities: &[f32],
    correction: Option<&Correction<'_>>,
    sampler: Sampler,
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    let clusters = sampler.clusters(masks.samples(), masks.superpixels());
    match correction {
        None => fit_clustered(masks, probabilities, &clusters, settings),
        Some(correction) => fit_corrected(masks, probabilities, correction, &clusters, settings),
    }
}
