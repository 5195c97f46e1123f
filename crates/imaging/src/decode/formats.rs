//! Which format a file has, told from its first bytes.

use image::ImageFormat;

use super::DecodeError;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    WebP,
    Tiff,
    Bmp,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
        }
    }

    pub(super) fn of_image(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::WebP => ImageFormat::WebP,
            Self::Tiff => ImageFormat::Tiff,
            Self::Bmp => ImageFormat::Bmp,
        }
    }
}

/// How to get a picture that is read out of a file that is not.
const CONVERT: &str = "convert it to PNG, for example with ImageMagick: `magick FILE FILE.png`";
const FIRST_PICTURE: &str =
    "save one picture of it as PNG, for example with ImageMagick: `magick 'FILE[0]' FILE.png`";
const DEVELOP: &str =
    "develop it with the camera's program, darktable or RawTherapee, and export 8-bit PNG or JPEG";
const EXPORT: &str = "export the picture as PNG from the program that made the file";
const EXTRACT: &str = "unpack it and name the pictures inside";
const DOWNLOAD: &str = "open the address in a browser and save the picture itself";

/// What a camera raw file is called that is built like a TIFF file.
pub(super) const RAW: (&str, &str) = ("a camera raw file", DEVELOP);

/// The signature at an offset, what it shows, and what to do with it; the first that fits counts.
const OTHERS: [(usize, &[u8], &str, &str); 48] = [
    (0, b"GIF8", "a GIF", FIRST_PICTURE),
    (4, b"ftypavif", "an AVIF image", CONVERT),
    (4, b"ftypavis", "an AVIF image", CONVERT),
    (4, b"ftyphei", "a HEIC image", CONVERT),
    (4, b"ftyphev", "a HEIC image", CONVERT),
    (4, b"ftypmif1", "a HEIF image (HEIC or AVIF)", CONVERT),
    (4, b"ftypmsf1", "a HEIF image (HEIC or AVIF)", CONVERT),
    (4, b"ftypcrx ", "a camera raw file (CR3)", DEVELOP),
    (4, b"ftyp", "a video", "save one frame of it as PNG"),
    (0, b"\0\0\0\x0CjP  ", "a JPEG 2000 image", CONVERT),
    (0, b"\xFF\x4F\xFF\x51", "a JPEG 2000 image", CONVERT),
    (0, b"\0\0\0\x0CJXL ", "a JPEG XL image", CONVERT),
    (0, b"\xFF\x0A", "a JPEG XL image", CONVERT),
    (0, b"II\xBC\x01", "a JPEG XR image", CONVERT),
    (8, b"CR\x02\0", "a camera raw file (CR2)", DEVELOP),
    (0, b"IIRO", "a camera raw file (ORF)", DEVELOP),
    (0, b"IIRS", "a camera raw file (ORF)", DEVELOP),
    (0, b"MMOR", "a camera raw file (ORF)", DEVELOP),
    (0, b"IIU\0", "a camera raw file (RW2)", DEVELOP),
    (0, b"FUJIFILMCCD-RAW", "a camera raw file (RAF)", DEVELOP),
    (0, b"FOVb", "a camera raw file (X3F)", DEVELOP),
    (0, b"8BPS", "a Photoshop file (PSD)", EXPORT),
    (0, b"gimp xcf", "a GIMP file (XCF)", EXPORT),
    (0, b"%PDF", "a PDF document", EXPORT),
    (0, b"%!PS", "a PostScript document", EXPORT),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR image", CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR image", CONVERT),
    (0, b"DDS ", "a DDS texture", CONVERT),
    (0, b"qoif", "a QOI image", CONVERT),
    (0, b"farbfeld", "a farbfeld image", CONVERT),
    (0, b"\0\0\x01\0", "an icon (ICO)", FIRST_PICTURE),
    (128, b"DICM", "a DICOM file", EXPORT),
    (0, b"SIMPLE  =", "a FITS file", EXPORT),
    (
        0,
        b"\x93NUMPY",
        "a NumPy array",
        "save it as PNG, for example with Pillow",
    ),
    (0, b"\x89HDF\r\n", "an HDF5 file", EXPORT),
    (0, b"PK\x03\x04", "a ZIP archive", EXTRACT),
    (0, b"\x1F\x8B", "a gzip archive", EXTRACT),
    (0, b"7z\xBC\xAF", "a 7z archive", EXTRACT),
    (
        0,
        b"\x1A\x45\xDF\xA3",
        "a video",
        "save one frame of it as PNG",
    ),
    (0, b"<svg", "an SVG drawing", CONVERT),
    (0, b"<!DOCTYPE", "a web page", DOWNLOAD),
    (0, b"<!doctype", "a web page", DOWNLOAD),
    (0, b"<html", "a web page", DOWNLOAD),
    (0, b"<HTML", "a web page", DOWNLOAD),
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer in place of the file",
        "run `git lfs pull` in its repository",
    ),
    (0, b"P5", "a PGM image", CONVERT),
    (0, b"P6", "a PPM image", CONVERT),
    (0, b"P7", "a PAM image", CONVERT),
];

/// The format of a file, or what it is instead.
pub(super) fn recognise(bytes: &[u8]) -> Result<Format, DecodeError> {
    let starts = |start: &[u8]| bytes.starts_with(start);
    let other = OTHERS.iter().find(|(at, signature, ..)| {
        bytes
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(signature))
    });
    if let Some(&(_, _, found, remedy)) = other {
        return Err(DecodeError::OtherFormat { found, remedy });
    }
    if starts(b"\x89PNG\r\n\x1A\n") {
        Ok(Format::Png)
    } else if starts(b"\xFF\xD8\xFF") {
        Ok(Format::Jpeg)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(Format::WebP)
    } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .into_iter()
        .any(|start| starts(start))
    {
        Ok(Format::Tiff)
    } else if starts(b"BM") {
        Ok(Format::Bmp)
    } else {
        Err(DecodeError::UnknownFormat {
            found: describe(bytes),
        })
    }
}

fn describe(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let start = &bytes[..bytes.len().min(SHOWN)];
    if bytes.is_empty() {
        return "an empty file".to_owned();
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return format!(
            "{} zero bytes, as an interrupted copy leaves them",
            bytes.len()
        );
    }
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
