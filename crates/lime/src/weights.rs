//! The action `weights`: what a method estimates from masks and answers.

use actions::{Explained, Fit, Weights};
use methods::{Answered, Partition, Weighted};
use parts::{ActionError, Answers, Rows, Superpixels};
use surrogate::Correction;

/// The weights of an explanation, one row for each superpixel.
pub fn run(inputs: &Weights, rows: &Rows<'_>) -> Result<Vec<schema::Weight>, ActionError> {
    let answers = rows.load::<Answers>(&inputs.answers)?;
    let superpixels = inputs.labels.as_ref();
    let superpixels = superpixels.map(|labels| rows.load(labels)).transpose()?;
    let explanation = fit(&answers, superpixels.as_ref(), &inputs.fit)?;
    weight_rows(&inputs.names, &explanation)
}

/// Fits weights to answers, corrected by a reference's where there is one.
pub fn fit(
    answers: &Answers,
    superpixels: Option<&Superpixels>,
    fit: &Fit,
) -> Result<Weighted, ActionError> {
    let correction = Correction {
        samples: &answers.reference_samples,
        probabilities: &answers.reference_probabilities,
        certain: answers.reference_certain,
    };
    let answered = Answered {
        drawn: &answers.drawn,
        probabilities: &answers.probabilities,
        correction: (!answers.reference_samples.is_empty()).then_some(&correction),
        sampler: fit.sampler,
        fitting: fit.fitting,
        partition: superpixels.map(Partition::from),
    };
    let fitted = (fit.method.run.explanation)(&answered);
    fitted.map_err(ActionError::failed)
}

fn weight_rows(
    names: &Explained,
    explanation: &Weighted,
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
