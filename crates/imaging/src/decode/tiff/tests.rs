//! Every layout of TIFF files that is read, from a writer of our own.

use std::io::Write;

use super::*;
use crate::decode::{decode, decode_mask, size};
use crate::testing::gradient;

const HEIGHT: usize = 37;
const WIDTH: usize = 43;

/// A file to write: channels as they are stored, and how.
#[derive(Clone)]
struct File {
    /// Values of all channels, pixel by pixel.
    values: Vec<u32>,
    channels: usize,
    bits: usize,
    /// Height and width of a tile, or rows of a strip.
    chunk: Chunk,
    compression: u16,
    predictor: u16,
    planar: bool,
    big_endian: bool,
    big_tiff: bool,
    /// Further tags with their values.
    tags: Vec<(u16, Vec<u16>)>,
}

#[derive(Clone, Copy, Debug)]
enum Chunk {
    Tile(usize, usize),
    Strip(usize),
}

const PHOTOMETRIC: u16 = 262;
const EXTRA: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;

impl File {
    fn new(values: Vec<u32>, channels: usize, bits: usize, photometric: u16) -> Self {
        Self {
            values,
            channels,
            bits,
            chunk: Chunk::Strip(10),
            compression: 1,
            predictor: 1,
            planar: false,
            big_endian: false,
            big_tiff: false,
            tags: vec![(PHOTOMETRIC, vec![photometric])],
        }
    }

    fn rgb() -> Self {
        Self::new(
            gradient(HEIGHT, WIDTH)
                .pixels()
                .iter()
                .map(|&level| u32::from(level))
                .collect(),
            3,
            8,
            2,
        )
    }

    /// The picture with a further channel whose values rise from pixel to pixel.
    fn with_fourth(kind: &[u16]) -> Self {
        let image = gradient(HEIGHT, WIDTH);
        let values = image.triples().iter().enumerate().flat_map(|(at, pixel)| {
            let fourth = (at * 255 / (HEIGHT * WIDTH)) as u8;
            [pixel[0], pixel[1], pixel[2], fourth].map(u32::from)
        });
        Self::new(values.collect(), 4, 8, 2).tag(EXTRA, kind)
    }

    fn tag(mut self, tag: u16, values: &[u16]) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        if !values.is_empty() {
            self.tags.push((tag, values.to_vec()));
        }
        self
    }

    fn write(&self) -> Vec<u8> {
        let chunks = self.chunks();
        let mut file = if self.big_endian {
            b"MM".to_vec()
        } else {
            b"II".to_vec()
        };
        if self.big_tiff {
            for value in [43, 8, 0] {
                self.put(&mut file, value, 2);
            }
        } else {
            self.put(&mut file, 42, 2);
        }
        let word = if self.big_tiff { 8 } else { 4 };
        let pixels = file.len() + word;
        let end = pixels + chunks.iter().map(Vec::len).sum::<usize>();
        self.put(&mut file, end as u64, word);
        for chunk in &chunks {
            file.extend(chunk);
        }
        self.write_tags(&mut file, pixels, &chunks);
        file
    }

    fn put(&self, file: &mut Vec<u8>, value: u64, bytes: usize) {
        if self.big_endian {
            file.extend(&value.to_be_bytes()[8 - bytes..]);
        } else {
            file.extend(&value.to_le_bytes()[..bytes]);
        }
    }

    fn write_tags(&self, file: &mut Vec<u8>, pixels: usize, chunks: &[Vec<u8>]) {
        let longs = |values: Vec<usize>| (4, values);
        let shorts = |values: &[u16]| (3, values.iter().map(|&value| usize::from(value)).collect());
        let mut tags = std::collections::BTreeMap::from([
            (256, longs(vec![WIDTH])),
            (257, longs(vec![HEIGHT])),
            (258, shorts(&vec![self.bits as u16; self.channels])),
            (259, shorts(&[self.compression])),
            (277, shorts(&[self.channels as u16])),
            (284, shorts(&[if self.planar { 2 } else { 1 }])),
            (317, shorts(&[self.predictor])),
        ]);
        let offsets = chunks.iter().scan(pixels, |at, chunk| {
            *at += chunk.len();
            Some(*at - chunk.len())
        });
        let places = [offsets.collect(), chunks.iter().map(Vec::len).collect()].map(longs);
        let [offsets, lengths] = places;
        match self.chunk {
            Chunk::Strip(rows) => {
                tags.extend([(273, offsets), (278, longs(vec![rows])), (279, lengths)]);
            }
            Chunk::Tile(height, width) => {
                tags.extend([
                    (322, longs(vec![width])),
                    (323, longs(vec![height])),
                    (324, offsets),
                    (325, lengths),
                ]);
            }
        }
        tags.extend(self.tags.iter().map(|(tag, values)| (*tag, shorts(values))));
        let (word, head) = if self.big_tiff { (8, 8) } else { (4, 2) };
        let mut values = Vec::new();
        let behind = file.len() + head + tags.len() * (4 + 2 * word) + word;
        self.put(file, tags.len() as u64, head);
        for (tag, (kind, numbers)) in tags {
            self.put(file, u64::from(tag), 2);
            self.put(file, kind, 2);
            self.put(file, numbers.len() as u64, word);
            let bytes = if kind == 3 { 2 } else { 4 };
            let mut content = Vec::new();
            for &number in &numbers {
                self.put(&mut content, number as u64, bytes);
            }
            if content.len() <= word {
                content.resize(word, 0);
                file.extend(content);
            } else {
                self.put(file, (behind + values.len()) as u64, word);
                values.extend(content);
            }
        }
        self.put(file, 0, word);
        file.extend(values);
    }

    fn chunks(&self) -> Vec<Vec<u8>> {
        let (height, width) = match self.chunk {
            Chunk::Strip(rows) => (rows, WIDTH),
            Chunk::Tile(height, width) => (height, width),
        };
        let planes = if self.planar { self.channels } else { 1 };
        let mut chunks = Vec::new();
        for plane in 0..planes {
            for top in (0..HEIGHT).step_by(height) {
                for left in (0..WIDTH).step_by(width) {
                    // The last strip has the rows that are left; a tile is always whole.
                    let rows = match self.chunk {
                        Chunk::Strip(rows) => rows.min(HEIGHT - top),
                        Chunk::Tile(..) => height,
                    };
                    let bytes = (top..top + rows).flat_map(|y| self.row(plane, y, left, width));
                    chunks.push(packed(&bytes.collect::<Vec<u8>>(), self.compression));
                }
            }
        }
        chunks
    }

    fn row(&self, plane: usize, y: usize, left: usize, width: usize) -> Vec<u8> {
        let step = if self.planar { 1 } else { self.channels };
        let value = |at: usize| {
            let (x, channel) = (
                left + at / step,
                if self.planar { plane } else { at % step },
            );
            // Outside of the picture a tile has anything.
            if x >= WIDTH || y >= HEIGHT {
                0x55
            } else {
                self.values[(y * WIDTH + x) * self.channels + channel]
            }
        };
        let mut values: Vec<u32> = (0..width * step).map(value).collect();
        if self.predictor == 2 {
            for at in (step..values.len()).rev() {
                values[at] = values[at].wrapping_sub(values[at - step]);
            }
        }
        let mut row = Vec::new();
        if self.predictor == 3 {
            row = (0..4)
                .flat_map(|part| values.iter().map(move |value| value.to_be_bytes()[part]))
                .collect();
            for at in (step..row.len()).rev() {
                row[at] = row[at].wrapping_sub(row[at - step]);
            }
        } else if self.bits >= 8 {
            for &value in &values {
                let value = u64::from(value) & (u64::MAX >> (64 - self.bits));
                self.put(&mut row, value, self.bits / 8);
            }
        } else {
            for byte in values.chunks(8 / self.bits) {
                let places = (0..).map(|place| 8 - self.bits * (place + 1));
                row.push(
                    byte.iter()
                        .zip(places)
                        .map(|(&value, place)| (value as u8 & ((1 << self.bits) - 1)) << place)
                        .sum(),
                );
            }
        }
        row
    }
}

fn packed(bytes: &[u8], compression: u16) -> Vec<u8> {
    match compression {
        5 => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .encode(bytes)
            .unwrap(),
        8 | 32_946 => {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        // Runs, literals and the byte that means nothing.
        32_773 => bytes
            .chunk_by(|one, other| one == other)
            .flat_map(|run| run.chunks(128))
            .flat_map(|run| match run {
                [byte] => vec![0, *byte],
                [byte, ..] => vec![128, (257 - run.len()) as u8, *byte],
                [] => vec![],
            })
            .collect(),
        _ => bytes.to_vec(),
    }
}

const CHUNKS: [Chunk; 5] = [
    Chunk::Strip(10),
    Chunk::Strip(HEIGHT),
    Chunk::Tile(16, 16),
    Chunk::Tile(16, 32),
    Chunk::Tile(64, 64),
];

/// The file in every layout, compression and order of bytes, with and without a predictor.
fn each_layout(file: &File, mut take: impl FnMut(&str, &File)) {
    for chunk in CHUNKS {
        for compression in [1, 5, 8, 32_773] {
            for predictor in [1, 2] {
                for planar in [false, true] {
                    if (predictor == 2 && file.bits < 8) || (planar && file.channels == 1) {
                        continue;
                    }
                    let big_endian = (compression == 1) != planar;
                    let file = File {
                        chunk,
                        compression,
                        predictor,
                        planar,
                        big_endian,
                        ..file.clone()
                    };
                    take(
                        &format!(
                            "{chunk:?}, compression {compression}, predictor {predictor}, planar {planar}"
                        ),
                        &file,
                    );
                }
            }
        }
    }
}

#[test]
fn every_layout_shows_the_same_pixels() {
    let image = gradient(HEIGHT, WIDTH);
    let wide = File {
        values: File::rgb().values.iter().map(|level| level * 257).collect(),
        bits: 16,
        ..File::rgb()
    };
    for file in [File::rgb(), wide, File::with_fourth(&[0])] {
        each_layout(&file, |name, file| {
            let written = file.write();
            assert_eq!(
                decode(&written),
                Ok(image.clone()),
                "{name}, {} bits, {} channels",
                file.bits,
                file.channels
            );
            assert_eq!(size(&written), Ok([HEIGHT, WIDTH]), "{name}");
        });
    }
    let big_tiff = File {
        big_tiff: true,
        chunk: Chunk::Tile(16, 16),
        ..File::rgb()
    };
    assert_eq!(decode(&big_tiff.write()), Ok(image));
}

#[test]
fn grey_of_every_depth_is_read_in_every_layout() {
    for bits in [1, 2, 4, 8, 16] {
        let top = u32::MAX >> (32 - bits);
        let level = |at: usize| (at * 31 % 997) as u32 * top / 996;
        let values: Vec<u32> = (0..HEIGHT * WIDTH).map(level).collect();
        for (photometric, inverted) in [(1, false), (0, true)] {
            let file = File::new(values.clone(), 1, bits, photometric);
            each_layout(&file, |name, file| {
                let image = decode(&file.write()).unwrap();
                for (pixel, &value) in image.triples().iter().zip(&values) {
                    let value = if inverted { top - value } else { value };
                    let expected = if bits == 16 {
                        (value + 128) / 257
                    } else {
                        value * 255 / top
                    };
                    assert_eq!(*pixel, [expected as u8; 3], "{name}, {bits} bits");
                }
            });
        }
    }
}

#[test]
fn alpha_that_is_multiplied_in_and_alpha_that_is_not_show_the_same_picture() {
    let straight = File::with_fourth(&[2]);
    let mut associated = straight.clone().tag(EXTRA, &[1]);
    for pixel in associated.values.chunks_mut(4) {
        let alpha = pixel[3];
        pixel[..3]
            .iter_mut()
            .for_each(|value| *value = (*value * alpha + 127) / 255);
    }
    each_layout(&straight, |name, straight| {
        let File {
            chunk,
            compression,
            predictor,
            planar,
            big_endian,
            ..
        } = *straight;
        let associated = File {
            chunk,
            compression,
            predictor,
            planar,
            big_endian,
            ..associated.clone()
        };
        let (straight, associated) = (straight.write(), associated.write());
        let image = decode(&straight).unwrap();
        let other = decode(&associated).unwrap();
        // Each is rounded once more or less.
        assert!(
            image
                .pixels()
                .iter()
                .zip(other.pixels())
                .all(|(one, other)| one.abs_diff(*other) <= 1),
            "{name}"
        );
        assert_eq!(image.pixel(0, 0), [255; 3], "{name}");
        assert_eq!(
            decode_mask(&straight).map(|mask| mask.value(0, 0)),
            Ok(false)
        );
    });
    // An RGB file with a fourth channel that does not say what it is.
    let unsaid = straight.clone().tag(EXTRA, &[]);
    assert_eq!(decode(&unsaid.write()), decode(&straight.write()));
    let grey: Vec<u32> = straight
        .values
        .chunks(4)
        .flat_map(|pixel| [pixel[0], pixel[3]])
        .collect();
    let image = decode(&File::new(grey, 2, 8, 1).tag(EXTRA, &[2]).write()).unwrap();
    assert_eq!(image.pixel(0, 0), [255; 3]);
}

#[test]
fn palettes_and_inks_become_colours() {
    let places: Vec<u32> = (0..HEIGHT * WIDTH)
        .map(|at| (at * 7 % 256) as u32)
        .collect();
    let map: Vec<u16> = (0..768).map(|at| (at * 85 % 256 * 257) as u16).collect();
    let file = File::new(places.clone(), 1, 8, 3);
    for map in [map.clone(), map.iter().map(|level| level >> 8).collect()] {
        each_layout(&file.clone().tag(320, &map), |name, file| {
            let image = decode(&file.write()).unwrap();
            let colour = |place: &u32| {
                [0, 256, 512].map(|from| (map[from + *place as usize] as usize & 255) as u8)
            };
            assert!(
                image
                    .triples()
                    .iter()
                    .eq(places.iter().map(colour).collect::<Vec<_>>().iter()),
                "{name}"
            );
        });
    }
    let image = gradient(HEIGHT, WIDTH);
    let inks = image.triples().iter().flat_map(|pixel| {
        let [red, green, blue] = pixel.map(|level| 255 - u32::from(level));
        [red, green, blue, 0]
    });
    let file = File::new(inks.collect(), 4, 8, 5);
    assert_eq!(decode(&file.write()), Ok(image.clone()));
    let error = decode(&file.tag(332, &[2]).write())
        .unwrap_err()
        .to_string();
    assert!(error.contains("other inks"), "{error}");
}

#[test]
fn floating_point_is_read_from_0_to_1_and_refused_outside() {
    let floats = |scale: f32| {
        let values = gradient(HEIGHT, WIDTH)
            .pixels()
            .iter()
            .map(|&level| (f32::from(level) * scale).to_bits())
            .collect();
        File::new(values, 3, 32, 2).tag(SAMPLE_FORMAT, &[3; 3])
    };
    for predictor in [1, 2, 3] {
        each_layout(&floats(1.0 / 255.0), |name, file| {
            let file = File {
                predictor,
                ..file.clone()
            };
            // The floating-point predictor stores the highest bytes first, whatever the file's order is.
            assert_eq!(
                decode(&file.write()),
                Ok(gradient(HEIGHT, WIDTH)),
                "{name}, {predictor}"
            );
        });
    }
    let mut nan = floats(1.0 / 255.0);
    nan.values[500] = f32::NAN.to_bits();
    for file in [floats(1.0), floats(-1.0 / 255.0), nan] {
        let error = decode(&file.write()).unwrap_err();
        assert!(
            matches!(error, DecodeError::Unsupported { .. })
                && error.to_string().contains("outside 0 to 1"),
            "{error}"
        );
    }
}

#[test]
fn what_would_show_other_pixels_is_refused_and_named() {
    let rgb = File::rgb;
    let bits = |bits, format: &[u16]| File { bits, ..rgb() }.tag(SAMPLE_FORMAT, format);
    let refused = [
        (bits(32, &[]), "whole numbers of 32 bits"),
        (bits(8, &[2; 3]), "signed numbers of 8 bits"),
        (bits(16, &[3; 3]), "floating-point numbers of 16 bits"),
        (bits(64, &[3; 3]), "floating-point numbers of 64 bits"),
        (rgb().tag(PHOTOMETRIC, &[6]), "YCbCr"),
        (rgb().tag(PHOTOMETRIC, &[8]), "L*a*b*"),
        (rgb().tag(266, &[2]), "FillOrder 2"),
        (
            File {
                compression: 50_000,
                ..rgb()
            },
            "Zstandard",
        ),
        (
            File {
                compression: 50_001,
                ..rgb()
            },
            "WebP",
        ),
        (
            File {
                compression: 3,
                ..rgb()
            },
            "fax",
        ),
        (rgb().tag(254, &[1]), "camera raw"),
        (rgb().tag(50_706, &[1]), "camera raw"),
        (rgb().tag(PHOTOMETRIC, &[32_803]), "camera raw"),
    ];
    for (file, reason) in refused {
        let error = decode(&file.write()).unwrap_err();
        let kind = matches!(
            error,
            DecodeError::Unsupported { .. } | DecodeError::OtherFormat { .. }
        );
        assert!(
            kind && error.to_string().contains(reason),
            "{reason}: {error}"
        );
    }
    let mut old = rgb();
    old.compression = 5;
    let mut old = old.write();
    old[8..10].copy_from_slice(&[0, 1]);
    assert!(decode(&old).unwrap_err().to_string().contains("TIFF 5"));
}

#[test]
fn a_file_that_ends_early_is_called_truncated() {
    for compression in [1, 5, 8, 32_773] {
        let mut file = File {
            compression,
            chunk: Chunk::Tile(16, 32),
            ..File::rgb()
        };
        let whole = file.write();
        assert!(decode(&whole).is_ok());
        // The tags lie at the end of these files, so the end of a tile is cut off by its length instead.
        file.planar = true;
        let start = whole.len() - 200;
        for length in 8..whole.len() {
            let part = decode(&whole[..length]);
            assert!(part.is_err(), "{length} of {}", whole.len());
        }
        assert!(matches!(
            decode(&whole[..start]),
            Err(DecodeError::Truncated { .. })
        ));
    }
}
