//! Ten runs of LIME beside ten of the lime package: the same network, image and partition, other random numbers.

use ::lime::perturbations::{
    Again, Asked, Hidden, Perturbations, Request, Sizes, Undecided, perturbations,
};
use networks::Normalisation;
use removal::Backdrop;
use sampling::{Seed, samplers};
use statistics::Measured;
use statrs::distribution::{ContinuousCDF, StudentsT};
use surrogate::{Distance, Settings};

use super::fixture;
use super::networks::script;
use super::numbers::Numbers;
use super::table::{Table, Tolerance};

const RUNS: u32 = 10;
const SAMPLES: usize = 1000;
const SEED: u64 = 20_261_122;
const AGAINST: &str = "the lime package";
const MEAN: [f32; 3] = [0.5; 3];

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("lime.safetensors"));
    let ours = [Distance::Cosine, Distance::L2].map(|distance| Settings {
        distance,
        ..Settings::default()
    });
    let runs = our_runs(&file, &ours);
    for (settings, runs) in ours.iter().zip(runs) {
        let mode = settings.distance;
        let theirs = file.f64s(&format!("{mode}.weights"));
        let superpixels = theirs.len() / RUNS as usize;
        let tests: Vec<Welch> = (0..superpixels)
            .map(|superpixel| {
                let of = |run: &Vec<f64>| run[superpixel];
                let ours: Vec<f64> = runs.iter().map(of).collect();
                let theirs: Vec<f64> = theirs
                    .chunks_exact(superpixels)
                    .map(|run| run[superpixel])
                    .collect();
                welch(&ours, &theirs)
            })
            .collect();
        // The smallest of Holm's adjusted p values is the smallest p times the number of tests.
        let smallest = tests.iter().map(|test| test.p).fold(1.0, f64::min);
        table.note(
            format!("LIME, {mode}, 10 runs: smallest p of Welch's t, by Holm"),
            AGAINST,
            (smallest * superpixels as f64).min(1.0),
            Tolerance::AtLeast(1e-3),
        );
        table.note(
            format!("LIME, {mode}, 10 runs: mean of t squared"),
            AGAINST,
            tests.iter().map(|test| test.t * test.t).sum::<f64>() / superpixels as f64,
            Tolerance::Between(0.7, 1.5),
        );
    }
}

/// As many samples as the request says, and none again.
struct Fixed;

impl Sizes for Fixed {
    fn enough(&mut self, _: &sampling::Drawn, _: &[f32]) -> Result<bool, Undecided> {
        Ok(false)
    }

    fn more(
        &self,
        _: &sampling::Masks,
        _: &[f32],
        _: &Again,
        _: usize,
    ) -> Result<[usize; sampling::STRATA], Undecided> {
        unreachable!("one network is asked once")
    }
}

/// The weights of every run, for each of the settings.
fn our_runs(file: &Numbers, settings: &[Settings; 2]) -> [Vec<Vec<f64>>; 2] {
    let image = file.image("image");
    let labels = file.labels("labels");
    let normalisation = Normalisation {
        mean: MEAN,
        std: [0.5; 3],
    };
    let classifier = script(normalisation, [image.height(), image.width()]);
    let request = Request {
        crop: &image,
        hidden: Hidden::Superpixels {
            labels: &labels,
            count: usize::from(*labels.iter().max().unwrap()) + 1,
            replacement: Backdrop::Mean,
        },
        target: file.integers("target")[0],
        measured: Measured::Probability,
        mean: MEAN.map(f64::from),
        sampler: samplers::COIN,
        samples: SAMPLES,
    };
    let answers: Vec<_> = (0..RUNS)
        .map(|run| {
            let seed = Seed::of_run(SEED, "fixture", "quickshift", "lime", run);
            let asked = Asked::One(&classifier);
            perturbations(asked, &request, seed, &mut Fixed, &|| false).unwrap()
        })
        .collect();
    settings.each_ref().map(|settings| {
        let fit = |found: &Perturbations| {
            let answered = methods::Answered {
                drawn: &found.drawn,
                probabilities: &found.probabilities,
                correction: None,
                sampler: samplers::COIN,
                fitting: methods::Fitting::Surrogate(*settings),
                partition: None,
            };
            let found = methods::fitting::explanation(&answered);
            found.unwrap().weights
        };
        answers.iter().map(fit).collect()
    })
}

struct Welch {
    t: f64,
    p: f64,
}

/// Welch's t-test of equal means, two-sided.
fn welch(one: &[f64], other: &[f64]) -> Welch {
    let [first, second] = [one, other].map(|values| {
        let deviation = statistics::standard_deviation(values).unwrap();
        deviation * deviation / values.len() as f64
    });
    let [m, n] = [one, other].map(|values| values.len() as f64 - 1.0);
    let means = statistics::mean(one).unwrap() - statistics::mean(other).unwrap();
    let t = means / (first + second).sqrt();
    let freedom = (first + second).powi(2) / (first.powi(2) / m + second.powi(2) / n);
    let student = StudentsT::new(0.0, 1.0, freedom).unwrap();
    Welch {
        t,
        p: 2.0 * student.sf(t.abs()),
    }
}

#[test]
fn welch_gives_scipys_values() {
    // scipy.stats.ttest_ind([1, 2, 3, 4], [2, 4, 8], equal_var=False)
    let test = welch(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 8.0]);
    assert!((test.t + 1.153_563_462_240_948).abs() < 1e-12, "{}", test.t);
    assert!(
        (test.p - 0.345_571_356_439_521_14).abs() < 1e-9,
        "{}",
        test.p
    );
}
