//! From a photograph to a network's crop, pixel for pixel as torchvision's `Resize` and `CenterCrop` on a PIL image.

use serde::Serialize;
use std::ops::RangeInclusive;

use thiserror::Error;

use crate::axis::{Axis, Filter};
use crate::{Mask, Rgb, resample};

/// Sides that can be asked for, in pixels.
const SIDES: RangeInclusive<u32> = 16..=4096;
/// What most image classifiers are published with.
const USUAL_RESIZE: u32 = 256;
const USUAL_CROP: u32 = 224;

/// How an image becomes a crop: it is resized, then a centred square is cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Preparation {
    /// Pixels of the shorter side after resizing; none: height and width both become those of the crop.
    resize: Option<u32>,
    crop: u32,
    filter: Filter,
}

/// A side that cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {name} between {} and {} pixels, found {found}: {typical} is usual", SIDES.start(), SIDES.end())]
pub struct PreparationError {
    /// The setting: `resize` or `crop`.
    pub name: &'static str,
    /// The value found.
    pub found: u32,
    /// The usual value.
    pub typical: u32,
}

impl Default for Preparation {
    /// 256 and 224, what most image classifiers are published with.
    fn default() -> Self {
        Self {
            resize: Some(USUAL_RESIZE),
            crop: USUAL_CROP,
            filter: Filter::default(),
        }
    }
}

impl Preparation {
    /// `resize`: the shorter side after resizing; `crop`: the side of the square that is cut out; both 16 to 4096 pixels.
    ///
    /// Where `crop` is larger than the resized image, the rest is black.
    pub fn new(resize: u32, crop: u32) -> Result<Self, PreparationError> {
        check("resize", resize, USUAL_RESIZE)?;
        Ok(Self {
            resize: Some(resize),
            ..Self::squashed(crop)?
        })
    }

    /// Height and width both become `crop`, whatever shape the image had, and nothing is cut off; 16 to 4096 pixels.
    pub fn squashed(crop: u32) -> Result<Self, PreparationError> {
        check("crop", crop, USUAL_CROP)?;
        Ok(Self {
            resize: None,
            crop,
            filter: Filter::default(),
        })
    }

    /// The same with another filter.
    #[must_use]
    pub fn with(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// The crop's height and width, in pixels.
    pub fn crop(&self) -> u32 {
        self.crop
    }

    /// Whether an image of this height and width is its own crop.
    pub fn keeps(&self, [height, width]: [usize; 2]) -> bool {
        let crop = self.crop as usize;
        [height, width] == [crop; 2] && self.resized(height, width) == (crop, crop)
    }

    /// Height and width after resizing: the longer side is rounded down.
    fn resized(self, height: usize, width: usize) -> (usize, usize) {
        let Some(shorter) = self.resize else {
            return (self.crop as usize, self.crop as usize);
        };
        let shorter = shorter as usize;
        if height <= width {
            (shorter, shorter * width / height)
        } else {
            (shorter * height / width, shorter)
        }
    }
}

fn check(name: &'static str, found: u32, typical: u32) -> Result<(), PreparationError> {
    if SIDES.contains(&found) {
        return Ok(());
    }
    Err(PreparationError {
        name,
        found,
        typical,
    })
}

fn axes(height: usize, width: usize, preparation: Preparation) -> (Axis, Axis) {
    let (resized_height, resized_width) = preparation.resized(height, width);
    let crop = preparation.crop as usize;
    (
        Axis::new(height, resized_height, crop),
        Axis::new(width, resized_width, crop),
    )
}

/// The crop of an image: resized with an antialiased filter, then the centred square of `crop`.
///
/// Equals torchvision's `Resize(resize)`, or `Resize((crop, crop))` where it is squashed, and `CenterCrop(crop)` on a PIL image: the longer side is rounded down, an odd
/// margin is halved to the even neighbour, and a crop larger than the image is padded with black. Only the part that is
/// kept is computed. (Pillow before 13 takes the passes of images more than twice as high as wide in the other order, which
/// moves some values by one level.)
pub fn prepare(image: &Rgb, preparation: &Preparation) -> Rgb {
    let (rows, columns) = axes(image.height(), image.width(), *preparation);
    let kept = resample::resized(image.pixels(), rows, columns, preparation.filter);
    let (kept, _) = kept.as_chunks();
    let pixels = placed(rows, columns, kept, [0; 3]).into_flattened();
    Rgb::made(rows.crop, columns.crop, pixels)
}

/// The crop of a truth mask: the same geometry as [`prepare`], nearest neighbour, padded with background.
pub fn prepare_mask(mask: &Mask, preparation: &Preparation) -> Mask {
    let (rows, columns) = axes(mask.height(), mask.width(), *preparation);
    let kept = resample::nearest(mask.values(), rows, columns);
    Mask::made(rows.crop, columns.crop, placed(rows, columns, &kept, false))
}

/// The crop of a label for each pixel, [height, width]: the same geometry as [`prepare`], nearest neighbour. Where the crop is padded there is none.
pub fn prepare_labels(
    labels: &[i64],
    [height, width]: [usize; 2],
    preparation: &Preparation,
) -> Vec<Option<i64>> {
    let (rows, columns) = axes(height, width, *preparation);
    let kept = resample::nearest(labels, rows, columns);
    let kept: Vec<Option<i64>> = kept.into_iter().map(Some).collect();
    placed(rows, columns, &kept, None)
}

/// The kept part in its place in the crop.
fn placed<T: Copy>(rows: Axis, columns: Axis, kept: &[T], padding: T) -> Vec<T> {
    let mut crop = Vec::with_capacity(rows.crop * columns.crop);
    for y in 0..rows.crop {
        for x in 0..columns.crop {
            let at = rows.kept_at(y).zip(columns.kept_at(x));
            crop.push(at.map_or(padding, |(y, x)| kept[y * columns.kept + x]));
        }
    }
    crop
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::axis::half_to_even;
    use crate::{
        solid,
        testing::{gradient, rgb},
    };

    /// Against Pillow 13's `Image.resize(size, filter)` of the same 3 x 4 levels.
    #[test]
    fn the_filters_are_pillows() {
        let levels = [0, 255, 10, 40, 200, 7, 90, 255, 31, 0, 64, 128];
        let pixels: Vec<u8> = levels.into_iter().flat_map(|level| [level; 3]).collect();
        let resized = |height: usize, width: usize, filter: Filter| {
            let whole = |source, resized| Axis {
                source,
                resized,
                first: 0,
                kept: resized,
                before: 0,
                crop: resized,
            };
            let bytes = resample::resized(&pixels, whole(3, height), whole(4, width), filter);
            bytes.into_iter().step_by(3).collect::<Vec<u8>>()
        };
        assert_eq!(resized(2, 3, Filter::Bilinear), [101, 102, 97, 67, 38, 145]);
        let larger = [
            0, 128, 214, 51, 25, 40, 80, 118, 137, 61, 84, 126, 200, 104, 21, 76, 173, 255, 99, 51,
            15, 62, 127, 179, 31, 16, 11, 53, 96, 128,
        ];
        assert_eq!(resized(5, 6, Filter::Bilinear), larger);
        // BICUBIC.
        assert_eq!(resized(2, 3, Filter::Bicubic), [107, 104, 93, 68, 27, 160]);
        let larger = [
            0, 136, 255, 39, 0, 26, 83, 128, 157, 51, 75, 122, 213, 104, 4, 68, 182, 255, 106, 44,
            0, 59, 138, 185, 19, 6, 5, 51, 96, 123,
        ];
        assert_eq!(resized(5, 6, Filter::Bicubic), larger);
    }

    #[test]
    fn the_longer_side_is_rounded_down() {
        let preparation = Preparation::default();
        assert_eq!(preparation.resized(375, 500), (256, 341));
        assert_eq!(preparation.resized(500, 333), (384, 256));
        assert_eq!(preparation.resized(300, 300), (256, 256));
    }

    #[test]
    fn an_odd_margin_is_halved_to_the_even_neighbour() {
        // Python: int(round(margin / 2)).
        let expected = [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 2),
            (7, 4),
            (117, 58),
            (119, 60),
        ];
        for (margin, half) in expected {
            assert_eq!(half_to_even(margin), half, "margin {margin}");
        }
    }

    #[test]
    fn a_crop_larger_than_the_image_is_padded_with_black() {
        let crop = prepare(
            &solid([9, 8, 7], 20, 40),
            &Preparation::new(16, 19).unwrap(),
        );
        // 16 rows of 19: one row of padding above, two below.
        assert_eq!(crop.pixel(0, 9), [0; 3]);
        assert_eq!(crop.pixel(1, 0), [9, 8, 7]);
        assert_eq!(crop.pixel(16, 18), [9, 8, 7]);
        assert_eq!(crop.pixel(17, 9), [0; 3]);
    }

    #[test]
    fn a_squashed_image_keeps_its_borders() {
        let (black, white) = ([0; 3], [255; 3]);
        let stripes = (0..30 * 90).flat_map(|index| match index % 90 {
            0..10 => white,
            _ => black,
        });
        let image = Rgb::new(30, 90, stripes.collect()).unwrap();
        let crop = prepare(&image, &Preparation::squashed(18).unwrap());
        assert_eq!((crop.height(), crop.width()), (18, 18));
        // A ninth of the width, as before.
        assert_eq!((crop.pixel(9, 0), crop.pixel(9, 17)), (white, black));
        assert_eq!(crop.pixel(9, 4), black);
    }

    #[test]
    fn an_extreme_image_costs_no_more_than_its_crop() {
        let crop = prepare(
            &solid([1, 2, 3], 16, 16_384),
            &Preparation::new(4096, 32).unwrap(),
        );
        assert_eq!(crop, solid([1, 2, 3], 32, 32));
    }

    #[test]
    fn crops_of_every_size_in_range_are_made() {
        let image = solid([3, 90, 201], 16, 24);
        let mask = Mask::new(16, 24, vec![true; 16 * 24]).unwrap();
        for side in [16, 28, 32, 4096] {
            let expected = solid([3, 90, 201], side as usize, side as usize);
            for preparation in [Preparation::new(side, side), Preparation::squashed(side)] {
                let preparation = preparation.unwrap();
                assert_eq!(prepare(&image, &preparation), expected, "{side}");
                let mask = prepare_mask(&mask, &preparation);
                assert!(mask.height() == side as usize && !mask.values().contains(&false));
            }
        }
    }

    #[test]
    fn sides_out_of_range_are_refused_and_named() {
        let error = Preparation::new(256, 5000).unwrap_err().to_string();
        assert!(
            error.contains("crop") && error.contains("5000") && error.contains("4096"),
            "{error}"
        );
        assert!(Preparation::new(15, 224).is_err());
    }

    proptest! {
        #[test]
        fn a_solid_image_gives_a_solid_crop(
            color: [u8; 3], height in 16_usize..90, width in 16_usize..90, resize in 40_u32..60, crop in 16_u32..41,
        ) {
            let preparation = Preparation::new(resize, crop).unwrap();
            let expected = solid(color, crop as usize, crop as usize);
            prop_assert_eq!(prepare(&solid(color, height, width), &preparation), expected);
        }

        #[test]
        fn an_image_of_the_right_size_is_only_cropped(width in 20_usize..50) {
            let image = gradient(20, width);
            let crop = prepare(&image, &Preparation::new(20, 20).unwrap());
            let left = half_to_even(width - 20);
            prop_assert_eq!(crop.pixel(7, 11), image.pixel(7, left + 11));
        }

        #[test]
        fn an_image_and_its_mirror_image_give_mirrored_crops(image in rgb(16..40, 17..40)) {
            let (height, width) = (image.height(), image.width());
            let preparation = Preparation::new(16, 16).unwrap();
            prop_assume!((preparation.resized(height, width).1 - 16).is_multiple_of(2));
            let mirrored = (0..height).flat_map(|y| (0..width).rev().map(move |x| (y, x))).flat_map(|(y, x)| image.pixel(y, x));
            let mirrored = prepare(&Rgb::new(height, width, mirrored.collect()).unwrap(), &preparation);
            let crop = prepare(&image, &preparation);
            for (y, x) in (0..16).flat_map(|y| (0..16).map(move |x| (y, x))) {
                let (one, other) = (crop.pixel(y, x), mirrored.pixel(y, 15 - x));
                // Weights are rounded to fixed point each by itself.
                prop_assert!(one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= 1));
            }
        }

        #[test]
        fn a_mask_follows_its_image(height in 16_usize..90, width in 16_usize..90, resize in 16_u32..60) {
            // Black on the left of a line and white on the right, the same as image and as mask.
            let edge = width / 3;
            let right = |index: usize| index % width >= edge;
            let mask = Mask::new(height, width, (0..height * width).map(right).collect()).unwrap();
            let levels = (0..height * width).flat_map(|index| [if right(index) { 255 } else { 0 }; 3]).collect();
            let preparation = Preparation::new(resize, 24).unwrap();
            let crop = prepare(&Rgb::new(height, width, levels).unwrap(), &preparation);
            let mask = prepare_mask(&mask, &preparation);
            for (y, x) in (0..24).flat_map(|y| (0..24).map(move |x| (y, x))) {
                match crop.pixel(y, x)[0] {
                    255 => prop_assert!(mask.value(y, x)),
                    0 => prop_assert!(!mask.value(y, x)),
                    _ => {}
                }
            }
        }
    }
}
