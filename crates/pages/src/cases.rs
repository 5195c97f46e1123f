//! Single cases as figures: an image, what a method said about it, its removal in pictures, and the curve.

use std::collections::BTreeSet;

use imaging::Rgb;
use removal::{Backdrop, backdrop};
use schema::{CurveStep, Score, Segments, Target};

use crate::ReportError;
use crate::figures::{Caption, Case, Figure, Frame, Shown, case};
use crate::pictures::{heat, outline, picture, remove, shrink, weights};
use crate::results::{AUC, Comparison, Group, Results, median_run};
use crate::rows::{Relevance, Rows, missing};

/// Pictures of a removal.
const FRAMES: usize = 8;
/// Longer side of a removal's pictures in pixels.
const FRAME_SIDE: usize = 176;
/// Longer side of the crop and the maps in pixels: a network's usual input.
const MAP_SIDE: usize = 256;

/// A case of each explaining method of a network, of one image: the best method's first.
pub(crate) struct Cases<'a> {
    pub(crate) network: &'a str,
    pub(crate) image: &'a str,
    pub(crate) target: &'a Target,
    /// What each is about, in a few words, and the figure.
    pub(crate) figures: Vec<(String, Figure)>,
}

impl<'a> Cases<'a> {
    /// The cases of the image on which the two best methods differ as they do in the middle of all images; none without an image.
    pub(crate) fn new(
        results: &Results<'a>,
        comparison: &Comparison<'a>,
        rows: &Rows<'a>,
    ) -> Result<Option<Self>, ReportError> {
        let Some(image) = typical(results, comparison) else {
            return Ok(None);
        };
        let network = comparison.condition.network;
        let crop = rows.crop(image)?;
        let target = rows.target(image, network)?;
        let ranking = comparison.ranking().into_iter();
        let groups = ranking
            .map(|(group, _)| group)
            .filter(|group| group.explains);
        let figures = groups
            .filter(|group| group.images.contains_key(image))
            .map(|group| {
                figure(
                    group,
                    results.called(group.method),
                    image,
                    &crop,
                    target,
                    rows,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Self {
            network,
            image,
            target,
            figures,
        }))
    }
}

/// The two best explaining methods of a comparison; one where there is no other, and controls where none explains.
pub(crate) fn best_two<'r, 'a>(
    results: &Results<'a>,
    comparison: &'r Comparison<'a>,
) -> Vec<&'r Group<'a>> {
    let mut ranking = comparison.ranking();
    ranking.sort_by_key(|(group, _)| !results.explains(group.method));
    ranking
        .into_iter()
        .map(|(group, _)| group)
        .take(2)
        .collect()
}

/// The image whose difference between the two best methods lies nearest the median of the differences; the first of several.
pub(crate) fn typical<'a>(results: &Results<'a>, comparison: &Comparison<'a>) -> Option<&'a str> {
    let groups = best_two(results, comparison);
    let lead = |image: &&'a str| {
        let means: Option<Vec<f64>> = groups
            .iter()
            .map(|group| group.image_mean(image, AUC))
            .collect();
        Some((means?.into_iter().reduce(|best, next| next - best)?, *image))
    };
    let leads: Vec<(f64, &str)> = groups.first()?.images.keys().filter_map(lead).collect();
    let middle = statistics::quantile(&leads.iter().map(|lead| lead.0).collect::<Vec<_>>(), 0.5)?;
    let far = |lead: &&(f64, &str)| (lead.0 - middle).abs();
    leads
        .iter()
        .min_by(|a, b| far(a).total_cmp(&far(b)))
        .map(|lead| lead.1)
}

fn figure(
    group: &Group<'_>,
    method: &str,
    image: &str,
    crop: &Rgb,
    target: &Target,
    rows: &Rows<'_>,
) -> Result<(String, Figure), ReportError> {
    let score = median_run(&group.images[image])
        .ok_or_else(|| missing("scores", &format!("image {image:?}")))?;
    let segments = rows.segments(image, &score.partition, crop)?;
    let curve = rows.curve(score, segments.superpixels)?;
    let steps = frames(curve.len());
    let relevance = rows.relevance(score, segments)?;
    let caption = Caption::new(
        &["case", &score.network, image, &score.method],
        format!(
            "{image} in {}: what {} calls relevant for {}, the image while superpixels are removed in that order, and the {}, \
             AUC {:.3}",
            score.network,
            method,
            target.target_label,
            rows.answers.name(),
            score.auc
        ),
    );
    let run = if group.deterministic {
        String::new()
    } else {
        format!(", run {}", score.run)
    };
    let words = format!("{method}{run}, AUC {:.3}", score.auc);
    let figure = case(
        caption,
        &Case {
            series: group.series,
            crop: picture(&shrink(&outline(crop, &segments.labels), MAP_SIDE)),
            explanation: explanation(&relevance, crop, segments),
            frames: removal(score, segments, crop, &curve, &steps, rows),
            measured: rows.answers,
            answers: curve.iter().map(|row| rows.answer(row)).collect(),
            marks: steps,
        },
    )?;
    Ok((words, figure))
}

/// What the method said as a picture, and in words what its colours mean.
fn explanation(relevance: &Relevance<'_>, crop: &Rgb, segments: &Segments) -> Option<Shown> {
    let shown = |image: &Rgb, words: String| {
        Some(Shown {
            picture: picture(&shrink(image, MAP_SIDE)),
            words,
        })
    };
    let most = |values: &[f64]| values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    match relevance {
        Relevance::Map {
            saliency, enlarged, ..
        } => {
            let (height, width) = (saliency.height, saliency.width);
            shown(
                &heat(crop, enlarged),
                format!("map of {}, {height}×{width}", saliency.layer),
            )
        }
        Relevance::Weights { values, r2 } => shown(
            &weights(crop, &segments.labels, values, most(values)),
            match r2 {
                Some(r2) => format!("weights, R² {r2:.2}"),
                None => "weights".to_owned(),
            },
        ),
        Relevance::Order { .. } | Relevance::None => None,
    }
}

/// The pictures of the removal; none where the replacement is not one image for all steps.
fn removal(
    score: &Score,
    segments: &Segments,
    crop: &Rgb,
    curve: &[&CurveStep],
    steps: &[usize],
    rows: &Rows<'_>,
) -> Vec<Frame> {
    let mean = rows.mean(&score.network);
    let Some(replacement) = replacement_image(&score.replacement, crop, segments, mean) else {
        return Vec::new();
    };
    let frame = |&step: &usize| {
        let mut removed = vec![false; segments.superpixels as usize];
        for superpixel in curve[..=step].iter().filter_map(|row| row.superpixel) {
            removed[usize::from(superpixel)] = true;
        }
        let image = remove(crop, &replacement, &segments.labels, &removed);
        Frame {
            step: step as u32,
            answer: rows.answer(curve[step]),
            picture: picture(&shrink(&image, FRAME_SIDE)),
        }
    };
    steps.iter().map(frame).collect()
}

/// The image that replaces all superpixels; none for a replacement that depends on the mask or is unknown.
fn replacement_image(
    name: &str,
    crop: &Rgb,
    segments: &Segments,
    mean: Option<[f64; 3]>,
) -> Option<Rgb> {
    let named = |backdrop: &Backdrop| backdrop.name() == name;
    let shown = Backdrop::ALL.into_iter().find(named)?;
    // Only gray depends on the network, which may not be known.
    let mean = mean.or((shown != Backdrop::Gray).then_some([0.0; 3]))?;
    let superpixels = segments.superpixels as usize;
    Some(backdrop(shown, crop, &segments.labels, superpixels, mean))
}

/// Steps to show of a curve of `rows` rows: the first, the last, and others at equal distances.
fn frames(rows: usize) -> Vec<usize> {
    let last = rows - 1;
    let gaps = FRAMES - 1;
    let steps: BTreeSet<usize> = (0..=gaps)
        .map(|gap| (gap * last + gaps / 2) / gaps)
        .collect();
    steps.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, judge_by, study};

    /// The mean level of a picture inside the page, 0 to 255.
    fn level(picture: &str) -> f64 {
        use base64::Engine;
        let data = picture.split_once(',').unwrap().1;
        let file = base64::engine::general_purpose::STANDARD
            .decode(data)
            .unwrap();
        let pixels = image::load_from_memory(&file).unwrap().to_rgb8().into_raw();
        pixels.iter().map(|&level| f64::from(level)).sum::<f64>() / pixels.len() as f64
    }

    #[test]
    fn a_removal_begins_with_the_crop_and_ends_with_the_replacement() {
        let mut inputs = study(&IMAGES, 2);
        judge_by(&mut inputs, "most_relevant_first", "black");
        let rows = Rows::new(&inputs);
        for score in &inputs.scores {
            let crop = rows.crop(&score.image).unwrap();
            let segments = rows
                .segments(&score.image, &score.partition, &crop)
                .unwrap();
            let curve = rows.curve(score, segments.superpixels).unwrap();
            let frames = removal(score, segments, &crop, &curve, &frames(curve.len()), &rows);
            let levels: Vec<f64> = frames.iter().map(|frame| level(&frame.picture)).collect();
            assert!((levels[0] - level(&picture(&crop))).abs() < 2.0);
            assert!(
                levels.windows(2).all(|pair| pair[1] < pair[0]),
                "{levels:?}"
            );
            assert!(levels[levels.len() - 1] < 2.0);
            assert_eq!(frames.last().unwrap().step, 5);
        }
    }

    #[test]
    fn a_replacement_that_depends_on_the_mask_is_no_picture() {
        let crop = imaging::solid([7; 3], 2, 3);
        let segments = Segments {
            superpixels: 1,
            labels: vec![0; 6],
            ..study(&IMAGES, 1).segments[0].clone()
        };
        for (name, there) in [
            ("mean", true),
            ("black", true),
            ("gray", true),
            ("blur", true),
            ("noisy_linear", false),
        ] {
            assert_eq!(
                replacement_image(name, &crop, &segments, Some([0.5; 3])).is_some(),
                there,
                "{name}"
            );
        }
        assert!(replacement_image("gray", &crop, &segments, None).is_none());
    }

    #[test]
    fn frames_have_both_ends_and_rise() {
        assert_eq!(frames(1), [0]);
        assert_eq!(frames(2), [0, 1]);
        assert_eq!(frames(8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(frames(39), [0, 5, 11, 16, 22, 27, 33, 38]);
    }
}
