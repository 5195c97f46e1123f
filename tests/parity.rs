//! Every method beside the implementation that people cite, and how far they are apart.
//!
//! `make parity` prints the tables. The values to compare with were made by the programs in scripts/oracles/: those in
//! tests/fixtures/ always are there; those of full-size networks are where `make oracles` was run; those of three
//! photographs and a trained network lie beside the repository, in ../shared, where somebody has put them.

mod cams;
mod fits;
mod formula;
mod full_networks;
mod lime;
mod networks;
mod numbers;
mod photographs;
mod preparation;
mod removals;
mod superpixels;
mod table;

use std::path::PathBuf;

use table::Table;

use crate::study_folder::repository;

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures").join(name)
}

/// What is compared on every machine.
fn fixtures() -> Table {
    let mut table = Table::default();
    preparation::compare(&mut table);
    superpixels::compare(&mut table);
    networks::compare(&mut table);
    cams::compare(&mut table);
    fits::compare(&mut table);
    lime::compare(&mut table);
    removals::compare(&mut table);
    table
}

/// Prints a table, and fails when it or docs/exactness.md does not hold.
fn conclude(table: &Table) {
    println!("{table}");
    table.check();
    let page = std::fs::read_to_string(repository().join("docs/exactness.md")).unwrap();
    for stated in table.stated() {
        assert!(page.contains(&stated), "docs/exactness.md lacks {stated}");
    }
}

#[test]
fn every_method_equals_its_published_implementation() {
    conclude(&fixtures());
}

#[test]
fn trained_networks_and_photographs_give_the_published_values() {
    match photographs::table() {
        Some(table) => conclude(&table),
        None => println!("skipped: ../shared/reference and ../shared/networks are not there"),
    }
}

#[test]
fn full_size_weight_files_of_every_format_give_torchvisions_logits() {
    match full_networks::table() {
        Some(table) => conclude(&table),
        None => println!("skipped: target/oracles is not there; `make oracles` makes it"),
    }
}
