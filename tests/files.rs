//! Files of the repository that have to agree with each other.

use std::fs;

use crate::study_folder::repository;

#[test]
fn every_test_file_is_part_of_this_program() {
    let folders = [
        ("tests", include_str!("main.rs")),
        ("tests/parity", include_str!("parity.rs")),
    ];
    for (folder, parent) in folders {
        for entry in fs::read_dir(repository().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_some_and(|ending| ending == "rs") && name != "main" {
                assert!(
                    parent.contains(&format!("mod {name};")),
                    "{} is named by no file",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_fixtures_are_small() {
    let entries = fs::read_dir(repository().join("tests/fixtures")).unwrap();
    let bytes: u64 = entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes <= 2_000_000, "{bytes} bytes");
}

#[test]
fn the_libtorch_that_is_linked_is_the_one_in_the_keys() {
    let header = repository().join(".libtorch/include/torch/headeronly/version.h");
    let header =
        fs::read_to_string(&header).unwrap_or_else(|error| panic!("{}: {error}", header.display()));
    let version = |part: &str| {
        let line = header
            .lines()
            .find(|line| line.contains(&format!("define TORCH_VERSION_{part} ")))
            .unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(
        [version("MAJOR"), version("MINOR"), version("PATCH")].join("."),
        study::plan::LIBTORCH
    );
}

#[test]
fn the_shipped_files_are_small() {
    let mut total = 0;
    for folder in [
        "data/images",
        "data/masks",
        "data/networks",
        "data/photographs/images",
        "data/photographs/masks",
    ] {
        for entry in fs::read_dir(repository().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let bytes = entry.metadata().unwrap().len();
            assert!(
                folder != "data/images" || bytes <= 240_000,
                "{} has {bytes} bytes",
                entry.path().display()
            );
            total += bytes;
        }
    }
    assert!(total <= 32_000_000, "{total} bytes");
}
