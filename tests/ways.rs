//! The faster ways of LIME, through the stages: every sampler and precision, and open numbers of samples.

use std::fs;

use schema::{Perturbations, Weight};

use crate::study_folder::StudyFolder;

const MOST: u32 = 1024;
const LIMIT: f64 = 0.016;

/// One network, and LIME in the reference's way and in others.
fn study() -> StudyFolder {
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
    folder
}

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
    let folder = study();
    folder.make_all();

    for row in read::<Perturbations>(&folder, "lime") {
        assert_eq!((&*row.sampler, &*row.precision), ("coin", "fp32"));
        assert!(row.reference_samples.is_empty());
    }
    for row in read::<Perturbations>(&folder, "balanced") {
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
    for row in read::<Perturbations>(&folder, "paired") {
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
    let folder = study();
    folder.make_all();
    let weights: Vec<Weight> = read(&folder, "precise");
    let mut ended_early = 0;
    for row in read::<Perturbations>(&folder, "precise") {
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
    for row in read::<Perturbations>(&folder, "stable") {
        println!("{}: {} samples for the top 2", row.image, row.samples);
        assert!(row.samples % 128 == 0 && row.samples <= MOST);
    }
}
