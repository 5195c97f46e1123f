//! The action `crops`: an image as the networks see it, and its mask cut the same way.

use imaging::{DecodeError, Mask, Preparation, Rgb};

/// A crop, and the size of the image that it was cut from.
#[derive(Clone, Debug, PartialEq)]
pub struct Cropped {
    /// Height of the image in pixels, as a person sees it.
    pub source_height: usize,
    /// Width of the image in pixels.
    pub source_width: usize,
    /// The crop.
    pub rgb: Rgb,
    /// The object in it, where that is known.
    pub truth_mask: Option<Mask>,
}

/// Why an image cannot be cropped.
#[derive(Debug, thiserror::Error)]
pub enum CropError {
    /// The image cannot be read.
    #[error(transparent)]
    Image(DecodeError),
    /// The mask cannot be read.
    #[error("its mask: {0}")]
    Mask(DecodeError),
    /// The mask is of another image.
    #[error(
        "its mask is {mask_height} pixels high and {mask_width} wide, the image {height} and {width}: a mask must be as large as its image"
    )]
    MaskSize {
        /// Pixels.
        height: usize,
        /// Pixels.
        width: usize,
        /// Pixels.
        mask_height: usize,
        /// Pixels.
        mask_width: usize,
    },
}

/// Decodes an image and its mask, scales the shorter side and cuts the centre.
pub fn crop(
    image: &[u8],
    mask: Option<&[u8]>,
    preparation: &Preparation,
) -> Result<Cropped, CropError> {
    let image = imaging::decode(image).map_err(CropError::Image)?;
    let mask = mask
        .map(imaging::decode_mask)
        .transpose()
        .map_err(CropError::Mask)?;
    if let Some(mask) = mask
        .as_ref()
        .filter(|mask| (mask.height(), mask.width()) != (image.height(), image.width()))
    {
        return Err(CropError::MaskSize {
            height: image.height(),
            width: image.width(),
            mask_height: mask.height(),
            mask_width: mask.width(),
        });
    }
    Ok(Cropped {
        source_height: image.height(),
        source_width: image.width(),
        rgb: imaging::prepare(&image, preparation),
        truth_mask: mask.map(|mask| imaging::prepare_mask(&mask, preparation)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize) -> Vec<u8> {
        imaging::encode_png(&imaging::solid([10, 20, 30], height, width))
    }

    #[test]
    fn a_mask_of_another_size_is_refused_with_both_sizes() {
        let mask = imaging::encode_mask_png(&Mask::new(40, 60, vec![true; 2400]).unwrap());
        let error = crop(
            &image(40, 50),
            Some(&mask),
            &Preparation::new(32, 24).unwrap(),
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("40 pixels high and 60 wide, the image 40 and 50"),
            "{error}"
        );
    }

    #[test]
    fn image_and_mask_are_cut_alike() {
        let mask = imaging::encode_mask_png(&Mask::new(40, 60, vec![true; 2400]).unwrap());
        let cropped = crop(
            &image(40, 60),
            Some(&mask),
            &Preparation::new(32, 24).unwrap(),
        )
        .unwrap();
        assert_eq!((cropped.source_height, cropped.source_width), (40, 60));
        assert_eq!((cropped.rgb.height(), cropped.rgb.width()), (24, 24));
        assert!(
            cropped
                .truth_mask
                .unwrap()
                .values()
                .iter()
                .all(|object| *object)
        );
    }
}
