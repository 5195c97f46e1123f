//! The action `relevances` of an external method: another tool's value of each superpixel, or its map's mean over each.

use std::collections::BTreeMap;

use actions::{Maker, Relevances};
use arrays::{Answer, Entry, Shape};
use parts::{ActionError, Map, Rows, Superpixels, shown};
use schema::Relevance;

/// What an answer file gives of an explanation.
#[derive(Debug)]
pub struct Made {
    /// One for each superpixel.
    pub rows: Vec<Relevance>,
    /// What the tool took, as it declares.
    pub seconds: Option<f64>,
    /// How often the tool asked the network, as it declares.
    pub passes: Option<i64>,
    /// Whether all values are equal, so that the order says nothing.
    pub flat: bool,
}

/// Why an explanation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExplanationError {
    /// A value is no number.
    #[error(
        "its value {value:e} at {place} is no finite {number}: give every {element} one, such as 0 where the tool divides by zero"
    )]
    NotFinite {
        /// The value.
        value: f64,
        /// Where.
        place: String,
        /// What it should be.
        number: &'static str,
        /// What has values.
        element: &'static str,
    },
    /// Height and width contradict those of the crop.
    #[error(
        "its map is {height} x {width} (height x width), but the crop is {crop_height} x {crop_width}, which has another shape{hint}: give a map \
         of the whole crop, at any size of the crop's shape"
    )]
    Shape {
        /// Of the map.
        height: usize,
        /// Of the map.
        width: usize,
        /// Of the crop, in pixels.
        crop_height: usize,
        /// Of the crop, in pixels.
        crop_width: usize,
        /// What may have happened.
        hint: &'static str,
    },
    /// The crop has another number of superpixels.
    #[error(
        "it has {found} values, but the crop has {expected} superpixels: give one value for each label of segments.npz, with `count`, and a file \
         for each partition by `{{partition}}` in `files`"
    )]
    Count {
        /// Values.
        found: usize,
        /// Superpixels.
        expected: usize,
    },
    /// There was no file when the study was planned.
    #[error(
        "there is no file yet: `pipeline challenge FOLDER` writes the inputs for the tool (docs/external.md)"
    )]
    Absent,
    /// The relevances of another kind of method.
    #[error("its relevances do not come from an answer file")]
    Other,
}

/// A file's content for explanations, each by itself or an error; all inputs name the same file.
pub fn run(
    inputs: &[&Relevances],
    rows: &Rows<'_>,
) -> Result<Vec<Result<Made, ActionError>>, ActionError> {
    let Some(Maker::External { answers, .. }) = inputs.first().map(|inputs| &inputs.maker) else {
        return Err(ActionError::failed(ExplanationError::Other));
    };
    let about = |error: &dyn std::fmt::Display| {
        ActionError::Failed(format!("answer file {}: {error}", shown(&answers.path)))
    };
    if answers.digest.is_empty() {
        return Err(about(&ExplanationError::Absent));
    }
    rows.part_of(answers, |file| {
        let answer = Answer::open(file, &answers.path).map_err(|error| about(&error))?;
        let mut made: Vec<Option<Result<Made, ActionError>>> = Vec::new();
        let mut places: BTreeMap<usize, (Entry, Vec<usize>)> = BTreeMap::new();
        for (input, inputs) in inputs.iter().enumerate() {
            let found = find(&answer, inputs).map_err(|error| about(&error));
            made.push(match found {
                Err(error) => Some(Err(error)),
                Ok((place, entry)) => {
                    let (_, asking) = places.entry(place).or_insert((entry, Vec::new()));
                    asking.push(input);
                    None
                }
            });
        }
        let wanted = places.keys().copied().collect();
        let read = answer.each(file, &wanted, &mut |place, values| {
            let Some((entry, asking)) = places.get(&place) else {
                return;
            };
            for &input in asking {
                let explained = explain(inputs[input], *entry, &values, rows);
                made[input] = Some(explained.map_err(|error| match error {
                    ActionError::Failed(reason) => about(&reason),
                    other => other,
                }));
            }
        });
        read.map_err(|error| about(&error))?;
        let missing = || Err(about(&"it ends before this explanation"));
        let made = made.into_iter();
        Ok(made.map(|made| made.unwrap_or_else(missing)).collect())
    })
}

fn find(
    answer: &Answer,
    inputs: &Relevances,
) -> Result<(usize, Entry), Box<dyn std::error::Error>> {
    let Maker::External {
        pixels,
        target_class,
        runs,
        ..
    } = &inputs.maker
    else {
        return Err(ExplanationError::Other.into());
    };
    let run = inputs.names.run as usize;
    Ok(answer.find(&pixels.digest, target_class.value, run, *runs as usize)?)
}

fn explain(
    inputs: &Relevances,
    entry: Entry,
    values: &[f64],
    rows: &Rows<'_>,
) -> Result<Made, ActionError> {
    let Maker::External { labels, .. } = &inputs.maker else {
        return Err(ActionError::failed(ExplanationError::Other));
    };
    let superpixels = rows.load(labels)?;
    let values = match entry.shape {
        Shape::Map(_) => values,
        Shape::Superpixels(count) => &values[..count],
    };
    let relevances = match entry.shape {
        Shape::Map(sides) => {
            let map = map(sides, superpixels.size, values).map_err(ActionError::failed)?;
            gradcam::pooled::relevances(&inputs.names, &map, &superpixels)?
        }
        Shape::Superpixels(_) => {
            by_superpixel(values, &superpixels).map_err(ActionError::failed)?;
            gradcam::pooled::rows(&inputs.names, values.to_vec())?
        }
    };
    Ok(Made {
        rows: relevances,
        seconds: entry.seconds,
        passes: entry.passes,
        flat: values
            .windows(2)
            .all(|pair| pair[0].total_cmp(&pair[1]).is_eq()),
    })
}

/// A map of finite numbers whose shape is that of the crop.
fn map(
    [height, width]: [usize; 2],
    [crop_height, crop_width]: [usize; 2],
    values: &[f64],
) -> Result<Map, ExplanationError> {
    // A side may be a cell longer or shorter than the crop's shape says, because layers round.
    let fits = |height: usize, width: usize| {
        let [across, down] = [height * crop_width, width * crop_height];
        across.abs_diff(down) <= crop_height.max(crop_width)
    };
    if !fits(height, width) {
        return Err(ExplanationError::Shape {
            height,
            width,
            crop_height,
            crop_width,
            hint: if fits(width, height) {
                ", as if it were transposed"
            } else {
                ""
            },
        });
    }
    let single: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    if let Some(at) = single.iter().position(|value| !value.is_finite()) {
        return Err(ExplanationError::NotFinite {
            value: values[at],
            place: format!("row {}, column {}", at / width, at % width),
            number: "float32",
            element: "cell of the map",
        });
    }
    Ok(Map {
        height,
        width,
        values: single,
    })
}

/// Whether there is a finite number for each superpixel.
fn by_superpixel(values: &[f64], superpixels: &Superpixels) -> Result<(), ExplanationError> {
    if values.len() != superpixels.count {
        return Err(ExplanationError::Count {
            found: values.len(),
            expected: superpixels.count,
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(ExplanationError::NotFinite {
            value: values[at],
            place: format!("superpixel {at}"),
            number: "number",
            element: "superpixel",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_another_shape_than_the_crop_is_refused() {
        let values = vec![1.0; 16 * 16];
        let fits = |sides: [usize; 2], crop| map(sides, crop, &values[..sides[0] * sides[1]]);
        for (sides, crop) in [
            ([7, 7], [224, 224]),
            ([7, 10], [224, 320]),
            ([8, 11], [224, 320]),
            ([1, 1], [224, 320]),
            ([16, 16], [16, 16]),
        ] {
            assert!(fits(sides, crop).is_ok(), "{sides:?} of {crop:?}");
        }
        for (sides, crop) in [
            ([10, 7], [224, 320]),
            ([7, 9], [224, 224]),
            ([14, 7], [224, 224]),
        ] {
            assert!(fits(sides, crop).is_err(), "{sides:?} of {crop:?}");
        }
        insta::assert_snapshot!(fits([10, 7], [224, 320]).unwrap_err(), @"its map is 10 x 7 (height x width), but the crop is 224 x 320, which has \
            another shape, as if it were transposed: give a map of the whole crop, at any size of the crop's shape");
    }

    #[test]
    fn values_that_are_not_finite_are_refused_with_their_place() {
        let mut values = vec![0.5; 12];
        values[7] = f64::NAN;
        insta::assert_snapshot!(map([3, 4], [30, 40], &values).unwrap_err(), @"its value NaN at row 1, column 3 is no finite float32: give every \
            cell of the map one, such as 0 where the tool divides by zero");
        // Above the largest float32.
        values[7] = 1e39;
        assert!(map([3, 4], [30, 40], &values).is_err());
        values[7] = f64::INFINITY;
        let superpixels = |count| Superpixels {
            count,
            size: [1, 1],
            labels: Vec::new(),
        };
        insta::assert_snapshot!(by_superpixel(&values, &superpixels(12)).unwrap_err(), @"its value inf at superpixel 7 is no finite number: give \
            every superpixel one, such as 0 where the tool divides by zero");
        insta::assert_snapshot!(by_superpixel(&values, &superpixels(11)).unwrap_err(), @"it has 12 values, but the crop has 11 superpixels: give \
            one value for each label of segments.npz, with `count`, and a file for each partition by `{partition}` in `files`");
    }
}
