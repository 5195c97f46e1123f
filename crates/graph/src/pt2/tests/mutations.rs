//! Damaged and hostile files: thousands of mutations of each fixture, the same ones each time. `make fuzz` makes ten times as many.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

const MUTATIONS: usize = 2_000;
/// Memory that reading a file may take for each of its bytes.
const MOST_PER_BYTE: u64 = 4;
/// And in any case, for messages and the like.
const MOST_ANYWAY: u64 = 32 << 10;

/// Texts that take the place of others in JSON.
const STRANGE: [&str; 16] = [
    "0",
    "-1",
    "1",
    "2",
    "4294967295",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1e308",
    "1e999",
    "null",
    "true",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
];

struct Mutator(ChaCha8Rng);

impl Mutator {
    fn below(&mut self, limit: usize) -> usize {
        self.0.next_u64() as usize % limit.max(1)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One file after a few changes.
    fn mutated(&mut self, plain: &[u8], unchecked: &[u8], texts: &[Range<usize>]) -> Vec<u8> {
        match self.below(8) {
            // Checksums tell most of these.
            0 => self.bytes(plain.to_vec()),
            1 => self.bytes(unchecked.to_vec()),
            2 => self.directory(unchecked.to_vec()),
            _ => self.json(unchecked.to_vec(), texts),
        }
    }

    fn bytes(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = bytes.len().min(at + self.below(200));
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ if bytes.is_empty() => {}
                _ => bytes[at] ^= 1 << self.below(8),
            }
        }
        bytes
    }

    /// Numbers in the records at the end of the archive.
    fn directory(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let start = checked_directory(&bytes);
        for _ in 0..=self.below(3) {
            // The last record as often as all others.
            let from = if self.below(2) == 0 {
                bytes.len() - 98
            } else {
                start
            };
            let at = from + self.below(bytes.len() - from);
            let length = *self.pick(&[1, 2, 4, 8]);
            let end = bytes.len().min(at + length);
            let byte = *self.pick(&[0, 1, 0x7f, 0x80, 0xff]);
            bytes[at..end].fill(byte);
        }
        bytes
    }

    /// Values in a file of JSON, whose length stays: there are spaces at its end. The last of `texts` is the network's.
    fn json(&mut self, mut bytes: Vec<u8>, texts: &[Range<usize>]) -> Vec<u8> {
        let place = if self.below(4) == 0 {
            self.below(texts.len())
        } else {
            texts.len() - 1
        };
        let range = texts[place].clone();
        let mut text = bytes[range.clone()].to_vec();
        for _ in 0..=self.below(3) {
            let (at, end) = self.value(&text);
            let new = if self.below(2) == 0 {
                let (at, end) = self.value(&text);
                text[at..end].to_vec()
            } else {
                self.pick(&STRANGE).as_bytes().to_vec()
            };
            drop(text.splice(at..end, new));
        }
        text.resize(range.len(), b' ');
        bytes[range].copy_from_slice(&text);
        bytes
    }

    /// Where a number or a text stands, looking from some place on.
    fn value(&mut self, text: &[u8]) -> (usize, usize) {
        let from = self.below(text.len());
        let numbers = self.below(2) == 0;
        let starts = |&byte: &u8| !numbers && byte == b'"' || byte == b'-' || byte.is_ascii_digit();
        let Some(at) = text[from..]
            .iter()
            .position(starts)
            .map(|place| from + place)
        else {
            return (from, from);
        };
        let rest = &text[at + 1..];
        let length = if text[at] == b'"' {
            rest.iter()
                .position(|&byte| byte == b'"')
                .map(|place| place + 1)
        } else {
            rest.iter().position(|byte| !byte.is_ascii_digit())
        };
        (at, at + 1 + length.unwrap_or(rest.len()))
    }
}

fn is_json(name: &str) -> bool {
    name.rsplit('.').next() == Some("json")
}

/// Where the list of entries starts.
fn checked_directory(bytes: &[u8]) -> usize {
    let end = bytes.len() - 22;
    let start = &bytes[end + 16..end + 20];
    u32::from_le_bytes([start[0], start[1], start[2], start[3]]) as usize
}

/// An archive without checksums, so that changes are not told by them, and with spaces behind each file of JSON.
/// Gives also where these files lie, the network's last.
fn without_checksums(mut parts: Vec<(String, Vec<u8>)>) -> (Vec<u8>, Vec<Range<usize>>) {
    parts.retain(|(name, _)| !name.starts_with("data/sample_inputs/"));
    parts.sort_by_key(|(name, _)| name.starts_with("models/"));
    for (name, content) in &mut parts {
        if is_json(name) {
            content.resize(content.len() + 500, b' ');
        }
    }
    let mut bytes = zipped(&parts);
    let mut archive = Archive::open(&bytes, "archive_format").unwrap();
    let mut range = |name: &String| {
        let content = archive.entry(name).unwrap().unwrap().as_ptr_range();
        let start = content.start.addr() - bytes.as_ptr().addr();
        start..start + content.end.addr() - content.start.addr()
    };
    let texts = parts
        .iter()
        .map(|(name, _)| name)
        .filter(|name| is_json(name));
    let texts = texts.map(&mut range).collect();
    drop(archive);
    let mut at = checked_directory(&bytes);
    while bytes[at..].starts_with(b"PK\x01\x02") {
        bytes[at + 16..at + 20].fill(0);
        let length = |place: usize| {
            usize::from(bytes[at + place]) + (usize::from(bytes[at + place + 1]) << 8)
        };
        at += 46 + length(28) + length(30) + length(32);
    }
    (bytes, texts)
}

#[test]
fn a_mutated_file_gives_a_network_or_a_reason_and_takes_little_memory() {
    let mutations = std::env::var("MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    let fixtures = NETWORKS.map(str::to_owned).into_iter().chain(versions());
    let (mut read_whole, mut all) = (0, 0);
    for (seed, name) in fixtures.enumerate() {
        let plain = fixture(&name);
        let (unchecked, texts) = without_checksums(entries(&plain));
        let mut mutator = Mutator(ChaCha8Rng::seed_from_u64(seed as u64));
        for round in 0..mutations {
            all += 1;
            let bytes = mutator.mutated(&plain, &unchecked, &texts);
            let memory = allocation_counter::measure(|| match read(&bytes) {
                Ok(program) => {
                    read_whole += 1;
                    program
                        .tensors
                        .values()
                        .for_each(|stored| drop(stored.bytes()));
                }
                Err(refusal) => assert!(!refusal.to_string().is_empty()),
            });
            let most = MOST_PER_BYTE * bytes.len() as u64 + MOST_ANYWAY;
            assert!(
                memory.bytes_max <= most,
                "{name}, mutation {round}: {} bytes for a file of {}",
                memory.bytes_max,
                bytes.len()
            );
        }
    }
    // Else the mutations would be too coarse to reach what lies deep.
    assert!(read_whole > all / 20, "{read_whole} of {all}");
}

/// Files that are nothing but what takes most memory.
#[test]
fn a_dense_file_takes_little_memory() {
    let json = |content: String| {
        let file = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
        zipped(&[
            file("archive_format", b"pt2"),
            file("models/model.json", content.as_bytes()),
        ])
    };
    let model = |nodes: &str, tensors: &str| {
        json(format!(
            "{{\"graph_module\":{{\"graph\":{{\"nodes\":[{nodes}],\"tensor_values\":{{\"x\":{}{tensors}}}}},\
             \"signature\":{{\"input_specs\":[{{\"user_input\":{{\"arg\":{{\"as_tensor\":{{\"name\":\"x\"}}}}}}}}],\"output_specs\":[]}}}},\
             \"schema_version\":{{\"major\":8,\"minor\":1}}}}",
            meta(&[0, 3, 4, 4])
        ))
    };
    let many = |item: &dyn Fn(usize) -> String| (0..4000).map(item).collect::<Vec<_>>();
    let relu = |index: usize| {
        format!(
            "{{\"target\":\"aten.relu\",\"inputs\":[{{\"name\":\"self\",\"arg\":{{\"as_tensor\":{{\"name\":\"x\"}}}}}}],\
             \"outputs\":[{{\"as_tensor\":{{\"name\":\"{index}\"}}}}],\"metadata\":{{}}}}"
        )
    };
    let dense: [(&str, Vec<u8>); 5] = [
        ("nodes", model(&many(&relu).join(","), "")),
        ("lists", model("", &many(&|index| format!(",\"{index}\":{{\"dtype\":7,\"sizes\":[],\"strides\":[],\"storage_offset\":{{\"as_int\":0}}}}")).concat())),
        ("unknown", model(&many(&|index| format!("{{\"target\":\"{index}\",\"inputs\":[],\"outputs\":[],\"metadata\":{{}}}}")).join(","), "")),
        ("brackets", json("[".repeat(200_000))),
        ("entries", zipped(&many(&|index| index.to_string()).into_iter().map(|name| (name, Vec::new())).collect::<Vec<_>>())),
    ];
    for (name, bytes) in dense {
        let memory = allocation_counter::measure(|| drop(read(&bytes)));
        let most = MOST_PER_BYTE * bytes.len() as u64 + MOST_ANYWAY;
        assert!(
            memory.bytes_max <= most,
            "{name}: {} bytes for a file of {}",
            memory.bytes_max,
            bytes.len()
        );
    }
}
