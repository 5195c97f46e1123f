//! What the explorer shows, as one JSON document: crops, partitions, explanations and curves, packed, of as many images as there is room for.
//!
//! Arrays are base64 of little-endian numbers, so that a curve of 50 steps takes 270 letters and not 1,000. What the page draws from them
//! (maps over the crop, the crop without some superpixels) is made in the browser.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imaging::{Rgb, own_mean, solid};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rayon::prelude::*;
use removal::{Backdrop, backdrop};
use schema::{Saliency, Score, Segments};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cases::{best_two, typical};
use crate::pictures::picture;
use crate::results::Results;
use crate::rows::{Relevance, Rows};
use crate::scale::{DIVERGING, SEQUENTIAL};
use crate::{Inputs, ReportError};

/// Most letters of JSON that a report holds.
const ROOM: usize = 11_000_000;
/// Images that are packed together before their size is looked at.
const TOGETHER: usize = 16;

/// Everything but letters, digits and `-._~` (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The document, and which images it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explorer<'a> {
    /// JSON that may stand inside an HTML element.
    pub(crate) json: String,
    /// The images that it holds.
    pub(crate) images: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The folder of tables, for the lines for `DuckDB`.
    latest: &'a str,
    networks: Vec<NetworkEntry<'a>>,
    methods: Vec<MethodEntry<'a>>,
    conditions: Vec<ConditionEntry<'a>>,
    /// What curves are of: `probability` or `logit`.
    measured: &'a str,
    /// What is shown before anything is chosen.
    first: Option<First<'a>>,
    scales: Scales,
    images: Vec<&'a RawValue>,
}

#[derive(Serialize)]
struct NetworkEntry<'a> {
    name: &'a str,
    gray: Option<[u8; 3]>,
}

#[derive(Serialize)]
struct MethodEntry<'a> {
    name: &'a str,
    /// What it is called in texts.
    title: &'a str,
    kind: &'a str,
    /// Number of the colour.
    series: usize,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
struct ConditionEntry<'a> {
    partition: &'a str,
    order: &'a str,
    replacement: &'a str,
}

#[derive(Serialize)]
struct First<'a> {
    image: &'a str,
    network: &'a str,
    methods: Vec<&'a str>,
}

/// Colours at equal distances, from least to most.
#[derive(Serialize)]
struct Scales {
    sequential: &'static [[u8; 3]],
    diverging: &'static [[u8; 3]],
}

#[derive(Serialize)]
struct ImageEntry<'a> {
    name: &'a str,
    height: usize,
    width: usize,
    /// An address of a JPEG.
    crop: String,
    /// The crop, blurred; where a curve needs it.
    blur: Option<String>,
    targets: BTreeMap<&'a str, TargetEntry<'a>>,
    partitions: BTreeMap<&'a str, PartitionEntry>,
    maps: Vec<MapEntry<'a>>,
    explanations: Vec<ExplanationEntry<'a>>,
}

#[derive(Serialize)]
struct TargetEntry<'a> {
    label: &'a str,
    truth: Option<&'a str>,
}

#[derive(Serialize)]
struct PartitionEntry {
    superpixels: u32,
    /// u16: pairs of a label and the number of pixels in a row that have it, through all rows.
    labels: String,
    /// u8: red, green and blue of each superpixel's mean.
    colors: String,
}

#[derive(Serialize)]
struct MapEntry<'a> {
    network: &'a str,
    method: &'a str,
    run: u32,
    layer: &'a str,
    height: u32,
    width: u32,
    /// f32, [height, width].
    values: String,
}

/// Longest side of a map in the page.
const MAP_SIDE: u32 = 64;

/// A map that is no larger than a page needs: means over squares of the map, and its height and width.
pub(crate) fn coarse(saliency: &Saliency) -> (Vec<f32>, [u32; 2]) {
    let Saliency { height, width, .. } = *saliency;
    let side = height.max(width).div_ceil(MAP_SIDE);
    // One whose length is not that of its sides is for whoever enlarges it to refuse.
    if side <= 1 || saliency.map.len() as u64 != u64::from(height) * u64::from(width) {
        return (saliency.map.clone(), [height, width]);
    }
    let size = [height, width].map(|length| length.div_ceil(side));
    let mut sums = vec![(0.0_f32, 0.0_f32); (size[0] * size[1]) as usize];
    for (row, line) in (0..).zip(saliency.map.chunks_exact(width.max(1) as usize)) {
        for (column, value) in (0..).zip(line) {
            let (sum, count) = &mut sums[(row / side * size[1] + column / side) as usize];
            *sum += value;
            *count += 1.0;
        }
    }
    let means = sums.into_iter().map(|(sum, count)| sum / count);
    (means.collect(), size)
}

#[derive(Serialize)]
struct ExplanationEntry<'a> {
    network: &'a str,
    partition: &'a str,
    method: &'a str,
    run: u32,
    deterministic: bool,
    /// How the values are to be read: `map`, `weights`, `relevance` or `order`.
    shows: Option<&'static str>,
    /// f32 for each superpixel.
    values: Option<String>,
    /// Weighted R2 of a surrogate.
    r2: Option<f64>,
    tied: Option<u32>,
    curves: Vec<CurveEntry<'a>>,
}

#[derive(Serialize)]
struct CurveEntry<'a> {
    order: &'a str,
    replacement: &'a str,
    auc: f64,
    /// u16: the superpixels in the order of their removal.
    superpixels: String,
    /// f32, from step 0 on.
    answers: String,
    /// Content id of the curve's artifact.
    artifact: Option<&'a str>,
}

impl<'a> Explorer<'a> {
    pub(crate) fn new(
        inputs: &'a Inputs,
        results: &Results<'a>,
        rows: &Rows<'a>,
    ) -> Result<Self, ReportError> {
        let mut scores = BTreeMap::<&str, Vec<&Score>>::new();
        for score in &inputs.scores {
            scores.entry(&score.image).or_default().push(score);
        }
        for scores in scores.values_mut() {
            scores.sort_by_key(|score| explanation_names(score));
        }
        let first = first(results);
        let mut names = results.images.clone();
        // The image of the first view always has room.
        names.sort_by_key(|name| first.as_ref().is_some_and(|first| first.image != *name));
        let mut kept = Vec::new();
        let mut used = 0;
        for names in names.chunks(TOGETHER) {
            let entry = |name: &&'a str| Ok((*name, image_entry(name, &scores[name], rows)?));
            let made: Result<Vec<_>, ReportError> = names.par_iter().map(entry).collect();
            for (name, entry) in made? {
                used += entry.get().len();
                if used <= ROOM || kept.is_empty() {
                    kept.push((name, entry));
                }
            }
            if used > ROOM {
                break;
            }
        }
        kept.sort_by_key(|(name, _)| *name);
        let document = Document {
            latest: &inputs.provenance.latest,
            measured: inputs.measured.name(),
            networks: results
                .networks
                .iter()
                .map(|name| network_entry(inputs, name))
                .collect(),
            methods: results
                .methods
                .iter()
                .enumerate()
                .map(|(series, name)| method_entry(inputs, name, series))
                .collect(),
            conditions: conditions(results),
            first,
            scales: Scales {
                sequential: SEQUENTIAL.stops(),
                diverging: DIVERGING.stops(),
            },
            images: kept.iter().map(|(_, entry)| &**entry).collect(),
        };
        let json = serde_json::to_string(&document).map_err(|error| unwritten(&error))?;
        Ok(Self {
            // A closing tag inside a text would end the element that the document stands in.
            json: json.replace('<', "\\u003c"),
            images: kept.iter().map(|(name, _)| *name).collect(),
        })
    }
}

fn unwritten(error: &serde_json::Error) -> ReportError {
    ReportError::unwritten("the explorer's data cannot be written as JSON", error)
}

/// The address of a choice in the explorer, as the script reads it: any of `image`, `network`, `method` and `partition`.
pub(crate) fn link(choices: &[(&str, &str)]) -> String {
    let choices: Vec<String> = choices
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)))
        .collect();
    format!("#explorer?{}", choices.join("&"))
}

/// What tells the explanations of an image apart, and then its curves.
fn explanation_names(score: &Score) -> (&str, &str, &str, u32, std::cmp::Reverse<&str>, &str) {
    let order = std::cmp::Reverse(score.order.as_str());
    (
        &score.network,
        &score.partition,
        &score.method,
        score.run,
        order,
        &score.replacement,
    )
}

fn network_entry<'a>(inputs: &'a Inputs, name: &'a str) -> NetworkEntry<'a> {
    let known = inputs.networks.iter().find(|network| network.name == name);
    NetworkEntry {
        name,
        gray: known.map(|network| gray(network.mean)),
    }
}

/// The colour of the replacement `gray`, which is that of each of its pixels.
fn gray(mean: [f64; 3]) -> [u8; 3] {
    backdrop(Backdrop::Gray, &solid([0; 3], 1, 1), &[0], 1, mean).pixel(0, 0)
}

fn method_entry<'a>(inputs: &'a Inputs, name: &'a str, series: usize) -> MethodEntry<'a> {
    let known = inputs.methods.iter().find(|method| method.name == name);
    MethodEntry {
        name,
        title: known.map_or(name, |method| &method.title),
        kind: known.map_or("", |method| &method.kind),
        series,
    }
}

/// The conditions without their networks, in the order in which they are shown.
fn conditions<'a>(results: &Results<'a>) -> Vec<ConditionEntry<'a>> {
    let mut conditions = Vec::new();
    for comparison in &results.comparisons {
        let condition = ConditionEntry {
            partition: comparison.condition.partition,
            order: comparison.condition.order,
            replacement: comparison.condition.replacement,
        };
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    conditions
}

fn first<'a>(results: &Results<'a>) -> Option<First<'a>> {
    let comparisons = results.main_comparisons();
    let comparison = comparisons.first()?;
    Some(First {
        image: typical(results, comparison)?,
        network: comparison.condition.network,
        methods: best_two(results, comparison)
            .iter()
            .map(|group| group.method)
            .collect(),
    })
}

fn image_entry(
    name: &str,
    scores: &[&Score],
    rows: &Rows<'_>,
) -> Result<Box<RawValue>, ReportError> {
    let crop = rows.crop(name)?;
    let mut targets = BTreeMap::new();
    let mut partitions = BTreeMap::new();
    let mut maps: Vec<MapEntry<'_>> = Vec::new();
    let mut explanations = Vec::new();
    let same = |a: &&Score, b: &&Score| {
        (&a.network, &a.partition, &a.method, a.run) == (&b.network, &b.partition, &b.method, b.run)
    };
    for scores in scores.chunk_by(same) {
        let score = scores[0];
        let segments = rows.segments(name, &score.partition, &crop)?;
        let target = rows.target(name, &score.network)?;
        let entry = TargetEntry {
            label: &target.target_label,
            truth: target.true_label.as_deref(),
        };
        targets.insert(score.network.as_str(), entry);
        partitions
            .entry(score.partition.as_str())
            .or_insert_with(|| partition_entry(&crop, segments));
        let relevance = rows.relevance(score, segments)?;
        if let Relevance::Map { saliency, .. } = &relevance
            && !maps.iter().any(|map| {
                (map.network, map.method, map.run) == (&*score.network, &*score.method, score.run)
            })
        {
            let (values, [height, width]) = coarse(saliency);
            maps.push(MapEntry {
                network: &score.network,
                method: &score.method,
                run: score.run,
                layer: &saliency.layer,
                height,
                width,
                values: floats(&values),
            });
        }
        let (shows, values, r2) = match &relevance {
            Relevance::Map { pooled, .. } => (Some("map"), Some(pooled), None),
            Relevance::Weights { values, r2 } => (Some("weights"), Some(values), *r2),
            Relevance::Order {
                values,
                order_only: true,
            } => (Some("order"), Some(values), None),
            Relevance::Order { values, .. } => (Some("relevance"), Some(values), None),
            Relevance::None => (None, None, None),
        };
        let curves = scores
            .iter()
            .map(|score| curve_entry(score, segments, rows));
        explanations.push(ExplanationEntry {
            network: &score.network,
            partition: &score.partition,
            method: &score.method,
            run: score.run,
            deterministic: score.deterministic,
            shows,
            values: values.map(|values| {
                floats(&values.iter().map(|&value| value as f32).collect::<Vec<_>>())
            }),
            r2,
            tied: score.tied,
            curves: curves.collect::<Result<_, _>>()?,
        });
    }
    let asked = scores.iter().any(|score| score.replacement == "blur");
    // A blur looks at neither superpixels nor a network's mean.
    let blur = || backdrop(Backdrop::Blur, &crop, &[], 0, [0.0; 3]);
    let entry = ImageEntry {
        name,
        height: crop.height(),
        width: crop.width(),
        blur: asked.then(|| picture(&blur())),
        crop: picture(&crop),
        targets,
        partitions,
        maps,
        explanations,
    };
    serde_json::value::to_raw_value(&entry).map_err(|error| unwritten(&error))
}

fn partition_entry(crop: &Rgb, segments: &Segments) -> PartitionEntry {
    let runs = segments.labels.chunk_by(|a, b| a == b);
    // A run is at most as long as a crop has pixels, and is split where a u16 cannot count it.
    let runs = runs.flat_map(|run| run.chunks(usize::from(u16::MAX)));
    let pairs: Vec<u16> = runs.flat_map(|run| [run[0], run.len() as u16]).collect();
    let superpixels = segments.superpixels as usize;
    let painted = own_mean(crop, &segments.labels, superpixels);
    let mut colors = vec![[0; 3]; superpixels];
    for (&label, &color) in segments
        .labels
        .iter()
        .zip(painted.pixels().as_chunks::<3>().0)
    {
        colors[usize::from(label)] = color;
    }
    PartitionEntry {
        superpixels: segments.superpixels,
        labels: shorts(&pairs),
        colors: STANDARD.encode(colors.as_flattened()),
    }
}

fn curve_entry<'a>(
    score: &'a Score,
    segments: &Segments,
    rows: &Rows<'a>,
) -> Result<CurveEntry<'a>, ReportError> {
    let curve = rows.curve(score, segments.superpixels)?;
    let superpixels: Vec<u16> = curve.iter().filter_map(|step| step.superpixel).collect();
    let answers: Vec<f32> = curve.iter().map(|step| rows.answer(step)).collect();
    Ok(CurveEntry {
        order: &score.order,
        replacement: &score.replacement,
        auc: score.auc,
        superpixels: shorts(&superpixels),
        answers: floats(&answers),
        artifact: rows.artifact(score).map(|artifact| &*artifact.id),
    })
}

fn floats(values: &[f32]) -> String {
    let bytes: Vec<[u8; 4]> = values.iter().map(|value| value.to_le_bytes()).collect();
    STANDARD.encode(bytes.as_flattened())
}

fn shorts(values: &[u16]) -> String {
    let bytes: Vec<[u8; 2]> = values.iter().map(|value| value.to_le_bytes()).collect();
    STANDARD.encode(bytes.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, SUPERPIXELS, study};
    use serde_json::Value;

    fn document(inputs: &Inputs) -> Value {
        let results = Results::new(inputs);
        let explorer = Explorer::new(inputs, &results, &Rows::new(inputs)).unwrap();
        assert!(!explorer.json.contains('<'));
        serde_json::from_str(&explorer.json).unwrap()
    }

    fn bytes(value: &Value) -> Vec<u8> {
        STANDARD.decode(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn what_is_packed_is_what_the_rows_say() {
        let inputs = study(&IMAGES, 3);
        let document = document(&inputs);
        let images = document["images"].as_array().unwrap();
        assert_eq!(images.len(), IMAGES.len());
        let mut curves = 0;
        for image in images {
            let runs = bytes(&image["partitions"]["stripes"]["labels"]);
            let runs = runs.as_chunks::<4>().0.iter();
            let pairs =
                runs.map(|&[a, b, c, d]| (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])));
            let labels: Vec<u16> = pairs
                .flat_map(|(label, count)| vec![label; count.into()])
                .collect();
            let segments = inputs
                .segments
                .iter()
                .find(|row| image["name"] == row.image.as_str())
                .unwrap();
            assert_eq!(labels, segments.labels);
            for explanation in image["explanations"].as_array().unwrap() {
                for curve in explanation["curves"].as_array().unwrap() {
                    let found = bytes(&curve["answers"]);
                    let found: Vec<f32> = found
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|&four| f32::from_le_bytes(four))
                        .collect();
                    let rows = inputs.curves.iter().filter(|row| {
                        image["name"] == row.image.as_str()
                            && explanation["network"] == row.network.as_str()
                            && explanation["method"] == row.method.as_str()
                            && explanation["run"] == row.run
                    });
                    assert_eq!(found, rows.map(|row| row.probability).collect::<Vec<_>>());
                    assert_eq!(bytes(&curve["superpixels"]).len(), 2 * SUPERPIXELS);
                    curves += 1;
                }
            }
        }
        assert_eq!(curves, inputs.scores.len());
    }

    #[test]
    fn gray_is_the_colour_that_stands_for_removed_pixels() {
        let document = document(&study(&IMAGES, 1));
        assert_eq!(
            document["networks"][0]["gray"],
            serde_json::json!([124, 116, 104])
        );
    }

    #[test]
    fn the_first_view_is_of_the_two_best_methods() {
        let inputs = study(&IMAGES, 2);
        let first = &document(&inputs)["first"];
        assert_eq!(first["network"], "alexnet");
        assert_eq!(first["methods"].as_array().unwrap().len(), 2);
        assert!(IMAGES.contains(&first["image"].as_str().unwrap()));
    }

    #[test]
    fn an_address_has_no_letter_with_a_meaning() {
        assert_eq!(
            link(&[("image", "a&b=<é>"), ("network", "n 1")]),
            "#explorer?image=a%26b%3D%3C%C3%A9%3E&network=n%201"
        );
    }
}
