//! The action `agreement`: how far runs that explain from samples agree, and how many samples that takes.

use actions::Fit;
use methods::{Answered, Partition};
use parts::{ActionError, Rows, Superpixels};
use rayon::prelude::*;
use sampling::{Drawn, Masks, MasksError};
use schema::{Agreement, NeededSamples, Perturbations, Segments};
use statistics::{jaccard_of_top, kendall, mean, sign_changes, spearman};
use surrogate::{Correction, SurrogateError};

/// The fewest samples that are fitted, where there are more.
const FEWEST: usize = 16;

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    /// The stored masks are not valid.
    #[error(transparent)]
    Masks(#[from] MasksError),
    /// The stored answers cannot be fitted.
    #[error(transparent)]
    Fit(#[from] SurrogateError),
    /// There is no run.
    #[error("there are no samples to compare; expected those of at least one run")]
    Empty,
}

/// The runs of each explanation of a study, compared with one another.
pub fn run(
    inputs: &actions::Agreement,
    rows: &Rows<'_>,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<(Vec<Agreement>, Vec<NeededSamples>), ActionError> {
    let explanation = |group| {
        if interrupted() {
            return Err(ActionError::Interrupted);
        }
        let runs = rows.group(&inputs.perturbations, group)?.concat();
        let first: &Perturbations = runs
            .first()
            .ok_or_else(|| ActionError::failed(AgreementError::Empty))?;
        let about = |partition: &str, reason: &dyn std::fmt::Display| {
            let Perturbations {
                image,
                network,
                method,
                ..
            } = first;
            ActionError::Failed(format!(
                "{image}, {network}, {partition}, {method}: {reason}"
            ))
        };
        let fit = inputs.fits.get(&first.method);
        let fit = fit.ok_or_else(|| about("", &"the study has no such method"))?;
        let compare = |partition: &str, superpixels: Option<&Superpixels>| {
            let found = agreement(&runs, (partition, superpixels), fit, inputs.level);
            found.map_err(|error| about(partition, &error))
        };
        match (&first.partition, &inputs.segments) {
            (Some(partition), _) => Ok(vec![compare(partition, None)?]),
            (None, Some(segments)) => {
                let judged = inputs.partitions.get(&first.method);
                let segments: Vec<Segments> = rows.of_image(segments, &first.image)?;
                let judged = segments
                    .into_iter()
                    .filter(|row| judged.is_some_and(|judged| judged.contains(&row.partition)));
                let compare = |row: Segments| {
                    let partition = row.partition.clone();
                    compare(&partition, Some(&row.into()))
                };
                judged.map(compare).collect()
            }
            (None, None) => Err(about("", &"its masks belong to no partition")),
        }
    };
    let made = inputs.perturbations.groups.par_iter().map(explanation);
    let made = made.collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
    let (pairs, needed): (Vec<_>, Vec<_>) = made.unzip();
    Ok((pairs.concat(), needed))
}

/// Compares each run of one explanation with each other, fitted to its first samples, for powers of 2 from 16 and for as many as every run has.
///
/// `runs` are of one image, network, partition and method, in the order of runs; masks that belong to no partition have its superpixels beside them.
/// The last weights of a run are those of the table `weights`, unless its number of samples was open and another run has fewer. `level` is the mean
/// Spearman correlation that counts as agreement.
pub fn agreement(
    runs: &[Perturbations],
    (partition, superpixels): (&str, Option<&Superpixels>),
    fit: &Fit,
    level: f64,
) -> Result<(Vec<Agreement>, NeededSamples), AgreementError> {
    let first = runs.first().ok_or(AgreementError::Empty)?;
    let fewest = runs.iter().map(|run| run.samples).min().unwrap_or(0);
    let mut rows = Vec::new();
    let mut means = Vec::new();
    for samples in sizes(fewest as usize) {
        let weights = runs
            .iter()
            .map(|run| weights(run, superpixels, samples, fit))
            .collect::<Result<Vec<_>, _>>()?;
        let before = rows.len();
        for (other, b) in weights.iter().enumerate() {
            for (run, a) in weights[..other].iter().enumerate() {
                rows.push(pair([&runs[run], &runs[other]], partition, samples, [a, b]));
            }
        }
        let correlations: Option<Vec<f64>> =
            rows[before..].iter().map(|row| row.spearman).collect();
        means.push((samples as u32, correlations.and_then(|all| mean(&all))));
    }
    let at_all = means.last().and_then(|(_, mean)| *mean);
    let enough = |entry: &&(u32, Option<f64>)| entry.1.is_some_and(|mean| mean >= level);
    let needed = means.iter().rev().take_while(enough).last();
    let reason = match (runs.len(), at_all, needed) {
        (1, ..) => Some("one run: there is no other run to compare".to_owned()),
        (_, None, _) => Some(UNRANKED.to_owned()),
        (_, _, None) => Some(format!(
            "the mean Spearman correlation is below {level} with all samples"
        )),
        _ => None,
    };
    let row = NeededSamples {
        image: first.image.clone(),
        network: first.network.clone(),
        partition: partition.to_owned(),
        method: first.method.clone(),
        runs: runs.len() as u32,
        samples: fewest,
        level,
        spearman: at_all,
        needed: needed.map(|(samples, _)| *samples),
        reason,
    };
    Ok((rows, row))
}

const UNRANKED: &str =
    "all weights of a run are equal, or there is one superpixel: there is no ranking";

/// Powers of 2 below the number of all samples, and that.
fn sizes(all: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(FEWEST), |size| Some(2 * size));
    powers.take_while(|size| *size < all).chain([all]).collect()
}

/// The weights that the first samples of a run give.
fn weights(
    run: &Perturbations,
    superpixels: Option<&Superpixels>,
    samples: usize,
    fit: &Fit,
) -> Result<Vec<f64>, AgreementError> {
    let parts = run.superpixels as usize;
    let bytes = samples * parts.div_ceil(8);
    let masks = Masks::from_bytes(
        samples,
        parts,
        run.masks.get(..bytes).unwrap_or_default().to_vec(),
    )?;
    let answers = run.probabilities.get(..samples).unwrap_or_default();
    // Of the samples that were asked again, those among the first; the certain ones stay in front.
    let again = run
        .reference_samples
        .iter()
        .zip(&run.reference_probabilities);
    let among = |&(sample, _): &(&u32, &f32)| (*sample as usize) < samples;
    let certain = again.clone().take(run.reference_certain as usize);
    let certain = certain.filter(among).count();
    let (chosen, probabilities): (Vec<usize>, Vec<f32>) = again
        .filter(among)
        .map(|(&sample, &probability)| (sample as usize, probability))
        .unzip();
    let correction = Correction {
        samples: &chosen,
        probabilities: &probabilities,
        certain,
    };
    let drawn = Drawn {
        masks,
        enumerated: run.enumerated as usize,
        repeats: run.repeats.iter().copied().take(samples).collect(),
        shifts: run
            .shifts
            .as_chunks()
            .0
            .iter()
            .copied()
            .take(samples)
            .collect(),
    };
    let answered = Answered {
        drawn: &drawn,
        probabilities: answers,
        correction: correction.covers(samples).then_some(&correction),
        sampler: fit.sampler,
        fitting: fit.fitting,
        partition: superpixels.map(Partition::from),
    };
    Ok((fit.method.run.weights)(&answered)?)
}

fn pair(
    runs: [&Perturbations; 2],
    partition: &str,
    samples: usize,
    [a, b]: [&[f64]; 2],
) -> Agreement {
    let superpixels = a.len();
    let correlation = spearman(a, b);
    let top: Vec<String> = [3, 5, 10]
        .into_iter()
        .filter(|k| superpixels <= *k)
        .map(|k| format!("the top {k} are all superpixels"))
        .collect();
    let unranked = correlation.is_none().then(|| UNRANKED.to_owned());
    let reasons: Vec<String> = unranked.into_iter().chain(top).collect();
    Agreement {
        image: runs[0].image.clone(),
        network: runs[0].network.clone(),
        partition: partition.to_owned(),
        method: runs[0].method.clone(),
        run: runs[0].run,
        other_run: runs[1].run,
        samples: samples as u32,
        superpixels: superpixels as u32,
        spearman: correlation,
        kendall: kendall(a, b),
        jaccard_3: jaccard_of_top(a, b, 3),
        jaccard_5: jaccard_of_top(a, b, 5),
        jaccard_10: jaccard_of_top(a, b, 10),
        sign_changes: sign_changes(a, b).unwrap_or(0.0),
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sampling::{Seed, samplers};

    const COARSE: (&str, Option<&Superpixels>) = ("coarse", None);

    /// A run whose answers are a sum over kept superpixels, and noise that only the sample's number and the run set.
    fn run(run: u32, samples: usize, superpixels: usize, noise: f64) -> Perturbations {
        let seed = Seed::derive(1, &[&run.to_le_bytes()]);
        let masks = samplers::COIN.masks(seed, samples, superpixels);
        let answer = |sample: usize| {
            let kept = (0..superpixels).filter(|superpixel| masks.kept(sample, *superpixel));
            let sum: f64 = kept
                .map(|superpixel| (superpixel as f64 - 2.5) / 100.0)
                .sum();
            let wave = (sample as f64 * 12.9898 + f64::from(run) * 78.233).sin();
            (0.5 + sum + noise * wave) as f32
        };
        Perturbations {
            image: "mug-07".into(),
            network: "alexnet".into(),
            partition: Some("coarse".into()),
            method: "lime".into(),
            run,
            precision: "fp32".into(),
            reference_samples: Vec::new(),
            reference_probabilities: Vec::new(),
            reference_certain: 0,
            sampler: "coin".into(),
            target_class: 3,
            samples: samples as u32,
            superpixels: superpixels as u32,
            probabilities: (0..samples).map(answer).collect(),
            masks: masks.into_bytes(),
            enumerated: 0,
            repeats: Vec::new(),
            shifts: Vec::new(),
        }
    }

    fn lime() -> Fit {
        Fit {
            method: &methods::kinds::lime::METHOD,
            fitting: methods::Fitting::Surrogate(surrogate::Settings::default()),
            sampler: samplers::COIN,
        }
    }

    fn runs(count: u32, samples: usize, superpixels: usize, noise: f64) -> Vec<Perturbations> {
        (0..count)
            .map(|number| run(number, samples, superpixels, noise))
            .collect()
    }

    #[test]
    fn samples_that_were_asked_again_correct_the_weights_where_they_are_of_both_strata() {
        let cheap = run(0, 64, 6, 0.1);
        let reference = run(1, 64, 6, 0.1).probabilities;
        let weights = |again: &[u32], samples| {
            let mixed = Perturbations {
                precision: "mixed".into(),
                reference_samples: again.to_vec(),
                reference_probabilities: again
                    .iter()
                    .map(|&sample| reference[sample as usize])
                    .collect(),
                reference_certain: 1,
                ..cheap.clone()
            };
            super::weights(&mixed, None, samples, &lime()).unwrap()
        };
        let alone = |probabilities: &[f32], samples| {
            let run = Perturbations {
                probabilities: probabilities.to_vec(),
                ..cheap.clone()
            };
            super::weights(&run, None, samples, &lime()).unwrap()
        };
        let again = [0, 40, 41, 2, 4, 43];
        assert_eq!(
            weights(&again, 32),
            alone(&cheap.probabilities, 32),
            "no odd one among the first"
        );
        assert_ne!(weights(&again, 64), alone(&cheap.probabilities, 64));
        let all: Vec<u32> = (0..64).collect();
        for samples in [16, 64] {
            let corrected = weights(&all, samples);
            for (found, expected) in corrected.iter().zip(alone(&reference, samples)) {
                assert!((found - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn every_pair_of_runs_is_compared_at_powers_of_2_and_at_all_samples() {
        let (rows, needed) = agreement(&runs(3, 100, 12, 0.1), COARSE, &lime(), 0.9).unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.run, row.other_run, row.samples))
            .collect();
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let expected: Vec<_> = [16, 32, 64, 100]
            .iter()
            .flat_map(|n| pairs.map(|(a, b)| (a, b, *n)))
            .collect();
        assert_eq!(found, expected);
        assert_eq!((needed.runs, needed.samples), (3, 100));
    }

    #[test]
    fn answers_without_noise_need_the_fewest_samples_and_noisy_ones_more() {
        let needed = |noise| {
            agreement(&runs(4, 256, 12, noise), COARSE, &lime(), 0.9)
                .unwrap()
                .1
        };
        let [clear, noisy, lost] = [needed(0.0), needed(0.08), needed(30.0)];
        assert!(clear.needed.unwrap() <= 64, "{clear:?}");
        assert!(
            noisy.needed > clear.needed && noisy.reason.is_none(),
            "{noisy:?}"
        );
        assert_eq!(lost.needed, None);
        assert_eq!(
            lost.reason.unwrap(),
            "the mean Spearman correlation is below 0.9 with all samples"
        );
    }

    #[test]
    fn the_weights_of_all_samples_are_those_of_the_explanation() {
        let [first, second] = [run(0, 40, 12, 0.1), run(1, 40, 12, 0.1)];
        let weights = |run: &Perturbations| {
            let masks = Masks::from_bytes(40, 12, run.masks.clone()).unwrap();
            surrogate::fit(&masks, &run.probabilities, &surrogate::Settings::default())
                .unwrap()
                .weights
        };
        let expected = spearman(&weights(&first), &weights(&second));
        let (rows, _) = agreement(&[first, second], COARSE, &lime(), 0.9).unwrap();
        assert_eq!(rows[1].samples, 32);
        assert_eq!((rows[2].samples, rows[2].spearman), (40, expected));
    }

    #[test]
    fn one_run_has_nothing_to_agree_with() {
        let (rows, needed) = agreement(&runs(1, 40, 12, 0.1), COARSE, &lime(), 0.9).unwrap();
        assert!(rows.is_empty());
        assert_eq!(
            (needed.runs, needed.needed, needed.spearman),
            (1, None, None)
        );
        assert_eq!(
            needed.reason.unwrap(),
            "one run: there is no other run to compare"
        );
        assert!(matches!(
            agreement(&[], COARSE, &lime(), 0.9),
            Err(AgreementError::Empty)
        ));
    }

    #[test]
    fn one_superpixel_and_flat_answers_have_no_ranking_and_say_so() {
        let (rows, needed) = agreement(&runs(2, 8, 1, 0.1), COARSE, &lime(), 0.9).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].spearman, rows[0].kendall, rows[0].jaccard_3),
            (None, None, None)
        );
        assert_eq!(rows[0].samples, 8);
        let reason = rows[0].reason.as_deref().unwrap();
        assert!(
            reason.contains("one superpixel") && reason.contains("top 10"),
            "{reason}"
        );
        assert_eq!(
            (needed.needed, needed.reason.as_deref()),
            (None, Some(UNRANKED))
        );

        let mut flat = runs(2, 40, 12, 0.1);
        for run in &mut flat {
            run.probabilities.fill(0.25);
        }
        let (rows, needed) = agreement(&flat, COARSE, &lime(), 0.9).unwrap();
        assert!(
            rows.iter()
                .all(|row| row.spearman.is_none() && row.reason.is_some())
        );
        assert_eq!((needed.needed, needed.spearman), (None, None));
    }

    #[test]
    fn samples_that_are_cut_off_are_an_error() {
        let mut cut = runs(2, 40, 12, 0.1);
        cut[0].masks.truncate(70);
        assert!(matches!(
            agreement(&cut, COARSE, &lime(), 0.9),
            Err(AgreementError::Masks(_))
        ));
        let mut cut = runs(2, 40, 12, 0.1);
        cut[1].probabilities[3] = f32::NAN;
        assert!(matches!(
            agreement(&cut, COARSE, &lime(), 0.9),
            Err(AgreementError::Fit(_))
        ));
    }
}
