//! Every kind of JPEG file that libjpeg can write, from an encoder of our own: the picture that was put in is the oracle,
//! and jpeg-decoder the second decoder where zune-jpeg draws.

use super::*;
use crate::decode::{decode, size};
use crate::testing::gradient;
use crate::{DecodeError, Rgb};

const HEIGHT: usize = 43;
const WIDTH: usize = 35;
/// All coefficients are divided by this.
const STEP: f32 = 2.0;

/// Sampling factors of a component, across and down.
type Factors = (usize, usize);

/// How coefficients are divided into scans.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scans {
    /// One scan of all components.
    One,
    /// One for each component.
    Each,
    /// The first component, and the rest.
    FirstApart,
    /// All but the last component, and the last.
    LastApart,
    /// Progressive: one scan of all DC coefficients, then two bands of each component, first all bits but the last.
    Progressive,
    /// The same with the DC coefficients of each component in a scan of its own.
    ProgressiveEach,
}

const SCANS: [Scans; 6] = [
    Scans::One,
    Scans::Each,
    Scans::FirstApart,
    Scans::LastApart,
    Scans::Progressive,
    Scans::ProgressiveEach,
];

/// Quantised coefficients of a picture in zigzag order.
struct Picture {
    factors: Vec<Factors>,
    /// By component: blocks across with padding, and all blocks.
    components: Vec<(usize, Vec<[i32; 64]>)>,
}

impl Picture {
    /// `planes`: levels of each component at full size.
    fn new(planes: &[Vec<f32>], factors: &[Factors]) -> Self {
        let (across, down) = finest(factors);
        let components = planes
            .iter()
            .zip(factors)
            .map(|(plane, &(horizontal, vertical))| {
                let (step_x, step_y) = (across / horizontal, down / vertical);
                let columns = WIDTH.div_ceil(8 * across) * horizontal;
                let rows = HEIGHT.div_ceil(8 * down) * vertical;
                // The mean of the pixels that a sample stands for; the border is repeated.
                let level = |y: usize, x: usize| {
                    let pixels = (0..step_y * step_x).map(|at| {
                        let y = (y * step_y + at / step_x).min(HEIGHT - 1);
                        plane[y * WIDTH + (x * step_x + at % step_x).min(WIDTH - 1)]
                    });
                    pixels.sum::<f32>() / (step_y * step_x) as f32 - 128.0
                };
                let blocks = (0..rows * columns).map(|at| {
                    let (top, left) = (at / columns * 8, at % columns * 8);
                    transformed(&std::array::from_fn(|at| {
                        level(top + at / 8, left + at % 8)
                    }))
                });
                (columns, blocks.collect())
            });
        Self {
            factors: factors.to_vec(),
            components: components.collect(),
        }
    }

    fn file(&self, scans: Scans, restart: usize) -> Vec<u8> {
        let progressive = matches!(scans, Scans::Progressive | Scans::ProgressiveEach);
        let count = self.factors.len();
        let mut file = b"\xFF\xD8".to_vec();
        if count == 4 {
            // CMYK as Adobe's programs write it.
            segment(&mut file, 0xEE, b"Adobe\0\x64\0\0\0\0\0");
        }
        segment(&mut file, 0xDB, &[&[0][..], &[STEP as u8; 64]].concat());
        let mut frame = vec![8, 0, HEIGHT as u8, 0, WIDTH as u8, count as u8];
        for (id, &(horizontal, vertical)) in self.factors.iter().enumerate() {
            frame.extend([id as u8 + 1, (horizontal << 4 | vertical) as u8, 0]);
        }
        segment(&mut file, if progressive { 0xC2 } else { 0xC0 }, &frame);
        segment(&mut file, 0xC4, &tables());
        segment(&mut file, 0xDD, &(restart as u16).to_be_bytes());
        for scan in self.scans(scans) {
            self.write_scan(&mut file, &scan, restart);
        }
        file.extend(b"\xFF\xD9");
        file
    }

    fn scans(&self, scans: Scans) -> Vec<Scan> {
        let count = self.factors.len();
        let all: Vec<usize> = (0..count).collect();
        let each = || all.iter().map(|&component| vec![component]);
        let whole = |parts: Vec<usize>| Scan {
            parts,
            band: (0, 63),
            low: 0,
            refines: false,
        };
        let groups: Vec<Vec<usize>> = match scans {
            Scans::One | Scans::Progressive => vec![all.clone()],
            Scans::Each | Scans::ProgressiveEach => each().collect(),
            Scans::FirstApart => vec![vec![0], all[1..].to_vec()],
            Scans::LastApart => vec![all[..count - 1].to_vec(), vec![count - 1]],
        };
        let groups = groups.into_iter().filter(|group| !group.is_empty());
        if !matches!(scans, Scans::Progressive | Scans::ProgressiveEach) {
            return groups.map(whole).collect();
        }
        let groups: Vec<_> = groups.collect();
        let mut found = Vec::new();
        for (low, refines) in [(1, false), (0, true)] {
            let dc = groups.iter().map(|parts| Scan {
                parts: parts.clone(),
                band: (0, 0),
                low,
                refines,
            });
            found.extend(dc);
            for band in [(1, 5), (6, 63)] {
                found.extend(each().map(|parts| Scan {
                    parts,
                    band,
                    low,
                    refines,
                }));
            }
        }
        found
    }

    fn write_scan(&self, file: &mut Vec<u8>, scan: &Scan, restart: usize) {
        let mut header = vec![scan.parts.len() as u8];
        header.extend(
            scan.parts
                .iter()
                .flat_map(|&component| [component as u8 + 1, 0]),
        );
        let high = if scan.refines { scan.low + 1 } else { 0 };
        header.extend([
            scan.band.0 as u8,
            scan.band.1 as u8,
            (high << 4 | scan.low) as u8,
        ]);
        segment(file, 0xDA, &header);
        let (across, down) = finest(&self.factors);
        let alone = scan.parts.len() == 1;
        let (rows, columns) = if alone {
            let (horizontal, vertical) = self.factors[scan.parts[0]];
            (
                (HEIGHT * vertical).div_ceil(down).div_ceil(8),
                (WIDTH * horizontal).div_ceil(across).div_ceil(8),
            )
        } else {
            (HEIGHT.div_ceil(8 * down), WIDTH.div_ceil(8 * across))
        };
        let mut bits = Writer {
            file,
            held: 0,
            count: 0,
        };
        let mut last = [0; 4];
        for unit in 0..rows * columns {
            if restart > 0 && unit > 0 && unit % restart == 0 {
                bits.flush();
                bits.file
                    .extend([0xFF, 0xD0 + ((unit / restart - 1) % 8) as u8]);
                last = [0; 4];
            }
            for &component in &scan.parts {
                let (horizontal, vertical) = if alone {
                    (1, 1)
                } else {
                    self.factors[component]
                };
                let (width, blocks) = &self.components[component];
                for at in 0..horizontal * vertical {
                    let y = unit / columns * vertical + at / horizontal;
                    let x = unit % columns * horizontal + at % horizontal;
                    bits.block(&blocks[y * width + x], scan, &mut last[component]);
                }
            }
        }
        bits.flush();
    }
}

struct Scan {
    parts: Vec<usize>,
    band: (usize, usize),
    /// The lowest bit that is written.
    low: usize,
    /// Whether that bit alone is written.
    refines: bool,
}

fn finest(factors: &[Factors]) -> Factors {
    let across = factors.iter().map(|factors| factors.0).max().unwrap();
    (
        across,
        factors.iter().map(|factors| factors.1).max().unwrap(),
    )
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend(content);
}

/// One table of each class, whose codes are the symbols' places in 4 and 8 bits.
fn tables() -> Vec<u8> {
    let lengths = |length: usize, count: u8| {
        let mut lengths = [0; 16];
        lengths[length - 1] = count;
        lengths
    };
    let dc = [&[0x00][..], &lengths(4, 12), &(0..12).collect::<Vec<u8>>()].concat();
    let symbols: Vec<u8> = (0..176)
        .map(|place| ((place / 11) << 4) | (place % 11))
        .collect();
    [&dc[..], &[0x10], &lengths(8, 176), &symbols].concat()
}

/// The cosine transform of a block, divided by [`STEP`] (A.3.3).
fn transformed(levels: &[f32; 64]) -> [i32; 64] {
    let basis = |frequency: usize, at: usize| {
        let scale = if frequency == 0 {
            0.125_f32.sqrt()
        } else {
            0.5
        };
        scale * (std::f32::consts::PI / 16.0 * ((2 * at + 1) * frequency) as f32).cos()
    };
    let coefficient = |v: usize, u: usize| {
        let sum = |at: usize| levels[at] * basis(v, at / 8) * basis(u, at % 8);
        ((0..64).map(sum).sum::<f32>() / STEP).round() as i32
    };
    // Along the diagonals, each in the other direction than the one before.
    let mut order: Vec<(usize, usize)> = (0..64).map(|at| (at / 8, at % 8)).collect();
    order.sort_by_key(|&(v, u)| (v + u, if (v + u) % 2 == 0 { u } else { v }));
    std::array::from_fn(|at| coefficient(order[at].0, order[at].1))
}

struct Writer<'a> {
    file: &'a mut Vec<u8>,
    held: u64,
    count: usize,
}

impl Writer<'_> {
    fn bits(&mut self, value: usize, count: usize) {
        self.held = self.held << count | (value & ((1 << count) - 1)) as u64;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.file.push(byte);
            if byte == 0xFF {
                self.file.push(0);
            }
        }
    }

    fn flush(&mut self) {
        let rest = (8 - self.count % 8) % 8;
        self.bits((1 << rest) - 1, rest);
    }

    fn symbol(&mut self, zeros: usize, size: usize) {
        self.bits(zeros * 11 + size, 8);
    }

    /// A value's bits behind its size (F.1.2.1).
    fn value(&mut self, value: i32, size: usize) {
        self.bits(if value < 0 { value - 1 } else { value } as usize, size);
    }

    fn block(&mut self, block: &[i32; 64], scan: &Scan, last: &mut i32) {
        let (first, end) = scan.band;
        if first == 0 {
            let dc = block[0] >> scan.low;
            if scan.refines {
                self.bits(dc as usize, 1);
            } else {
                let size = size_of(dc - *last);
                self.bits(size, 4);
                self.value(dc - *last, size);
                *last = dc;
            }
        }
        let band: Vec<i32> = block[first.max(1)..=end.max(first)]
            .iter()
            .map(|&value| value.signum() * (value.abs() >> scan.low))
            .collect();
        match (end, scan.refines) {
            (0, _) => {}
            (_, false) => self.first_bits(&band),
            (_, true) => self.refinement(&band),
        }
    }

    fn first_bits(&mut self, band: &[i32]) {
        let mut zeros = 0;
        for &value in band {
            if value == 0 {
                zeros += 1;
                continue;
            }
            for _ in 0..zeros / 16 {
                self.symbol(15, 0);
            }
            self.symbol(zeros % 16, size_of(value));
            self.value(value, size_of(value));
            zeros = 0;
        }
        if zeros > 0 {
            self.symbol(0, 0);
        }
    }

    /// One more bit of each value (G.1.2.3); every block ends by itself.
    fn refinement(&mut self, band: &[i32]) {
        let last_new = band.iter().rposition(|value| value.abs() == 1);
        let (mut zeros, mut corrections) = (0, Vec::new());
        for (at, &value) in band.iter().enumerate() {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| at <= last) {
                self.symbol(15, 0);
                corrections.drain(..).for_each(|bit| self.bits(bit, 1));
                zeros -= 16;
            }
            if value.abs() > 1 {
                corrections.push(value.unsigned_abs() as usize & 1);
                continue;
            }
            self.symbol(zeros, 1);
            self.bits(usize::from(value > 0), 1);
            corrections.drain(..).for_each(|bit| self.bits(bit, 1));
            zeros = 0;
        }
        if zeros > 0 || !corrections.is_empty() {
            self.symbol(0, 0);
            corrections.drain(..).for_each(|bit| self.bits(bit, 1));
        }
    }
}

fn size_of(value: i32) -> usize {
    (32 - value.unsigned_abs().leading_zeros()) as usize
}

/// The test picture as components: grey, YCbCr, or inverted CMYK without black.
fn planes(count: usize) -> Vec<Vec<f32>> {
    let image = gradient(HEIGHT, WIDTH);
    let pixels: Vec<[f32; 3]> = image
        .triples()
        .iter()
        .map(|pixel| pixel.map(f32::from))
        .collect();
    let plane = |weights: [f32; 3], offset: f32| {
        let level = |pixel: &[f32; 3]| {
            offset
                + pixel
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * weight)
                    .sum::<f32>()
        };
        pixels.iter().map(level).collect()
    };
    let grey = plane([0.299, 0.587, 0.114], 0.0);
    match count {
        1 => vec![grey],
        3 => vec![
            grey,
            plane([-0.168_736, -0.331_264, 0.5], 128.0),
            plane([0.5, -0.418_688, -0.081_312], 128.0),
        ],
        _ => vec![
            plane([1.0, 0.0, 0.0], 0.0),
            plane([0.0, 1.0, 0.0], 0.0),
            plane([0.0, 0.0, 1.0], 0.0),
            plane([0.0; 3], 255.0),
        ],
    }
}

/// Mean and largest difference of two pictures, in levels.
fn apart(one: &[u8], other: &[u8]) -> (f64, u8) {
    assert_eq!(one.len(), other.len());
    let apart = one
        .iter()
        .zip(other)
        .map(|(one, other)| one.abs_diff(*other));
    let sum: f64 = apart.clone().map(f64::from).sum();
    (sum / one.len() as f64, apart.max().unwrap())
}

/// What was drawn, as far as components can show it.
fn expected(count: usize) -> Vec<u8> {
    if count == 1 {
        return planes(1)[0]
            .iter()
            .flat_map(|&level| [level.round() as u8; 3])
            .collect();
    }
    gradient(HEIGHT, WIDTH).pixels().to_vec()
}

/// Sampling factors that libjpeg reads: the finest is a multiple of each.
fn samplings() -> Vec<Vec<Factors>> {
    let pairs = [1, 2]
        .into_iter()
        .flat_map(|across| [(across, 1), (across, 2)]);
    let mut found: Vec<Vec<Factors>> = pairs.clone().map(|grey| vec![grey]).collect();
    for first in pairs.clone() {
        for second in pairs.clone() {
            found.extend(pairs.clone().map(|third| vec![first, second, third]));
        }
        found.push(vec![first, (1, 1), (1, 1), first]);
    }
    for first in [
        (4, 1),
        (1, 4),
        (4, 2),
        (2, 4),
        (3, 1),
        (1, 3),
        (3, 3),
        (4, 4),
    ] {
        found.push(vec![first, (1, 1), (1, 1)]);
        found.push(vec![(1, 1), first, (1, 1)]);
    }
    let middle = [
        [(4, 1), (2, 1), (2, 1)],
        [(4, 2), (2, 2), (1, 1)],
        [(1, 4), (1, 2), (1, 2)],
        [(2, 4), (1, 2), (2, 1)],
    ];
    found.extend(middle.map(|factors| factors.to_vec()));
    found
}

/// Calls `take` with every file, what it is, and its sampling factors.
fn each_file(mut take: impl FnMut(&str, &[u8], &[Factors])) {
    for factors in samplings() {
        let count = factors.len();
        let picture = Picture::new(&planes(count), &factors);
        for (scans, restart) in SCANS.into_iter().flat_map(|scans| [(scans, 0), (scans, 3)]) {
            // A unit has at most ten blocks (B.2.3).
            let mut groups = picture
                .scans(scans)
                .into_iter()
                .filter(|scan| scan.parts.len() > 1);
            let blocks = |component: &usize| factors[*component].0 * factors[*component].1;
            if groups.any(|scan| scan.parts.iter().map(blocks).sum::<usize>() > 10) {
                continue;
            }
            let name = format!("{factors:?}, {scans:?}, restart {restart}");
            take(&name, &picture.file(scans, restart), &factors);
        }
    }
}

#[test]
fn every_sampling_and_every_order_of_scans_shows_the_picture_or_is_refused() {
    let (mut drawn, mut refused) = (0, 0);
    each_file(|name, file, factors| {
        let count = factors.len();
        assert_eq!(size(file), Ok([HEIGHT, WIDTH]), "{name}");
        match decode(file) {
            Ok(image) => {
                let (mean, largest) = apart(image.pixels(), &expected(count));
                // The coarser a component is, the less of the picture it shows.
                let areas = factors.iter().map(|(across, down)| (across * down) as f64);
                let (across, down) = finest(factors);
                let coarse = ((across * down) as f64 / areas.fold(16.0, f64::min)).sqrt();
                assert!(
                    mean < 3.0 * coarse && f64::from(largest) < 20.0 * coarse,
                    "{name}: {mean} levels, {largest} at most"
                );
                drawn += 1;
            }
            Err(error) => {
                assert!(
                    matches!(error, DecodeError::Unsupported { .. }),
                    "{name}: {error}"
                );
                // Only where a component's factor is neither 1 nor the largest.
                assert!(name.contains('4') && name.contains('2'), "{name}: {error}");
                refused += 1;
            }
        }
    });
    assert!(
        drawn > 900 && refused > 0,
        "{drawn} drawn, {refused} refused"
    );
}

#[test]
fn two_decoders_agree() {
    each_file(|name, file, factors| {
        let count = factors.len();
        let frame = check(file).unwrap();
        if count == 4 || !frame.is_usual() || !frame.is_regular() {
            return;
        }
        let Ok(image) = decode(file) else { return };
        let pixels = jpeg_decoder::Decoder::new(file).decode().unwrap();
        let pixels: Vec<u8> = pixels
            .into_iter()
            .flat_map(|level| vec![level; 3 / count])
            .collect();
        let (_, largest) = apart(image.pixels(), &pixels);
        assert!(largest <= 5, "{name}: {largest} levels");
    });
}

/// Refused before it is drawn, in words that name the data.
fn assert_incomplete(file: &[u8], what: &str) {
    let error = decode(file).unwrap_err().to_string();
    assert!(
        error.contains("its data end in row") || error.contains("scans are missing"),
        "{what}: {error}"
    );
}

#[test]
fn data_that_end_before_the_end_marker_are_missed() {
    let picture = Picture::new(&planes(3), &[(2, 2), (1, 1), (1, 1)]);
    for scans in SCANS {
        let file = picture.file(scans, 0);
        let pixels = decode(&file).unwrap();
        let start = file.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap() + 14;
        let mut incomplete = 0;
        for length in start..file.len() - 2 {
            let cut = [&file[..length], b"\xFF\xD9"].concat();
            match decode(&cut) {
                Ok(image) => assert_eq!(image, pixels, "{scans:?}, {length}"),
                Err(error) => {
                    let kind = matches!(
                        error,
                        DecodeError::Damaged { .. } | DecodeError::Truncated { .. }
                    );
                    assert!(kind, "{scans:?}, {length}: {error}");
                    incomplete += 1;
                }
            }
        }
        assert!(incomplete > 100, "{scans:?}: {incomplete}");
    }
    let file = picture.file(Scans::One, 0);
    let middle = [&file[..file.len() * 2 / 3], b"\xFF\xD9"].concat();
    assert_incomplete(&middle, "two thirds");
    // A restart marker that is lost takes its data with it.
    let file = picture.file(Scans::One, 2);
    let marker = |number: u8| {
        file.windows(2)
            .position(|two| two == [0xFF, number])
            .unwrap()
    };
    let gap = [&file[..marker(0xD1)], &file[marker(0xD2)..]].concat();
    assert_incomplete(&gap, "restart");
    // A scan that is lost.
    let file = picture.file(Scans::Each, 0);
    let last = file
        .windows(2)
        .rposition(|two| two == [0xFF, 0xDA])
        .unwrap();
    assert_incomplete(&[&file[..last], b"\xFF\xD9"].concat(), "last scan");
}

#[test]
fn bytes_left_over_and_fill_bytes_are_forgiven() {
    let picture = Picture::new(&planes(3), &[(2, 1), (1, 1), (1, 1)]);
    let file = picture.file(Scans::One, 4);
    let image = decode(&file).unwrap();
    let end = file.len() - 2;
    for left_over in [&b"\xFF\xFF"[..], b"\0\0\0", b"\x12\xFF"] {
        let longer = [&file[..end], left_over, &file[end..], b"more"].concat();
        assert_eq!(decode(&longer), Ok(image.clone()), "{left_over:?}");
    }
}

#[test]
fn what_no_decoder_here_reads_is_named() {
    let picture = Picture::new(&planes(3), &[(2, 2), (1, 1), (1, 1)]);
    let file = picture.file(Scans::One, 0);
    let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let changed = |at: usize, value: u8| {
        let mut file = file.clone();
        file[frame + at] = value;
        let error = decode(&file).unwrap_err();
        assert!(matches!(error, DecodeError::Unsupported { .. }), "{error}");
        assert_eq!(size(&file).unwrap_err(), error);
        error.to_string()
    };
    assert!(changed(1, 0xC9).contains("arithmetic coding"));
    assert!(changed(1, 0xC3).contains("lossless"));
    assert!(changed(4, 12).contains("12 bits"));
    assert!(changed(9, 2).contains("2 colour components"));
    let irregular = Picture::new(&planes(3), &[(4, 1), (2, 1), (2, 1)]).file(Scans::Each, 0);
    let error = decode(&irregular).unwrap_err().to_string();
    assert!(
        error.contains("4x1,2x1,2x1") && error.contains("export"),
        "{error}"
    );
}

/// Writes the files, and what they must show, for `scripts/checks/jpegs.py`, which compares with libjpeg.
#[test]
#[ignore = "writes files for scripts/checks/jpegs.py"]
fn write_every_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/jpegs");
    let write = |name: &str, content: &[u8]| {
        use std::io::Write;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .create(true)
            .write(true)
            .truncate(true)
            .open(folder.join(name))
            .unwrap();
        file.write_all(content).unwrap();
    };
    let mut at = 0;
    each_file(|name, file, _| {
        write(&format!("{at:04}.jpg"), file);
        let shown = decode(file).map(|image: Rgb| crate::encode_png(&image));
        write(&format!("{at:04}.txt"), name.as_bytes());
        if let Ok(png) = shown {
            write(&format!("{at:04}.png"), &png);
        }
        at += 1;
    });
}
