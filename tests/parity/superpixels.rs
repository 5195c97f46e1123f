//! Superpixels beside scikit-image's: five drawn scenes, three settings of each algorithm, and a flat image of two colours.

use imaging::Rgb;
use superpixels::{Algorithm, Felzenszwalb, Quickshift, Slic};

use super::fixture;
use super::numbers::{Numbers, adjusted_rand_index};
use super::table::{Table, Tolerance};

const SCENES: [&str; 5] = ["0", "1", "2", "3", "4"];
/// One of two flat colours, for quickshift's rule of ties; slic has none.
const FLAT: &str = "flat";

/// The settings of scripts/oracles/superpixels.py, in its order.
fn settings() -> [(&'static str, [Algorithm; 3]); 3] {
    let quickshift = |kernel_size, max_dist, ratio| {
        Algorithm::Quickshift(Quickshift::new(kernel_size, max_dist, ratio).unwrap())
    };
    let slic = |segments, compactness, sigma| {
        Algorithm::Slic(Slic::new(segments, compactness, sigma).unwrap())
    };
    let felzenszwalb = |scale, sigma, min_size| {
        Algorithm::Felzenszwalb(Felzenszwalb::new(scale, sigma, min_size).unwrap())
    };
    [
        (
            "quickshift",
            [
                quickshift(4.0, 200.0, 0.2),
                quickshift(2.0, 10.0, 0.5),
                quickshift(3.0, 25.0, 0.8),
            ],
        ),
        (
            "slic",
            [slic(50, 10.0, 0.0), slic(20, 1.0, 1.0), slic(30, 20.0, 0.0)],
        ),
        (
            "felzenszwalb",
            [
                felzenszwalb(100.0, 0.5, 50),
                felzenszwalb(30.0, 0.8, 20),
                felzenszwalb(200.0, 0.5, 10),
            ],
        ),
    ]
}

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("superpixels.safetensors"));
    for image in SCENES.into_iter().chain([FLAT]) {
        let rgb = file.image(&format!("image.{image}"));
        let wanted = |name: &str| image != FLAT || name != "slic";
        for (name, settings) in settings().into_iter().filter(|(name, _)| wanted(name)) {
            for (index, algorithm) in settings.into_iter().enumerate() {
                let expected = file.labels(&format!("{image}.{name}.{index}"));
                note(table, name, algorithm, &rgb, &expected);
            }
        }
    }
}

/// Compares the partition of an image.
pub(super) fn note(
    table: &mut Table,
    name: &str,
    algorithm: Algorithm,
    image: &Rgb,
    expected: &[u16],
) {
    let partition = algorithm.partition(image).unwrap();
    table.note(
        format!("{name}, 1 - adjusted Rand index"),
        "scikit-image",
        1.0 - adjusted_rand_index(partition.labels(), expected),
        Tolerance::AtMost(0.01),
    );
}
