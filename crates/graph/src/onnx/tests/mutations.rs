//! Damaged and hostile files: thousands of mutations of each fixture, the same ones each time. `make fuzz` makes ten times as many.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::super::wire::{Field, Fields};
use super::*;

const MUTATIONS: usize = 2_000;
/// Memory that reading a file may take for each of its bytes.
const MOST_PER_BYTE: u64 = 4;
/// And in any case, for messages and the like.
const MOST_ANYWAY: u64 = 64 << 10;

struct Mutator(ChaCha8Rng);

impl Mutator {
    fn below(&mut self, limit: usize) -> usize {
        self.0.next_u64() as usize % limit.max(1)
    }

    fn mutated(
        &mut self,
        mut bytes: Vec<u8>,
        fields: &[Range<usize>],
        texts: &[Range<usize>],
    ) -> Vec<u8> {
        if self.below(4) == 0 {
            return self.cut(bytes);
        }
        // Lengths stay, so that what lies deep is reached.
        for _ in 0..=self.below(4) {
            if self.below(3) == 0 {
                let (one, other) = (
                    texts[self.below(texts.len())].clone(),
                    texts[self.below(texts.len())].clone(),
                );
                let length = one.len().min(other.len());
                let copy = bytes[other.start..other.start + length].to_vec();
                bytes[one.start..one.start + length].copy_from_slice(&copy);
                continue;
            }
            let range = fields[self.below(fields.len())].clone();
            let at = range.start + self.below(range.len());
            match self.below(4) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff][self.below(8)],
                2 => bytes[range.clone()].fill([0, 1, 0x7f, 0xff][self.below(4)]),
                _ => bytes[at] = self.below(256) as u8,
            }
        }
        bytes
    }

    fn cut(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
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
}

/// Where short fields lie, and which of them are texts; messages are gone into.
fn places(bytes: &[u8], all: &[u8], fields: &mut Vec<Range<usize>>, texts: &mut Vec<Range<usize>>) {
    let start = bytes.as_ptr().addr() - all.as_ptr().addr();
    let mut rest = Fields(bytes);
    loop {
        let before = start + bytes.len() - rest.0.len();
        let Some(Ok((_, field))) = rest.next() else {
            return;
        };
        let behind = start + bytes.len() - rest.0.len();
        match field {
            Field::Bytes(inner) => {
                let is_text = inner.iter().all(|byte| (0x20..0x7f).contains(byte));
                let parts: Vec<_> = Fields(inner).collect();
                if is_text && !inner.is_empty() {
                    texts.push(behind - inner.len()..behind);
                } else if !inner.is_empty() && parts.iter().all(Result::is_ok) {
                    places(inner, all, fields, texts);
                } else if inner.len() < 64 && !inner.is_empty() {
                    fields.push(behind - inner.len()..behind);
                }
            }
            // Its number and what it holds.
            _ => fields.push(before..behind),
        }
    }
}

fn is_read(bytes: &[u8]) -> bool {
    let read = |content: &Content<'_>| match read(content, None) {
        Ok(program) => {
            program
                .tensors
                .values()
                .for_each(|stored| drop(stored.bytes()));
            true
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            false
        }
    };
    Content::whole(bytes).is_ok_and(|content| read(&content))
}

#[test]
fn a_mutated_file_gives_a_network_or_a_reason_and_takes_little_memory() {
    let mutations = std::env::var("MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    let (mut read_whole, mut all) = (0, 0);
    let mut most_used = 0.0_f64;
    for (seed, name) in NETWORKS.into_iter().enumerate() {
        let plain = fixture(name);
        let (mut fields, mut texts) = (Vec::new(), Vec::new());
        places(&plain, &plain, &mut fields, &mut texts);
        let mut mutator = Mutator(ChaCha8Rng::seed_from_u64(seed as u64));
        for round in 0..mutations {
            all += 1;
            let bytes = mutator.mutated(plain.clone(), &fields, &texts);
            let memory = allocation_counter::measure(|| read_whole += usize::from(is_read(&bytes)));
            let most = MOST_PER_BYTE * bytes.len() as u64 + MOST_ANYWAY;
            most_used = most_used.max(memory.bytes_max as f64 / most as f64);
            assert!(
                memory.bytes_max <= most,
                "{name}, mutation {round}: {} bytes for a file of {}",
                memory.bytes_max,
                bytes.len()
            );
        }
    }
    println!("{read_whole} of {all} read, {most_used:.2} of the memory");
    // Else the mutations would be too coarse to reach what lies deep.
    assert!(read_whole > all / 20, "{read_whole} of {all}");
}

/// Files that are nothing but what takes most memory.
#[test]
fn a_dense_file_takes_little_memory() {
    let written = || Written::new(13);
    let many =
        |net: Written, add: &dyn Fn(Written, usize) -> Written| (0..4000).fold(net, add).gives("x");
    let mut bare = written();
    bare.nodes = vec![Vec::new(); 100_000];
    let mut empty = written();
    empty.nodes = vec![message((0..100_000).map(|_| (1, "".into())).collect())];
    let long = |field: u32| message(vec![(field, Part::Bytes(vec![1; 200_000]))]);
    let dense: [(&str, Vec<u8>); 7] = [
        (
            "nodes",
            many(written(), &|net, index| {
                net.then("Relu", "x", &index.to_string(), vec![])
            }),
        ),
        (
            "tensors",
            many(written(), &|net, index| {
                net.with(ints(&index.to_string(), &[0], &[]))
            }),
        ),
        (
            "unknown",
            many(written(), &|net, index| {
                net.then(&index.to_string(), "x", &format!("y{index}"), vec![])
            }),
        ),
        ("bare nodes", bare.gives("x")),
        ("empty inputs", empty.gives("x")),
        ("packed integers", {
            let mut content = long(7);
            content.extend(message(vec![(2, Part::Int(7)), (1, Part::Int(200_000))]));
            written().with(content).gives("x")
        }),
        ("axes", written().with(long(1)).gives("x")),
    ];
    for (name, bytes) in dense {
        let memory = allocation_counter::measure(|| {
            is_read(&bytes);
        });
        let most = MOST_PER_BYTE * bytes.len() as u64 + MOST_ANYWAY;
        assert!(
            memory.bytes_max <= most,
            "{name}: {} bytes for a file of {}",
            memory.bytes_max,
            bytes.len()
        );
    }
}

/// A few nodes that ask for much.
#[test]
fn numbers_that_are_computed_take_little_memory() {
    let mut net = Written::new(13)
        .with(ints("sides", &[2], &[32, 32]))
        .with(ints("two", &[2], &[1, 2]));
    net = net.then(
        "ConstantOfShape",
        "sides",
        "a0",
        vec![("value", Value::Tensor(ints("", &[1], &[7])))],
    );
    for index in 0..200 {
        net = net.then(
            "Add",
            &format!("a{index} a{index}"),
            &format!("a{}", index + 1),
            vec![],
        );
    }
    let bytes = net.then("Relu", "x", "y", vec![]).gives("y");
    let memory = allocation_counter::measure(|| {
        is_read(&bytes);
    });
    assert!(
        memory.bytes_max <= MOST_PER_BYTE * bytes.len() as u64 + 3 * MOST_ANYWAY,
        "{memory:?} for {}",
        bytes.len()
    );
}
