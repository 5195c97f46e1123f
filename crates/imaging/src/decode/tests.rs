use image::{GrayImage, ImageBuffer, ImageFormat, Luma, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;
use crate::{encode_mask_png, encode_png, testing::gradient};

/// The colours of the fixtures, which fixtures/make.py draws: the left two thirds, and the rest.
const LEFT: [u8; 3] = [200, 30, 40];
const RIGHT: [u8; 3] = [20, 60, 220];

const FIXTURES: [(&str, &[u8]); 7] = [
    (
        "cmyk_adobe.jpg",
        include_bytes!("../../fixtures/cmyk_adobe.jpg"),
    ),
    (
        "cmyk_plain.jpg",
        include_bytes!("../../fixtures/cmyk_plain.jpg"),
    ),
    (
        "progressive.jpg",
        include_bytes!("../../fixtures/progressive.jpg"),
    ),
    ("lossy.webp", include_bytes!("../../fixtures/lossy.webp")),
    ("one_bit.png", include_bytes!("../../fixtures/one_bit.png")),
    (
        "palette_transparent.png",
        include_bytes!("../../fixtures/palette_transparent.png"),
    ),
    ("palette.bmp", include_bytes!("../../fixtures/palette.bmp")),
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
fn every_format_shows_the_same_picture() {
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
    let jpeg = decode(&written(picture(), ImageFormat::Jpeg)).unwrap();
    let expected = gradient(18, 24);
    let apart = jpeg
        .pixels()
        .iter()
        .zip(expected.pixels())
        .map(|(one, other)| one.abs_diff(*other));
    assert!(apart.max() < Some(30));
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

/// Exif data that name an orientation and nothing else: a TIFF file of one tag.
fn exif(orientation: u8) -> Vec<u8> {
    [
        &b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..],
        &[orientation, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat()
}

fn oriented_jpeg(orientation: u8) -> Vec<u8> {
    let content = [&b"Exif\0\0"[..], &exif(orientation)].concat();
    let mut file = written(picture(), ImageFormat::Jpeg);
    let length = (content.len() as u16 + 2).to_be_bytes();
    file.splice(2..2, [&b"\xFF\xE1"[..], &length, &content].concat());
    file
}

fn oriented_png(orientation: u8) -> Vec<u8> {
    let chunk = [&b"eXIf"[..], &exif(orientation)].concat();
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    let mut file = written(picture(), ImageFormat::Png);
    // Behind the header.
    file.splice(
        33..33,
        [&length[..], &chunk, &crc(&chunk).to_be_bytes()].concat(),
    );
    file
}

fn oriented_webp(orientation: u8) -> Vec<u8> {
    let mut file = written(picture(), ImageFormat::WebP);
    let exif = exif(orientation);
    file.extend([&b"EXIF"[..], &(exif.len() as u32).to_le_bytes(), &exif].concat());
    // The extended header: Exif data are there; 24 x 18 pixels, each side less one.
    file.splice(12..12, *b"VP8X\x0A\0\0\0\x08\0\0\0\x17\0\0\x11\0\0");
    let length = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&length);
    file
}

fn oriented_tiff(orientation: u8) -> Vec<u8> {
    use ::tiff::{encoder::TiffEncoder, encoder::colortype::RGB8, tags::Tag};
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut image = encoder.new_image::<RGB8>(24, 18).unwrap();
    image
        .encoder()
        .write_tag(Tag::Orientation, u16::from(orientation))
        .unwrap();
    image.write_data(picture().as_bytes()).unwrap();
    file.into_inner()
}

#[test]
fn every_orientation_is_turned_upright_in_every_format_that_notes_it() {
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
    for oriented in [oriented_jpeg, oriented_png, oriented_webp, oriented_tiff] {
        let upright = decode(&oriented(1)).unwrap();
        for (orientation, y, x) in places {
            let file = oriented(orientation);
            let image = decode(&file).unwrap();
            let sides = if orientation < 5 { [18, 24] } else { [24, 18] };
            let what = format!("orientation {orientation} of {:?}", recognise(&file));
            assert_eq!([image.height(), image.width()], sides, "{what}");
            assert_eq!(size(&file), Ok(sides), "{what}");
            assert_eq!(image.pixel(y, x), upright.pixel(3, 8), "{what}");
            assert_eq!(
                decode_mask(&file).map(|mask| mask.height()),
                Ok(sides[0]),
                "{what}"
            );
        }
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

/// A grey PNG file of 24 x 18 pixels.
fn grey(level: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    written(
        GrayImage::from_fn(24, 18, |x, y| Luma([level(x, y)])),
        ImageFormat::Png,
    )
}

#[test]
fn in_a_dark_mask_of_two_levels_the_object_is_what_is_not_black() {
    let right = |x: u32| x >= 10;
    let wide = ImageBuffer::from_fn(24, 18, |x, _| Luma([u16::from(right(x))]));
    let files = [
        grey(|x, _| u8::from(right(x))),
        grey(|x, _| 127 * u8::from(right(x))),
        // The first class of a palette as Pascal VOC has it.
        written(
            RgbImage::from_fn(24, 18, |x, _| image::Rgb([128 * u8::from(right(x)), 0, 0])),
            ImageFormat::Bmp,
        ),
        // One bit of sixteen is lost in eight.
        written(DynamicImage::ImageLuma16(wide.clone()), ImageFormat::Png),
        written(DynamicImage::ImageLuma16(wide), ImageFormat::Tiff),
    ];
    for file in files {
        let mask = decode_mask(&file).unwrap();
        assert!(
            (0..24).all(|x| mask.value(7, x) == right(x as u32)),
            "{file:?}"
        );
    }
    for (level, object) in [(0, false), (1, true)] {
        let mask = decode_mask(&grey(|_, _| level)).unwrap();
        assert!(
            mask.values().iter().all(|&value| value == object),
            "{level}"
        );
    }
}

#[test]
fn a_dark_mask_of_several_levels_is_refused_and_one_with_bright_pixels_is_not() {
    let error = decode_mask(&grey(|x, _| (x % 3) as u8 + 1)).unwrap_err();
    assert_eq!(error, DecodeError::MaskLevels { brightest: 3 });
    let message = error.to_string();
    assert!(
        message.contains("3 of 255") && message.contains("paint the object white"),
        "{message}"
    );
    let mask = decode_mask(&grey(|x, _| [0, 1, 200][x as usize % 3])).unwrap();
    assert!(!mask.value(0, 1) && mask.value(0, 2));
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
fn what_is_no_image_is_named_with_what_to_do() {
    let messages: [(&[u8], &str, &str); 24] = [
        (b"", "an empty file", "copy or export"),
        (&[0; 4096], "4096 zero bytes", "copy or export"),
        (
            b"mug,0\nkey,1",
            "text that starts with \"mug,0",
            "copy or export",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a",
            "a Git LFS pointer",
            "git lfs pull",
        ),
        (b"<!DOCTYPE html><html>", "a web page", "save the picture"),
        (b"GIF89a....", "a GIF", "magick"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", "a HEIC image", "magick"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0", "a HEIF image", "magick"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF image", "magick"),
        (
            b"\0\0\0\x18ftypcrx \0\0\0\x01",
            "a camera raw file (CR3)",
            "develop",
        ),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "a video", "frame"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000 image", "magick"),
        (b"\xFF\x4F\xFF\x51\0", "a JPEG 2000 image", "magick"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL image", "magick"),
        (b"\xFF\x0A\xFA\x1F", "a JPEG XL image", "magick"),
        (
            b"II*\0\x10\0\0\0CR\x02\0",
            "a camera raw file (CR2)",
            "develop",
        ),
        (
            b"FUJIFILMCCD-RAW 0201",
            "a camera raw file (RAF)",
            "develop",
        ),
        (b"IIU\0\x18\0\0\0", "a camera raw file (RW2)", "develop"),
        (b"8BPS\0\x01", "a Photoshop file", "export"),
        (b"%PDF-1.7", "a PDF", "export"),
        (b"PK\x03\x04", "a ZIP archive", "unpack"),
        (b"<svg xmlns", "an SVG drawing", "magick"),
        (b"P6 3 4 255\n", "a PPM image", "magick"),
        (b"\x93NUMPY\x01\0", "a NumPy array", "save it as PNG"),
    ];
    for (bytes, found, remedy) in messages {
        let error = decode(bytes).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("PNG, JPEG, WebP, TIFF or BMP"),
            "{message}"
        );
        assert!(
            message.contains(found) && message.contains(remedy),
            "{message}"
        );
        assert_eq!(size(bytes), Err(error));
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

/// Numbers that look random, from a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    /// The file with one to eight changes: bits, bytes, and parts that are lost, repeated or from elsewhere.
    fn damage(&mut self, file: &[u8]) -> Vec<u8> {
        let mut file = file.to_vec();
        for _ in 0..=self.below(8) {
            let length = file.len().max(1);
            let (from, other) = (self.below(length), self.below(length));
            let part = from..(from + self.below(40)).min(file.len());
            match self.below(7) {
                0 | 1 => file[from] ^= 1 << self.below(8),
                2 => file[from] = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)],
                3 => drop(file.drain(part)),
                4 => {
                    let copied = file[part].to_vec();
                    file.splice(other..other, copied);
                }
                5 => file.truncate(from.max(length / 2)),
                _ => {
                    let end = (from + 4).min(length);
                    file[from..end].fill(if other % 2 == 0 { 0xFF } else { 0 });
                }
            }
            if file.is_empty() {
                break;
            }
        }
        file
    }
}

/// Files of every format, and of what the formats offer: among them masks.
fn kinds() -> Vec<Vec<u8>> {
    let mut kinds = files();
    kinds.extend([
        oriented_jpeg(6),
        oriented_png(6),
        oriented_webp(6),
        oriented_tiff(6),
    ]);
    kinds.push(grey(|x, _| u8::from(x > 9)));
    kinds.push(encode_mask_png(
        &decode_mask(&grey(|x, _| u8::from(x > 9))).unwrap(),
    ));
    kinds.push(written(
        RgbaImage::from_fn(24, 18, |x, y| Rgba([9, 200, y as u8, x as u8])),
        ImageFormat::Tiff,
    ));
    kinds
}

#[test]
fn two_hundred_damaged_files_of_each_kind_are_an_image_in_range_or_a_named_error() {
    let mut drawn = 0;
    for (kind, file) in kinds().into_iter().enumerate() {
        let mut random = Random(0x9E37_79B9 + kind as u64);
        for _ in 0..200 {
            let damaged = random.damage(&file);
            let start = std::time::Instant::now();
            let image = decode(&damaged);
            let mask = decode_mask(&damaged);
            assert!(start.elapsed().as_secs() < 10, "{damaged:?}");
            for error in [image.as_ref().err(), mask.as_ref().err()]
                .into_iter()
                .flatten()
            {
                let message = error.to_string();
                assert!(
                    !message.contains('\n') && message.contains(": "),
                    "{message}"
                );
            }
            // What is seen as an image has the size that its header says.
            let Ok(image) = image else { continue };
            assert_eq!(size(&damaged), Ok([image.height(), image.width()]));
            assert!(image.height().min(image.width()) >= MINIMUM_SIDE as usize);
            assert!((image.height() * image.width()) as u64 <= MAXIMUM_PIXELS);
            drawn += 1;
        }
    }
    assert!(drawn > 0);
}

proptest! {
    #[test]
    fn random_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), which in 0_usize..6) {
        let starts: [&[u8]; 6] = [b"", b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"RIFF\0\0\0\0WEBP", b"II*\0", b"BM"];
        let file = [starts[which], &bytes].concat();
        prop_assert!(decode(&file).is_err());
    }
}
