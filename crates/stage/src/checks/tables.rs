//! What the rows of each table must agree with.

use std::collections::BTreeSet;

use schema::{
    Agreement, Comparison, Concordance, Crop, CurveStep, Decision, Deletion, Exclusion, Gain,
    Logits, NeededSamples, Perturbations, Relevance, Saliency, Sanity, Score, Segments, Separation,
    Stability, Summary, Target, VarianceComponents, Weight,
};

use statistics::{Head, Measured, Reading};

use super::columns::ROUNDING;
use super::rules::{close, each, ensure, in_order, numbers, one, same, uniform};
use super::{Checked, Fault};

/// Largest difference between a probability and the softmax of the logits beside it: the rounding of f32.
pub const SOFTMAX_TOLERANCE: f64 = 1e-6;

/// Largest difference between two probabilities of the untouched crop, in `targets` and as row 0 of masks or step 0 of a curve. Their batches
/// have one size and other neighbours, and one store may serve several kinds of processor: libtorch's last bits differ, by up to
/// 4e-6 in docs/exactness.md. Another crop, network or class differs by far more.
pub const UNTOUCHED_TOLERANCE: f64 = 1e-4;

/// The same between bfloat16 and f32: measured on a trained `MobileNet` v2 are 0.14 at most.
pub const PRECISION_TOLERANCE: f64 = 0.3;

impl Checked for Crop {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        let row = one(rows)?;
        let size = [row.height, row.width];
        same("the size in rgb", png_size(&row.rgb), Some(size))?;
        if let Some(mask) = &row.truth_mask {
            same("the size in truth_mask", png_size(mask), Some(size))?;
        }
        Ok(())
    }
}

impl Checked for Segments {
    type Given<'a> = &'a Crop;

    fn inspect(rows: &[Self], crop: &Crop) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &crop.image)?;
        let size = [row.height, row.width];
        same("height and width", size, [crop.height, crop.width])?;
        same("labels", row.labels.len(), area(row.height, row.width))?;
        let labels = row.labels.iter().copied().map(usize::from);
        numbers("labels", labels, row.superpixels as usize)
    }
}

impl Checked for Logits {
    /// How many classes the study names, and how their logits are read.
    type Given<'a> = (usize, Reading);

    fn inspect(rows: &[Self], (classes, reading): (usize, Reading)) -> Result<(), Fault> {
        let row = one(rows)?;
        same("logits", row.logits.len(), classes)?;
        let largest = row.logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let first = row.logits.iter().position(|logit| *logit >= largest);
        same("predicted_class", Some(row.predicted_class as usize), first)?;
        is_read(row.probability, &row.logits, reading, row.predicted_class)
    }
}

impl Checked for Target {
    /// What the network answered, and how that is read.
    type Given<'a> = (&'a Logits, Reading);

    fn inspect(rows: &[Self], (answer, reading): (&Logits, Reading)) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &answer.image)?;
        same("network", &row.network, &answer.network)?;
        let right = row.true_class.map(|class| match reading.head {
            Head::Softmax => class == answer.predicted_class,
            Head::Sigmoid => answer.logits.get(class as usize) >= Some(&0.0),
        });
        same("correct", row.correct, right)?;
        same(
            "whether there is a true_label",
            row.true_label.is_some(),
            row.true_class.is_some(),
        )?;
        is_read(row.probability, &answer.logits, reading, row.target_class)
    }
}

impl Checked for Saliency {
    type Given<'a> = &'a Target;

    fn inspect(rows: &[Self], target: &Target) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &target.image)?;
        same("network", &row.network, &target.network)?;
        same("target_class", row.target_class, target.target_class)?;
        map(&row.map, row.height, row.width)
    }
}

impl Checked for Perturbations {
    /// Of masks over superpixels these.
    type Given<'a> = (Option<&'a Segments>, &'a Target, Untouched<'a>);

    fn inspect(
        rows: &[Self],
        (segments, target, known): (Option<&Segments>, &Target, Untouched<'_>),
    ) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &target.image)?;
        same("network", &row.network, &target.network)?;
        let partition = segments.map(|segments| &*segments.partition);
        same("partition", row.partition.as_deref(), partition)?;
        same("target_class", row.target_class, target.target_class)?;
        if let Some(segments) = segments {
            same("superpixels", row.superpixels, segments.superpixels)?;
        }
        if !row.shifts.is_empty() {
            same("shifts", row.shifts.len(), 2 * row.samples as usize)?;
        }
        same(
            "probabilities",
            row.probabilities.len(),
            row.samples as usize,
        )?;
        masks(&row.masks, row.samples as usize, row.superpixels as usize)?;
        if !row.repeats.is_empty() {
            same("repeats", row.repeats.len(), row.samples as usize)?;
        }
        each(
            "enumerated of the rows",
            [f64::from(row.enumerated)].into_iter(),
            |&enumerated| enumerated < f64::from(row.samples),
        )?;
        let again = &row.reference_probabilities;
        same(
            "reference_samples",
            row.reference_samples.len(),
            again.len(),
        )?;
        each(
            "reference_samples of the rows",
            row.reference_samples.iter().copied().map(f64::from),
            |&sample| sample < f64::from(row.samples),
        )?;
        let different: BTreeSet<u32> = row.reference_samples.iter().copied().collect();
        same(
            "different reference_samples",
            different.len(),
            row.reference_samples.len(),
        )?;
        let certain = f64::from(row.reference_certain);
        each(
            "reference_certain of them",
            [certain].into_iter(),
            |&certain| certain <= again.len() as f64,
        )?;
        let mixed = row.precision == "mixed";
        same(
            "whether rows were re-evaluated in fp32",
            !again.is_empty(),
            mixed,
        )?;
        let asked = row.probabilities.iter().chain(again).copied();
        within(
            "probabilities",
            asked.map(f64::from),
            [0.0, 1.0],
            known.measured,
        )?;
        let scale = match known.measured {
            Measured::Probability => 1.0,
            Measured::Logit => f64::from(known.answer).abs().max(1.0),
        };
        let tolerance = |of: &str| {
            scale
                * if of == known.precision {
                    UNTOUCHED_TOLERANCE
                } else {
                    PRECISION_TOLERANCE
                }
        };
        if mixed {
            same(
                "the first of reference_samples",
                row.reference_samples[0],
                0,
            )?;
            untouched("row 0", again.first(), known.answer, tolerance("fp32"))?;
        }
        let first = if mixed { "bf16" } else { &row.precision };
        let answer = row.probabilities.first();
        untouched("row 0", answer, known.answer, tolerance(first))
    }
}

impl Checked for Weight {
    /// How many superpixels the explanation is about.
    type Given<'a> = usize;

    fn inspect(rows: &[Self], superpixels: usize) -> Result<(), Fault> {
        same("rows", rows.len(), superpixels)?;
        uniform(rows, |row| {
            (
                &row.image,
                &row.network,
                &row.partition,
                &row.method,
                row.run,
            )
        })?;
        let figures = |row: &Self| [row.intercept, row.r2, row.local_prediction];
        uniform(rows, |row| {
            figures(row).map(|figure| figure.map(f64::to_bits))
        })?;
        let numbered = rows.iter().map(|row| usize::from(row.superpixel));
        in_order("superpixel", numbered)?;
        // Equal weights are ranked by superpixel; equal relevances may be by a seed.
        ranks(
            rows.iter()
                .map(|row| (row.rank, row.weight, row.superpixel)),
        )
    }
}

impl Checked for Relevance {
    /// The partition that the rows are about.
    type Given<'a> = &'a Segments;

    fn inspect(rows: &[Self], segments: &Segments) -> Result<(), Fault> {
        same("rows", rows.len(), segments.superpixels as usize)?;
        uniform(rows, |row| (&row.network, &row.method, row.run))?;
        uniform(rows, |row| (&row.image, &row.partition))?;
        uniform(rows, |row| (row.depth, &row.replacement))?;
        let numbered = rows.iter().map(|row| usize::from(row.superpixel));
        in_order("superpixel", numbered)?;
        ranks(rows.iter().map(|row| (row.rank, row.relevance, ())))?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        same("image", &row.image, &segments.image)?;
        same("partition", &row.partition, &segments.partition)
    }
}

impl Checked for CurveStep {
    /// With the number of classes.
    type Given<'a> = (&'a Segments, &'a Target, usize);

    fn inspect(
        rows: &[Self],
        (segments, target, classes): (&Segments, &Target, usize),
    ) -> Result<(), Fault> {
        let superpixels = segments.superpixels as usize;
        same("rows", rows.len(), superpixels + 1)?;
        uniform(rows, |row| {
            (&row.method, row.run, &row.order, &row.replacement)
        })?;
        uniform(rows, |row| (&row.image, &row.network, &row.partition))?;
        same("image", &rows[0].image, &target.image)?;
        same("network", &rows[0].network, &target.network)?;
        same("partition", &rows[0].partition, &segments.partition)?;
        in_order("step", rows.iter().map(|row| row.step as usize))?;
        same("superpixel of step 0", rows[0].superpixel, None)?;
        let gone = rows[1..].iter().filter_map(|row| row.superpixel);
        same("superpixels that go", gone.clone().count(), superpixels)?;
        numbers("superpixel", gone.map(usize::from), superpixels)?;
        areas(&rows.iter().map(|row| row.removed_area).collect::<Vec<_>>())?;
        let answers: Vec<f32> = rows.iter().map(|row| row.probability).collect();
        rows.iter().try_for_each(|row| certainty(row, classes))?;
        untouched(
            "step 0",
            answers.first(),
            target.probability,
            UNTOUCHED_TOLERANCE,
        )
    }
}

impl Checked for Deletion {
    type Given<'a> = (&'a Segments, &'a Target);

    fn inspect(rows: &[Self], (segments, target): (&Segments, &Target)) -> Result<(), Fault> {
        same("rows", rows.len(), segments.superpixels as usize)?;
        uniform(rows, |row| (&row.image, &row.network, &row.partition))?;
        uniform(rows, |row| &row.replacement)?;
        in_order("superpixel", rows.iter().map(|row| row.superpixel.into()))?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        same("image", &row.image, &target.image)?;
        same("network", &row.network, &target.network)?;
        same("partition", &row.partition, &segments.partition)
    }
}

/// Tables whose columns say all that is to be checked.
macro_rules! by_columns {
    ($($table:ty),+) => {
        $(impl Checked for $table {
            type Given<'a> = ();

            fn inspect(_: &[Self], (): ()) -> Result<(), Fault> {
                Ok(())
            }
        })+
    };
}

by_columns!(
    Exclusion,
    VarianceComponents,
    Concordance,
    Decision,
    Separation
);

impl Checked for Score {
    /// How many curves there are, and of what.
    type Given<'a> = (usize, Measured);

    fn inspect(rows: &[Self], (curves, measured): (usize, Measured)) -> Result<(), Fault> {
        same("rows", rows.len(), curves)?;
        let means = rows.iter().flat_map(|row| [row.auc_mean, row.auc_area]);
        within("mean areas", means, [0.0, 1.0], measured)?;
        rows.iter().try_for_each(|row| {
            let mean = row.auc / f64::from(row.steps);
            close("auc / steps", mean, row.auc_mean, ROUNDING)
        })
    }
}

impl Checked for Gain {
    /// How many curves there are, and of what.
    type Given<'a> = (usize, Measured);

    fn inspect(rows: &[Self], (curves, measured): (usize, Measured)) -> Result<(), Fault> {
        let gains = rows.iter();
        let gains = gains.flat_map(|row| [row.symmetric_gain, row.symmetric_gain_area]);
        within("gains", gains, [-1.0, 1.0], measured)?;
        let most = rows.len() <= curves / 2;
        ensure(most, format!("at most {} rows", curves / 2), || {
            rows.len().to_string()
        })?;
        rows.iter().try_for_each(|row| {
            let gain = row.insertion_auc_mean - row.deletion_auc_mean;
            let what = "the difference of the areas";
            close(what, row.symmetric_gain, gain, ROUNDING)
        })
    }
}

impl Checked for Agreement {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let runs = [row.run, row.other_run];
            ensure(runs[0] < runs[1], "a run before the other", || {
                format!("{runs:?}")
            })
        })
    }
}

impl Checked for NeededSamples {
    /// How many explanations there are, runs taken together.
    type Given<'a> = usize;

    fn inspect(rows: &[Self], explanations: usize) -> Result<(), Fault> {
        same("rows", rows.len(), explanations)
    }
}

impl Checked for Sanity {
    /// How many depths there are.
    type Given<'a> = u32;

    fn inspect(rows: &[Self], depths: u32) -> Result<(), Fault> {
        let left_over = rows.len() % depths as usize;
        same("rows of a depth more or less", left_over, 0)?;
        rows.iter().try_for_each(|row| {
            let expected = format!("depths from 1 to {depths}");
            ensure(row.depth <= depths, expected, || row.depth.to_string())?;
            let named = row.lowest_random_layer.is_some();
            let known = [row.random_layers.is_some(), named];
            same("what is known of layers", known, [row.layers.is_some(); 2])?;
            let all = row.random_layers == row.layers || row.depth < depths;
            same("whether all layers are random at the last depth", all, true)
        })
    }
}

impl Checked for Stability {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let deviations = [row.auc_std, row.auc_relative_std];
            let moved = deviations.iter().flatten().any(|value| *value > 0.0);
            let expected = "no deviation of a deterministic method";
            ensure(!(row.deterministic && moved), expected, || {
                format!("{deviations:?}")
            })
        })
    }
}

impl Checked for Summary {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let placed = row.place.is_some();
            same("whether there is a place", placed, row.mean.is_some())
        })
    }
}

impl Checked for Comparison {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let counted = row.wins + row.losses + row.ties;
            same("wins, losses and ties", counted, row.images)?;
            let means = [row.mean, row.other_mean, row.difference];
            let [Some(mean), Some(other), Some(difference)] = means else {
                return Ok(());
            };
            let rounding = ROUNDING * (1.0 + mean.abs() + other.abs());
            let what = "the difference of the means";
            close(what, difference, mean - other, rounding)
        })
    }
}

/// Whether values can be a map after the rectifier.
fn map(values: &[f32], height: u32, width: u32) -> Result<(), Fault> {
    same("values in the map", values.len(), area(height, width))?;
    ensure(!values.is_empty(), "a map of at least 1 value", || {
        "none".to_owned()
    })
}

/// Whether a step's largest probability and entropy can be those of one distribution over so many classes: with the largest m, the entropy is
/// at least -ln m, and at most that of m and the rest spread evenly.
fn certainty(row: &CurveStep, classes: usize) -> Result<(), Fault> {
    let (largest, entropy) = match (row.largest_probability, row.entropy) {
        (Some(largest), Some(entropy)) => (f64::from(largest), f64::from(entropy)),
        (largest, entropy) => {
            return same(
                "whether there is an entropy",
                entropy.is_some(),
                largest.is_some(),
            );
        }
    };
    let least = f64::from(row.probability).max(1.0 / classes as f64);
    let expected = format!("a largest_probability from {least} to 1, to {SOFTMAX_TOLERANCE:e}");
    let holds = (least - SOFTMAX_TOLERANCE..=1.0 + SOFTMAX_TOLERANCE).contains(&largest);
    ensure(holds, expected, || largest.to_string())?;
    let rest = (1.0 - largest).max(0.0);
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let others = classes.saturating_sub(1).max(1) as f64;
    let [low, high] = [
        -largest.ln(),
        part(largest) + part(rest) + rest * others.ln(),
    ];
    // The slope of the entropy is steep where the rest is next to nothing.
    let tolerance = 1e-4;
    let expected = format!("an entropy from {low} to {high}, to {tolerance:e}");
    ensure(
        (low - tolerance..=high + tolerance).contains(&entropy),
        expected,
        || entropy.to_string(),
    )
}

/// What is known of the answer to the untouched crop.
#[derive(Clone, Copy, Debug)]
pub struct Untouched<'a> {
    /// What was measured.
    pub measured: Measured,
    /// The answer.
    pub answer: f32,
    /// The precision in which it was given.
    pub precision: &'a str,
}

/// Whether an answer is that to the untouched crop.
fn untouched(which: &str, found: Option<&f32>, expected: f32, tolerance: f64) -> Result<(), Fault> {
    let found = found.copied().map_or(f64::NAN, f64::from);
    let what = format!("the answer to the untouched image at {which}, as in targets");
    close(&what, found, f64::from(expected), tolerance)
}

/// Whether probabilities, or what is made of them, lie between two numbers; logits may have any size.
fn within(
    what: &str,
    found: impl Iterator<Item = f64>,
    [low, high]: [f64; 2],
    measured: Measured,
) -> Result<(), Fault> {
    match measured {
        Measured::Probability => each(&format!("{what} from {low} to {high}"), found, |found| {
            (low - ROUNDING..=high + ROUNDING).contains(found)
        }),
        Measured::Logit => Ok(()),
    }
}

/// Whether a probability is that of a class with these logits.
fn is_read(probability: f32, logits: &[f32], reading: Reading, class: u32) -> Result<(), Fault> {
    let logit = |class: u32| logits.get(class as usize).copied().map(f64::from);
    let Some(own) = logit(class) else {
        return ensure(false, format!("a class below {}", logits.len()), || {
            class.to_string()
        });
    };
    // One over the sum of the powers of differences: no shift is needed, and one that overflows gives the right 0.
    let power = |logit: f64| ((logit - own) / reading.temperature).exp();
    let sum: f64 = match reading.head {
        Head::Softmax => logits.iter().copied().map(f64::from).map(power).sum(),
        Head::Sigmoid => 1.0 + power(0.0),
    };
    close(
        &format!("the {} of the logits", reading.head.name()),
        f64::from(probability),
        1.0 / sum,
        SOFTMAX_TOLERANCE,
    )
}

/// Whether masks are as long as they should be, without stray bits, and the first keeps everything.
pub(super) fn masks(bytes: &[u8], samples: usize, superpixels: usize) -> Result<(), Fault> {
    let width = superpixels.div_ceil(8);
    same("whether there are superpixels", superpixels > 0, true)?;
    same("bytes of masks", bytes.len(), samples * width)?;
    let last = u8::MAX >> ((8 - superpixels % 8) % 8);
    let mut whole = vec![u8::MAX; width];
    whole[width - 1] = last;
    same("mask 0", bytes.get(..width), Some(&whole[..]))?;
    let padding = bytes
        .chunks_exact(width)
        .position(|mask| mask[width - 1] & !last != 0);
    same("mask with bits after its last superpixel", padding, None)
}

/// Whether ranks number the rows once each by falling value, equal ones by `id`. An item is a rank, a value and an id.
fn ranks<Id: Copy + PartialOrd>(rows: impl Iterator<Item = (u32, f64, Id)>) -> Result<(), Fault> {
    let mut rows: Vec<_> = rows.collect();
    numbers("rank", rows.iter().map(|row| row.0 as usize), rows.len())?;
    rows.sort_by_key(|row| row.0);
    let wrong = rows
        .windows(2)
        .find(|pair| (pair[0].1, pair[1].2) < (pair[1].1, pair[0].2));
    let expected = "ranks by falling value, equal ones by superpixel where they tell";
    ensure(wrong.is_none(), expected, || {
        wrong.map_or_else(String::new, |pair| {
            format!("{} before {}", pair[0].1, pair[1].1)
        })
    })
}

/// Whether the share of removed pixels rises at every step, from 0 to 1.
fn areas(areas: &[f64]) -> Result<(), Fault> {
    let ends = [areas.first().copied(), areas.last().copied()];
    same("first and last removed_area", ends, [Some(0.0), Some(1.0)])?;
    let level = areas.windows(2).find(|pair| pair[0] >= pair[1]);
    ensure(level.is_none(), "a removed_area that rises", || {
        format!("{level:?}")
    })
}

fn area(height: u32, width: u32) -> usize {
    height as usize * width as usize
}

/// Height and width in the header of a PNG file; none of anything else.
fn png_size(bytes: &[u8]) -> Option<[u32; 2]> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..16)?;
    let side = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    header.starts_with(b"IHDR").then_some([side(8)?, side(4)?])
}
