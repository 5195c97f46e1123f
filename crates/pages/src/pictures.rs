//! The pictures of a case, from the crop: maps over it, superpixels of it taken away, and all of them as `data:` addresses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::thumbnail;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use imaging::Rgb;

use crate::scale::{DIVERGING, SEQUENTIAL};

/// Of 100; below, the edges of superpixels show rings.
const JPEG_QUALITY: u8 = 85;
/// Share of the heat map's colour; the rest is the crop in grey.
const MAP_SHARE: f64 = 0.6;
/// Brightness of a weight map where the crop is black; where it is white it is 1.
const DARKEST_SHADE: f64 = 0.6;
/// Grey level below which a border is drawn light.
const DARK: f64 = 70.0;

/// The image as JPEG, as a `data:` address.
pub(crate) fn picture(image: &Rgb) -> String {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY)
        .write_image(
            image.pixels(),
            image.width() as u32,
            image.height() as u32,
            ExtendedColorType::Rgb8,
        )
        .expect("a crop's sides are far below JPEG's 65,535, and a vector takes every byte");
    format!("data:image/jpeg;base64,{}", STANDARD.encode(file))
}

/// The image with its longer side at most `longest` pixels; never enlarged.
pub(crate) fn shrink(image: &Rgb, longest: usize) -> Rgb {
    let [height, width] = [image.height(), image.width()];
    let side = height.max(width);
    if side <= longest {
        return image.clone();
    }
    let scaled = |length: usize| ((length * longest + side / 2) / side).max(1) as u32;
    let source = RgbImage::from_raw(width as u32, height as u32, image.pixels().to_vec())
        .expect("a raster has the length of its sides");
    let small = thumbnail(&source, scaled(width), scaled(height));
    let [height, width] = [small.height(), small.width()].map(|side| side as usize);
    Rgb::new(height, width, small.into_raw()).expect("a raster has the length of its sides")
}

/// A map over the crop in grey. `map` is [height, width] of the crop; the scale goes from 0, or with negative values from the opposite, to the largest absolute
/// value.
pub(crate) fn heat(crop: &Rgb, map: &[f32]) -> Rgb {
    let most = map
        .iter()
        .fold(0.0, |most: f32, value| most.max(value.abs()));
    let most = if most > 0.0 { most } else { 1.0 };
    let signed = map.iter().any(|&value| value < 0.0);
    paint(crop, |pixel, grey| {
        let share = f64::from(map[pixel] / most);
        let color = if signed {
            DIVERGING.color(f64::midpoint(share, 1.0))
        } else {
            SEQUENTIAL.color(share)
        };
        color.map(|level| (f64::from(level) * MAP_SHARE + grey * (1.0 - MAP_SHARE)) as u8)
    })
}

/// Superpixels in the colours of their signed values, shaded by the crop; `most` and -`most` are the ends of the scale.
pub(crate) fn weights(crop: &Rgb, labels: &[u16], values: &[f64], most: f64) -> Rgb {
    let most = if most > 0.0 { most } else { 1.0 };
    let colors: Vec<[u8; 3]> = values
        .iter()
        .map(|value| DIVERGING.color(f64::midpoint(value / most, 1.0)))
        .collect();
    let shaded = paint(crop, |pixel, grey| {
        let shade = DARKEST_SHADE + (1.0 - DARKEST_SHADE) * grey / 255.0;
        colors[usize::from(labels[pixel])].map(|level| (f64::from(level) * shade) as u8)
    });
    outline(&shaded, labels)
}

/// The crop with every superpixel that `removed` names taken from `replacement`.
pub(crate) fn remove(crop: &Rgb, replacement: &Rgb, labels: &[u16], removed: &[bool]) -> Rgb {
    let [kept, gone] = [crop, replacement].map(|image| image.pixels().as_chunks::<3>().0);
    let pixels = labels.iter().enumerate().flat_map(|(pixel, &label)| {
        if removed[usize::from(label)] {
            gone[pixel]
        } else {
            kept[pixel]
        }
    });
    like(crop, pixels.collect())
}

/// The image with a thin line where the superpixel changes to the right or below, dark on light and light on dark.
pub(crate) fn outline(image: &Rgb, labels: &[u16]) -> Rgb {
    let [height, width] = [image.height(), image.width()];
    let edge = |pixel: usize| {
        let [row, column] = [pixel / width, pixel % width];
        column + 1 < width && labels[pixel] != labels[pixel + 1]
            || row + 1 < height && labels[pixel] != labels[pixel + width]
    };
    let pixels = image.pixels().as_chunks::<3>().0.iter().enumerate();
    let drawn = pixels.flat_map(|(pixel, &color)| match edge(pixel) {
        true if is_dark(color) => color.map(|level| 128 + level / 2),
        true => color.map(|level| level / 2),
        false => color,
    });
    like(image, drawn.collect())
}

/// An image of the same size, from the number of a pixel and its grey level in the crop.
fn paint(crop: &Rgb, color: impl Fn(usize, f64) -> [u8; 3]) -> Rgb {
    let pixels = crop.pixels().as_chunks::<3>().0.iter().enumerate();
    let painted = pixels.flat_map(|(pixel, &level)| color(pixel, grey(level)));
    like(crop, painted.collect())
}

/// ITU-R BT.601, 0 to 255.
fn grey([red, green, blue]: [u8; 3]) -> f64 {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)
}

fn is_dark(color: [u8; 3]) -> bool {
    grey(color) < DARK
}

fn like(image: &Rgb, pixels: Vec<u8>) -> Rgb {
    Rgb::new(image.height(), image.width(), pixels)
        .expect("made of one pixel for each of the image")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2x3 in two superpixels: the left column and the rest.
    const LABELS: [u16; 6] = [0, 1, 1, 0, 1, 1];

    fn crop() -> Rgb {
        Rgb::new(2, 3, (0..18).map(|level| level * 14).collect()).unwrap()
    }

    #[test]
    fn only_removed_superpixels_change() {
        let white = imaging::solid([255; 3], 2, 3);
        let removed = remove(&crop(), &white, &LABELS, &[true, false]);
        for (pixel, label) in LABELS.iter().enumerate() {
            let [row, column] = [pixel / 3, pixel % 3];
            let source = if *label == 0 { &white } else { &crop() };
            assert_eq!(removed.pixel(row, column), source.pixel(row, column));
        }
    }

    #[test]
    fn borders_stand_out_from_what_they_cross() {
        let labels = [0, 0, 1, 0, 0, 1];
        for (level, drawn) in [(200, 100), (10, 133)] {
            let image = outline(&imaging::solid([level; 3], 2, 3), &labels);
            let row = [0, 1, 2].map(|column| image.pixel(1, column)[0]);
            assert_eq!(row, [level, drawn, level]);
        }
    }

    #[test]
    fn signs_have_their_colours_and_zero_has_none() {
        let white = imaging::solid([255; 3], 1, 3);
        let painted = weights(&white, &[0, 0, 0], &[2.0], 2.0);
        assert_eq!(painted.pixel(0, 1), [0x67, 0x00, 0x1f]);
        let painted = weights(&white, &[0, 0, 0], &[-2.0], 2.0);
        assert_eq!(painted.pixel(0, 1), [0x05, 0x30, 0x61]);
        let painted = weights(&white, &[0, 0, 0], &[0.0], 0.0);
        assert_eq!(painted.pixel(0, 1), [0xf7, 0xf7, 0xf7]);
    }

    #[test]
    fn a_map_of_zeros_is_the_crop_in_dark_grey() {
        let painted = heat(&crop(), &[0.0; 6]);
        let [red, green, blue] = painted.pixel(1, 2);
        assert!(red == green && blue >= red && red < 102);
    }

    #[test]
    fn shrinking_keeps_the_shape_and_never_enlarges() {
        let small = shrink(&imaging::solid([9, 8, 7], 40, 61), 20);
        assert_eq!((small.height(), small.width()), (13, 20));
        assert_eq!(small.pixel(12, 19), [9, 8, 7]);
        assert_eq!(shrink(&crop(), 20), crop());
    }

    #[test]
    fn a_picture_is_a_jpeg_of_its_size() {
        let picture = picture(&crop());
        let data = picture.strip_prefix("data:image/jpeg;base64,").unwrap();
        let decoded = image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap();
        assert_eq!((decoded.height(), decoded.width()), (2, 3));
    }
}
