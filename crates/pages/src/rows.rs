//! The study's rows by what names them, and what is checked when one is taken: that all tables are of one study.

use statistics::Measured;
use std::collections::{BTreeMap, BTreeSet};

use imaging::Rgb;
use schema::{Crop, CurveStep, Saliency, Score, Segments, Target};

use crate::explorer::coarse;
use crate::{Artifact, Inputs, ReportError};

/// Image, network, partition, method, run.
type ExplanationKey<'a> = (&'a str, &'a str, &'a str, &'a str, u32);
/// And the replacement of a method that searches.
type SearchKey<'a> = (ExplanationKey<'a>, Option<&'a str>);
/// And order, replacement.
type CurveKey<'a> = (ExplanationKey<'a>, &'a str, &'a str);

/// The key of the explanation that a row is about.
macro_rules! explanation {
    ($row:expr) => {
        (
            &*$row.image,
            &*$row.network,
            &*$row.partition,
            &*$row.method,
            $row.run,
        )
    };
}

/// The rows that pictures and curves are made of.
pub(crate) struct Rows<'a> {
    /// What curves show.
    pub(crate) answers: Measured,
    crops: BTreeMap<&'a str, &'a Crop>,
    segments: BTreeMap<(&'a str, &'a str), &'a Segments>,
    targets: BTreeMap<(&'a str, &'a str), &'a Target>,
    saliency: BTreeMap<(&'a str, &'a str, &'a str, u32), &'a Saliency>,
    /// The weighted R2 of a surrogate.
    r2: BTreeMap<ExplanationKey<'a>, Option<f64>>,
    /// With the replacement that a method searched with; none of a method that does not search.
    relevances: BTreeMap<SearchKey<'a>, Vec<(u16, f64)>>,
    /// The methods whose relevances are more than the places in an order.
    measured: BTreeSet<&'a str>,
    curves: BTreeMap<CurveKey<'a>, Vec<&'a CurveStep>>,
    /// Those that hold curves.
    artifacts: BTreeMap<CurveKey<'a>, &'a Artifact>,
    means: BTreeMap<&'a str, [f64; 3]>,
}

/// What a method said about an image.
pub(crate) enum Relevance<'a> {
    /// A map over the pixels, [height, width] of the crop, made of means where it has the pixels of the input; and its mean in each superpixel.
    Map {
        saliency: &'a Saliency,
        enlarged: Vec<f32>,
        pooled: Vec<f64>,
    },
    /// A signed weight of each superpixel, and the fit's weighted R2 where something was fitted.
    Weights { values: Vec<f64>, r2: Option<f64> },
    /// A relevance of each superpixel that a control gave; `order_only` where it is the place in an order and no more.
    Order { values: Vec<f64>, order_only: bool },
    /// Neither is in the study.
    None,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(inputs: &'a Inputs) -> Self {
        let mut curves: BTreeMap<CurveKey<'a>, Vec<&CurveStep>> = BTreeMap::new();
        for row in &inputs.curves {
            let key = (explanation!(row), &*row.order, &*row.replacement);
            curves.entry(key).or_default().push(row);
        }
        for curve in curves.values_mut() {
            curve.sort_by_key(|row| row.step);
        }
        let mut relevances: BTreeMap<_, Vec<(u16, f64)>> = BTreeMap::new();
        for row in &inputs.relevances {
            let key = (explanation!(row), row.replacement.as_deref());
            let values = relevances.entry(key).or_default();
            values.push((row.superpixel, row.relevance));
        }
        let r2 = inputs.weights.iter().map(|row| (explanation!(row), row.r2));
        let artifacts = inputs.provenance.artifacts.iter();
        let measured = inputs.methods.iter().filter(|method| method.measured);
        Self {
            answers: inputs.measured,
            crops: index(&inputs.crops, |row| &*row.image),
            segments: index(&inputs.segments, |row| (&*row.image, &*row.partition)),
            targets: index(&inputs.targets, |row| (&*row.image, &*row.network)),
            saliency: index(&inputs.saliency, |row| {
                (&*row.image, &*row.network, &*row.method, row.run)
            }),
            r2: r2.collect(),
            relevances,
            measured: measured.map(|method| &*method.name).collect(),
            curves,
            artifacts: artifacts
                .filter_map(|it| Some((curve_of(it)?, it)))
                .collect(),
            means: inputs
                .networks
                .iter()
                .map(|network| (&*network.name, network.mean))
                .collect(),
        }
    }

    /// The crop of an image.
    pub(crate) fn crop(&self, image: &str) -> Result<Rgb, ReportError> {
        let found = self.crops.get(image);
        let row = found.ok_or_else(|| missing("crops", &format!("image {image:?}")))?;
        imaging::decode(&row.rgb).map_err(|source| ReportError::Crop {
            image: image.to_owned(),
            source,
        })
    }

    /// The class that a network's explanations of an image explain.
    pub(crate) fn target(&self, image: &str, network: &str) -> Result<&'a Target, ReportError> {
        let target = self.targets.get(&(image, network));
        target
            .copied()
            .ok_or_else(|| missing("targets", &format!("image {image:?}, network {network}")))
    }

    /// A network's mean colour in [0, 1].
    pub(crate) fn mean(&self, network: &str) -> Option<[f64; 3]> {
        self.means.get(network).copied()
    }

    /// The partition, with a label of an existing superpixel for each pixel of the crop.
    pub(crate) fn segments(
        &self,
        image: &str,
        partition: &str,
        crop: &Rgb,
    ) -> Result<&'a Segments, ReportError> {
        let key = || format!("image {image:?}, partition {partition:?}");
        let found = self.segments.get(&(image, partition));
        let segments = found.ok_or_else(|| missing("segments", &key()))?;
        let [height, width] = [crop.height(), crop.width()];
        let wrong = |found: String| ReportError::Partition {
            image: image.to_owned(),
            partition: partition.to_owned(),
            superpixels: segments.superpixels,
            height,
            width,
            found,
        };
        let sides = [segments.height, segments.width].map(|side| side as usize);
        if sides != [height, width] || segments.labels.len() != height * width {
            let [rows, columns] = sides;
            let labels = segments.labels.len();
            return Err(wrong(format!(
                "{labels} labels for {rows}x{columns} pixels"
            )));
        }
        match segments.labels.iter().max() {
            Some(label) if u32::from(*label) < segments.superpixels => Ok(segments),
            most => Err(wrong(format!("the label {}", most.copied().unwrap_or(0)))),
        }
    }

    /// The curve of a score, whole and in order.
    pub(crate) fn curve(
        &self,
        score: &Score,
        superpixels: u32,
    ) -> Result<Vec<&'a CurveStep>, ReportError> {
        let key = (explanation!(score), &*score.order, &*score.replacement);
        let curve = self.curves.get(&key).cloned().unwrap_or_default();
        let steps = score.steps as usize;
        let whole = |row: usize| {
            curve.get(row).is_some_and(|step| {
                let known = step
                    .superpixel
                    .is_some_and(|id| u32::from(id) < superpixels);
                step.step as usize == row
                    && step.superpixel.is_some() == (row > 0)
                    && (row == 0 || known)
                    && self.is_answer(step)
            })
        };
        let wrong = (0..=steps).find(|&row| !whole(row));
        match wrong.or((curve.len() != steps + 1).then_some(steps + 1)) {
            None => Ok(curve),
            Some(row) => Err(ReportError::Curve {
                key: in_words(score),
                steps: score.steps,
                last: superpixels.saturating_sub(1),
                row,
                found: curve.get(row).map_or("nothing".to_owned(), |step| {
                    format!(
                        "step {}, superpixel {:?}, {} {}",
                        step.step,
                        step.superpixel,
                        self.answers.name(),
                        self.answer(step)
                    )
                }),
            }),
        }
    }

    /// What a curve shows of a step.
    pub(crate) fn answer(&self, step: &CurveStep) -> f32 {
        match self.answers {
            Measured::Probability => step.probability,
            Measured::Logit => step.logit,
        }
    }

    fn is_answer(&self, step: &CurveStep) -> bool {
        let answer = self.answer(step);
        match self.answers {
            Measured::Probability => (0.0..=1.001).contains(&answer),
            Measured::Logit => answer.is_finite(),
        }
    }

    /// The artifact with the curve of a score.
    pub(crate) fn artifact(&self, score: &Score) -> Option<&'a Artifact> {
        let key = (explanation!(score), &*score.order, &*score.replacement);
        self.artifacts.get(&key).copied()
    }

    /// What a method said; `segments` is the partition of the score and the crop has its sides.
    pub(crate) fn relevance(
        &self,
        score: &Score,
        segments: &Segments,
    ) -> Result<Relevance<'a>, ReportError> {
        let mut searched = [Some(&*score.replacement), None].into_iter();
        let found = searched.find_map(|by| self.relevances.get(&(explanation!(score), by)));
        let Some(rows) = found else {
            return Ok(Relevance::None);
        };
        let values = by_superpixel(score, segments, rows.iter().copied())?;
        let map_key = (&*score.image, &*score.network, &*score.method, score.run);
        if let Some(saliency) = self.saliency.get(&map_key) {
            let (map, from) = coarse(saliency);
            let from = from.map(|side| side as usize);
            let to = [segments.height, segments.width].map(|side| side as usize);
            let enlarged = cam::enlarge(&map, from, to);
            return Ok(Relevance::Map {
                saliency,
                enlarged: enlarged.map_err(|source| ReportError::Map {
                    key: in_words(score),
                    source,
                })?,
                pooled: values,
            });
        }
        if let Some(&r2) = self.r2.get(&explanation!(score)) {
            return Ok(Relevance::Weights { values, r2 });
        }
        let order_only = !self.measured.contains(&*score.method);
        Ok(Relevance::Order { values, order_only })
    }
}

/// The curve that an artifact holds; none if it holds something else.
fn curve_of(artifact: &Artifact) -> Option<CurveKey<'_>> {
    let explanation = (
        artifact.image.as_deref()?,
        artifact.network.as_deref()?,
        artifact.partition.as_deref()?,
        artifact.method.as_deref()?,
        artifact.run?,
    );
    let (order, replacement) = (artifact.order.as_deref()?, artifact.replacement.as_deref()?);
    (artifact.table == "curves").then_some((explanation, order, replacement))
}

/// A value for each superpixel; 0 for one that has no row.
fn by_superpixel(
    score: &Score,
    segments: &Segments,
    rows: impl Iterator<Item = (u16, f64)>,
) -> Result<Vec<f64>, ReportError> {
    let mut values = vec![0.0; segments.superpixels as usize];
    for (superpixel, relevance) in rows {
        let value = values.get_mut(usize::from(superpixel));
        *value.ok_or_else(|| ReportError::Weights {
            key: in_words(score),
            superpixels: segments.superpixels,
            superpixel,
        })? = relevance;
    }
    Ok(values)
}

fn index<'a, T, K: Ord>(rows: &'a [T], key: impl Fn(&'a T) -> K) -> BTreeMap<K, &'a T> {
    rows.iter().map(|row| (key(row), row)).collect()
}

pub(crate) fn missing(table: &'static str, key: &str) -> ReportError {
    ReportError::Missing {
        table,
        key: key.to_owned(),
    }
}

pub(crate) fn in_words(score: &Score) -> String {
    let Score {
        image,
        network,
        partition,
        method,
        run,
        order,
        replacement,
        ..
    } = score;
    format!(
        "image {image:?}, network {network}, partition {partition}, method {method}, run {run}, order {order}, \
         replacement {replacement}"
    )
}
