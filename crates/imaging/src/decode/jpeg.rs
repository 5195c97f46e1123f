//! JPEG files (ITU-T T.81): their structure is followed first, then one of two decoders draws them.
//!
//! zune-jpeg 0.5.15, below the image crate, draws what cameras and libraries write. It draws another picture, without an
//! error, where a sequential file has several scans or where a later component is finer than the first; and it paints
//! missing data grey. jpeg-decoder draws the first two kinds; the third is refused. Neither says what is missing, so
//! [`entropy`] reads all codes once before.

mod bits;
mod entropy;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::{DecodeError, Format, in_one_line};
pub(super) use entropy::{check, frame};

/// What the frame header says (T.81, B.2.2), and which components each scan has.
pub(super) struct Frame {
    width: usize,
    height: usize,
    progressive: bool,
    components: Vec<Component>,
    scans: Vec<Vec<usize>>,
    orientation: Orientation,
}

struct Component {
    id: u8,
    /// Sampling factors, down and across.
    factors: [usize; 2],
}

impl Frame {
    /// Width and height in pixels, as stored.
    pub(super) fn dimensions(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// How the stored picture is turned upright.
    pub(super) fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// The largest sampling factors, down and across.
    fn finest(&self) -> [usize; 2] {
        [0, 1].map(|side| {
            let factors = self
                .components
                .iter()
                .map(|component| component.factors[side]);
            factors.max().unwrap_or(1)
        })
    }

    /// Whether zune-jpeg draws it rightly or says that it cannot.
    fn is_usual(&self) -> bool {
        let whole = |scan: &Vec<usize>| scan.len() == self.components.len();
        (self.progressive || self.scans.first().is_some_and(whole))
            && self.components[0].factors == self.finest()
    }

    /// Whether jpeg-decoder 0.3.2 draws it rightly or says that it cannot: in a scan of one component it miscounts the
    /// blocks of a sampling factor that is neither 1 nor the largest.
    fn is_regular(&self) -> bool {
        let finest = self.finest();
        let mut alone = self.scans.iter().filter(|scan| scan.len() == 1).flatten();
        alone.all(|&component| {
            let factors = self.components[component].factors.into_iter().zip(finest);
            factors
                .into_iter()
                .all(|(factor, finest)| factor == 1 || factor == finest)
        })
    }

    /// The sampling factors as libjpeg's programs write them.
    fn sampling(&self) -> String {
        let factors = self.components.iter().map(|component| {
            let [down, across] = component.factors;
            format!("{across}x{down}")
        });
        factors.collect::<Vec<_>>().join(",")
    }
}

/// The picture as it is stored; `usual` is what the image crate makes of it.
pub(super) fn draw(
    frame: &Frame,
    bytes: &[u8],
    usual: impl FnOnce() -> Result<DynamicImage, DecodeError>,
) -> Result<DynamicImage, DecodeError> {
    if frame.is_usual() {
        let drawn = usual();
        if drawn.is_ok() {
            return drawn;
        }
    }
    draw_unusual(frame, bytes).map_err(|reason| DecodeError::Unsupported {
        format: Format::Jpeg.name(),
        reason,
    })
}

/// The picture by jpeg-decoder, or what it cannot draw.
fn draw_unusual(frame: &Frame, bytes: &[u8]) -> Result<DynamicImage, String> {
    let sampling = || format!("sampling factors {}", frame.sampling());
    if !frame.is_regular() {
        return Err(format!("scans of one component with {}", sampling()));
    }
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let drawn = decoder.decode();
    let drawn = drawn.map_err(|error| in_one_line(&error.to_string()))?;
    let pixels = match frame.components.len() {
        1 => drawn.into_iter().flat_map(|level| [level; 3]).collect(),
        3 => drawn,
        _ => drawn
            .as_chunks()
            .0
            .iter()
            .flat_map(|&inks| mixed(inks))
            .collect(),
    };
    let image = RgbImage::from_raw(frame.width as u32, frame.height as u32, pixels);
    image.map(DynamicImage::ImageRgb8).ok_or_else(sampling)
}

/// Cyan, magenta, yellow and black on white paper, rounded as zune-jpeg does.
fn mixed([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(255 - ink) * u32::from(255 - black) + 128;
        ((product + (product >> 8)) >> 8) as u8
    })
}

#[cfg(test)]
mod tests;
