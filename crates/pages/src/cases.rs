//! Single cases: an image under one condition by one method, with its explanation, its removal and its curve in pictures.

use std::collections::{BTreeMap, BTreeSet};

use imaging::{Rgb, gaussian_blur, own_mean, solid};
use rayon::prelude::*;
use schema::{Crop, CurveStep, Saliency, Score, Segments, Target, Weight};

use crate::figures::{Caption, Figure, removal_curve};
use crate::pictures::{Picture, heat, outline, picture, remove, shrink, weights};
use crate::results::{Group, Results, median_run};
use crate::{Inputs, ReportError};

/// Most cases that a report shows: some 60 to 120 KB each.
const MOST_CASES: usize = 120;
/// Most pictures of a removal.
const MOST_FRAMES: usize = 8;
/// Longer side of a removal's pictures in pixels.
const FRAME_SIDE: usize = 128;
/// Longer side of the crop and the maps in pixels: a network's usual input.
const MAP_SIDE: usize = 256;
/// Of the replacement `blur`, in pixels.
const BLUR_SIGMA: f64 = 10.0;

/// An image by a method under a condition.
#[derive(Clone, Debug)]
pub(crate) struct Case<'a> {
    /// Place of its group among [`Results::groups`].
    pub(crate) group: usize,
    pub(crate) image: &'a str,
    /// The run that is shown.
    pub(crate) score: &'a Score,
    pub(crate) target: &'a Target,
    pub(crate) superpixels: u32,
    pub(crate) crop: Picture,
    /// The crop with the superpixels' borders; none where the explanation shows them.
    pub(crate) borders: Option<Picture>,
    pub(crate) explanation: Explanation,
    pub(crate) removal: Option<Vec<Frame>>,
    pub(crate) curve: Figure,
}

/// What the method said.
#[derive(Clone, Debug)]
pub(crate) enum Explanation {
    /// A map over the pixels, and its means over superpixels, both from 0 to `most`.
    Map {
        enlarged: Picture,
        pooled: Picture,
        layer: String,
        height: u32,
        width: u32,
        most: f32,
        pooled_most: f64,
    },
    /// A signed value for each superpixel, from -`most` to `most`.
    Weights {
        picture: Picture,
        most: f64,
        r2: f64,
    },
    /// Neither is in the study.
    None,
}

/// The image after some superpixels were removed.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) step: u32,
    pub(crate) probability: f32,
    pub(crate) picture: Picture,
}

/// The cases to show: for every group the image nearest the median, then as many images as there is room for, by name.
#[derive(Clone, Debug)]
pub(crate) struct Cases<'a> {
    /// By group, then image.
    pub(crate) cases: Vec<Case<'a>>,
    /// The images that are shown for every group that has them; the others only where they are nearest the median.
    pub(crate) images: Vec<&'a str>,
}

impl<'a> Cases<'a> {
    pub(crate) fn new(inputs: &'a Inputs, results: &Results<'a>) -> Result<Self, ReportError> {
        let groups: Vec<&Group<'a>> = results.groups().collect();
        let room = MOST_CASES / groups.len().max(1);
        let images: Vec<&str> = results.images.iter().copied().take(room).collect();
        let rows = Rows::new(inputs);
        let mut wanted = BTreeMap::<&str, Vec<usize>>::new();
        for (number, group) in groups.iter().enumerate() {
            let median = group.median_image();
            let shown = |image: &&&str| images.contains(image) || Some(**image) == median;
            for image in group.images.keys().filter(shown) {
                wanted.entry(image).or_default().push(number);
            }
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let made: Result<Vec<Vec<Case<'a>>>, ReportError> = wanted
            .into_par_iter()
            .map(|(image, numbers)| rows.of_image(image, &groups, &numbers))
            .collect();
        let mut cases: Vec<Case<'a>> = made?.into_iter().flatten().collect();
        cases.sort_by_key(|case| case.group);
        Ok(Self { cases, images })
    }
}

/// Image, network, partition, method, run.
type ExplanationKey<'a> = (&'a str, &'a str, &'a str, &'a str, u32);
/// And order, replacement.
type CurveKey<'a> = (ExplanationKey<'a>, &'a str, &'a str);

/// The study's rows, by what names them.
struct Rows<'a> {
    crops: BTreeMap<&'a str, &'a Crop>,
    segments: BTreeMap<(&'a str, &'a str), &'a Segments>,
    targets: BTreeMap<(&'a str, &'a str), &'a Target>,
    saliency: BTreeMap<(&'a str, &'a str, &'a str), &'a Saliency>,
    weights: BTreeMap<ExplanationKey<'a>, Vec<&'a Weight>>,
    curves: BTreeMap<CurveKey<'a>, Vec<&'a CurveStep>>,
    grays: BTreeMap<&'a str, [u8; 3]>,
}

impl<'a> Rows<'a> {
    fn new(inputs: &'a Inputs) -> Self {
        let mut curves: BTreeMap<CurveKey<'a>, Vec<&CurveStep>> = BTreeMap::new();
        for row in &inputs.curves {
            let explanation = (
                &*row.image,
                &*row.network,
                &*row.partition,
                &*row.method,
                row.run,
            );
            let key = (explanation, &*row.order, &*row.replacement);
            curves.entry(key).or_default().push(row);
        }
        for curve in curves.values_mut() {
            curve.sort_by_key(|row| row.step);
        }
        let mut weights: BTreeMap<ExplanationKey<'a>, Vec<&Weight>> = BTreeMap::new();
        for row in &inputs.weights {
            let key = (
                &*row.image,
                &*row.network,
                &*row.partition,
                &*row.method,
                row.run,
            );
            weights.entry(key).or_default().push(row);
        }
        Self {
            crops: index(&inputs.crops, |row| &*row.image),
            segments: index(&inputs.segments, |row| (&*row.image, &*row.partition)),
            targets: index(&inputs.targets, |row| (&*row.image, &*row.network)),
            saliency: index(&inputs.saliency, |row| {
                (&*row.image, &*row.network, &*row.method)
            }),
            weights,
            curves,
            grays: inputs
                .networks
                .iter()
                .map(|network| (&*network.name, network.gray))
                .collect(),
        }
    }

    /// The cases of an image in the groups of these numbers.
    fn of_image(
        &self,
        image: &'a str,
        groups: &[&Group<'a>],
        numbers: &[usize],
    ) -> Result<Vec<Case<'a>>, ReportError> {
        let found = self.crops.get(image);
        let row = found.ok_or_else(|| missing("crops", &format!("image {image:?}")))?;
        let crop = imaging::decode(&row.rgb).map_err(|source| ReportError::Crop {
            image: image.to_owned(),
            source,
        })?;
        let mut scene = Scene {
            rows: self,
            image,
            small: picture(&shrink(&crop, MAP_SIDE)),
            crop,
            replacements: BTreeMap::new(),
        };
        let case = |number: &usize| scene.case(*number, groups[*number]);
        numbers.iter().map(case).collect()
    }
}

fn index<'a, T, K: Ord>(rows: &'a [T], key: impl Fn(&'a T) -> K) -> BTreeMap<K, &'a T> {
    rows.iter().map(|row| (key(row), row)).collect()
}

fn missing(table: &'static str, key: &str) -> ReportError {
    ReportError::Missing {
        table,
        key: key.to_owned(),
    }
}

/// An image whose cases are being made.
struct Scene<'a, 'r> {
    rows: &'r Rows<'a>,
    image: &'a str,
    crop: Rgb,
    small: Picture,
    /// Replacement images by partition, replacement and network, made once.
    replacements: BTreeMap<(&'a str, &'a str, &'a str), Option<Rgb>>,
}

impl<'a> Scene<'a, '_> {
    fn case(&mut self, number: usize, group: &Group<'a>) -> Result<Case<'a>, ReportError> {
        let score = median_run(&group.images[self.image])
            .ok_or_else(|| missing("scores", &format!("image {:?}", self.image)))?;
        let [image, network] = [self.image, &*score.network];
        let target = self.rows.targets.get(&(image, network));
        let target = target
            .ok_or_else(|| missing("targets", &format!("image {image:?}, network {network}")))?;
        let segments = self.segments(&score.partition)?;
        let curve = self.curve(score, segments.superpixels)?;
        let frames = frames(curve.len());
        let probabilities: Vec<f32> = curve.iter().map(|row| row.probability).collect();
        let label = Caption::new(
            &["case", image, network, &score.method],
            format!(
                "Probability of {} while superpixels of {image} are removed in the order of {}",
                target.target_label, score.method
            ),
        );
        let explanation = self.explanation(score, segments)?;
        let pooled = matches!(explanation, Explanation::Map { .. });
        Ok(Case {
            group: number,
            image,
            score,
            target,
            superpixels: segments.superpixels,
            crop: self.small.clone(),
            borders: (!pooled).then(|| self.borders(segments)),
            explanation,
            removal: self.removal(score, segments, &curve, &frames),
            curve: removal_curve(label, group.series, &probabilities, &frames)?,
        })
    }

    fn borders(&self, segments: &Segments) -> Picture {
        picture(&shrink(&outline(&self.crop, &segments.labels), MAP_SIDE))
    }

    /// The partition, with a label of an existing superpixel for each pixel of the crop.
    fn segments(&self, partition: &str) -> Result<&'a Segments, ReportError> {
        let key = || format!("image {:?}, partition {partition:?}", self.image);
        let found = self.rows.segments.get(&(self.image, partition));
        let segments = found.ok_or_else(|| missing("segments", &key()))?;
        let [height, width] = [self.crop.height(), self.crop.width()];
        let wrong = |found: String| ReportError::Partition {
            image: self.image.to_owned(),
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
    fn curve(&self, score: &'a Score, superpixels: u32) -> Result<Vec<&'a CurveStep>, ReportError> {
        let key = (explanation_key(score), &*score.order, &*score.replacement);
        let curve = self.rows.curves.get(&key).cloned().unwrap_or_default();
        let steps = score.steps as usize;
        let whole = |row: usize| {
            curve.get(row).is_some_and(|step| {
                let known = step
                    .superpixel
                    .is_some_and(|id| u32::from(id) < superpixels);
                step.step as usize == row
                    && step.superpixel.is_some() == (row > 0)
                    && (row == 0 || known)
                    && (0.0..=1.001).contains(&step.probability)
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
                        "step {}, superpixel {:?}, probability {}",
                        step.step, step.superpixel, step.probability
                    )
                }),
            }),
        }
    }

    fn explanation(
        &self,
        score: &'a Score,
        segments: &Segments,
    ) -> Result<Explanation, ReportError> {
        let map_key = (&*score.image, &*score.network, &*score.method);
        if let Some(saliency) = self.rows.saliency.get(&map_key) {
            return self
                .map(saliency, segments)
                .map_err(|source| ReportError::Map {
                    key: in_words(score),
                    source,
                });
        }
        match self.rows.weights.get(&explanation_key(score)) {
            Some(weights) => self.weights(score, weights, segments),
            None => Ok(Explanation::None),
        }
    }

    fn map(&self, saliency: &Saliency, segments: &Segments) -> Result<Explanation, cam::CamError> {
        let from = [saliency.height, saliency.width].map(|side| side as usize);
        let to = [self.crop.height(), self.crop.width()];
        let enlarged = cam::enlarge(&saliency.map, from, to)?;
        let pooled = cam::pool(&enlarged, &segments.labels, segments.superpixels as usize)?;
        let most = enlarged.iter().copied().fold(0.0, f32::max);
        let pooled_most = pooled.iter().copied().fold(0.0, f64::max);
        let by_superpixel: Vec<f32> = segments
            .labels
            .iter()
            .map(|&label| pooled[usize::from(label)] as f32)
            .collect();
        let shown = |map: &[f32], most| picture(&shrink(&heat(&self.crop, map, most), MAP_SIDE));
        Ok(Explanation::Map {
            enlarged: shown(&enlarged, most),
            pooled: shown(&by_superpixel, pooled_most as f32),
            layer: saliency.layer.clone(),
            height: saliency.height,
            width: saliency.width,
            most,
            pooled_most,
        })
    }

    fn weights(
        &self,
        score: &Score,
        rows: &[&Weight],
        segments: &Segments,
    ) -> Result<Explanation, ReportError> {
        let mut values = vec![0.0; segments.superpixels as usize];
        for row in rows {
            let value = values.get_mut(usize::from(row.superpixel));
            *value.ok_or_else(|| ReportError::Weights {
                key: in_words(score),
                superpixels: segments.superpixels,
                superpixel: row.superpixel,
            })? = row.weight;
        }
        let most = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let painted = weights(&self.crop, &segments.labels, &values, most);
        Ok(Explanation::Weights {
            picture: picture(&shrink(&painted, MAP_SIDE)),
            most,
            r2: rows.first().map_or(0.0, |row| row.r2),
        })
    }

    /// The pictures of the removal; none where the replacement is not one image for all steps.
    fn removal(
        &mut self,
        score: &'a Score,
        segments: &Segments,
        curve: &[&CurveStep],
        frames: &[usize],
    ) -> Option<Vec<Frame>> {
        let gray = self.rows.grays.get(&*score.network).copied();
        let key = (&*score.partition, &*score.replacement, &*score.network);
        let crop = &self.crop;
        let replacement = self.replacements.entry(key);
        let replacement = replacement
            .or_insert_with(|| replacement_image(&score.replacement, crop, segments, gray))
            .as_ref()?;
        let frame = |&step: &usize| {
            let mut removed = vec![false; segments.superpixels as usize];
            for superpixel in curve[..=step].iter().filter_map(|row| row.superpixel) {
                removed[usize::from(superpixel)] = true;
            }
            let image = remove(crop, replacement, &segments.labels, &removed);
            Frame {
                step: step as u32,
                probability: curve[step].probability,
                picture: picture(&shrink(&image, FRAME_SIDE)),
            }
        };
        Some(frames.iter().map(frame).collect())
    }
}

/// What stands in the place of all superpixels; none for a replacement that depends on the mask, or is not known.
fn replacement_image(
    name: &str,
    crop: &Rgb,
    segments: &Segments,
    gray: Option<[u8; 3]>,
) -> Option<Rgb> {
    let all = |color| solid(color, crop.height(), crop.width());
    match name {
        "mean" => Some(own_mean(
            crop,
            &segments.labels,
            segments.superpixels as usize,
        )),
        "black" => Some(all([0; 3])),
        "gray" => gray.map(all),
        "blur" => Some(gaussian_blur(crop, BLUR_SIGMA)),
        _ => None,
    }
}

/// Steps to show of a curve of `rows` rows: the first, the last, and others at equal distances.
fn frames(rows: usize) -> Vec<usize> {
    let last = rows - 1;
    let gaps = MOST_FRAMES - 1;
    let steps: BTreeSet<usize> = (0..=gaps)
        .map(|gap| (gap * last + gaps / 2) / gaps)
        .collect();
    steps.into_iter().collect()
}

fn explanation_key(score: &Score) -> ExplanationKey<'_> {
    let Score {
        image,
        network,
        partition,
        method,
        ..
    } = score;
    (image, network, partition, method, score.run)
}

fn in_words(score: &Score) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean level of a picture inside the page, 0 to 255.
    fn level(picture: &Picture) -> f64 {
        use base64::Engine;
        let data = picture.address.split_once(',').unwrap().1;
        let file = base64::engine::general_purpose::STANDARD
            .decode(data)
            .unwrap();
        let pixels = image::load_from_memory(&file).unwrap().to_rgb8().into_raw();
        pixels.iter().map(|&level| f64::from(level)).sum::<f64>() / pixels.len() as f64
    }

    #[test]
    fn a_removal_begins_with_the_crop_and_ends_with_the_replacement() {
        let mut inputs = crate::testing::study(&crate::testing::IMAGES, 2);
        crate::testing::judge_by(&mut inputs, "most_relevant_first", "black");
        let results = Results::new(&inputs);
        for case in Cases::new(&inputs, &results).unwrap().cases {
            let frames = case.removal.unwrap();
            let levels: Vec<f64> = frames.iter().map(|frame| level(&frame.picture)).collect();
            assert!((levels[0] - level(&case.crop)).abs() < 2.0);
            assert!(
                levels.windows(2).all(|pair| pair[1] < pair[0]),
                "{levels:?}"
            );
            assert!(levels[levels.len() - 1] < 2.0);
            assert_eq!(frames.last().unwrap().step, 5);
        }
    }

    #[test]
    fn frames_have_both_ends_and_rise() {
        assert_eq!(frames(1), [0]);
        assert_eq!(frames(2), [0, 1]);
        assert_eq!(frames(8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(frames(39), [0, 5, 11, 16, 22, 27, 33, 38]);
    }
}
