//! PNG files in memory: the same pixels give the same bytes.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use crate::{Mask, Rgb};

/// The image as an 8-bit RGB PNG file, without loss.
pub fn encode_png(image: &Rgb) -> Vec<u8> {
    encode(
        image.pixels(),
        image.height(),
        image.width(),
        ExtendedColorType::Rgb8,
    )
}

/// The mask as an 8-bit grey PNG file: 255 is object, 0 is background.
pub fn encode_mask_png(mask: &Mask) -> Vec<u8> {
    let levels: Vec<u8> = mask
        .values()
        .iter()
        .map(|&object| if object { 255 } else { 0 })
        .collect();
    encode(&levels, mask.height(), mask.width(), ExtendedColorType::L8)
}

fn encode(levels: &[u8], height: usize, width: usize, color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive)
        .write_image(levels, width as u32, height as u32, color)
        .expect("a checked raster has the length of its sides, and a vector takes every byte");
    file
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{decode, decode_mask, testing::rgb};

    proptest! {
        #[test]
        fn an_encoded_image_decodes_to_itself(image in rgb(16..40, 16..40)) {
            let file = encode_png(&image);
            prop_assert_eq!(decode(&file), Ok(image.clone()));
            prop_assert_eq!(encode_png(&image), file);
        }

        #[test]
        fn an_encoded_mask_decodes_to_itself(image in rgb(16..40, 16..40)) {
            let values = image.triples().iter().map(|pixel| pixel[0] > 99).collect();
            let mask = Mask::new(image.height(), image.width(), values).unwrap();
            prop_assert_eq!(decode_mask(&encode_mask_png(&mask)), Ok(mask));
        }
    }
}
