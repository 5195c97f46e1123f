//! Image files as a person sees them: grey, palette, 16-bit and CMYK become 8-bit RGB, transparency lies over white, and
//! the orientation that the camera noted is applied.
//!
//! The format is read from the content, never from a file's name. Sides are checked in the header, before pixels are
//! decoded. What a decoder would draw wrongly, or grey because data are missing, is refused. The decoders' own panics
//! (arithmetic is checked in this workspace's profile) become errors.

mod formats;
mod jpeg;
mod tiff;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};
use thiserror::Error;

use self::formats::{Format, RAW, recognise};
use self::tiff::Tiff;
use crate::{Mask, Rgb};

/// Shortest side of an image that is read, in pixels.
pub const MINIMUM_SIDE: u32 = 16;
/// Longest side of an image that is read, in pixels.
pub const MAXIMUM_SIDE: u32 = 16_384;
/// Most pixels of an image that is read.
pub const MAXIMUM_PIXELS: u64 = 100_000_000;

/// Most bytes that a decoder may reserve: the largest image with four 32-bit channels, and as much again to unpack it.
const MAXIMUM_ALLOCATION: u64 = MAXIMUM_PIXELS * 16 * 2;
/// Grey level from which a pixel of a mask is object, where any pixel reaches it.
const OBJECT_LEVEL: u8 = 128;

/// Why bytes are not an image that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No image format is recognised.
    #[error(
        "expected an image (PNG, JPEG, WebP, TIFF or BMP), found {found}: copy or export the image again"
    )]
    UnknownFormat {
        /// What the first bytes look like.
        found: String,
    },
    /// A format that is recognised and not read.
    #[error("expected an image (PNG, JPEG, WebP, TIFF or BMP), found {found}: {remedy}")]
    OtherFormat {
        /// What the file is, with its article.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
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
        "this {format} image has {width}x{height} pixels (width x height); at most {MAXIMUM_SIDE} on a side and {} million in total are allowed: \
         make it smaller (a shorter side of 512 is enough here)",
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
        "this {format} file uses an unsupported feature ({reason}): export the image again as 8-bit PNG"
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
    /// A mask whose levels do not tell object from background.
    #[error(
        "this mask has several levels besides black, and the brightest is {brightest} of 255, but the object begins at {OBJECT_LEVEL}: paint the \
         object white, or give it one level and the background 0"
    )]
    MaskLevels {
        /// The brightest level, from 0 to 255.
        brightest: u8,
    },
}

/// Reads a PNG, JPEG, WebP, TIFF or BMP file as 8-bit RGB, upright, over white where it is transparent.
///
/// Sides are from [`MINIMUM_SIDE`] to [`MAXIMUM_SIDE`] pixels, at most [`MAXIMUM_PIXELS`] in all; of an animation or of
/// several pages the first picture is taken. A file is refused where a pixel is missing. Colour profiles are not applied.
pub fn decode(bytes: &[u8]) -> Result<Rgb, DecodeError> {
    let image = read(bytes, 255)?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    Ok(Rgb::made(height, width, image.into_rgb8().into_raw()))
}

/// Height and width of an image that [`decode`] reads, as a person sees it, from its header: its pixels may still turn out to be damaged.
pub fn size(bytes: &[u8]) -> Result<[usize; 2], DecodeError> {
    let format = recognise(bytes)?;
    let ((width, height), orientation) = caught(format, bytes, || header(format, bytes))?;
    check_sides(format, (width, height))?;
    let turned = matches!(
        orientation,
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
}

/// Reads a truth mask from any file that [`decode`] reads. Transparent parts are background.
///
/// A pixel is object where its grey level (ITU-R 601-2 luma) is at least 128. If no pixel of the mask is that bright, it
/// may have one colour beside black, such as level 1, and that is the object; more are an error.
pub fn decode_mask(bytes: &[u8]) -> Result<Mask, DecodeError> {
    let image = read(bytes, 0)?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    let levels: Vec<u8> = image
        .to_rgb8()
        .pixels()
        .map(|pixel| luma(pixel.0))
        .collect();
    let values = if levels.iter().any(|&level| level >= OBJECT_LEVEL) {
        levels
            .into_iter()
            .map(|level| level >= OBJECT_LEVEL)
            .collect()
    } else {
        // 8 bits do not tell 1 of 65535 from 0.
        not_black(&image.into_rgb16()).ok_or_else(|| DecodeError::MaskLevels {
            brightest: levels.into_iter().max().unwrap_or(0),
        })?
    };
    Ok(Mask::made(height, width, values))
}

/// Where a picture of black and at most one other colour is not black.
fn not_black(image: &ImageBuffer<image::Rgb<u16>, Vec<u16>>) -> Option<Vec<bool>> {
    const BLACK: [u16; 3] = [0; 3];
    let colours = || image.pixels().map(|pixel| pixel.0);
    let other = colours().find(|&colour| colour != BLACK).unwrap_or(BLACK);
    let two = colours().all(|colour| colour == BLACK || colour == other);
    two.then(|| colours().map(|colour| colour != BLACK).collect())
}

/// ITU-R 601-2 luma in 16-bit fixed point, rounded.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16)
        as u8
}

/// The picture of a file, upright, over an opaque grey of the given level.
fn read(bytes: &[u8], level: u8) -> Result<DynamicImage, DecodeError> {
    let format = recognise(bytes)?;
    let image = caught(format, bytes, || match format {
        Format::Jpeg => read_jpeg(bytes),
        Format::Tiff => read_tiff(bytes, level),
        _ => read_by_image(format, bytes),
    })?;
    Ok(over(level, image))
}

/// A panic in a decoder is a defect of the decoder; for the reader of the message it is a file that cannot be read.
fn caught<T>(
    format: Format,
    bytes: &[u8],
    call: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let (name, length) = (format.name(), bytes.len());
    let gave_up = || {
        Err(DecodeError::Damaged {
            format: name,
            length,
            reason: "its parts contradict each other".to_owned(),
        })
    };
    panics::caught(call)
        .unwrap_or_else(gave_up)
        .map_err(|error| match error {
            DecodeError::Damaged { .. } if format == Format::WebP && !webp_is_whole(bytes) => {
                DecodeError::Truncated {
                    format: name,
                    length,
                }
            }
            other => other,
        })
}

/// Width and height as stored, and how the picture is turned.
fn header(format: Format, bytes: &[u8]) -> Result<((u32, u32), Orientation), DecodeError> {
    match format {
        Format::Jpeg => jpeg::frame(bytes).map(|frame| (frame.dimensions(), frame.orientation())),
        Format::Tiff => Tiff::open(bytes).map(|tiff| (tiff.dimensions(), tiff.orientation())),
        _ => {
            let mut decoder = decoder(format, bytes)?;
            let orientation = decoder.orientation();
            let orientation = orientation.map_err(|error| explain(error, format, bytes))?;
            Ok((decoder.dimensions(), orientation))
        }
    }
}

fn read_jpeg(bytes: &[u8]) -> Result<DynamicImage, DecodeError> {
    check_sides(Format::Jpeg, jpeg::frame(bytes)?.dimensions())?;
    let frame = jpeg::check(bytes)?;
    let usual = || pixels(Format::Jpeg, bytes, decoder(Format::Jpeg, bytes)?);
    let mut image = jpeg::draw(&frame, bytes, usual)?;
    image.apply_orientation(frame.orientation());
    Ok(image)
}

fn read_tiff(bytes: &[u8], level: u8) -> Result<DynamicImage, DecodeError> {
    let tiff = Tiff::open(bytes)?;
    check_sides(Format::Tiff, tiff.dimensions())?;
    if tiff.is_fax_or_jpeg() {
        return read_by_image(Format::Tiff, bytes);
    }
    let mut image = tiff.read(level)?;
    image.apply_orientation(tiff.orientation());
    Ok(image)
}

fn read_by_image(format: Format, bytes: &[u8]) -> Result<DynamicImage, DecodeError> {
    let mut decoder = decoder(format, bytes)?;
    check_sides(format, decoder.dimensions())?;
    let orientation = decoder.orientation();
    let orientation = orientation.map_err(|error| explain(error, format, bytes))?;
    let mut image = pixels(format, bytes, decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn decoder(format: Format, bytes: &[u8]) -> Result<impl ImageDecoder, DecodeError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.of_image());
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAXIMUM_ALLOCATION);
    reader.limits(limits);
    reader
        .into_decoder()
        .map_err(|error| explain(error, format, bytes))
}

fn pixels(
    format: Format,
    bytes: &[u8],
    decoder: impl ImageDecoder,
) -> Result<DynamicImage, DecodeError> {
    DynamicImage::from_decoder(decoder).map_err(|error| explain(error, format, bytes))
}

fn check_sides(format: Format, (width, height): (u32, u32)) -> Result<(), DecodeError> {
    let format = format.name();
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

fn explain(error: ImageError, format: Format, bytes: &[u8]) -> DecodeError {
    let (format, length) = (format.name(), bytes.len());
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

/// Lays an image over an opaque grey of the given level, if it is transparent anywhere.
fn over(level: u8, image: DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image;
    }
    let (width, height) = (image.width(), image.height());
    let rgba = image.into_rgba8();
    let pixels = rgba
        .pixels()
        .flat_map(|pixel| lay_over(level, pixel.0))
        .collect();
    let image = RgbImage::from_raw(width, height, pixels);
    DynamicImage::ImageRgb8(image.expect("three values for each pixel"))
}

fn lay_over(level: u8, [red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let (opacity, rest) = (u32::from(alpha), u32::from(255 - alpha));
    [red, green, blue]
        .map(|value| ((u32::from(value) * opacity + u32::from(level) * rest + 127) / 255) as u8)
}

#[cfg(test)]
mod tests;
