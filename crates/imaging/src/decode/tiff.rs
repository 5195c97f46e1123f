//! TIFF files, strip by strip or tile by tile.
//!
//! The crate `tiff` reads the tags. The pixels are put together here, because its version 0.11.3 panics where tiles hold
//! one channel each, takes tiles of LZW for truncated, undoes the predictor wrongly beside channels that it leaves out,
//! and does not say whether colours are multiplied by alpha. Compressions for fax and JPEG are left to the image crate.

use std::io::{Cursor, ErrorKind, Read};

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};
use tiff::decoder::Decoder;
use tiff::tags::Tag;
use tiff::{TiffError, TiffUnsupportedError};

use super::{DecodeError, Format, RAW, in_one_line, lay_over};

/// Most bytes of one strip or tile after decompression: 100 million pixels of four 16-bit channels in one strip.
const LARGEST_CHUNK: usize = 1 << 30;
/// Most channels of a file; those that show neither colour nor alpha are skipped.
const MOST_CHANNELS: usize = 64;

const INK_SET: Tag = Tag::Unknown(332);
const DNG_VERSION: Tag = Tag::Unknown(50_706);

/// The tags of a file's first picture.
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
    width: usize,
    height: usize,
    orientation: Orientation,
    compression: usize,
    predictor: Predictor,
    /// Channels of a pixel, those included that are skipped.
    channels: usize,
    /// Whether every strip or tile holds one channel.
    planar: bool,
    /// Bits of a channel: 1, 2, 4, 8 or 16; 32 are a floating-point number.
    bits: usize,
    colours: Colours,
    alpha: Option<Alpha>,
    chunk_height: usize,
    chunk_width: usize,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

/// How channels become red, green and blue.
enum Colours {
    Grey,
    WhiteIsZero,
    Rgb,
    /// The palette, with levels from 0 to 255.
    Palette(Vec<[u8; 3]>),
    Cmyk,
}

#[derive(Clone, Copy)]
struct Alpha {
    channel: usize,
    /// Whether the colours are multiplied by it.
    associated: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Predictor {
    None,
    Horizontal,
    FloatingPoint,
}

/// Why there is no picture, before the file's length is told.
enum Fault {
    Short,
    Damaged(String),
    Unsupported(String),
    Raw,
}

fn damaged<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Damaged(reason.into()))
}

fn unsupported<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Unsupported(reason.into()))
}

impl From<TiffError> for Fault {
    fn from(error: TiffError) -> Self {
        match error {
            TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => Self::Short,
            TiffError::UnsupportedError(TiffUnsupportedError::UnknownInterpretation) => {
                Self::Unsupported(
                    "colours in a form that is not known, as in camera raw files".to_owned(),
                )
            }
            TiffError::UnsupportedError(error) => {
                Self::Unsupported(in_one_line(&error.to_string()))
            }
            error => Self::Damaged(in_one_line(&error.to_string())),
        }
    }
}

impl Fault {
    fn in_file(self, bytes: &[u8]) -> DecodeError {
        let (format, length) = (Format::Tiff.name(), bytes.len());
        match self {
            Self::Short => DecodeError::Truncated { format, length },
            Self::Damaged(reason) => DecodeError::Damaged {
                format,
                length,
                reason,
            },
            Self::Unsupported(reason) => DecodeError::Unsupported { format, reason },
            Self::Raw => {
                let (found, remedy) = RAW;
                DecodeError::OtherFormat { found, remedy }
            }
        }
    }
}

/// The tags of a file's first picture.
struct Tags<'a>(Decoder<Cursor<&'a [u8]>>);

impl Tags<'_> {
    fn numbers(&mut self, tag: Tag) -> Result<Vec<u64>, Fault> {
        Ok(self.0.find_tag_unsigned_vec(tag)?.unwrap_or_default())
    }

    /// The first number of a tag; all channels have the same where there is one for each.
    fn number(&mut self, tag: Tag, default: usize) -> Result<usize, Fault> {
        let numbers = self.numbers(tag)?;
        Ok(numbers.first().map_or(default, |&number| number as usize))
    }

    fn refuse_what_changes_pixels(&mut self) -> Result<(), Fault> {
        // In camera raw files a picture that stands for a larger one comes first.
        let stands_for_another = self.number(Tag::NewSubfileType, 0)? & 1 == 1;
        if stands_for_another || self.0.find_tag(DNG_VERSION)?.is_some() {
            return Err(Fault::Raw);
        }
        if self.number(Tag::FillOrder, 1)? != 1 {
            return unsupported("its bits are stored in reverse order, FillOrder 2");
        }
        Ok(())
    }

    fn colours(&mut self) -> Result<Colours, Fault> {
        match self.number(Tag::PhotometricInterpretation, 1)? {
            0 => Ok(Colours::WhiteIsZero),
            1 => Ok(Colours::Grey),
            2 => Ok(Colours::Rgb),
            3 => Ok(Colours::Palette(palette(&self.numbers(Tag::ColorMap)?))),
            5 if self.number(INK_SET, 1)? == 1 => Ok(Colours::Cmyk),
            5 => unsupported("other inks than cyan, magenta, yellow and black"),
            6 => unsupported("colours as YCbCr"),
            8..=10 => unsupported("colours as L*a*b*"),
            32_803 | 34_892 => Err(Fault::Raw),
            other => unsupported(format!("photometric interpretation {other}")),
        }
    }
}

impl<'a> Tiff<'a> {
    /// Reads the tags of the first picture.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::from_tags(bytes).map_err(|fault| fault.in_file(bytes))
    }

    fn from_tags(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut tags = Tags(Decoder::new(Cursor::new(bytes))?);
        tags.refuse_what_changes_pixels()?;
        let (width, height) = tags.0.dimensions()?;
        let (width, height) = (width as usize, height as usize);
        let channels = tags.number(Tag::SamplesPerPixel, 1)?;
        let bits = tags.number(Tag::BitsPerSample, 1)?;
        let tile_width = tags.number(Tag::TileWidth, 0)?;
        let (chunk_width, chunk_height, offsets, lengths) = if tile_width > 0 {
            let height = tags.number(Tag::TileLength, 0)?;
            (tile_width, height, Tag::TileOffsets, Tag::TileByteCounts)
        } else {
            let rows = tags.number(Tag::RowsPerStrip, height)?.min(height);
            (width, rows, Tag::StripOffsets, Tag::StripByteCounts)
        };
        let orientation = tags.number(Tag::Orientation, 1)?;
        let file = Self {
            bytes,
            little_endian: bytes.starts_with(b"II"),
            width,
            height,
            orientation: Orientation::from_exif(orientation.min(255) as u8)
                .unwrap_or(Orientation::NoTransforms),
            compression: tags.number(Tag::Compression, 1)?,
            predictor: predictor(tags.number(Tag::Predictor, 1)?, bits)?,
            channels,
            planar: tags.number(Tag::PlanarConfiguration, 1)? == 2 && channels > 1,
            bits,
            colours: tags.colours()?,
            alpha: None,
            chunk_height,
            chunk_width,
            offsets: tags.numbers(offsets)?,
            lengths: tags.numbers(lengths)?,
        };
        file.check(tags.number(Tag::SampleFormat, 1)?)?;
        let alpha = file.find_alpha(&tags.numbers(Tag::ExtraSamples)?);
        Ok(Self { alpha, ..file })
    }

    /// Refuses what would give other pixels than the file shows.
    fn check(&self, format: usize) -> Result<(), Fault> {
        let kind = match format {
            1 => "whole",
            2 => "signed",
            3 => "floating-point",
            _ => "undefined",
        };
        let read = match format {
            1 => [1, 2, 4, 8, 16].contains(&self.bits),
            3 => self.bits == 32 && !matches!(self.colours, Colours::Palette(_)),
            _ => false,
        };
        if !read {
            return unsupported(format!("{kind} numbers of {} bits", self.bits));
        }
        if self.channels < self.colours.channels() || self.channels > MOST_CHANNELS {
            return damaged(format!("{} channels", self.channels));
        }
        if self.chunk_height == 0 || self.chunk_width == 0 {
            return damaged("its strips or tiles are empty");
        }
        Ok(())
    }

    /// The first further channel that is said to be alpha, or the fourth of an RGB file that does not say.
    fn find_alpha(&self, extra: &[u64]) -> Option<Alpha> {
        let colours = self.colours.channels();
        if extra.is_empty() && matches!(self.colours, Colours::Rgb) && self.channels == 4 {
            return Some(Alpha {
                channel: 3,
                associated: false,
            });
        }
        let place = extra.iter().position(|kind| [1, 2].contains(kind))?;
        let channel = (colours + place < self.channels).then_some(colours + place)?;
        Some(Alpha {
            channel,
            associated: extra[place] == 1,
        })
    }

    /// Width and height in pixels, as stored.
    pub(super) fn dimensions(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// How the stored picture is turned upright.
    pub(super) fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// Whether the picture is compressed in a way that only the image crate reads.
    pub(super) fn is_fax_or_jpeg(&self) -> bool {
        matches!(self.compression, 4 | 7)
    }

    /// The picture as it is stored, over an opaque grey of the given level; channels of 16 bits stay as they are where
    /// there is no alpha.
    pub(super) fn read(&self, level: u8) -> Result<DynamicImage, DecodeError> {
        self.pixels(level)
            .map_err(|fault| fault.in_file(self.bytes))
    }

    fn pixels(&self, level: u8) -> Result<DynamicImage, Fault> {
        let (width, height) = self.dimensions();
        let values = width as usize * height as usize * 3;
        let fits = "three values for each pixel";
        if self.bits == 16 && self.alpha.is_none() {
            let mut levels = Vec::with_capacity(values);
            self.each_pixel(|pixel| levels.extend(self.colour(pixel).map(|value| value as u16)))?;
            let image = ImageBuffer::from_raw(width, height, levels).expect(fits);
            return Ok(DynamicImage::ImageRgb16(image));
        }
        let mut levels = Vec::with_capacity(values);
        self.each_pixel(|pixel| levels.extend(self.over(level, pixel)))?;
        let image = ImageBuffer::from_raw(width, height, levels).expect(fits);
        Ok(DynamicImage::ImageRgb8(image))
    }

    /// Hands on the channels of each pixel, row by row, from 0 to [`top`](Self::top) but for palettes.
    fn each_pixel(&self, mut take: impl FnMut(&[u32])) -> Result<(), Fault> {
        let across = self.width.div_ceil(self.chunk_width);
        let (step, length) = (self.interleaved(), self.row_bytes());
        let mut rows = vec![Vec::new(); self.channels / step];
        let mut pixel = Vec::new();
        for top in (0..self.height).step_by(self.chunk_height) {
            let height = self.chunk_height.min(self.height - top);
            let chunks = self.band(top / self.chunk_height, height)?;
            for y in 0..height {
                for (row, chunks) in rows.iter_mut().zip(chunks.chunks(across)) {
                    row.clear();
                    for chunk in chunks {
                        self.unpack(&chunk[y * length..][..length], row)?;
                    }
                }
                for x in 0..self.width {
                    pixel.clear();
                    for row in &rows {
                        pixel.extend(&row[x * step..][..step]);
                    }
                    take(&pixel);
                }
            }
        }
        Ok(())
    }

    /// The strips or tiles that lie beside each other, those of all channels one after another.
    fn band(&self, band: usize, height: usize) -> Result<Vec<Vec<u8>>, Fault> {
        let across = self.width.div_ceil(self.chunk_width);
        let down = self.height.div_ceil(self.chunk_height);
        let planes = self.channels / self.interleaved();
        let chunks = (0..planes).flat_map(|plane| (0..across).map(move |column| (plane, column)));
        chunks
            .map(|(plane, column)| self.chunk((plane * down + band) * across + column, height))
            .collect()
    }

    /// Channels that lie beside each other in a strip or tile.
    fn interleaved(&self) -> usize {
        if self.planar { 1 } else { self.channels }
    }

    fn row_bytes(&self) -> usize {
        (self.chunk_width * self.interleaved() * self.bits).div_ceil(8)
    }

    /// The first rows of a strip or tile, decompressed.
    fn chunk(&self, index: usize, rows: usize) -> Result<Vec<u8>, Fault> {
        let (Some(&offset), Some(&length)) = (self.offsets.get(index), self.lengths.get(index))
        else {
            return damaged("it has fewer strips or tiles than its size needs");
        };
        let needed = rows
            .checked_mul(self.row_bytes())
            .filter(|&needed| needed <= LARGEST_CHUNK);
        let Some(needed) = needed else {
            return unsupported("strips or tiles of more than 1 GiB");
        };
        let range = offset as usize..(offset as usize).saturating_add(length as usize);
        let packed = self.bytes.get(range).ok_or(Fault::Short)?;
        match self.compression {
            1 => Ok(packed.get(..needed).ok_or(Fault::Short)?.to_vec()),
            5 => unpack_lzw(packed, needed),
            8 | 32_946 => unpack_deflate(packed, needed),
            32_773 => unpack_bits(packed, needed),
            other => unsupported(format!("{} compression", compression_name(other))),
        }
    }

    /// Appends the channels of one row of a strip or tile, as far as the picture goes.
    fn unpack(&self, packed: &[u8], row: &mut Vec<u32>) -> Result<(), Fault> {
        let step = self.interleaved();
        let start = row.len();
        if self.predictor == Predictor::FloatingPoint {
            row.extend(floats(packed, step));
        } else {
            row.extend(self.numbers(packed).take(self.chunk_width * step));
            if self.predictor == Predictor::Horizontal {
                let mask = u32::MAX >> (32 - self.bits);
                for at in start + step..row.len() {
                    row[at] = row[at].wrapping_add(row[at - step]) & mask;
                }
            }
        }
        row.truncate(self.width * step);
        for value in &mut row[start.min(self.width * step)..] {
            *value = self.scaled(*value)?;
        }
        Ok(())
    }

    fn numbers<'b>(&self, packed: &'b [u8]) -> Box<dyn Iterator<Item = u32> + 'b> {
        let (bits, little) = (self.bits, self.little_endian);
        match bits {
            8 => Box::new(packed.iter().map(|&byte| u32::from(byte))),
            16 => Box::new(packed.as_chunks().0.iter().map(move |&bytes| {
                u32::from(if little {
                    u16::from_le_bytes(bytes)
                } else {
                    u16::from_be_bytes(bytes)
                })
            })),
            32 => Box::new(packed.as_chunks().0.iter().map(move |&bytes| {
                if little {
                    u32::from_le_bytes(bytes)
                } else {
                    u32::from_be_bytes(bytes)
                }
            })),
            _ => Box::new(packed.iter().flat_map(move |&byte| {
                (1..=8 / bits)
                    .map(move |place| u32::from(byte >> (8 - place * bits)) & ((1 << bits) - 1))
            })),
        }
    }

    /// The highest level of a channel.
    fn top(&self) -> u32 {
        if self.bits == 16 { 65_535 } else { 255 }
    }

    /// A stored number as a level from 0 to [`top`](Self::top), or as a place in the palette.
    fn scaled(&self, value: u32) -> Result<u32, Fault> {
        if self.bits == 32 {
            let value = f32::from_bits(value);
            if !(0.0..=1.0).contains(&value) {
                return unsupported(format!(
                    "floating-point values outside 0 to 1, {value} is one"
                ));
            }
            return Ok((value * 255.0).round() as u32);
        }
        if self.bits >= 8 || matches!(self.colours, Colours::Palette(_)) {
            return Ok(value);
        }
        Ok(value * 255 / ((1 << self.bits) - 1))
    }

    /// Red, green and blue from 0 to [`top`](Self::top).
    fn colour(&self, pixel: &[u32]) -> [u32; 3] {
        let top = self.top();
        match &self.colours {
            Colours::Grey => [pixel[0]; 3],
            Colours::WhiteIsZero => [top - pixel[0]; 3],
            Colours::Rgb => [pixel[0], pixel[1], pixel[2]],
            // A place that the palette lacks is black.
            Colours::Palette(palette) => palette
                .get(pixel[0] as usize)
                .map_or([0; 3], |colour| colour.map(u32::from)),
            Colours::Cmyk => {
                let rest = 1.0 - pixel[3] as f32 / top as f32;
                [pixel[0], pixel[1], pixel[2]].map(|ink| ((top - ink) as f32 * rest) as u32)
            }
        }
    }

    /// Red, green and blue from 0 to 255 over an opaque grey.
    fn over(&self, level: u8, pixel: &[u32]) -> [u8; 3] {
        let narrow = |value: u32| if self.top() > 255 { (value + 128) / 257 } else { value } as u8;
        let [red, green, blue] = self.colour(pixel).map(narrow);
        let Some(alpha) = self.alpha else {
            return [red, green, blue];
        };
        let opacity = match self.colours {
            Colours::Palette(_) => 255,
            _ => narrow(pixel[alpha.channel]),
        };
        if alpha.associated {
            let [rest, ..] = lay_over(level, [0, 0, 0, opacity]);
            [red, green, blue].map(|value| value.saturating_add(rest))
        } else {
            lay_over(level, [red, green, blue, opacity])
        }
    }
}

impl Colours {
    fn channels(&self) -> usize {
        match self {
            Self::Grey | Self::WhiteIsZero | Self::Palette(_) => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The palette of a colour map: all reds, greens and blues, from 0 to 65535, or to 255 in files of some old programs.
fn palette(map: &[u64]) -> Vec<[u8; 3]> {
    let places = map.len() / 3;
    let shift = if map.iter().any(|&level| level > 255) {
        8
    } else {
        0
    };
    (0..places)
        .map(|place| [0, 1, 2].map(|channel| (map[channel * places + place] >> shift) as u8))
        .collect()
}

fn predictor(number: usize, bits: usize) -> Result<Predictor, Fault> {
    match (number, bits) {
        (1, _) => Ok(Predictor::None),
        (2, 8 | 16 | 32) => Ok(Predictor::Horizontal),
        (3, 32) => Ok(Predictor::FloatingPoint),
        _ => unsupported(format!("predictor {number} of {bits} bits")),
    }
}

fn compression_name(compression: usize) -> String {
    let name = match compression {
        2 | 3 => "CCITT fax",
        6 => "old JPEG",
        33_003 | 33_005 | 34_712 => "JPEG 2000",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP",
        50_002 | 52_546 => "JPEG XL",
        other => return format!("number {other}"),
    };
    name.to_owned()
}

fn unpack_deflate(packed: &[u8], needed: usize) -> Result<Vec<u8>, Fault> {
    let mut unpacked = vec![0; needed];
    match flate2::read::ZlibDecoder::new(packed).read_exact(&mut unpacked) {
        Ok(()) => Ok(unpacked),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Fault::Short),
        Err(error) => damaged(error.to_string()),
    }
}

fn unpack_lzw(packed: &[u8], needed: usize) -> Result<Vec<u8>, Fault> {
    // Before TIFF 6 the codes began with their lowest bits.
    if let [0, second, ..] = packed
        && second % 2 == 1
    {
        return unsupported("the LZW compression of TIFF 5");
    }
    let mut decoder = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .with_yield_on_full_buffer(true)
        .build();
    let mut unpacked = vec![0; needed];
    let (mut read, mut filled) = (0, 0);
    while filled < needed {
        let step = decoder.decode_bytes(&packed[read..], &mut unpacked[filled..]);
        read += step.consumed_in;
        filled += step.consumed_out;
        if let Err(error) = step.status {
            return damaged(error.to_string());
        }
        if step.consumed_in == 0 && step.consumed_out == 0 {
            return Err(Fault::Short);
        }
    }
    Ok(unpacked)
}

/// `PackBits`: a number n up to 127 is followed by n + 1 bytes, one from 129 by a byte that is repeated 257 - n times.
fn unpack_bits(packed: &[u8], needed: usize) -> Result<Vec<u8>, Fault> {
    let mut unpacked = Vec::new();
    let mut rest = packed;
    while unpacked.len() < needed {
        let (&first, after) = rest.split_first().ok_or(Fault::Short)?;
        let count = usize::from(first);
        rest = match first {
            0..=127 => {
                let (literal, after) = after.split_at_checked(count + 1).ok_or(Fault::Short)?;
                unpacked.extend(literal);
                after
            }
            128 => after,
            129.. => {
                let (&repeated, after) = after.split_first().ok_or(Fault::Short)?;
                unpacked.resize(unpacked.len() + 257 - count, repeated);
                after
            }
        };
    }
    unpacked.truncate(needed);
    Ok(unpacked)
}

/// Undoes the floating-point predictor (Adobe Photoshop TIFF Technical Note 3): differences of bytes, the highest bytes
/// of all numbers first.
fn floats(packed: &[u8], step: usize) -> Vec<u32> {
    let mut bytes = packed.to_vec();
    for at in step..bytes.len() {
        bytes[at] = bytes[at].wrapping_add(bytes[at - step]);
    }
    let count = bytes.len() / 4;
    (0..count)
        .map(|at| u32::from_be_bytes([0, 1, 2, 3].map(|part| bytes[part * count + at])))
        .collect()
}

#[cfg(test)]
mod tests;
