//! Every method beside the implementation that people cite, and how far they are apart.
//!
//! `make parity` prints the tables. The values to compare with were made by the programs in scripts/oracles/: those in
//! tests/fixtures/ always are there; those of full-size networks are where `make oracles` was run; those of three
//! photographs and a trained network lie beside the repository, in ../shared, where somebody has put them.

mod architectures;
mod cams;
mod controls;
mod fits;
pub(crate) mod formula;
mod full_networks;
mod lime;
mod maps;
mod measures;
pub(crate) mod networks;
mod numbers;
mod photographs;
mod preparation;
mod queries;
mod removals;
mod superpixels;
mod table;
mod version_1;

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
    version_1::compare(&mut table);
    architectures::compare(&mut table);
    cams::compare(&mut table);
    let graphs = repository().join("crates/graph/fixtures");
    cams::compare_tokens(&mut table, &graphs, &["vit", "deit", "swin"]);
    maps::compare(&mut table);
    fits::compare(&mut table);
    lime::compare(&mut table);
    queries::compare(&mut table);
    removals::compare(&mut table);
    measures::compare(&mut table);
    controls::compare(&mut table);
    table
}

/// Prints a table, and fails when a difference is too large, or when the part of docs/exactness.md has other rows.
fn conclude(table: &Table, part: &str) {
    println!("{table}");
    table.check();
    let page = std::fs::read_to_string(repository().join("docs/exactness.md")).unwrap();
    let (_, after) = page.split_once(part).unwrap();
    let rows = after
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    // The last column is what one machine found.
    let without_found = |row: &str| {
        row.trim_end_matches('|')
            .rsplit_once('|')
            .unwrap()
            .0
            .to_owned()
            + "|"
    };
    let documented: Vec<String> = rows.map(without_found).collect();
    assert_eq!(
        table.stated(),
        documented,
        "docs/exactness.md, below {part}"
    );
}

#[test]
fn every_method_equals_its_published_implementation() {
    conclude(&fixtures(), "## On every machine");
}

#[test]
fn trained_networks_and_photographs_give_the_published_values() {
    match photographs::table() {
        Some(table) => conclude(&table, "## With trained networks"),
        None => println!("skipped: ../shared/reference and ../shared/networks are not there"),
    }
}

#[test]
fn full_size_networks_give_the_published_values() {
    match full_networks::table() {
        Some(table) => conclude(&table, "## With networks of full size"),
        None => {
            println!("skipped: target/oracles is not whole; `make oracles` makes it");
        }
    }
}
