//! The parts of tables that actions read apart from the rest of a row.

use imaging::{Mask, Rgb};
use sampling::{Drawn, Masks};
use schema::{Crop, Logits, Perturbations, Relevance, Saliency, Segments, Table, Weight};

/// A part of a table's rows, with the digest by which it enters keys.
pub trait Part {
    /// The table that holds it.
    type Row: Table;
    /// The part in memory.
    type Value;
    /// The facet under which a record keeps its digest.
    const FACET: &'static str;

    /// Takes the part out of an artifact's rows; an error in words where they do not hold it.
    fn take(rows: Vec<Self::Row>) -> Result<Self::Value, String>;

    /// Digest of the part, in hexadecimal digits.
    fn digest(value: &Self::Value) -> String;

    /// Digest of the part that these rows hold.
    fn digest_of_rows(rows: &[Self::Row]) -> Result<String, String> {
        Ok(Self::digest(&Self::take(rows.to_vec())?))
    }
}

/// BLAKE3, in hexadecimal digits, of byte strings, each with its length before it (8 bytes, little-endian).
pub fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher
            .update(&(part.len() as u64).to_le_bytes())
            .update(part);
    }
    hasher.finalize().to_hex().to_string()
}

fn bytes<T: Copy, const N: usize>(values: &[T], encode: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| encode(value)).collect()
}

/// The one row of an artifact.
fn one<T: Table>(rows: Vec<T>) -> Result<T, String> {
    let found = rows.len();
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (Some(row), None) => Ok(row),
        _ => Err(format!("table {} has {found} rows, expected 1", T::NAME)),
    }
}

/// The pixels of a crop.
#[derive(Debug)]
pub struct Pixels;

impl Part for Pixels {
    type Row = Crop;
    type Value = Rgb;
    const FACET: &'static str = "pixels";

    fn take(rows: Vec<Crop>) -> Result<Rgb, String> {
        imaging::decode(&one(rows)?.rgb).map_err(|error| error.to_string())
    }

    fn digest(rgb: &Rgb) -> String {
        digest_of([
            &rgb.height().to_le_bytes()[..],
            &rgb.width().to_le_bytes(),
            rgb.pixels(),
        ])
    }
}

/// The mask in the row of a crop. `crops` wrote it as PNG, without loss, so its decoder has one right answer and needs no place in a key.
pub fn truth_mask(crop: &Crop) -> Result<Option<Mask>, String> {
    let mask = crop.truth_mask.as_deref().map(imaging::decode_mask);
    let mask = mask.transpose();
    mask.map_err(|error| format!("{}: {error}", crop.image))
}

/// The superpixel of every pixel of a crop.
#[derive(Debug)]
pub struct Labels;

/// A partition of a crop, as actions read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superpixels {
    /// How many superpixels there are.
    pub count: usize,
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// The superpixel of every pixel, row-major, from 0.
    pub labels: Vec<u16>,
}

impl From<Segments> for Superpixels {
    fn from(row: Segments) -> Self {
        Self {
            count: row.superpixels as usize,
            size: [row.height as usize, row.width as usize],
            labels: row.labels,
        }
    }
}

impl Part for Labels {
    type Row = Segments;
    type Value = Superpixels;
    const FACET: &'static str = "labels";

    fn take(rows: Vec<Segments>) -> Result<Superpixels, String> {
        Ok(one(rows)?.into())
    }

    fn digest(value: &Superpixels) -> String {
        digest_of([
            &value.count.to_le_bytes()[..],
            &value.size[0].to_le_bytes(),
            &value.size[1].to_le_bytes(),
            &bytes(&value.labels, u16::to_le_bytes),
        ])
    }
}

/// A network's logits for a crop.
#[derive(Debug)]
pub struct LogitValues;

impl Part for LogitValues {
    type Row = Logits;
    type Value = Vec<f32>;
    const FACET: &'static str = "logits";

    fn take(rows: Vec<Logits>) -> Result<Vec<f32>, String> {
        Ok(one(rows)?.logits)
    }

    fn digest(logits: &Vec<f32>) -> String {
        digest_of([&bytes(logits, f32::to_le_bytes)[..]])
    }
}

/// A map of relevance at a layer's own size.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Row-major.
    pub values: Vec<f32>,
}

impl Part for Map {
    type Row = Saliency;
    type Value = Self;
    const FACET: &'static str = "map";

    fn take(rows: Vec<Saliency>) -> Result<Self, String> {
        let row = one(rows)?;
        Ok(Self {
            height: row.height as usize,
            width: row.width as usize,
            values: row.map,
        })
    }

    fn digest(map: &Self) -> String {
        digest_of([
            &map.height.to_le_bytes()[..],
            &map.width.to_le_bytes(),
            &bytes(&map.values, f32::to_le_bytes),
        ])
    }
}

/// Masks and what a network answered to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// The masks; row 0 is the untouched crop.
    pub drawn: Drawn,
    /// The target's probability under each mask.
    pub probabilities: Vec<f32>,
    /// The samples that a reference network evaluated too; empty where there was none.
    pub reference_samples: Vec<usize>,
    /// The reference's answers to them.
    pub reference_probabilities: Vec<f32>,
    /// How many of the reference samples were certain to be chosen; they come first.
    pub reference_certain: usize,
}

impl Part for Answers {
    type Row = Perturbations;
    type Value = Self;
    const FACET: &'static str = "answers";

    fn take(rows: Vec<Perturbations>) -> Result<Self, String> {
        let row = one(rows)?;
        let [samples, superpixels] = [row.samples, row.superpixels].map(|count| count as usize);
        let masks = Masks::from_bytes(samples, superpixels, row.masks);
        let reference = row.reference_samples.iter();
        Ok(Self {
            drawn: Drawn {
                masks: masks.map_err(|error| error.to_string())?,
                enumerated: row.enumerated as usize,
                repeats: row.repeats,
                shifts: row.shifts.as_chunks().0.to_vec(),
            },
            probabilities: row.probabilities,
            reference_samples: reference.map(|&sample| sample as usize).collect(),
            reference_probabilities: row.reference_probabilities,
            reference_certain: row.reference_certain as usize,
        })
    }

    fn digest(answers: &Self) -> String {
        let Drawn {
            masks,
            enumerated,
            repeats,
            shifts,
        } = &answers.drawn;
        digest_of([
            &masks.superpixels().to_le_bytes()[..],
            masks.bytes(),
            &enumerated.to_le_bytes(),
            &bytes(repeats, u32::to_le_bytes),
            &bytes(shifts.as_flattened(), u16::to_le_bytes),
            &bytes(&answers.probabilities, f32::to_le_bytes),
            &bytes(&answers.reference_samples, usize::to_le_bytes),
            &bytes(&answers.reference_probabilities, f32::to_le_bytes),
            &answers.reference_certain.to_le_bytes(),
        ])
    }
}

/// The weights of a surrogate with their standard errors, by superpixel.
#[derive(Debug)]
pub struct SurrogateWeights;

impl Part for SurrogateWeights {
    type Row = Weight;
    type Value = Vec<(f64, Option<f64>)>;
    const FACET: &'static str = "weights";

    fn take(rows: Vec<Weight>) -> Result<Self::Value, String> {
        by_superpixel(&rows, |row| row.superpixel)?;
        Ok(rows
            .into_iter()
            .map(|row| (row.weight, row.standard_error))
            .collect())
    }

    fn digest(weights: &Self::Value) -> String {
        let weight = bytes(weights, |(weight, _)| weight.to_le_bytes());
        let error = bytes(weights, |(_, error)| {
            error.unwrap_or(f64::NAN).to_le_bytes()
        });
        digest_of([&weight[..], &error])
    }
}

/// The superpixels of an explanation, the most relevant first.
#[derive(Debug)]
pub struct RemovalOrder;

impl Part for RemovalOrder {
    type Row = Relevance;
    type Value = Vec<u16>;
    const FACET: &'static str = "order";

    fn take(mut rows: Vec<Relevance>) -> Result<Vec<u16>, String> {
        rows.sort_by_key(|row| row.rank);
        Ok(rows.into_iter().map(|row| row.superpixel).collect())
    }

    fn digest(order: &Vec<u16>) -> String {
        digest_of([&bytes(order, u16::to_le_bytes)[..]])
    }
}

/// An error unless the rows are those of superpixels 0, 1, 2 and so on.
fn by_superpixel<T: Table>(rows: &[T], superpixel: impl Fn(&T) -> u16) -> Result<(), String> {
    let numbered = |(place, row)| usize::from(superpixel(row)) == place;
    if rows.iter().enumerate().all(numbered) {
        return Ok(());
    }
    Err(format!(
        "the rows of {} are not in the order of superpixels",
        T::NAME
    ))
}
