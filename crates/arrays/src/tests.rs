//! Files that `NumPy`, safetensors, `DuckDB` and arrow wrote (`scripts/oracles/answers.py`), and files with mistakes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use crate::{Answer, ArrayError, Entry, LabelMap, Shape, label_map};

/// The digests of the fixtures.
const DIGESTS: [&str; 3] = [
    "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
    "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
    "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// All explanations of a file, which is called `name`.
fn read(name: &str, content: &[u8]) -> Result<Vec<(Entry, Vec<f64>)>, ArrayError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    let answer = Answer::open(&file, Path::new(name))?;
    let mut found = Vec::new();
    let mut wanted = BTreeSet::new();
    let mut entries = Vec::new();
    for digest in DIGESTS {
        for (run, class) in [0, 1]
            .into_iter()
            .flat_map(|run| [5, 6, 7].map(|class| (run, class)))
        {
            if let Ok((place, entry)) = answer.find(digest, class, run, 2) {
                wanted.insert(place);
                entries.push((place, entry));
            }
        }
    }
    answer.each(&file, &wanted, &mut |place, values| {
        found.push((place, values));
    })?;
    entries.sort_by_key(|(place, _)| *place);
    let both = entries.into_iter().zip(found);
    Ok(both
        .map(|((place, entry), (found, values))| {
            assert_eq!(place, found);
            (entry, values)
        })
        .collect())
}

/// The maps that every fixture holds.
fn maps(runs: usize) -> Vec<Vec<f64>> {
    let map = |place: usize| {
        let of = |element: usize| {
            let (row, column) = ((element / 3) as f64, (element % 3) as f64);
            (place % 3) as f64 + 4.0 * (place / 3) as f64 + row / 4.0 - column / 8.0
        };
        (0..6).map(of).collect()
    };
    (0..3 * runs).map(map).collect()
}

#[test]
fn every_format_and_every_layout_gives_the_same_maps() {
    for (name, runs) in [
        ("plain.npz", 1),
        ("deflated.npz", 1),
        ("wide.npz", 1),
        ("fortran.npz", 2),
        ("half.npz", 2),
        ("plain.safetensors", 1),
        ("plain.parquet", 1),
    ] {
        let found = read(name, &bytes(name)).unwrap();
        let (entries, values): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        assert_eq!(values, maps(runs), "{name}");
        for (place, entry) in entries.iter().enumerate() {
            let about = (entry.target_class, entry.run, entry.shape);
            let expected = (5 + place as i64 % 3, place / 3, Shape::Map([2, 3]));
            assert_eq!(about, expected, "{name}");
        }
    }
}

#[test]
fn values_of_superpixels_are_read_with_their_number() {
    let found = read("relevances.npz", &bytes("relevances.npz")).unwrap();
    for (explanation, (count, (entry, values))) in [4, 2, 3].into_iter().zip(&found).enumerate() {
        assert_eq!(entry.shape, Shape::Superpixels(count));
        let expected: Vec<f64> = (0..count)
            .map(|place| explanation as f64 - place as f64 / 3.0)
            .collect();
        assert_eq!(values[..count], expected);
    }
    let found = read("relevances.parquet", &bytes("relevances.parquet")).unwrap();
    let values: Vec<Vec<f64>> = found.into_iter().map(|(_, values)| values).collect();
    assert_eq!(values, maps(1));
}

#[test]
fn costs_are_declared_once_or_for_each() {
    let of = |name: &str| {
        let found = read(name, &bytes(name)).unwrap().into_iter();
        found
            .map(|(entry, _)| (entry.seconds, entry.passes))
            .collect::<Vec<_>>()
    };
    let each = |seconds: f64| (Some(seconds), Some(50));
    assert_eq!(of("fortran.npz"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(each));
    let seconds = [0.5, 1.5, 2.5, 0.5, 1.5, 2.5];
    assert_eq!(of("half.npz"), seconds.map(|seconds| (Some(seconds), None)));
    assert_eq!(of("plain.parquet"), [(None, Some(7)); 3]);
    assert_eq!(of("plain.npz"), [(None, None); 3]);
}

/// A `.npy` file.
fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(elements);
    file
}

/// A zip archive with these members; a deflated one says that it has `size` bytes.
fn archive(members: &[(&str, Vec<u8>, Option<u32>)]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for (name, content, size) in members {
        let name = format!("{name}.npy");
        let crc = crc32fast::hash(content);
        let (method, packed) = if size.is_none() {
            (0_u16, content.clone())
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            (8, encoder.finish().unwrap())
        };
        let size = size.unwrap_or(content.len() as u32);
        let mut common = vec![20, 0, 0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        for number in [crc, packed.len() as u32, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        let at = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(&packed);
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&common);
        list.extend([0; 10]);
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let start = file.len() as u32;
    file.extend(&list);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00");
    let count = members.len() as u16;
    file.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    file.extend((list.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn plain(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    answer(npy(descr, shape, elements))
}

/// An answer of one explanation.
fn answer(maps: Vec<u8>) -> Vec<u8> {
    archive(&[
        ("maps", maps, None),
        ("digest", npy("|S64", "(1,)", DIGESTS[0].as_bytes()), None),
        (
            "target_class",
            npy("<i8", "(1,)", &5_i64.to_le_bytes()),
            None,
        ),
    ])
}

fn refused(name: &str, content: &[u8]) -> String {
    match read(name, content) {
        Ok(found) => panic!("{name} is read: {found:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_mistake_is_named_with_its_place_and_a_way_out() {
    let one = 1_f32.to_le_bytes();
    let cases = [
        ("objects", bytes("pickled.npz")),
        ("digests as objects", bytes("pickled_digest.npz")),
        ("whole numbers", plain("|u1", "(1, 1, 1)", &[7])),
        ("complex", plain("<c8", "(1, 1, 1)", &[0; 8])),
        ("long double", plain("<f16", "(1, 1, 1)", &[0; 16])),
        ("axes", plain("<f4", "(1, 1)", &one)),
        ("count", plain("<f4", "(2, 1, 1)", &[0; 8])),
        ("no sides", plain("<f4", "(1, 0, 3)", &[])),
        ("too many", plain("<f4", "(1000001, 0, 3)", &[])),
        ("longer than it says", plain("<f4", "(1, 1, 1)", &[0; 8])),
        ("shorter than it says", plain("<f4", "(1, 1, 2)", &one)),
        (
            "no file has so many",
            plain("<f4", "(1, 99999999999, 99999999999)", &one),
        ),
        ("no array", npy("<f4", "(1,)", &one)),
        (
            "no maps",
            archive(&[("map", npy("<f4", "(1, 1, 1)", &one), None)]),
        ),
        (
            "no digest",
            archive(&[("maps", npy("<f4", "(1, 1, 1)", &one), None)]),
        ),
        (
            "maps and relevances",
            archive(&[
                ("maps", npy("<f4", "(1, 1, 1)", &one), None),
                ("relevances", npy("<f4", "(1, 1)", &one), None),
            ]),
        ),
        ("nothing", Vec::new()),
        ("text", b"index,map\n0,1\n".to_vec()),
        ("cut", bytes("plain.npz")[..1200].to_vec()),
    ];
    let mut lines: Vec<String> = cases
        .into_iter()
        .map(|(what, content)| format!("{what}: {}\n", refused("answer.npz", &content)))
        .collect();
    lines.push(format!("ending: {}\n", refused("answer.csv", b"1,2")));
    for (what, file) in [
        ("safetensors", "answer.safetensors"),
        ("Parquet", "answer.parquet"),
    ] {
        let refused = refused(file, b"PK\x03\x04 no tensors");
        lines.push(format!("{what}: {refused}\n"));
    }
    let text = lines.concat();
    insta::assert_snapshot!("mistakes", text);
}

#[test]
fn another_crop_class_or_run_is_refused() {
    let file = File::open(fixture("half.npz")).unwrap();
    let answer = Answer::open(&file, Path::new("half.npz")).unwrap();
    let other = "0".repeat(64);
    assert!(answer.find(DIGESTS[1], 6, 1, 2).is_ok());
    assert!(matches!(
        answer.find(&other, 6, 0, 2),
        Err(ArrayError::NoDigest { entries: 6, .. })
    ));
    assert!(matches!(
        answer.find(DIGESTS[1], 5, 0, 2),
        Err(ArrayError::OtherClass {
            expected: 5,
            found: 6
        })
    ));
    assert!(matches!(
        answer.find(DIGESTS[1], 6, 2, 3),
        Err(ArrayError::NoRun {
            run: 2,
            last: 1,
            runs: 2
        })
    ));
    assert!(matches!(
        answer.find(DIGESTS[1], 6, 0, 1),
        Err(ArrayError::MoreRuns {
            found: 2,
            expected: 1
        })
    ));
}

/// A member that unpacks to far more than it says is left after its first bytes.
#[test]
fn a_zip_bomb_is_not_unpacked() {
    let mut maps = npy("<f4", "(1, 1, 1)", &[0; 4]);
    let size = maps.len() as u32;
    maps.resize(256 << 20, 0);
    let bomb = archive(&[
        ("maps", maps, Some(size)),
        ("digest", npy("|S64", "(1,)", DIGESTS[0].as_bytes()), None),
        (
            "target_class",
            npy("<i8", "(1,)", &5_i64.to_le_bytes()),
            None,
        ),
    ]);
    assert!(bomb.len() < 1 << 20);
    assert!(refused("bomb.npz", &bomb).contains("`maps` is damaged"));
}

/// An answer of 3 GiB that takes no room on the disk: one hole, with one map of ones in it.
#[test]
fn a_file_larger_than_memory_may_be_is_read_piece_by_piece() {
    const MAPS: u64 = 200;
    const SIDE: u64 = 2048;
    let map = SIDE * SIDE * 4;
    let list = format!(
        "{{\"maps\":{{\"dtype\":\"F32\",\"shape\":[{MAPS},{SIDE},{SIDE}],\"data_offsets\":[0,{0}]}},\
         \"digest\":{{\"dtype\":\"U8\",\"shape\":[{MAPS},64],\"data_offsets\":[{0},{1}]}},\
         \"target_class\":{{\"dtype\":\"I64\",\"shape\":[{MAPS}],\"data_offsets\":[{1},{2}]}}}}",
        MAPS * map,
        MAPS * map + MAPS * 64,
        MAPS * map + MAPS * 72
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut content = file.as_file();
    content
        .write_all(&(list.len() as u64).to_le_bytes())
        .unwrap();
    content.write_all(list.as_bytes()).unwrap();
    let start = 8 + list.len() as u64;
    file.as_file().set_len(start + MAPS * (map + 72)).unwrap();
    let ones = 1_f32.to_le_bytes().repeat((SIDE * SIDE) as usize);
    file.as_file().write_all_at(&ones, start + map).unwrap();
    let at = start + MAPS * map;
    let digest = DIGESTS[0].as_bytes();
    file.as_file().write_all_at(digest, at + 64).unwrap();
    let answer = Answer::open(file.as_file(), Path::new("a.safetensors")).unwrap();
    let (place, entry) = answer.find(DIGESTS[0], 0, 0, 1).unwrap();
    assert_eq!((place, entry.shape), (1, Shape::Map([2048, 2048])));
    let mut found = 0;
    let wanted = BTreeSet::from([1]);
    let read = answer.each(file.as_file(), &wanted, &mut |place, values| {
        assert!(
            place == 1
                && values
                    .iter()
                    .all(|&value| (value - 1.0).abs() < f64::EPSILON)
        );
        found += 1;
    });
    read.unwrap();
    assert_eq!(found, 1);
}

#[test]
fn label_maps_of_every_whole_type_are_read() {
    let expected = |height, width, labels: &[i64]| LabelMap {
        height,
        width,
        labels: labels.to_vec(),
    };
    let read = |name: &str| label_map(&bytes(name));
    assert_eq!(
        read("labels_u8.npy").unwrap(),
        expected(2, 3, &[3, 3, 7, 0, 7, 7])
    );
    assert_eq!(
        read("labels_fortran_i8.npy").unwrap(),
        expected(2, 3, &[3, 3, -7, 0, -7, -7])
    );
    assert_eq!(read("labels_bool.npy").unwrap(), expected(1, 3, &[1, 0, 0]));
    let refused = |name: &str| read(name).unwrap_err().to_string();
    insta::assert_snapshot!(refused("labels_float.npy"), @"`labels` must contain whole numbers, one for each region, but it contains float64: save labels.astype(numpy.int32)");
    insta::assert_snapshot!(refused("labels_axes.npy"), @"`labels` must have the axes [height, width], but it has [1, 2, 3]");
    insta::assert_snapshot!(refused("labels_pickled.npy"), @r#"`labels` contains Python objects. Reading objects would run code of the file, so they are refused: convert the array to numbers or text, as with `numpy.asarray(labels, dtype="int32")`, and save it again"#);
    let large = npy("<u8", "(1, 1)", &u64::MAX.to_le_bytes());
    insta::assert_snapshot!(label_map(&large).unwrap_err(), @"`labels` has a number above 9223372036854775807 at place 0, expected a smaller label");
}

proptest! {
    /// The checksums of an archive notice every change; without one a change of values cannot be noticed, but nothing panics.
    #[test]
    fn a_damaged_or_cut_file_is_refused_or_read_as_it_was(
        name in prop::sample::select(vec!["plain.npz", "deflated.npz", "wide.npz", "plain.safetensors", "plain.parquet"]),
        place: prop::sample::Index,
        bit in 0..8_u32,
        cut: bool,
    ) {
        let mut content = bytes(name);
        let place = place.index(content.len());
        if cut {
            content.truncate(place);
        } else {
            content[place] ^= 1 << bit;
        }
        let found = read(name, &content);
        if cut {
            prop_assert!(found.is_err(), "{name} is cut at {place}");
        } else if let (Ok(found), true) = (found, name.ends_with("npz")) {
            // A digest, class or run that is another one is no explanation of the study.
            let values: Vec<Vec<f64>> = found.into_iter().map(|(_, values)| values).collect();
            prop_assert!(values.iter().all(|map| maps(1).contains(map)), "{name} at {place}");
        }
    }
}
