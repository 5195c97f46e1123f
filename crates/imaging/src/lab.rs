//! CIE L*a*b* of sRGB images.

use std::sync::LazyLock;

use crate::Rgb;

/// sRGB to CIE XYZ (ITU-R BT.709 primaries), the rows X, Y and Z.
const XYZ_FROM_RGB: [[f64; 3]; 3] = [
    [0.412_453, 0.357_580, 0.180_423],
    [0.212_671, 0.715_160, 0.072_169],
    [0.019_334, 0.119_193, 0.950_227],
];
/// White: CIE standard illuminant D65, observer of 2 degrees.
const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];

/// Linear light of each 8-bit sRGB level (IEC 61966-2-1).
static LINEAR: LazyLock<[f64; 256]> =
    LazyLock::new(|| std::array::from_fn(|level| linear(level as f64 / 255.0)));

fn linear(value: f64) -> f64 {
    if value > 0.040_45 {
        ((value + 0.055) / 1.055).powf(2.4)
    } else {
        value / 12.92
    }
}

/// L* (0 to 100), a* and b* (about -128 to 127) of each pixel, row-major: scikit-image's `rgb2lab` with illuminant D65
/// and the observer of 2 degrees (CIE 15:2004, eq. 8.3 to 8.6, with the constants 7.787 and 0.008856).
pub fn lab(image: &Rgb) -> Vec<[f64; 3]> {
    lab_of_light(image, &LINEAR)
}

/// [`lab`] where the levels 0 to 255 stand for `units`, each from 0 to 1, in place of level / 255.
pub fn lab_of_units(image: &Rgb, units: &[f64; 256]) -> Vec<[f64; 3]> {
    lab_of_light(image, &units.map(linear))
}

/// `light`: the linear light of each level.
fn lab_of_light(image: &Rgb, light: &[f64; 256]) -> Vec<[f64; 3]> {
    let of_pixel = |pixel: &[u8; 3]| lab_of_linear(pixel.map(|level| light[usize::from(level)]));
    image.triples().iter().map(of_pixel).collect()
}

fn lab_of_linear([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let [x, y, z]: [f64; 3] = std::array::from_fn(|axis| {
        let [of_red, of_green, of_blue] = XYZ_FROM_RGB[axis];
        compress((of_red * red + of_green * green + of_blue * blue) / WHITE[axis])
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn compress(ratio: f64) -> f64 {
    if ratio > 0.008_856 {
        ratio.cbrt()
    } else {
        7.787 * ratio + 16.0 / 116.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// skimage.color.rgb2lab of the same bytes (scikit-image 0.26).
    const EXPECTED: [[f64; 3]; 6] = [
        [0.0, 0.0, 0.0],
        [100.0, -0.002_454_938, 0.004_653_421],
        [53.240_587_944, 80.092_308_226, 67.202_751_044],
        [46.227_657_701, -51.698_683_484, 49.897_075_555],
        [25.960_648_297, 61.283_201_172, -86.908_587_838],
        [0.586_868_917, 0.122_420_676, 0.470_628_057],
    ];

    #[test]
    fn lab_is_scikit_images() {
        let pixels = vec![
            0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 128, 0, 10, 20, 200, 3, 2, 1,
        ];
        let image = Rgb::new(2, 3, pixels).unwrap();
        let units = std::array::from_fn(|level| level as f64 / 255.0);
        for found in [lab(&image), lab_of_units(&image, &units)] {
            for (value, expected) in found.as_flattened().iter().zip(EXPECTED.as_flattened()) {
                assert!((value - expected).abs() < 1e-8, "{value} {expected}");
            }
        }
    }
}
