//! Image files as a person sees them: grey, palette, 16-bit and CMYK become 8-bit RGB, transparency lies over white, and
//! the orientation that the camera noted is applied.
//!
//! The format is told from the content, never from a file's name. Sides are checked in the header, before pixels are
//! decoded. The decoders' own panics (arithmetic is checked in this workspace's profile) become errors.

use std::{io::Cursor, panic::catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use thiserror::Error;

use crate::{Mask, Rgb};

/// Shortest side of an image that is read, in pixels.
pub const MINIMUM_SIDE: u32 = 16;
/// Longest side of an image that is read, in pixels.
pub const MAXIMUM_SIDE: u32 = 16_384;
/// Most pixels of an image that is read.
pub const MAXIMUM_PIXELS: u64 = 100_000_000;

/// Most bytes that a decoder may reserve: the largest image with four 32-bit channels, and as much again to unpack it.
const MAXIMUM_ALLOCATION: u64 = MAXIMUM_PIXELS * 16 * 2;
/// Grey level from which a pixel of a mask is object.
const OBJECT_LEVEL: u8 = 128;

/// Why bytes are not an image that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No image format is recognised.
    #[error(
        "expected an image (PNG, JPEG, WebP, TIFF or BMP), found {found}: export the image again as PNG or JPEG"
    )]
    UnknownFormat {
        /// What the first bytes look like.
        found: String,
    },
    /// An image format that is recognised and not read.
    #[error(
        "expected PNG, JPEG, WebP, TIFF or BMP, found {format}: export the image again as PNG or JPEG"
    )]
    OtherFormat {
        /// The format found.
        format: String,
    },
    /// A side is shorter than [`MINIMUM_SIDE`].
    #[error(
        "this {format} image has {width}x{height} pixels (width x height) and each side must have at least {MINIMUM_SIDE}: \
         use the image at its original size"
    )]
    TooSmall {
        /// The format found.
        format: &'static str,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A side is longer than [`MAXIMUM_SIDE`], or there are more than [`MAXIMUM_PIXELS`] pixels.
    #[error(
        "this {format} image has {width}x{height} pixels (width x height); allowed are at most {MAXIMUM_SIDE} on a side \
         and {} million in all: make it smaller (a shorter side of 512 loses nothing here)",
        MAXIMUM_PIXELS / 1_000_000
    )]
    TooLarge {
        /// The format found.
        format: &'static str,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The file ends before the image does.
    #[error(
        "this {format} file ends too early, after {length} bytes: it is truncated; copy or download it again"
    )]
    Truncated {
        /// The format found.
        format: &'static str,
        /// Bytes found.
        length: usize,
    },
    /// The format allows it, and the decoder cannot read it.
    #[error(
        "this {format} file uses a feature that is not read ({reason}): export the image again as 8-bit PNG"
    )]
    Unsupported {
        /// The format found.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// The content contradicts its format.
    #[error(
        "this {format} file of {length} bytes cannot be read ({reason}): it is damaged; copy or export it again"
    )]
    Damaged {
        /// The format found.
        format: &'static str,
        /// Bytes found.
        length: usize,
        /// The decoder's words.
        reason: String,
    },
}

/// Reads a PNG, JPEG, WebP, TIFF or BMP file as 8-bit RGB, upright, over white where it is transparent.
///
/// Sides are from [`MINIMUM_SIDE`] to [`MAXIMUM_SIDE`] pixels, at most [`MAXIMUM_PIXELS`] in all; of an animation the
/// first picture is taken. A truncated file is refused where a pixel is missing. Colour profiles are not applied.
pub fn decode(bytes: &[u8]) -> Result<Rgb, DecodeError> {
    read(bytes).map(|image| over(255, image))
}

/// Height and width of an image that [`decode`] reads, as a person sees it, from its header: its pixels may still turn out to be damaged.
pub fn size(bytes: &[u8]) -> Result<[usize; 2], DecodeError> {
    let (format, name) = recognise(bytes)?;
    let look = || {
        let explain = |error| explain(error, name, bytes.len());
        let mut decoder = ImageReader::with_format(Cursor::new(bytes), format)
            .into_decoder()
            .map_err(explain)?;
        let (width, height) = decoder.dimensions();
        check_sides(name, (width, height))?;
        let turned = matches!(
            decoder.orientation().map_err(explain)?,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let [height, width] = [height as usize, width as usize];
        Ok(if turned {
            [width, height]
        } else {
            [height, width]
        })
    };
    catch_unwind(look).unwrap_or_else(|_| {
        Err(DecodeError::Damaged {
            format: name,
            length: bytes.len(),
            reason: "its decoder gave up".to_owned(),
        })
    })
}

/// Reads a truth mask from any file that [`decode`] reads: a pixel is object where its grey level (ITU-R 601-2 luma) is
/// at least 128. Transparent parts are background.
pub fn decode_mask(bytes: &[u8]) -> Result<Mask, DecodeError> {
    let image = over(0, read(bytes)?);
    let values = image
        .triples()
        .iter()
        .map(|&pixel| luma(pixel) >= OBJECT_LEVEL)
        .collect();
    Ok(Mask::made(image.height(), image.width(), values))
}

/// ITU-R 601-2 luma in 16-bit fixed point, rounded.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16)
        as u8
}

fn read(bytes: &[u8]) -> Result<DynamicImage, DecodeError> {
    let (format, name) = recognise(bytes)?;
    // A panic in a decoder is a defect of the decoder; for the reader of the message it is a file that cannot be read.
    let outcome = catch_unwind(|| read_as(format, name, bytes)).unwrap_or_else(|_| {
        Err(DecodeError::Damaged {
            format: name,
            length: bytes.len(),
            reason: "its decoder gave up".to_owned(),
        })
    });
    outcome.map_err(|error| match error {
        DecodeError::Damaged { .. } if ends_early(format, bytes) => DecodeError::Truncated {
            format: name,
            length: bytes.len(),
        },
        other => other,
    })
}

/// Whether a file is shorter than it says, as far as its format tells.
fn ends_early(format: ImageFormat, bytes: &[u8]) -> bool {
    match format {
        ImageFormat::Jpeg => !jpeg_is_whole(bytes),
        ImageFormat::WebP => !webp_is_whole(bytes),
        _ => false,
    }
}

fn recognise(bytes: &[u8]) -> Result<(ImageFormat, &'static str), DecodeError> {
    let format = image::guess_format(bytes).map_err(|_| DecodeError::UnknownFormat {
        found: describe(bytes),
    })?;
    let name = match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Bmp => "BMP",
        other => {
            return Err(DecodeError::OtherFormat {
                format: format!("{other:?}").to_uppercase(),
            });
        }
    };
    Ok((format, name))
}

fn describe(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    if bytes.is_empty() {
        return "an empty file".to_owned();
    }
    let start = &bytes[..bytes.len().min(SHOWN)];
    if start
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        return format!("text that starts with {:?}", String::from_utf8_lossy(start));
    }
    format!(
        "{} bytes that start with {}",
        bytes.len(),
        start.escape_ascii()
    )
}

fn read_as(
    format: ImageFormat,
    name: &'static str,
    bytes: &[u8],
) -> Result<DynamicImage, DecodeError> {
    let explain = |error| explain(error, name, bytes.len());
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAXIMUM_ALLOCATION);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    check_sides(name, decoder.dimensions())?;
    // The JPEG decoder paints what is missing grey and says nothing.
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(DecodeError::Truncated {
            format: name,
            length: bytes.len(),
        });
    }
    let orientation = decoder.orientation().map_err(explain)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(explain)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn check_sides(format: &'static str, (width, height): (u32, u32)) -> Result<(), DecodeError> {
    if width.max(height) > MAXIMUM_SIDE || u64::from(width) * u64::from(height) > MAXIMUM_PIXELS {
        return Err(DecodeError::TooLarge {
            format,
            width,
            height,
        });
    }
    if width.min(height) < MINIMUM_SIDE {
        return Err(DecodeError::TooSmall {
            format,
            width,
            height,
        });
    }
    Ok(())
}

fn explain(error: ImageError, format: &'static str, length: usize) -> DecodeError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, length }
        }
        ImageError::Unsupported(error) => DecodeError::Unsupported {
            format,
            reason: in_one_line(&error.to_string()),
        },
        error => DecodeError::Damaged {
            format,
            length,
            reason: in_one_line(&error.to_string()),
        },
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a WebP file is as long as its RIFF header says.
fn webp_is_whole(bytes: &[u8]) -> bool {
    const HEADER: u64 = 8;
    let size = bytes
        .get(4..8)
        .and_then(|field| <[u8; 4]>::try_from(field).ok())
        .map(u32::from_le_bytes);
    size.is_some_and(|size| u64::from(size) + HEADER <= bytes.len() as u64)
}

/// Whether the segments of a JPEG file lead to its end-of-image marker (ITU-T T.81, annex B).
///
/// Segments are stepped over by their length, so that the end of an embedded thumbnail is not taken for the end.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: u8 = 0xD9;
    let mut at = 2;
    loop {
        let Some(marker) = next_marker(bytes, &mut at) else {
            return false;
        };
        match marker {
            END_OF_IMAGE => return true,
            // Markers without a segment: start of image, restart and TEM.
            0xD0..=0xD8 | 0x01 => {}
            _ => {
                let Some(&[high, low]) = bytes.get(at..at + 2) else {
                    return false;
                };
                at += usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
}

/// The next marker's code from `at` on, over entropy-coded data and fill bytes; `at` moves behind it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    while let Some(&[first, second]) = bytes.get(*at..*at + 2) {
        *at += 1;
        if first == 0xFF && second != 0x00 && second != 0xFF {
            *at += 1;
            return Some(second);
        }
    }
    None
}

/// Lays an image over an opaque grey of the given level, as 8-bit RGB.
fn over(level: u8, image: DynamicImage) -> Rgb {
    let (height, width) = (image.height() as usize, image.width() as usize);
    if !image.color().has_alpha() {
        return Rgb::made(height, width, image.into_rgb8().into_raw());
    }
    let rgba = image.into_rgba8().into_raw();
    let (pixels, _) = rgba.as_chunks();
    Rgb::made(
        height,
        width,
        pixels
            .iter()
            .flat_map(|&pixel| lay_over(level, pixel))
            .collect(),
    )
}

fn lay_over(level: u8, [red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let (opacity, rest) = (u32::from(alpha), u32::from(255 - alpha));
    [red, green, blue]
        .map(|value| ((u32::from(value) * opacity + u32::from(level) * rest + 127) / 255) as u8)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageBuffer, Luma, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;
    use crate::{encode_mask_png, encode_png, testing::gradient};

    /// The colours of the fixtures, which fixtures/make.py draws: the left two thirds, and the rest.
    const LEFT: [u8; 3] = [200, 30, 40];
    const RIGHT: [u8; 3] = [20, 60, 220];

    const FIXTURES: [(&str, &[u8]); 7] = [
        (
            "cmyk_adobe.jpg",
            include_bytes!("../fixtures/cmyk_adobe.jpg"),
        ),
        (
            "cmyk_plain.jpg",
            include_bytes!("../fixtures/cmyk_plain.jpg"),
        ),
        (
            "progressive.jpg",
            include_bytes!("../fixtures/progressive.jpg"),
        ),
        ("lossy.webp", include_bytes!("../fixtures/lossy.webp")),
        ("one_bit.png", include_bytes!("../fixtures/one_bit.png")),
        (
            "palette_transparent.png",
            include_bytes!("../fixtures/palette_transparent.png"),
        ),
        ("palette.bmp", include_bytes!("../fixtures/palette.bmp")),
    ];

    fn fixture(name: &str) -> Rgb {
        let (_, bytes) = FIXTURES
            .into_iter()
            .find(|(other, _)| *other == name)
            .unwrap();
        decode(bytes).unwrap()
    }

    fn written(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.into().write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn picture() -> DynamicImage {
        let image = gradient(18, 24);
        image::RgbImage::from_raw(24, 18, image.pixels().to_vec())
            .unwrap()
            .into()
    }

    fn files() -> Vec<Vec<u8>> {
        let formats = [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::WebP,
            ImageFormat::Tiff,
            ImageFormat::Bmp,
        ];
        let fixtures = FIXTURES.iter().map(|(_, bytes)| bytes.to_vec());
        formats
            .into_iter()
            .map(|format| written(picture(), format))
            .chain(fixtures)
            .collect()
    }

    #[test]
    fn the_header_says_the_size_of_what_is_decoded() {
        for bytes in files() {
            let image = decode(&bytes).unwrap();
            assert_eq!(size(&bytes), Ok([image.height(), image.width()]));
        }
        assert!(size(b"GIF89a").is_err() && size(b"").is_err());
    }

    fn near(found: [u8; 3], expected: [u8; 3], tolerance: u8) -> bool {
        found
            .iter()
            .zip(expected)
            .all(|(&found, expected)| found.abs_diff(expected) <= tolerance)
    }

    #[test]
    fn formats_without_loss_give_the_same_pixels() {
        for format in [
            ImageFormat::Png,
            ImageFormat::WebP,
            ImageFormat::Tiff,
            ImageFormat::Bmp,
        ] {
            assert_eq!(
                decode(&written(picture(), format)),
                Ok(gradient(18, 24)),
                "{format:?}"
            );
        }
    }

    #[test]
    fn every_fixture_shows_its_two_colors() {
        for name in [
            "cmyk_adobe.jpg",
            "cmyk_plain.jpg",
            "progressive.jpg",
            "lossy.webp",
            "palette.bmp",
        ] {
            let image = fixture(name);
            assert_eq!((image.height(), image.width()), (18, 24));
            assert!(
                near(image.pixel(9, 4), LEFT, 6),
                "{name}: {:?}",
                image.pixel(9, 4)
            );
            assert!(
                near(image.pixel(9, 21), RIGHT, 6),
                "{name}: {:?}",
                image.pixel(9, 21)
            );
        }
    }

    #[test]
    fn a_transparent_palette_entry_is_white() {
        let image = fixture("palette_transparent.png");
        assert_eq!(image.pixel(3, 15), LEFT);
        assert_eq!(image.pixel(3, 16), [255; 3]);
    }

    #[test]
    fn one_bit_is_black_or_white() {
        assert_eq!(fixture("one_bit.png").pixel(0, 0), [0; 3]);
    }

    #[test]
    fn sixteen_bit_is_rounded_to_eight() {
        let levels = ImageBuffer::from_fn(24, 18, |x, y| Luma([(x as u16) * 257 + (y as u16) * 8]));
        let image = decode(&written(
            DynamicImage::ImageLuma16(levels),
            ImageFormat::Png,
        ))
        .unwrap();
        assert_eq!(image.pixel(0, 7), [7; 3]);
        assert_eq!(image.pixel(17, 7), [8; 3]);
    }

    #[test]
    fn grey_is_three_equal_channels() {
        let levels = GrayImage::from_fn(24, 18, |x, y| Luma([(x * 7 + y) as u8]));
        for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Bmp] {
            assert_eq!(
                decode(&written(levels.clone(), format))
                    .unwrap()
                    .pixel(5, 20),
                [145; 3]
            );
        }
    }

    #[test]
    fn transparency_lies_over_white_and_is_background_in_a_mask() {
        let image = RgbaImage::from_fn(24, 18, |x, _| Rgba([200, 100, 255, (x * 11) as u8]));
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
            let file = written(image.clone(), format);
            let decoded = decode(&file).unwrap();
            assert_eq!(decoded.pixel(2, 0), [255; 3]);
            // 255 - (255 - 200) * 110 / 255 and 255 - (255 - 100) * 110 / 255, rounded.
            assert_eq!(decoded.pixel(2, 10), [231, 188, 255]);
            let mask = decode_mask(&file).unwrap();
            assert!(!mask.value(2, 0) && mask.value(2, 23));
        }
    }

    /// The picture as a JPEG file whose EXIF data names an orientation.
    fn oriented(orientation: u8) -> Vec<u8> {
        let mut segment =
            b"\xFF\xE1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        segment.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let mut file = written(picture(), ImageFormat::Jpeg);
        file.splice(2..2, segment);
        file
    }

    #[test]
    fn every_exif_orientation_is_turned_upright() {
        let upright = decode(&oriented(1)).unwrap();
        // Where the stored row 3 and column 8 of 18 x 24 go (Exif 2.32, table 4 of section 4.6.4).
        let places = [
            (1, 3, 8),
            (2, 3, 15),
            (3, 14, 15),
            (4, 14, 8),
            (5, 8, 3),
            (6, 8, 14),
            (7, 15, 14),
            (8, 15, 3),
        ];
        for (orientation, y, x) in places {
            let image = decode(&oriented(orientation)).unwrap();
            let sides = if orientation < 5 { (18, 24) } else { (24, 18) };
            assert_eq!(
                (image.height(), image.width()),
                sides,
                "orientation {orientation}"
            );
            assert_eq!(
                image.pixel(y, x),
                upright.pixel(3, 8),
                "orientation {orientation}"
            );
        }
    }

    #[test]
    fn a_mask_is_object_from_level_128_on() {
        let levels = GrayImage::from_fn(24, 18, |x, y| Luma([(112 + x + y) as u8]));
        let mask = decode_mask(&written(levels, ImageFormat::Png)).unwrap();
        assert!(!mask.value(5, 10) && mask.value(5, 11) && mask.value(6, 10));
        let again = decode_mask(&encode_mask_png(&mask)).unwrap();
        assert_eq!(again, mask);
    }

    /// A PNG file whose header claims other sides than its pixels fill.
    fn claiming(width: u32, height: u32) -> Vec<u8> {
        let mut file = encode_png(&gradient(18, 24));
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc(&file[12..29]);
        file[29..33].copy_from_slice(&checksum.to_be_bytes());
        file
    }

    /// The checksum of PNG (ISO/IEC 15948, annex D).
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0xEDB8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }

    #[test]
    fn sides_out_of_range_are_refused_before_pixels_are_read() {
        for (width, height) in [(1, 1), (15, 40), (40, 15)] {
            let error = decode(&claiming(width, height)).unwrap_err();
            assert_eq!(
                error,
                DecodeError::TooSmall {
                    format: "PNG",
                    width,
                    height
                }
            );
            assert!(error.to_string().contains("at least 16"), "{error}");
        }
        for (width, height) in [
            (20_000, 20_000),
            (16_385, 16),
            (16, 16_385),
            (10_001, 10_000),
        ] {
            let error = decode(&claiming(width, height)).unwrap_err();
            assert_eq!(
                error,
                DecodeError::TooLarge {
                    format: "PNG",
                    width,
                    height
                }
            );
            assert!(
                error.to_string().contains(&format!("{width}x{height}")),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_image_is_named() {
        let messages = [
            (&b""[..], "an empty file"),
            (b"mug,0\nkey,1", "text that starts with \"mug,0"),
            (b"GIF89a....", "GIF"),
        ];
        for (bytes, expected) in messages {
            let error = decode(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_truncated_file_is_refused_or_whole_in_pixels() {
        for file in files() {
            let whole = decode(&file);
            assert!(whole.is_ok());
            for length in 0..file.len() {
                let part = decode(&file[..length]);
                assert!(
                    part.is_err() || part == whole,
                    "{length} of {} bytes: {:?}",
                    file.len(),
                    &file[..12]
                );
            }
        }
    }

    #[test]
    fn a_truncated_file_is_called_truncated() {
        for file in files() {
            let error = decode(&file[..file.len() * 2 / 3]).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_an_error_or_an_image_in_range(
            which in 0_usize..12, flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..12),
        ) {
            let mut file = files().swap_remove(which);
            for (index, bit) in flips {
                let at = index.index(file.len());
                file[at] ^= 1 << bit;
            }
            match decode(&file) {
                Ok(image) => {
                    prop_assert!(image.height().min(image.width()) >= MINIMUM_SIDE as usize);
                    prop_assert!((image.height() * image.width()) as u64 <= MAXIMUM_PIXELS);
                }
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }

        #[test]
        fn random_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), which in 0_usize..6) {
            let starts: [&[u8]; 6] = [b"", b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"RIFF\0\0\0\0WEBP", b"II*\0", b"BM"];
            let file = [starts[which], &bytes].concat();
            prop_assert!(decode(&file).is_err());
        }
    }
}
