//! Explanations and partitions that come from files: what our own methods say, written out and read back, is judged as before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::sync::LazyLock;

use measures::kinds::complexity::Complexity;
use measures::kinds::localization::Localization;
use safetensors::tensor::{Dtype, TensorView};
use schema::{CurveStep, Relevance, Saliency, Score, Segments, Table};
use store::Store;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::study_folder::StudyFolder;

const METHODS: &str = r#"
[methods.our-map]
kind = "external"
files = "answers/map-{network}.safetensors"

[methods.our-weights]
kind = "external"
files = "answers/weights-{network}.npz"
runs = 2

[deletion]"#;

fn all<T: Table>(folder: &StudyFolder) -> Vec<T> {
    let store = Store::browse(folder.path("artifacts"));
    let read = |name: &String| {
        let link = folder.path("artifacts/latest").join(T::NAME).join(name);
        let object = fs::canonicalize(link).unwrap();
        let id = object.file_stem().unwrap().to_str().unwrap();
        store.read::<T>(&id.parse().unwrap()).unwrap()
    };
    folder.latest(T::NAME).iter().flat_map(read).collect()
}

/// A row of targets.csv.
struct Target {
    image: String,
    network: String,
    class: i64,
    digest: String,
}

/// The rows of a challenge, whose other files must be there.
fn challenge(folder: &StudyFolder) -> Vec<Target> {
    let finished = folder.run("pipeline", &["challenge", "challenge"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let text = fs::read_to_string(folder.path("challenge/targets.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("index,image,network,class,digest"));
    let row = |line: &str| {
        let [_, image, network, class, digest] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        Target {
            image: image.to_owned(),
            network: network.to_owned(),
            class: class.parse().unwrap(),
            digest: digest.to_owned(),
        }
    };
    lines.map(row).collect()
}

/// A `.npy` file in C order.
fn npy(descr: &str, shape: &str, elements: impl AsRef<[u8]>) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(elements.as_ref());
    file
}

fn write_npz(folder: &StudyFolder, name: &str, arrays: &[(&str, Vec<u8>)]) {
    let file = fs::File::create(folder.path("answers").join(name)).unwrap();
    let mut archive = ZipWriter::new(file);
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (array, content) in arrays {
        archive.start_file(format!("{array}.npy"), stored).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

fn numbers<T: Copy, const N: usize>(values: &[T], encode: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| encode(value)).collect()
}

/// The explanations that a map's method gives of a network, in a file.
fn write_maps(
    folder: &StudyFolder,
    network: &str,
    targets: &[&Target],
    maps: &[Vec<f32>],
    sides: [usize; 2],
) {
    let values = numbers(&maps.concat(), f32::to_le_bytes);
    let digests: Vec<u8> = targets
        .iter()
        .flat_map(|target| target.digest.bytes())
        .collect();
    let classes: Vec<i64> = targets.iter().map(|target| target.class).collect();
    let classes = numbers(&classes, i64::to_le_bytes);
    let count = targets.len();
    let tensor =
        |dtype, shape: &[usize], bytes| TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
    let tensors = BTreeMap::from([
        (
            "maps",
            tensor(Dtype::F32, &[count, sides[0], sides[1]], &values),
        ),
        ("digest", tensor(Dtype::U8, &[count, 64], &digests)),
        ("target_class", tensor(Dtype::I64, &[count], &classes)),
    ]);
    let bytes = safetensors::serialize(tensors, None).unwrap();
    fs::write(
        folder.path(&format!("answers/map-{network}.safetensors")),
        bytes,
    )
    .unwrap();
}

/// Writes what Grad-CAM and LIME said of a network as another tool would.
fn answer(
    folder: &StudyFolder,
    network: &str,
    targets: &[&Target],
    change: impl Fn(&str, &mut Vec<f32>),
) {
    let maps = all::<Saliency>(folder);
    let of = |target: &&Target| {
        let mut found = maps.iter().filter(|map| {
            map.method == "gradcam" && map.network == network && map.image == target.image
        });
        let found = found.next().unwrap();
        let mut map = found.map.clone();
        change(&target.image, &mut map);
        (map, [found.height as usize, found.width as usize])
    };
    let (of_images, sides): (Vec<_>, Vec<_>) = targets.iter().map(of).unzip();
    write_maps(folder, network, targets, &of_images, sides[0]);
    let relevances = all::<Relevance>(folder);
    let mut weights = Vec::new();
    for run in 0..2 {
        for target in targets {
            let of_run = relevances.iter().filter(|row| {
                row.method == "lime"
                    && row.run == run
                    && row.network == network
                    && row.image == target.image
            });
            weights.extend(of_run.map(|row| row.relevance));
        }
    }
    let count = targets.len();
    let superpixels = weights.len() / count / 2;
    let digests: String = targets
        .iter()
        .map(|target| target.digest.as_str())
        .collect();
    let classes: Vec<i32> = targets.iter().map(|target| target.class as i32).collect();
    write_npz(
        folder,
        &format!("weights-{network}.npz"),
        &[
            (
                "relevances",
                npy(
                    ">f8",
                    &format!("2, {count}, {superpixels}"),
                    numbers(&weights, f64::to_be_bytes),
                ),
            ),
            (
                "count",
                npy(
                    "<i8",
                    &format!("{count},"),
                    numbers(&vec![superpixels as i64; count], i64::to_le_bytes),
                ),
            ),
            ("digest", npy("|S64", &format!("{count},"), digests)),
            (
                "target_class",
                npy(
                    "<i4",
                    &format!("{count},"),
                    numbers(&classes, i32::to_le_bytes),
                ),
            ),
            (
                "seconds",
                npy(
                    "<f4",
                    &format!("{count},"),
                    numbers(&vec![0.5; count], f32::to_le_bytes),
                ),
            ),
            ("passes", npy("<i8", "", 33_i64.to_le_bytes())),
        ],
    );
}

/// The targets of each network.
fn by_network(targets: &[Target]) -> BTreeMap<&str, Vec<&Target>> {
    let mut networks: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        networks.entry(&target.network).or_default().push(target);
    }
    networks
}

/// The study with our own explanations read back.
static READ_BACK: LazyLock<StudyFolder> = LazyLock::new(|| {
    let folder = StudyFolder::made().copy();
    let targets = challenge(&folder);
    assert_eq!(targets.len(), 4);
    fs::create_dir(folder.path("answers")).unwrap();
    for (network, targets) in by_network(&targets) {
        answer(&folder, network, &targets, |_, _| {});
    }
    folder.change("\n[deletion]", METHODS);
    folder.make_all();
    folder
});

/// The rows of two methods, which must be equal but for the name.
fn assert_equal<T: Table>(folder: &StudyFolder, shown: impl Fn(&T) -> (String, String)) {
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in all::<T>(folder) {
        let (method, row) = shown(&row);
        rows.entry(method).or_default().insert(row);
    }
    for (own, read_back) in [("gradcam", "our-map"), ("lime", "our-weights")] {
        assert!(!rows[own].is_empty(), "{}", T::NAME);
        assert_eq!(rows[own], rows[read_back], "{}", T::NAME);
    }
}

#[test]
fn our_own_explanations_written_out_and_read_back_are_judged_the_same() {
    let folder = &*READ_BACK;
    assert_equal(folder, |row: &Relevance| {
        let at = (
            &row.image,
            &row.network,
            &row.partition,
            row.run,
            row.superpixel,
        );
        (
            row.method.clone(),
            format!("{at:?} {:x} {}", row.relevance.to_bits(), row.rank),
        )
    });
    assert_equal(folder, |row: &CurveStep| {
        let at = (&row.image, &row.network, &row.partition, row.run, row.step);
        let (probability, logit) = (row.probability.to_bits(), row.logit.to_bits());
        (
            row.method.clone(),
            format!("{at:?} {:?} {probability:x} {logit:x}", row.superpixel),
        )
    });
    // All columns, but for the name; `{:?}` writes every bit of a float that is no NaN.
    assert_equal(folder, |row: &Score| {
        let mut row = row.clone();
        (std::mem::take(&mut row.method), format!("{row:?}"))
    });
    assert_equal(folder, |row: &Complexity| {
        let mut row = row.clone();
        (std::mem::take(&mut row.method), format!("{row:?}"))
    });
    assert_equal(folder, |row: &Localization| {
        let mut row = row.clone();
        (std::mem::take(&mut row.method), format!("{row:?}"))
    });
    let costs =
        fs::read_to_string(folder.path("artifacts/report/tables/explanation_costs.csv")).unwrap();
    let of = |method: &str| {
        let mut lines = costs.lines().filter(|line| line.contains(method));
        lines.next().unwrap().to_owned()
    };
    assert!(
        of("our-weights").contains("as declared") && of("our-weights").contains("33"),
        "{costs}"
    );
    assert!(
        of("our-map").contains("as declared") && of("gradcam").contains("measured"),
        "{costs}"
    );
}

#[test]
fn a_changed_answer_recomputes_its_own_curves_and_why_names_the_file() {
    let folder = READ_BACK.copy();
    let [curves, relevances] = ["curves", "relevances"].map(|kind| folder.keys(kind));
    let text = fs::read_to_string(folder.path("challenge/targets.csv")).unwrap();
    let digest_of = |image: &str| {
        let mut lines = text.lines().filter(|line| line.contains(image));
        lines.next().unwrap().rsplit(',').next().unwrap().to_owned()
    };
    let saved = all::<Saliency>(&folder);
    let saved = saved
        .iter()
        .filter(|map| map.network == "alexnet" && map.method == "gradcam");
    let targets: Vec<Target> = saved
        .map(|map| Target {
            image: map.image.clone(),
            network: map.network.clone(),
            class: map.target_class.into(),
            digest: digest_of(&map.image),
        })
        .collect();
    let targets: Vec<&Target> = targets.iter().collect();
    // The map of one image is turned round.
    answer(&folder, "alexnet", &targets, |image, map| {
        if image == "mug-01" {
            map.reverse();
        }
    });
    let link = "artifacts/latest/relevances/alexnet.mug-01.coarse.our-map.run00.parquet";
    let name = folder.latest("relevances").into_iter().find(|name| {
        name.contains("alexnet") && name.contains("mug-01") && name.contains("our-map")
    });
    let path = folder
        .path("artifacts/latest/relevances")
        .join(name.expect(link));
    let why = folder.run("pipeline", &["why", path.to_str().unwrap()]);
    assert!(
        why.stdout.contains("answers/map-alexnet.safetensors"),
        "{}",
        why.stdout
    );
    assert!(
        why.stdout.contains("maker.external.answers"),
        "{}",
        why.stdout
    );
    folder.make_all();
    // Both images' relevances were read again; one of them has another order. LIME's weights are in a file of their own, which is as it was.
    assert_eq!(folder.keys("relevances").difference(&relevances).count(), 2);
    assert_eq!(folder.keys("curves").difference(&curves).count(), 1);
}

#[test]
fn what_is_wrong_with_an_answer_is_said_with_file_image_and_way_out() {
    let folder = READ_BACK.copy();
    let text = fs::read_to_string(folder.path("challenge/targets.csv")).unwrap();
    let row = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = text
        .lines()
        .map(row)
        .filter(|row| row[2] == "alexnet")
        .collect();
    let digests = rows.iter().map(|row| row[4].as_str()).collect::<String>();
    let classes: Vec<i64> = rows.iter().map(|row| row[3].parse().unwrap()).collect();
    let write = |name: &str, maps: [f32; 8], shape: &str, digests: &str, classes: &[i64]| {
        write_npz(
            &folder,
            name,
            &[
                ("maps", npy("<f4", shape, numbers(&maps, f32::to_le_bytes))),
                ("digest", npy("|S64", "2,", digests)),
                (
                    "target_class",
                    npy("<i8", "2,", numbers(classes, i64::to_le_bytes)),
                ),
            ],
        );
    };
    let maps = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let with = |place: usize, value: f32| {
        let mut maps = maps;
        maps[place] = value;
        maps
    };
    write("nan.npz", with(6, f32::NAN), "2, 2, 2", &digests, &classes);
    write("zero.npz", [0.0; 8], "2, 2, 2", &digests, &classes);
    write("shape.npz", maps, "2, 4, 1", &digests, &classes);
    let other = format!("{}{}", "0".repeat(64), &digests[64..]);
    write("digest.npz", maps, "2, 2, 2", &other, &classes);
    write(
        "class.npz",
        maps,
        "2, 2, 2",
        &digests,
        &[classes[0] + 1, classes[1]],
    );
    fs::write(folder.path("answers/cut.npz"), b"PK\x03\x04").unwrap();
    let method = |name: &str| {
        format!(
            "\n[methods.{name}]\nkind = \"external\"\nfiles = \"answers/{name}.npz\"\nnetworks = [\"alexnet\"]\n"
        )
    };
    let names = ["nan", "zero", "shape", "digest", "class", "cut", "absent"];
    let methods: String = names.map(method).concat();
    folder.change("\n[deletion]", &format!("{methods}\n[deletion]"));
    let check = folder.run("pipeline", &["check"]);
    check.expect(2, "cut.npz: its list of arrays is damaged or incomplete");
    let finished = folder.run("pipeline", &["run"]);
    assert_eq!(finished.status, 1, "{}", finished.stderr);
    for said in [
        "mug-01, alexnet, coarse, nan, run 0: answer file ",
        "nan.npz: its value NaN at row 1, column 0 is no finite float32",
        "key-00, alexnet, coarse, zero, run 0: all values of this explanation are equal",
        "shape.npz: its map is 4 x 1 (height x width), but the crop is 224 x 224",
        "key-00, alexnet, coarse, digest, run 0: answer file ",
        "digest.npz: the digest of the crop",
        "class.npz: it explains class ",
        "cut.npz: its list of arrays is damaged or incomplete",
        "absent.npz: there is no file yet: `pipeline challenge FOLDER` writes the inputs for the tool",
    ] {
        assert!(
            finished.stderr.contains(said),
            "no {said:?} in\n{}",
            finished.stderr
        );
    }
    // The image that is answered rightly is judged, and so are the others.
    let judged = folder.latest("curves");
    let of = |method: &str| judged.iter().filter(|name| name.contains(method)).count();
    assert_eq!(
        [of("digest"), of("class"), of("nan"), of("zero"), of("cut")],
        [1, 1, 1, 2, 0]
    );
}

#[test]
fn a_challenge_needs_what_it_shows_and_an_empty_folder() {
    let folder = StudyFolder::new();
    folder
        .run("pipeline", &["challenge", "challenge"])
        .expect(2, "run `pipeline run infer` with this study first");
    assert!(!folder.path("challenge").exists());
    READ_BACK
        .run("pipeline", &["challenge", "challenge"])
        .expect(2, "is not empty");
}

/// The grid of the small study as label maps of the crop: as 16-bit PNG of one image, and as .npy of the other.
#[test]
fn label_maps_of_a_grid_are_the_grid() {
    let folder = StudyFolder::made().copy();
    fs::create_dir(folder.path("organs")).unwrap();
    let grids = all::<Segments>(&folder);
    for grid in grids {
        let [height, width] = [grid.height, grid.width];
        let path = folder.path("organs").join(&grid.image);
        if grid.image == "key-00" {
            let labels = grid.labels.iter().map(|label| label * 1000 + 7).collect();
            let picture: image::ImageBuffer<image::Luma<u16>, Vec<u16>> =
                image::ImageBuffer::from_raw(width, height, labels).unwrap();
            picture.save(path.with_extension("png")).unwrap();
        } else {
            let labels: Vec<i32> = grid
                .labels
                .iter()
                .map(|&label| i32::from(label) - 100)
                .collect();
            let shape = format!("{height}, {width}");
            let file = npy("<i4", &shape, numbers(&labels, i32::to_le_bytes));
            fs::write(path.with_extension("npy"), file).unwrap();
        }
    }
    let organs =
        "[partitions.organs]\nalgorithm = \"files\"\nfolder = \"organs\"\n\n[methods.gradcam]";
    folder.change("[methods.gradcam]", organs);
    folder.make_all();
    let mut labels: BTreeMap<String, Vec<Vec<u16>>> = BTreeMap::new();
    for row in all::<Segments>(&folder) {
        labels.entry(row.image).or_default().push(row.labels);
    }
    for (image, labels) in labels {
        assert_eq!(labels.len(), 2, "{image}");
        assert_eq!(labels[0], labels[1], "{image}");
    }
    let mut areas: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    for row in all::<Score>(&folder)
        .into_iter()
        .filter(|row| row.method == "gradcam")
    {
        let areas = areas.entry((row.image, row.network)).or_default();
        areas.push(row.auc.to_bits());
    }
    assert!(
        areas
            .values()
            .all(|areas| areas.len() == 2 && areas[0] == areas[1]),
        "{areas:?}"
    );
    fs::remove_file(folder.path("organs/mug-01.npy")).unwrap();
    folder
        .run("pipeline", &["plan"])
        .expect(2, "the partition `organs` has no label map for `mug-01`");
}
