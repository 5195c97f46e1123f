//! Label maps in PNG files: each pixel's level, as it is written, is the number of its region.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};
use thiserror::Error;

use crate::{MAXIMUM_PIXELS, MAXIMUM_SIDE};

/// Why a PNG file is no label map.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelsError {
    /// It has several channels.
    #[error(
        "expected one channel, as in a grey or palette PNG, found {found}. Colours are not labels: save the number of each pixel's region as one \
         grey level of 8 or 16 bits, or as a .npy file"
    )]
    Channels {
        /// The channels in words.
        found: &'static str,
    },
    /// It is too large.
    #[error(
        "this PNG has {width}x{height} pixels (width x height); at most {MAXIMUM_SIDE} on a side and {} million in total are allowed: make it as \
         large as the crop",
        MAXIMUM_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It is no PNG file, or is not whole.
    #[error("this PNG file is incomplete or damaged ({reason}): rewrite it")]
    Damaged {
        /// The decoder's message.
        reason: String,
    },
}

fn damaged(reason: &dyn std::fmt::Display) -> LabelsError {
    LabelsError::Damaged {
        reason: reason.to_string(),
    }
}

/// Height, width and labels, row-major, of a PNG file with one channel of 1 to 16 bits. Of a palette file the labels are the places in the palette.
pub fn decode_labels(bytes: &[u8]) -> Result<([usize; 2], Vec<u16>), LabelsError> {
    let read = panics::caught(|| read(bytes));
    read.unwrap_or_else(|| Err(damaged(&"its parts contradict each other")))
}

fn read(bytes: &[u8]) -> Result<([usize; 2], Vec<u16>), LabelsError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::IDENTITY);
    let wrong = |error: DecodingError| damaged(&error);
    let header = decoder.read_header_info().map_err(wrong)?;
    let (width, height) = (header.width, header.height);
    let found = match header.color_type {
        ColorType::Grayscale | ColorType::Indexed => None,
        ColorType::GrayscaleAlpha => Some("grey and transparency"),
        ColorType::Rgb => Some("red, green and blue"),
        ColorType::Rgba => Some("red, green, blue and transparency"),
    };
    if let Some(found) = found {
        return Err(LabelsError::Channels { found });
    }
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAXIMUM_SIDE || pixels > MAXIMUM_PIXELS {
        return Err(LabelsError::TooLarge { width, height });
    }
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = reader.output_buffer_size();
    let mut levels = vec![0; size.ok_or_else(|| damaged(&"it is too large"))?];
    let frame = reader.next_frame(&mut levels).map_err(wrong)?;
    let rows = levels[..frame.buffer_size()].chunks_exact(frame.line_size);
    let width = width as usize;
    let labels = rows.flat_map(|row| unpacked(row, frame.bit_depth).take(width));
    Ok(([height as usize, width], labels.collect()))
}

/// The levels in a row of a PNG, the first in the highest bits.
fn unpacked(row: &[u8], depth: BitDepth) -> Box<dyn Iterator<Item = u16> + '_> {
    if depth == BitDepth::Sixteen {
        let (pairs, _) = row.as_chunks();
        return Box::new(pairs.iter().map(|&pair| u16::from_be_bytes(pair)));
    }
    let bits = depth as u32;
    let mask = (1_u16 << bits) - 1;
    let shifts = move || (0..8 / bits).rev().map(move |place| place * bits);
    Box::new(
        row.iter()
            .flat_map(move |&byte| shifts().map(move |shift| u16::from(byte) >> shift & mask)),
    )
}

#[cfg(test)]
mod tests {
    use png::Encoder;

    use super::*;

    fn file(color: ColorType, depth: BitDepth, width: u32, height: u32, data: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(&[9; 48][..]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn levels_are_labels_at_every_depth() {
        let (grey, palette) = (ColorType::Grayscale, ColorType::Indexed);
        let read = |color, depth, data: &[u8]| decode_labels(&file(color, depth, 3, 2, data));
        let labels = |labels: [u16; 6]| Ok(([2, 3], labels.to_vec()));
        let bits = [0b1010_0000, 0b0110_0000];
        assert_eq!(read(grey, BitDepth::One, &bits), labels([1, 0, 1, 0, 1, 1]));
        let four = [0x1f, 0x30, 0x45, 0x60];
        assert_eq!(
            read(palette, BitDepth::Four, &four),
            labels([1, 15, 3, 4, 5, 6])
        );
        let eight = [0, 255, 7, 8, 9, 10];
        assert_eq!(
            read(grey, BitDepth::Eight, &eight),
            labels([0, 255, 7, 8, 9, 10])
        );
        let sixteen = [1, 0, 255, 255, 0, 2, 0, 3, 0, 4, 0, 5];
        assert_eq!(
            read(grey, BitDepth::Sixteen, &sixteen),
            labels([256, 65_535, 2, 3, 4, 5])
        );
    }

    #[test]
    fn a_colour_file_and_a_damaged_one_are_refused() {
        let colour = file(ColorType::Rgb, BitDepth::Eight, 1, 1, &[1, 2, 3]);
        let found = "red, green and blue";
        assert_eq!(decode_labels(&colour), Err(LabelsError::Channels { found }));
        let whole = file(ColorType::Grayscale, BitDepth::Eight, 3, 2, &[0; 6]);
        for end in 0..whole.len() - 12 {
            assert!(matches!(
                decode_labels(&whole[..end]),
                Err(LabelsError::Damaged { .. })
            ));
        }
        assert!(decode_labels(b"a,b\n0,1\n").is_err());
    }
}
