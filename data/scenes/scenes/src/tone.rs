//! From linear light to sRGB bytes.

use crate::Size;
use crate::material::Colour;

/// Brightness before the film curve.
const EXPOSURE: f32 = 1.05;

/// Strength of colours; 1 leaves them as they are.
const SATURATION: f32 = 1.12;

/// How much darker the corners are than the middle.
const VIGNETTE: f32 = 0.16;

/// Tone maps and encodes a picture, row by row.
pub(crate) fn develop(radiance: &[Colour], size: Size) -> Vec<u8> {
    let (width, height) = (size.width as f32, size.height as f32);
    let table = gamma_table();
    let mut bytes = Vec::with_capacity(radiance.len() * 3);
    for (index, &colour) in radiance.iter().enumerate() {
        let column = (index % size.width as usize) as f32 / width * 2.0 - 1.0;
        let row = (index / size.width as usize) as f32 / height * 2.0 - 1.0;
        let falloff = 1.0 - VIGNETTE * 0.5 * (column * column + row * row);
        let mapped = film(saturate(colour) * (EXPOSURE * falloff));
        bytes.extend(
            mapped
                .to_array()
                .map(|value| table[(value * 4095.0) as usize]),
        );
    }
    bytes
}

/// Moves a colour away from the grey of its brightness.
fn saturate(colour: Colour) -> Colour {
    let grey = Colour::splat(colour.dot(Colour::new(0.2126, 0.7152, 0.0722)));
    grey.lerp(colour, SATURATION).max(Colour::ZERO)
}

/// A film curve with a soft shoulder (Narkowicz's fit of the ACES curve).
fn film(colour: Colour) -> Colour {
    let top = colour * (colour * 2.51 + Colour::splat(0.03));
    let bottom = colour * (colour * 2.43 + Colour::splat(0.59)) + Colour::splat(0.14);
    (top / bottom).clamp(Colour::ZERO, Colour::ONE)
}

/// sRGB bytes of 4096 even steps of linear light.
fn gamma_table() -> Vec<u8> {
    (0..4096)
        .map(|step| {
            let linear = step as f32 / 4095.0;
            let encoded = if linear <= 0.003_130_8 {
                12.92 * linear
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            (encoded * 255.0 + 0.5) as u8
        })
        .collect()
}
