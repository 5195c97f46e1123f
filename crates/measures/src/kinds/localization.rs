//! Localization: explanations compared with the mask of the object.
//!
//! The explanation is taken as the picture that it is shown as: each pixel has the relevance of its superpixel. Pixels of equal relevance have no
//! order among them, so each measure takes the mean over all orders of theirs, and none depends on how pixels are numbered.

use std::collections::{BTreeMap, BTreeSet};

use parts::{ActionError, All, Group, Rows};
use rayon::prelude::*;
use schema::{Crop, Relevance, Segments, Target};
use serde::Serialize;

use crate::{Key, Measure, Tables, by_explanation};

schema::table! {
    /// An explanation as an image in which each pixel has the relevance of its superpixel, compared with the mask of the object.
    #[table = "localization"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Localization {
        /// Share of the crop's pixels inside the mask, which a random explanation has as `pointing`, `relevance_inside` and `average_precision`; null
        /// without a mask.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        #[heading = "Mask"]
        pub mask_area: Option<f64>,
        /// Pointing game (Zhang et al. 2018): share of the pixels of highest relevance that are inside the mask.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[question = "the most relevant pixels lie in the object (pointing game)"]
        #[heading = "Pointing game"]
        pub pointing: Option<f64>,
        /// Share of the positive relevance, summed over pixels, that is inside the mask (relevance mass accuracy, Arras et al. 2022).
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[heading = "Positive relevance inside"]
        pub relevance_inside: Option<f64>,
        /// Intersection over union of the mask and as many pixels of highest relevance as the mask has. Equally relevant pixels count in equal parts.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        pub intersection_over_union: Option<f64>,
        /// Area under the precision-recall curve of the pixels' relevance (average precision).
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[question = "relevance finds the object (average precision)"]
        pub average_precision: Option<f64>,
    }
}

/// What localization is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The crops with their masks.
    crops: All<Crop>,
    /// The superpixels.
    segments: All<Segments>,
    /// The explained classes.
    targets: All<Target>,
    /// The explanations.
    relevances: All<Relevance>,
    /// Names of the methods whose relevances are more than the places in an order.
    measured: BTreeSet<String>,
}

impl Measure for Localization {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "Relevance and the object: localization";
    const ABOUT: &'static str = "Pointing game (Zhang et al. 2018), relevance mass accuracy (Arras et al. 2022) and average precision, all \
        compared with the mask of the object. A random explanation scores the mask's share of the pixels.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            crops: study.crops()?,
            segments: study.segments()?,
            targets: study.targets()?,
            relevances: study.relevances()?,
            measured: study.measured(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let groups = inputs.relevances.groups.par_iter();
        let made = groups.map(|group| of_image(inputs, rows, group));
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

fn of_image(
    inputs: &Inputs,
    rows: &Rows<'_>,
    group: &Group,
) -> Result<Vec<Localization>, ActionError> {
    let relevances = rows.group(&inputs.relevances, group)?.concat();
    let crops: Vec<Crop> = rows.of_image(&inputs.crops, &group.image)?;
    let segments: Vec<Segments> = rows.of_image(&inputs.segments, &group.image)?;
    let targets: Vec<Target> = rows.of_image(&inputs.targets, &group.image)?;
    let labels: BTreeMap<&str, &[u16]> = segments
        .iter()
        .map(|row| (&*row.partition, &*row.labels))
        .collect();
    let classes: BTreeMap<&str, Option<bool>> = targets
        .iter()
        .map(|row| {
            let same = row.true_class.map(|class| class == row.target_class);
            (&*row.network, same)
        })
        .collect();
    let mask = crops.first().map(parts::truth_mask).transpose();
    let mask = mask.map_err(ActionError::Failed)?.flatten();
    let explanations = by_explanation(&relevances).into_iter();
    let measured = explanations.filter(|(key, _)| inputs.measured.contains(key.method));
    let row = |(key, relevance): (Key<'_>, Vec<f64>)| {
        let place = localization(
            &relevance,
            labels.get(key.partition).copied().unwrap_or_default(),
            mask.as_ref().map(imaging::Mask::values),
            classes.get(key.network).copied().flatten(),
        );
        Localization {
            image: key.image.to_owned(),
            network: key.network.to_owned(),
            partition: key.partition.to_owned(),
            method: key.method.to_owned(),
            run: key.run,
            mask_area: place.mask_area,
            pointing: place.pointing,
            relevance_inside: place.relevance_inside,
            intersection_over_union: place.intersection_over_union,
            average_precision: place.average_precision,
            reason: place.reason,
        }
    };
    Ok(measured.map(row).collect())
}

/// Where an explanation's relevance lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// Share of the pixels inside the mask, 0 to 1.
    pub mask_area: Option<f64>,
    /// Share of the pixels of highest relevance that are inside, 0 to 1: the pointing game (Zhang et al. 2018) without a tolerance around the
    /// object, its mean over the pixels that may be pointed at.
    pub pointing: Option<f64>,
    /// Share of the positive relevance that is inside, 0 to 1: relevance mass accuracy (Arras et al. 2022).
    pub relevance_inside: Option<f64>,
    /// Intersection over union of the mask and the most relevant pixels, as many as the mask has, 0 to 1.
    pub intersection_over_union: Option<f64>,
    /// Average precision, 0 to 1: the sum over levels of relevance, from the highest, of the precision by the recall gained.
    pub average_precision: Option<f64>,
    /// Why any of them is None.
    pub reason: Option<String>,
}

/// Pixels of equal relevance.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    relevance: f64,
    pixels: f64,
    inside: f64,
}

/// Where the finite relevances lie, one for each superpixel. `labels` has the superpixel of each pixel; `mask`, where there is one, whether the
/// object is there. `same_class` is whether the explained class is the object's; None where that is not known.
pub fn localization(
    relevance: &[f64],
    labels: &[u16],
    mask: Option<&[bool]>,
    same_class: Option<bool>,
) -> Placement {
    let because = |reason: &str| Placement {
        reason: Some(reason.to_owned()),
        ..Placement::default()
    };
    let Some(mask) = mask else {
        return because("the image has no mask");
    };
    let levels = levels(relevance, labels, mask);
    let pixels: f64 = levels.iter().map(|level| level.pixels).sum();
    let inside: f64 = levels.iter().map(|level| level.inside).sum();
    let area = Some(inside / pixels).filter(|area| area.is_finite());
    let only_area = |reason: &str| Placement {
        mask_area: area,
        ..because(reason)
    };
    if same_class == Some(false) {
        return only_area("the explained class is not the object's");
    }
    // Whole numbers, exactly.
    if inside < 0.5 || pixels - inside < 0.5 {
        return only_area(
            "the mask covers no pixel of the crop, or all: every explanation would score the same",
        );
    }
    let [first, _, ..] = levels[..] else {
        return only_area("all superpixels have the same relevance: nothing is pointed at");
    };
    let relevance_inside = relevance_inside(&levels);
    Placement {
        mask_area: area,
        pointing: Some(first.inside / first.pixels),
        relevance_inside,
        intersection_over_union: Some(intersection_over_union(&levels, inside)),
        average_precision: Some(average_precision(&levels, inside)),
        reason: relevance_inside
            .is_none()
            .then(|| "no superpixel has positive relevance".to_owned()),
    }
}

/// The pixels by falling relevance.
fn levels(relevance: &[f64], labels: &[u16], mask: &[bool]) -> Vec<Level> {
    let mut superpixels: Vec<Level> = relevance
        .iter()
        .map(|relevance| Level {
            // Makes -0.0 a plain zero, so that both zeros are equal.
            relevance: relevance + 0.0,
            ..Level::default()
        })
        .collect();
    for (label, inside) in labels.iter().zip(mask) {
        if let Some(superpixel) = superpixels.get_mut(usize::from(*label)) {
            superpixel.pixels += 1.0;
            superpixel.inside += f64::from(u8::from(*inside));
        }
    }
    superpixels.sort_by(|a, b| b.relevance.total_cmp(&a.relevance));
    superpixels
        .chunk_by(|a, b| a.relevance.total_cmp(&b.relevance).is_eq())
        .map(|equal| Level {
            relevance: equal[0].relevance,
            pixels: equal.iter().map(|level| level.pixels).sum(),
            inside: equal.iter().map(|level| level.inside).sum(),
        })
        .collect()
}

fn relevance_inside(levels: &[Level]) -> Option<f64> {
    let sum = |pixels: fn(&Level) -> f64| -> f64 {
        levels
            .iter()
            .map(|level| level.relevance.max(0.0) * pixels(level))
            .sum()
    };
    let all = sum(|level| level.pixels);
    (all > 0.0).then(|| sum(|level| level.inside) / all)
}

fn intersection_over_union(levels: &[Level], area: f64) -> f64 {
    let mut left = area;
    let mut intersection = 0.0;
    for level in levels {
        let taken = left.min(level.pixels);
        intersection += level.inside * taken / level.pixels;
        left -= taken;
    }
    intersection / (2.0 * area - intersection)
}

fn average_precision(levels: &[Level], area: f64) -> f64 {
    let [mut pixels, mut inside, mut sum] = [0.0, 0.0, 0.0];
    for level in levels {
        pixels += level.pixels;
        inside += level.inside;
        sum += level.inside / area * (inside / pixels);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Four superpixels of 2, 2, 3 and 1 pixels; the object is the second and one pixel of the third.
    const LABELS: [u16; 8] = [0, 0, 1, 1, 2, 2, 2, 3];
    const MASK: [bool; 8] = [false, false, true, true, true, false, false, false];

    fn place(relevance: &[f64]) -> Placement {
        localization(relevance, &LABELS, Some(&MASK), Some(true))
    }

    #[test]
    fn relevance_on_the_object_scores_highest() {
        let found = place(&[-1.0, 3.0, 0.5, 0.0]);
        assert_eq!((found.mask_area, found.pointing), (Some(0.375), Some(1.0)));
        // 2 x 3 + 1 x 0.5 of 2 x 3 + 3 x 0.5.
        assert_eq!(found.relevance_inside, Some(6.5 / 7.5));
        // Both pixels of the second, and one of the third's three, of which a third is inside.
        let intersection = 2.0 + 1.0 / 3.0;
        assert!(
            (found.intersection_over_union.unwrap() - intersection / (6.0 - intersection)).abs()
                < 1e-12
        );
        assert!((found.average_precision.unwrap() - (2.0 / 3.0 + 1.0 / 3.0 * 0.6)).abs() < 1e-12);
        assert_eq!(found.reason, None);
    }

    #[test]
    fn equally_relevant_superpixels_are_pointed_at_alike() {
        assert_eq!(place(&[2.0, 2.0, 0.0, 0.0]).pointing, Some(0.5));
        assert_eq!(place(&[0.0, 0.0, 1.0, 0.0]).pointing, Some(1.0 / 3.0));
    }

    #[test]
    fn what_cannot_be_judged_is_null_and_says_why() {
        let reason = |placement: Placement| {
            assert_eq!(
                (placement.pointing, placement.average_precision),
                (None, None)
            );
            placement.reason.unwrap()
        };
        let relevance = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(
            reason(localization(&relevance, &LABELS, None, None)),
            "the image has no mask"
        );
        let other = localization(&relevance, &LABELS, Some(&MASK), Some(false));
        assert_eq!(other.mask_area, Some(0.375));
        assert_eq!(reason(other), "the explained class is not the object's");
        for mask in [[false; 8], [true; 8]] {
            let found = localization(&relevance, &LABELS, Some(&mask), None);
            assert!(reason(found).contains("no pixel of the crop, or all"));
        }
        assert!(reason(place(&[0.25; 4])).contains("the same relevance"));
        assert!(
            reason(localization(&[1.0], &[0; 8], Some(&MASK), None)).contains("the same relevance")
        );
    }

    #[test]
    fn without_positive_relevance_there_is_none_inside() {
        let found = place(&[-1.0, -0.5, -2.0, -0.0]);
        assert_eq!((found.relevance_inside, found.pointing), (None, Some(0.0)));
        assert_eq!(
            found.reason.as_deref(),
            Some("no superpixel has positive relevance")
        );
    }

    proptest! {
        #[test]
        fn rising_functions_change_no_measure_but_the_share_inside(
            relevance in prop::collection::vec((-3_i32..4).prop_map(f64::from), 4),
        ) {
            let moved: Vec<f64> = relevance.iter().map(|value| value.powi(3) - 7.0).collect();
            let [found, moved] = [place(&relevance), place(&moved)];
            prop_assert_eq!(found.pointing, moved.pointing);
            prop_assert_eq!(found.intersection_over_union, moved.intersection_over_union);
            prop_assert_eq!(found.average_precision, moved.average_precision);
            for value in [found.pointing, found.relevance_inside, found.intersection_over_union, found.average_precision] {
                prop_assert!(value.is_none_or(|value| (0.0..=1.0 + 1e-12).contains(&value)));
            }
        }

        /// Over all ways to give four values to the superpixels, each pixel is equally relevant in the mean.
        #[test]
        fn an_order_at_random_points_into_the_mask_as_often_as_its_area(values in prop::collection::vec(0.1..9.0_f64, 4)) {
            let mut sum = 0.0;
            let orders = [[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]];
            let equal = [0_u16, 0, 1, 1, 2, 2, 3, 3];
            for order in orders {
                let relevance: Vec<f64> = order.iter().map(|place| values[*place]).collect();
                sum += localization(&relevance, &equal, Some(&MASK), None).pointing.unwrap_or(0.375);
            }
            prop_assert!((sum / 4.0 - 0.375).abs() < 1e-12);
        }
    }
}
