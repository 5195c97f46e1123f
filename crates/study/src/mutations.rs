//! Text files and manifests with random damage: each gives a study or problems that name a file, and neither a panic nor a hang.

use std::time::{Duration, Instant};

use crate::fixture::Folder;
use crate::{Problems, Sources};

/// Damaged versions of each file.
const COUNT: u64 = 200;
/// Most time for one of them.
const LONGEST: Duration = Duration::from_secs(10);
/// Words of the files, so that damage produces more than unknown words.
const PIECES: [&[u8]; 16] = [
    b"\n",
    b"\r",
    b",",
    b"\"",
    b"'",
    b"=",
    b"[",
    b"]",
    b"{",
    b"\0",
    b"\xff\xfe",
    b"\xc3",
    b"-1",
    b"99999999999999999999",
    b"\xef\xbb\xbf",
    b"../",
];

/// Numbers that the seed alone decides.
struct Numbers(blake3::OutputReader);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(
            blake3::Hasher::new()
                .update(&seed.to_le_bytes())
                .finalize_xof(),
        )
    }

    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit.max(1)
    }
}

/// One to four changes: a byte, a part that is lost, repeated or moved, a piece that is put in, or an early end.
fn damaged(text: &[u8], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers::new(seed);
    let mut text = text.to_vec();
    for _ in 0..=numbers.below(4) {
        let place = numbers.below(text.len());
        let end = (place + numbers.below(20)).min(text.len());
        match numbers.below(6) {
            0 => text[place] = numbers.below(256) as u8,
            1 => drop(text.drain(place..end)),
            2 => {
                let part = text[place..end].to_vec();
                let other = numbers.below(text.len());
                text.splice(other..other, part);
            }
            3 => text[place..end].reverse(),
            4 => drop(text.splice(
                place..place,
                PIECES[numbers.below(PIECES.len())].iter().copied(),
            )),
            _ if numbers.below(4) == 0 => text.truncate(place),
            _ => {}
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

fn read(folder: &Folder) -> Result<Sources, Problems> {
    Sources::read(&folder.study()?)
}

/// Damages a file of a study that can be read, in so many ways.
fn survives(folder: &Folder, file: &str, count: u64) {
    read(folder).unwrap();
    let text = std::fs::read(folder.path(file)).unwrap();
    let mut problems = 0;
    for seed in 0..count {
        folder.write(file, damaged(&text, seed));
        let start = Instant::now();
        if let Err(found) = read(folder) {
            problems += 1;
            let shown = folder.shown(&found);
            let files = ["pipeline.toml", "data/", "photos/"];
            assert!(
                files.iter().any(|file| shown.contains(file)),
                "seed {seed}: {shown}"
            );
            assert!(
                !shown.contains(|letter: char| letter.is_control() && letter != '\n'),
                "seed {seed}: {shown:?}"
            );
        }
        assert!(start.elapsed() < LONGEST, "seed {seed}");
    }
    assert!(problems > count / 10, "{problems} of {count} were noticed");
}

#[test]
fn damaged_studies() {
    survives(&Folder::new(), "pipeline.toml", COUNT);
}

#[test]
fn damaged_labels() {
    survives(&Folder::new(), "data/labels.csv", COUNT);
}

#[test]
fn damaged_lists_of_classes() {
    survives(&Folder::new(), "data/classes.txt", COUNT);
}

#[test]
fn damaged_manifests() {
    for name in ["photos.csv", "photos.parquet"] {
        survives(
            &crate::manifest::tests::study(name),
            &format!("photos/{name}"),
            COUNT,
        );
    }
}
