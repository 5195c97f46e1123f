//! The action `crops`: an image as the networks see it, and its mask cut the same way.

use actions::Crops;
use imaging::{DecodeError, Rgb};
use parts::{ActionError, Rows, shown};

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

/// Decodes an image and its mask, scales the shorter side and cuts the centre; the crop's pixels are given beside the row.
pub fn run(inputs: &Crops, rows: &Rows<'_>) -> Result<(schema::Crop, Rgb), ActionError> {
    let image = rows.file(&inputs.file)?;
    let mask = inputs
        .mask
        .as_ref()
        .map(|mask| rows.file(mask))
        .transpose()?;
    crop(inputs, &image, mask.as_deref())
        .map_err(|error| ActionError::Failed(format!("{}: {error}", shown(&inputs.file.path))))
}

fn crop(
    inputs: &Crops,
    image: &[u8],
    mask: Option<&[u8]>,
) -> Result<(schema::Crop, Rgb), CropError> {
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
    let preparation = &inputs.preparation;
    let rgb = imaging::prepare(&image, preparation);
    let mask = mask.map(|mask| imaging::prepare_mask(&mask, preparation));
    let row = schema::Crop {
        image: inputs.names.image.clone(),
        image_digest: inputs.file.digest.clone(),
        source_height: image.height() as u32,
        source_width: image.width() as u32,
        height: rgb.height() as u32,
        width: rgb.width() as u32,
        rgb: imaging::encode_png(&rgb),
        truth_mask: mask.as_ref().map(imaging::encode_mask_png),
    };
    Ok((row, rgb))
}

#[cfg(test)]
mod tests {
    use imaging::{Mask, Preparation};
    use parts::File;

    use super::*;

    fn image(height: usize, width: usize) -> Vec<u8> {
        imaging::encode_png(&imaging::solid([10, 20, 30], height, width))
    }

    fn inputs() -> Crops {
        Crops {
            names: actions::Image {
                image: "mug".to_owned(),
            },
            file: File {
                digest: String::new(),
                path: "mug.png".into(),
            },
            mask: None,
            preparation: Preparation::new(32, 24).unwrap(),
        }
    }

    fn mask() -> Vec<u8> {
        imaging::encode_mask_png(&Mask::new(40, 60, vec![true; 2400]).unwrap())
    }

    #[test]
    fn a_mask_of_another_size_is_refused_with_both_sizes() {
        let error = crop(&inputs(), &image(40, 50), Some(&mask())).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("40 pixels high and 60 wide, the image 40 and 50"),
            "{error}"
        );
    }

    #[test]
    fn image_and_mask_are_cut_alike() {
        let (row, rgb) = crop(&inputs(), &image(40, 60), Some(&mask())).unwrap();
        assert_eq!((row.source_height, row.source_width), (40, 60));
        assert_eq!((rgb.height(), rgb.width()), (24, 24));
        let mask = imaging::decode_mask(&row.truth_mask.unwrap()).unwrap();
        assert_eq!((mask.height(), mask.width()), (24, 24));
        assert!(mask.values().iter().all(|object| *object));
    }
}
