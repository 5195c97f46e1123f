//! The faster ways of LIME, through the stages: every sampler and precision, and open numbers of samples.

use std::fs;
use std::sync::LazyLock;

use imaging::Rgb;
use lime::perturbations::{Again, Asked, Hidden, Request, Sizes, Undecided, perturbations};
use networks::Normalisation;
use removal::Backdrop;
use sampling::{Drawn, Masks, STRATA, Seed, samplers};
use schema::{Perturbations, Weight};
use statistics::Measured;

use crate::parity::networks::script;
use crate::study_folder::StudyFolder;

const MOST: u32 = 1024;
const LIMIT: f64 = 0.016;

/// One network, and LIME in the reference's way and in others; everything is up to date.
static STUDY: LazyLock<StudyFolder> = LazyLock::new(|| {
    let folder = StudyFolder::new();
    folder.change(
        "[networks.resnet50]\narchitecture = \"resnet50\"\nweights = \"resnet50.safetensors\"\nwidth = 0.25\n",
        "",
    );
    let path = folder.path("pipeline.toml");
    let text = fs::read_to_string(&path).unwrap();
    let more = format!(
        r#"
[methods.balanced]
kind = "lime"
samples = 96
sampler = "hadamard"
precision = "mixed"

[methods.paired]
kind = "lime"
samples = 64
sampler = "paired"
precision = "bf16"

[methods.precise]
kind = "lime"
samples = {{ most = {MOST}, standard_error = {LIMIT} }}
sampler = "paired"
precision = "mixed"

[methods.stable]
kind = "lime"
samples = {{ most = {MOST}, top = 2 }}
"#
    );
    fs::write(path, text + &more).unwrap();
    folder.make_all();
    folder
});

fn read<T: schema::Table>(folder: &StudyFolder, method: &str) -> Vec<T> {
    let of_method = |name: &&String| name.contains(&format!(".{method}.run"));
    let names = folder.latest(T::NAME);
    let names: Vec<_> = names.iter().filter(of_method).collect();
    assert_eq!(names.len(), 4, "two images, two runs: {names:?}");
    let rows = names
        .into_iter()
        .map(|name| crate::cache::read(folder, T::NAME, name));
    rows.flatten().collect()
}

#[test]
fn every_way_goes_through_all_stages_and_says_what_it_was() {
    for row in read::<Perturbations>(&STUDY, "lime") {
        assert_eq!((&*row.sampler, &*row.precision), ("coin", "fp32"));
        assert!(row.reference_samples.is_empty());
    }
    for row in read::<Perturbations>(&STUDY, "balanced") {
        assert_eq!((&*row.sampler, &*row.precision), ("hadamard", "mixed"));
        assert_eq!(row.samples, 96);
        let again = &row.reference_samples;
        assert_eq!(again[0], 0, "the untouched image is certain");
        assert_eq!(again.len(), row.reference_probabilities.len());
        assert!((row.reference_certain as usize) < again.len() && again.len() <= 96);
        let pairs = again.iter().zip(&row.reference_probabilities);
        let worst =
            pairs.map(|(&sample, exact)| (row.probabilities[sample as usize] - exact).abs());
        assert!(worst.fold(0.0, f32::max) < 0.05, "bf16 is near fp32");
    }
    for row in read::<Perturbations>(&STUDY, "paired") {
        assert_eq!((&*row.sampler, &*row.precision), ("paired", "bf16"));
        let bytes = row.masks.len() / row.samples as usize;
        let last = (1 << (row.superpixels - 8)) - 1;
        let complements = row.masks[bytes..].chunks_exact(2 * bytes).all(|pair| {
            let (one, other) = pair.split_at(bytes);
            one[0] == !other[0] && one[1] == !other[1] & last
        });
        assert!(complements, "each mask is followed by its complement");
    }
}

#[test]
fn an_open_number_of_samples_ends_where_it_was_asked_to() {
    let weights: Vec<Weight> = read(&STUDY, "precise");
    let mut ended_early = 0;
    for row in read::<Perturbations>(&STUDY, "precise") {
        let is_of = |weight: &&Weight| (&weight.image, weight.run) == (&row.image, row.run);
        let errors = weights
            .iter()
            .filter(is_of)
            .map(|weight| weight.standard_error);
        let worst = errors.map(Option::unwrap).fold(0.0, f64::max);
        println!(
            "{}: {} samples, standard error {worst}",
            row.image, row.samples
        );
        assert!(row.samples == MOST || worst <= LIMIT, "{worst}");
        ended_early += u32::from(row.samples < MOST);
    }
    assert!(ended_early > 0, "the limit stops none");
    let mut ended_early = 0;
    for row in read::<Perturbations>(&STUDY, "stable") {
        println!("{}: {} samples for the top 2", row.image, row.samples);
        assert!(row.samples.is_multiple_of(128) && row.samples <= MOST);
        ended_early += u32::from(row.samples < MOST);
    }
    assert!(ended_early > 0, "the same two superpixels stop none");
}

/// Enough after every block, but unsettled by the correction of the first.
struct UnsettledOnce;

impl Sizes for UnsettledOnce {
    fn enough(&mut self, _: &Drawn, _: &[f32]) -> Result<bool, Undecided> {
        Ok(true)
    }

    fn still_enough(&self, drawn: &Drawn, _: &[f32], _: &Again) -> Result<bool, Undecided> {
        Ok(drawn.masks.samples() > 128)
    }

    fn more(
        &self,
        _: &Masks,
        _: &[f32],
        _: &Again,
        step: usize,
    ) -> Result<[usize; STRATA], Undecided> {
        Ok([step; STRATA])
    }
}

#[test]
fn what_was_asked_again_of_fewer_masks_is_certain_for_more() {
    let (side, cells) = (64, 8);
    let pixels = (0..3 * side * side).map(|index| (index * 37 % 251) as u8);
    let crop = Rgb::new(side, side, pixels.collect()).unwrap();
    let labels: Vec<u16> = (0..side * side)
        .map(|pixel| (pixel / (side * side / cells)) as u16)
        .collect();
    let classifier = script(Normalisation::IMAGENET, [side, side]);
    let request = Request {
        crop: &crop,
        hidden: Hidden::Superpixels {
            labels: &labels,
            count: cells,
            replacement: Backdrop::Mean,
        },
        target: 0,
        measured: Measured::Probability,
        mean: Normalisation::IMAGENET.mean.map(f64::from),
        sampler: samplers::COIN,
        samples: 1000,
    };
    let seed = Seed::of_run(1, "image", "rows", "lime", 0);
    let asked = Asked::Mixed {
        fast: &classifier,
        reference: &classifier,
    };
    let found = perturbations(asked, &request, seed, &mut UnsettledOnce, &|| false).unwrap();
    assert_eq!(found.drawn.masks.samples(), 256);
    let (again, step) = (&found.again, classifier.few_batch());
    assert_eq!(
        (again.certain, again.samples.len()),
        (32 + 2 * step, 32 + 3 * step),
        "the second time in half batches, because nothing has to be drawn from a stratum to tell the other's number"
    );
    assert!(
        again.samples[..again.certain]
            .iter()
            .all(|&sample| sample < 128)
    );
    assert!(
        again.samples[again.certain..]
            .iter()
            .any(|&sample| sample >= 128)
    );
    let mut different = again.samples.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), again.samples.len(), "none is asked twice");
    for (&sample, answer) in again.samples.iter().zip(&again.probabilities) {
        assert!((found.probabilities[sample] - answer).abs() < 1e-6);
    }
}
