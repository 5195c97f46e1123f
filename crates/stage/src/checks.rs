//! What rows must be before they are published, beyond what their types say.
//!
//! Every table has its [`Checked`], and an [`crate::Output`] takes no rows without: a stage cannot forget it. A check computes what it
//! compares with by itself, from the rows that the action read, so that a fault of the action's own arithmetic is seen.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use schema::{
    Agreement, Comparison, Complexity, Concordance, Crop, CurveStep, Exclusion, Gain, Localization,
    Logits, NeededSamples, Perturbations, Relevance, Saliency, Sanity, Score, Segments, Stability,
    Summary, Table, Target, VarianceComponents, Weight,
};

/// Largest difference between a probability and the softmax of the logits beside it: the rounding of f32.
pub const SOFTMAX_TOLERANCE: f64 = 1e-6;

/// Largest difference between two probabilities of the untouched crop, in `targets` and as row 0 of masks or step 0 of a curve. Their batches
/// have one size and other neighbours, and one store may serve several kinds of processor: libtorch's last bits differ, by up to
/// 4e-6 in docs/exactness.md. Another crop, network or class differs by far more.
pub const UNTOUCHED_TOLERANCE: f64 = 1e-4;

/// The same between bfloat16 and f32: measured on a trained `MobileNet` v2 are 0.14 at most.
pub const PRECISION_TOLERANCE: f64 = 0.3;

/// Rounding of sums in f64.
const ROUNDING: f64 = 1e-9;

/// A table whose rows can be checked.
pub trait Checked: Table {
    /// What the rows must agree with: of the tables that the action read, or numbers of them.
    type Given<'a>;

    /// The first thing about the rows of one action that cannot be right.
    fn inspect(rows: &[Self], given: Self::Given<'_>) -> Result<(), Fault>;
}

/// Something about rows that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    expected: String,
    found: String,
}

/// An action's rows cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its {table} cannot be right: expected {expected}, found {found}. Nothing of it was published. Run the stage again; if it \
     stays so, the network's answers change from call to call, or this is a fault of the program: please report it"
)]
pub struct Violation {
    table: &'static str,
    expected: String,
    found: String,
}

/// Checks the rows of one action.
pub(crate) fn check<T: Checked>(rows: &[T], given: T::Given<'_>) -> Result<(), Violation> {
    T::inspect(rows, given).map_err(|Fault { expected, found }| Violation {
        table: T::NAME,
        expected,
        found,
    })
}

impl Checked for Crop {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        let row = one(rows)?;
        let size = [row.height, row.width];
        same("the size in rgb", png_size(&row.rgb), Some(size))?;
        if let Some(mask) = &row.truth_mask {
            same("the size in truth_mask", png_size(mask), Some(size))?;
        }
        let sides = [row.height, row.width, row.source_height, row.source_width];
        ensure(!sides.contains(&0), "sides of at least 1 pixel", || {
            format!("{sides:?}")
        })
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
    /// How many classes the study names, and the network's temperature.
    type Given<'a> = (usize, f64);

    fn inspect(rows: &[Self], (classes, temperature): (usize, f64)) -> Result<(), Fault> {
        let row = one(rows)?;
        same("logits", row.logits.len(), classes)?;
        finite("logits", row.logits.iter().copied().map(f64::from))?;
        let largest = row.logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let first = row.logits.iter().position(|logit| *logit >= largest);
        same("predicted_class", Some(row.predicted_class as usize), first)?;
        is_softmax(
            row.probability,
            &row.logits,
            temperature,
            row.predicted_class,
        )
    }
}

impl Checked for Target {
    /// What the network answered, and its temperature.
    type Given<'a> = (&'a Logits, f64);

    fn inspect(rows: &[Self], (answer, temperature): (&Logits, f64)) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &answer.image)?;
        same("network", &row.network, &answer.network)?;
        let right = row.true_class.map(|class| class == answer.predicted_class);
        same("correct", row.correct, right)?;
        same(
            "whether there is a true_label",
            row.true_label.is_some(),
            row.true_class.is_some(),
        )?;
        is_softmax(
            row.probability,
            &answer.logits,
            temperature,
            row.target_class,
        )
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

/// Whether values can be a map after the rectifier.
fn map(values: &[f32], height: u32, width: u32) -> Result<(), Fault> {
    same("values in the map", values.len(), area(height, width))?;
    ensure(!values.is_empty(), "a map of at least 1 value", || {
        "none".to_owned()
    })?;
    finite("map", values.iter().copied().map(f64::from))?;
    each("a map of at least 0", values.iter(), |value| **value >= 0.0)
}

impl Checked for Perturbations {
    /// The last one is the precision in which the target was asked.
    type Given<'a> = (&'a Segments, &'a Target, &'a str);

    fn inspect(
        rows: &[Self],
        (segments, target, precision): (&Segments, &Target, &str),
    ) -> Result<(), Fault> {
        let row = one(rows)?;
        same("image", &row.image, &target.image)?;
        same("network", &row.network, &target.network)?;
        same("partition", &row.partition, &segments.partition)?;
        same("target_class", row.target_class, target.target_class)?;
        same("superpixels", row.superpixels, segments.superpixels)?;
        same(
            "probabilities",
            row.probabilities.len(),
            row.samples as usize,
        )?;
        probabilities("probabilities", &row.probabilities)?;
        masks(&row.masks, row.samples as usize, row.superpixels as usize)?;
        let again = &row.reference_probabilities;
        probabilities("reference_probabilities", again)?;
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
        same("whether rows were asked again", !again.is_empty(), mixed)?;
        let tolerance = |of: &str| {
            if of == precision {
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
            untouched("row 0", again.first(), target, tolerance("fp32"))?;
        }
        let first = if mixed { "bf16" } else { &row.precision };
        untouched("row 0", row.probabilities.first(), target, tolerance(first))
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
        finite("figures of the fit", rows.iter().flat_map(figures))?;
        uniform(rows, |row| figures(row).map(f64::to_bits))?;
        each("r2 of at most 1", rows.iter().map(|row| row.r2), |r2| {
            *r2 <= 1.0 + ROUNDING
        })?;
        finite("weight", rows.iter().map(|row| row.weight))?;
        let errors = || rows.iter().filter_map(|row| row.standard_error);
        finite("standard_error", errors())?;
        each("a standard_error of at least 0", errors(), |error| {
            *error >= 0.0
        })?;
        let numbered = rows.iter().map(|row| usize::from(row.superpixel));
        in_order("superpixel", numbered)?;
        ranks(rows)
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
        finite("relevance", rows.iter().map(|row| row.relevance))?;
        let errors = || rows.iter().filter_map(|row| row.standard_error);
        finite("standard_error", errors())?;
        each("a standard_error of at least 0", errors(), |error| {
            *error >= 0.0
        })?;
        let numbered = rows.iter().map(|row| usize::from(row.superpixel));
        in_order("superpixel", numbered)?;
        numbers("rank", rows.iter().map(|row| row.rank as usize), rows.len())?;
        let mut by_rank: Vec<&Self> = rows.iter().collect();
        by_rank.sort_by_key(|row| row.rank);
        let wrong = by_rank
            .windows(2)
            .find(|pair| pair[0].relevance < pair[1].relevance);
        ensure(wrong.is_none(), "ranks by falling relevance", || {
            wrong.map_or_else(String::new, |pair| {
                format!("{} before {}", pair[0].relevance, pair[1].relevance)
            })
        })?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        same("image", &row.image, &segments.image)?;
        same("partition", &row.partition, &segments.partition)?;
        ensure(row.depth != Some(0), "a depth of at least 1", || {
            "0".to_owned()
        })
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
        finite("logit", rows.iter().map(|row| f64::from(row.logit)))?;
        let answers: Vec<f32> = rows.iter().map(|row| row.probability).collect();
        probabilities("probability", &answers)?;
        rows.iter().try_for_each(|row| certainty(row, classes))?;
        untouched("step 0", answers.first(), target, UNTOUCHED_TOLERANCE)
    }
}

/// Whether a step's largest probability and entropy can be those of one distribution over so many classes: with the largest m, the entropy is
/// at least -ln m, and at most that of m and the rest spread evenly.
fn certainty(row: &CurveStep, classes: usize) -> Result<(), Fault> {
    let [largest, entropy] = [row.largest_probability, row.entropy].map(f64::from);
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

impl Checked for Score {
    /// How many curves there are.
    type Given<'a> = usize;

    fn inspect(rows: &[Self], curves: usize) -> Result<(), Fault> {
        same("rows", rows.len(), curves)?;
        let areas = |row: &Self| [row.auc, row.auc_mean, row.auc_area];
        let relative = |row: &Self| row.auc_relative;
        finite("areas", rows.iter().flat_map(areas))?;
        finite("auc_relative", rows.iter().filter_map(relative))?;
        each(
            "an auc_relative of at least 0",
            rows.iter().filter_map(relative),
            |area| *area >= 0.0,
        )?;
        let shares = rows.iter().flat_map(|row| [row.auc_mean, row.auc_area]);
        each("an auc_mean and auc_area from 0 to 1", shares, |share| {
            (-ROUNDING..=1.0 + ROUNDING).contains(share)
        })?;
        rows.iter().try_for_each(|row| {
            close(
                "auc / steps",
                row.auc / f64::from(row.steps),
                row.auc_mean,
                ROUNDING,
            )?;
            let null = row.auc_relative.is_none() || row.tied.is_none();
            explained(null, row.reason.as_ref())
        })
    }
}

impl Checked for Exclusion {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        let unexplained = rows.iter().find(|row| row.reason.is_empty());
        ensure(unexplained.is_none(), "a reason for every image", || {
            "none".to_owned()
        })
    }
}

impl Checked for Gain {
    /// How many curves there are.
    type Given<'a> = usize;

    fn inspect(rows: &[Self], curves: usize) -> Result<(), Fault> {
        let most = rows.len() <= curves / 2;
        ensure(most, format!("at most {} rows", curves / 2), || {
            rows.len().to_string()
        })?;
        rows.iter().try_for_each(|row| {
            shares("areas", &[row.deletion_auc_mean, row.insertion_auc_mean])?;
            within(
                "gains",
                -1.0..=1.0,
                &[row.symmetric_gain, row.symmetric_gain_area],
            )?;
            let gain = row.insertion_auc_mean - row.deletion_auc_mean;
            close(
                "the difference of the areas",
                row.symmetric_gain,
                gain,
                ROUNDING,
            )?;
            finite(
                "symmetric_gain_relative",
                row.symmetric_gain_relative.into_iter(),
            )?;
            explained(row.symmetric_gain_relative.is_none(), row.reason.as_ref())
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
            })?;
            ensure(
                row.samples > 0 && row.superpixels > 0,
                "samples and superpixels",
                || "none".to_owned(),
            )?;
            let correlations = [row.spearman, row.kendall];
            let jaccards = [row.jaccard_3, row.jaccard_5, row.jaccard_10];
            within("correlations", -1.0..=1.0, &some(&correlations))?;
            shares("Jaccard indices", &some(&jaccards))?;
            shares("sign_changes", &[row.sign_changes])?;
            let null = some(&correlations).len() + some(&jaccards).len() < 5;
            explained(null, row.reason.as_ref())
        })
    }
}

impl Checked for NeededSamples {
    /// How many explanations there are, runs taken together.
    type Given<'a> = usize;

    fn inspect(rows: &[Self], explanations: usize) -> Result<(), Fault> {
        same("rows", rows.len(), explanations)?;
        rows.iter().try_for_each(|row| {
            within("spearman", -1.0..=1.0, &some(&[row.spearman]))?;
            let fits = row
                .needed
                .is_none_or(|needed| (1..=row.samples).contains(&needed));
            ensure(fits, "needed samples among those that there are", || {
                format!("{:?} of {}", row.needed, row.samples)
            })?;
            explained(row.needed.is_none(), row.reason.as_ref())
        })
    }
}

impl Checked for Localization {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let measures = [
                row.mask_area,
                row.pointing,
                row.relevance_inside,
                row.intersection_over_union,
                row.average_precision,
            ];
            shares("measures", &some(&measures))?;
            explained(measures.contains(&None), row.reason.as_ref())
        })
    }
}

impl Checked for Complexity {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let count = row.superpixels_for_80_percent;
            let fits = count.is_none_or(|count| (1..=row.superpixels).contains(&count));
            ensure(fits, "superpixels among those that there are", || {
                format!("{count:?} of {}", row.superpixels)
            })?;
            shares("gini", &some(&[row.gini]))?;
            let highest = f64::from(row.superpixels).ln();
            within("entropy", 0.0..=highest, &some(&[row.entropy]))?;
            let null = count.is_none() || row.gini.is_none() || row.entropy.is_none();
            explained(null, row.reason.as_ref())
        })
    }
}

/// Whether so many layers can be random at a depth.
fn cascade(depth: u32, random: u32, layers: u32) -> Result<(), Fault> {
    ensure(depth > 0, "a depth of at least 1", || depth.to_string())?;
    let expected = format!("random layers from 1 to {layers}");
    ensure((1..=layers).contains(&random), expected, || {
        random.to_string()
    })
}

impl Checked for Sanity {
    /// How many depths there are.
    type Given<'a> = u32;

    fn inspect(rows: &[Self], depths: u32) -> Result<(), Fault> {
        same(
            "rows of a depth more or less",
            rows.len() % depths as usize,
            0,
        )?;
        rows.iter().try_for_each(|row| {
            let expected = format!("depths from 1 to {depths}");
            ensure((1..=depths).contains(&row.depth), expected, || {
                row.depth.to_string()
            })?;
            match (row.random_layers, row.layers) {
                (Some(random), Some(layers)) => {
                    cascade(row.depth, random, layers)?;
                    let whole = random == layers || row.depth < depths;
                    same(
                        "whether all layers are random at the last depth",
                        whole,
                        true,
                    )?;
                }
                (random, layers) => same("random_layers", random, layers)?,
            }
            same(
                "whether there is a lowest_random_layer",
                row.lowest_random_layer.is_some(),
                row.layers.is_some(),
            )?;
            let correlations = [row.spearman, row.spearman_absolute];
            within("correlations", -1.0..=1.0, &some(&correlations))?;
            explained(correlations.contains(&None), row.reason.as_ref())
        })
    }
}

impl Checked for Stability {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let deviations = [row.auc_std, row.auc_relative_std];
            finite("auc", some(&[Some(row.auc), row.auc_relative]).into_iter())?;
            within("deviations", 0.0..=f64::MAX, &some(&deviations))?;
            let moved = row.deterministic && some(&deviations).iter().any(|value| *value > 0.0);
            ensure(!moved, "no deviation of a deterministic method", || {
                format!("{deviations:?}")
            })?;
            let null = row.auc_relative.is_none() || deviations.contains(&None);
            explained(null, row.reason.as_ref())
        })
    }
}

impl Checked for Summary {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let values = [
                row.mean,
                row.low,
                row.high,
                row.std_over_images,
                row.mean_rank,
            ];
            finite("values", some(&values).into_iter())?;
            interval(row.low, row.high)?;
            same(
                "whether there is a place",
                row.place.is_some(),
                row.mean.is_some(),
            )?;
            explained(values.contains(&None), row.reason.as_ref())
        })
    }
}

impl Checked for Comparison {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let values = [
                row.mean,
                row.other_mean,
                row.difference,
                row.low,
                row.high,
                row.p,
                row.p_adjusted,
                row.rank_biserial,
                row.standardised_difference,
            ];
            finite("values", some(&values).into_iter())?;
            interval(row.low, row.high)?;
            shares("p-values", &some(&[row.p, row.p_adjusted]))?;
            ensure(
                row.p_adjusted >= row.p,
                "an adjusted p of at least p",
                || format!("{:?} for {:?}", row.p_adjusted, row.p),
            )?;
            within("rank_biserial", -1.0..=1.0, &some(&[row.rank_biserial]))?;
            same(
                "wins, losses and ties",
                row.wins + row.losses + row.ties,
                row.images,
            )?;
            if let [Some(mean), Some(other), Some(difference)] =
                [row.mean, row.other_mean, row.difference]
            {
                let rounding = ROUNDING * (1.0 + mean.abs() + other.abs());
                close(
                    "the difference of the means",
                    difference,
                    mean - other,
                    rounding,
                )?;
            }
            explained(values.contains(&None), row.reason.as_ref())
        })
    }
}

impl Checked for VarianceComponents {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            let values = [
                row.image_variance,
                row.method_variance,
                row.interaction_variance,
                row.run_variance,
            ];
            finite("variances", some(&values).into_iter())?;
            within("run_variance", 0.0..=f64::MAX, &some(&[row.run_variance]))?;
            explained(values.contains(&None), row.reason.as_ref())
        })
    }
}

impl Checked for Concordance {
    type Given<'a> = ();

    fn inspect(rows: &[Self], (): ()) -> Result<(), Fault> {
        rows.iter().try_for_each(|row| {
            shares("w and p", &some(&[row.w, row.p]))?;
            explained(row.w.is_none() || row.p.is_none(), row.reason.as_ref())
        })
    }
}

/// The values that are not null.
fn some(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().copied().flatten().collect()
}

fn shares(column: &str, values: &[f64]) -> Result<(), Fault> {
    within(column, 0.0..=1.0, values)
}

fn within(column: &str, range: std::ops::RangeInclusive<f64>, values: &[f64]) -> Result<(), Fault> {
    let (low, high) = (range.start() - ROUNDING, range.end() + ROUNDING);
    let expected = format!("{column} from {} to {}", range.start(), range.end());
    // Not a number is in no range.
    each(&expected, values.iter(), |value| {
        (low..=high).contains(*value)
    })
}

fn interval(low: Option<f64>, high: Option<f64>) -> Result<(), Fault> {
    let both = low.is_some() == high.is_some() && low <= high;
    ensure(both, "an interval from low to high", || {
        format!("{low:?} to {high:?}")
    })
}

/// Whether a row says why a value of it is null, and only then.
fn explained(null: bool, reason: Option<&String>) -> Result<(), Fault> {
    let said = reason.is_some_and(|reason| !reason.is_empty());
    ensure(
        null == said && reason.is_some() == said,
        "a reason where a value is null, and only there",
        || format!("the reason {reason:?}"),
    )
}

fn ensure(
    holds: bool,
    expected: impl Display,
    found: impl FnOnce() -> String,
) -> Result<(), Fault> {
    if holds {
        return Ok(());
    }
    Err(Fault {
        expected: expected.to_string(),
        found: found(),
    })
}

fn one<T>(rows: &[T]) -> Result<&T, Fault> {
    match rows {
        [row] => Ok(row),
        _ => Err(Fault {
            expected: "1 row".to_owned(),
            found: rows.len().to_string(),
        }),
    }
}

fn same<V: Copy + PartialEq + Debug>(what: &str, found: V, expected: V) -> Result<(), Fault> {
    ensure(found == expected, format!("{what}: {expected:?}"), || {
        format!("{found:?}")
    })
}

/// Whether a value is the same in all rows.
fn uniform<'a, T, V: Copy + PartialEq + Debug>(
    rows: &'a [T],
    value: impl Fn(&'a T) -> V,
) -> Result<(), Fault> {
    rows.windows(2)
        .try_for_each(|pair| same("the same in all rows", value(&pair[1]), value(&pair[0])))
}

fn each<V: Display>(
    expected: &str,
    mut values: impl Iterator<Item = V>,
    holds: impl Fn(&V) -> bool,
) -> Result<(), Fault> {
    values.find(|value| !holds(value)).map_or(Ok(()), |value| {
        ensure(false, expected, || value.to_string())
    })
}

fn finite(column: &str, values: impl Iterator<Item = f64>) -> Result<(), Fault> {
    each(&format!("finite {column}"), values, |value| {
        value.is_finite()
    })
}

fn probabilities(column: &str, values: &[f32]) -> Result<(), Fault> {
    // Not a number is in no range.
    each(&format!("{column} from 0 to 1"), values.iter(), |value| {
        (0.0..=1.0).contains(*value)
    })
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) -> Result<(), Fault> {
    let expected_text = format!("{what}: {expected}, to {tolerance:e}");
    ensure((found - expected).abs() <= tolerance, expected_text, || {
        found.to_string()
    })
}

/// Whether a probability is the target's of the untouched crop.
fn untouched(
    which: &str,
    found: Option<&f32>,
    target: &Target,
    tolerance: f64,
) -> Result<(), Fault> {
    let found = found.copied().map_or(f64::NAN, f64::from);
    let what = format!("the probability of the untouched image at {which}, as in targets");
    close(&what, found, f64::from(target.probability), tolerance)
}

fn is_softmax(probability: f32, logits: &[f32], temperature: f64, class: u32) -> Result<(), Fault> {
    probabilities("probability", &[probability])?;
    let logit = |class: u32| logits.get(class as usize).copied().map(f64::from);
    let Some(own) = logit(class) else {
        return ensure(false, format!("a class below {}", logits.len()), || {
            class.to_string()
        });
    };
    // One over the sum of the powers of differences: no shift is needed, and one that overflows gives the right 0.
    let sum: f64 = logits
        .iter()
        .map(|logit| ((f64::from(*logit) - own) / temperature).exp())
        .sum();
    close(
        "the softmax of the logits",
        f64::from(probability),
        1.0 / sum,
        SOFTMAX_TOLERANCE,
    )
}

/// Whether values are exactly the numbers 0 .. n, each at least once.
fn numbers(column: &str, values: impl Iterator<Item = usize>, n: usize) -> Result<(), Fault> {
    let mut there = vec![false; n];
    for value in values {
        match there.get_mut(value) {
            Some(there) => *there = true,
            None => return ensure(false, format!("{column} below {n}"), || value.to_string()),
        }
    }
    ensure(n > 0, "at least 1 superpixel", || "none".to_owned())?;
    let missing = there.iter().position(|there| !there);
    same(
        &format!("number below {n} that no {column} is"),
        missing,
        None,
    )
}

/// Whether values are 0, 1, 2 and so on.
fn in_order(column: &str, values: impl Iterator<Item = usize>) -> Result<(), Fault> {
    let wrong = values.enumerate().find(|(row, value)| row != value);
    same(
        &format!("row with a {column} that is not its number"),
        wrong,
        None,
    )
}

/// Whether masks are as long as they should be, without stray bits, and the first keeps everything.
fn masks(bytes: &[u8], samples: usize, superpixels: usize) -> Result<(), Fault> {
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

/// Whether ranks number the rows once each by falling weight, equal ones by superpixel.
fn ranks(rows: &[Weight]) -> Result<(), Fault> {
    numbers("rank", rows.iter().map(|row| row.rank as usize), rows.len())?;
    let mut by_rank: Vec<&Weight> = rows.iter().collect();
    by_rank.sort_by_key(|row| row.rank);
    let wrong = by_rank
        .windows(2)
        .find(|pair| (pair[0].weight, pair[1].superpixel) < (pair[1].weight, pair[0].superpixel));
    ensure(
        wrong.is_none(),
        "ranks by falling weight, equal ones by superpixel",
        || {
            wrong.map_or_else(String::new, |pair| {
                format!("{} before {}", pair[0].weight, pair[1].weight)
            })
        },
    )
}

/// Whether the share of removed pixels rises at every step, from 0 to 1.
fn areas(areas: &[f64]) -> Result<(), Fault> {
    let ends = [areas.first().copied(), areas.last().copied()];
    same("first and last removed_area", ends, [Some(0.0), Some(1.0)])?;
    finite("removed_area", areas.iter().copied())?;
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

#[cfg(test)]
mod tests;
