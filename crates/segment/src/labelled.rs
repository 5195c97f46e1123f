//! The action `segments` of a partition that somebody gives: a label map, cut as its image is.

use std::path::Path;

use actions::{Geometry, Given, Partitioned};
use arrays::{ArrayError, LabelMap};
use imaging::{DecodeError, LabelsError};
use parts::{ActionError, Rows, Superpixels, shown};
use superpixels::{MAXIMUM_COUNT, Partition, PartitionError};

use crate::segments::row;

/// Why a label map is not used.
#[derive(Debug, thiserror::Error)]
pub enum LabelMapError {
    /// The PNG file is none.
    #[error(transparent)]
    Png(#[from] LabelsError),
    /// The `.npy` file is none.
    #[error(transparent)]
    Array(#[from] ArrayError),
    /// Its image cannot be read.
    #[error("its image: {0}")]
    Image(#[from] DecodeError),
    /// It is as large as neither image nor crop.
    #[error(
        "it is {height} pixels high and {width} wide, its image {image_height} and {image_width}, the crop {crop} and {crop}: make the label map \
         as large as {wanted}"
    )]
    Size {
        /// Pixels.
        height: usize,
        /// Pixels.
        width: usize,
        /// Pixels.
        image_height: usize,
        /// Pixels.
        image_width: usize,
        /// Pixels.
        crop: usize,
        /// What it must be as large as.
        wanted: &'static str,
    },
    /// It may be a map of the image or of the crop.
    #[error(
        "it is as large as its image and as the crop ({crop} x {crop} pixels), though the image is scaled before it is cut: set `geometry = \
         \"image\"` in [partitions.NAME] if the label map belongs to the image, or `\"crop\"` if it belongs to the crop"
    )]
    Ambiguous {
        /// Pixels.
        crop: usize,
    },
    /// It has too many regions.
    #[error("it has {found} regions in the crop, but at most {MAXIMUM_COUNT} are read: merge some")]
    TooMany {
        /// Regions.
        found: usize,
    },
    /// Its labels are no partition.
    #[error(transparent)]
    Partition(#[from] PartitionError),
}

/// Cuts a label map as its image is cut; the labels are exactly 0..n, by ascending label.
pub fn run(
    names: &Partitioned,
    given: &Given,
    rows: &Rows<'_>,
) -> Result<(schema::Segments, Superpixels), ActionError> {
    let (file, image) = (rows.file(&given.file)?, rows.file(&given.image)?);
    let cut = cut(given, &file, &image).map_err(|error| {
        ActionError::Failed(format!(
            "partition `{}`, label map {}: {error}",
            names.partition,
            shown(&given.file.path)
        ))
    })?;
    Ok(row(names, "files", &cut))
}

fn cut(given: &Given, file: &[u8], image: &[u8]) -> Result<Partition, LabelMapError> {
    let LabelMap {
        height,
        width,
        labels,
    } = read(&given.file.path, file)?;
    let size = [height, width];
    let crop = given.preparation.crop() as usize;
    let source = imaging::size(image)?;
    let [of_image, of_crop] = [size == source, size == [crop; 2]];
    let labels = match (given.geometry, of_image, of_crop) {
        (None, true, true) if !given.preparation.keeps(source) => {
            return Err(LabelMapError::Ambiguous { crop });
        }
        (None | Some(Geometry::Crop), _, true) => labels.into_iter().map(Some).collect(),
        (None | Some(Geometry::Image), true, _) => {
            imaging::prepare_labels(&labels, source, &given.preparation)
        }
        (geometry, ..) => {
            return Err(LabelMapError::Size {
                height,
                width,
                image_height: source[0],
                image_width: source[1],
                crop,
                wanted: match geometry {
                    None => "either",
                    Some(Geometry::Image) => "its image, or set `geometry = \"crop\"`",
                    Some(Geometry::Crop) => "the crop, or set `geometry = \"image\"`",
                },
            });
        }
    };
    let mut regions = labels.clone();
    regions.sort_unstable();
    regions.dedup();
    if regions.len() > MAXIMUM_COUNT {
        return Err(LabelMapError::TooMany {
            found: regions.len(),
        });
    }
    let place = |label| regions.partition_point(|region| region < label) as u16;
    Ok(Partition::new(
        crop,
        crop,
        labels.iter().map(place).collect(),
    )?)
}

fn read(path: &Path, file: &[u8]) -> Result<LabelMap, LabelMapError> {
    let is_array = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
    if is_array {
        return Ok(arrays::label_map(file)?);
    }
    let ([height, width], labels) = imaging::decode_labels(file)?;
    Ok(LabelMap {
        height,
        width,
        labels: labels.into_iter().map(i64::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use imaging::Preparation;
    use parts::File;

    use super::*;

    /// A `.npy` file of int32.
    fn labels(height: usize, width: usize, label: impl Fn(usize, usize) -> i32) -> Vec<u8> {
        let header =
            format!("{{'descr': '<i4', 'fortran_order': False, 'shape': ({height}, {width}), }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        file.extend(pixels.flat_map(|(y, x)| label(y, x).to_le_bytes()));
        file
    }

    fn given(geometry: Option<Geometry>) -> Given {
        let file = |path: &str| File {
            digest: String::new(),
            path: path.into(),
        };
        Given {
            file: file("organs/mug.npy"),
            image: file("mug.png"),
            preparation: Preparation::new(32, 24).unwrap(),
            geometry,
        }
    }

    fn image(height: usize, width: usize) -> Vec<u8> {
        imaging::encode_png(&imaging::solid([10, 20, 30], height, width))
    }

    /// The left and the right half of the image, which the crop cuts alike.
    #[test]
    fn a_label_map_of_the_image_is_cut_as_the_image() {
        let file = labels(64, 96, |_, x| if x < 48 { 700 } else { -3 });
        let cut = cut(&given(None), &file, &image(64, 96)).unwrap();
        assert_eq!((cut.height(), cut.width(), cut.count()), (24, 24, 2));
        // By ascending label: -3 is 0.
        for row in cut.labels().chunks_exact(24) {
            assert_eq!(row, [[1; 12], [0; 12]].concat());
        }
    }

    #[test]
    fn a_label_map_of_the_crop_is_taken_as_it_is() {
        let file = labels(24, 24, |y, x| (y * 24 + x) as i32 / 100);
        let cut = cut(&given(None), &file, &image(64, 96)).unwrap();
        let expected: Vec<u16> = (0..24 * 24).map(|pixel| pixel / 100).collect();
        assert_eq!(cut.labels(), expected);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_with_a_way_out() {
        let refused = |geometry, height, width, of_image: [usize; 2]| {
            let file = labels(height, width, |y, _| y as i32);
            let image = image(of_image[0], of_image[1]);
            cut(&given(geometry), &file, &image)
                .unwrap_err()
                .to_string()
        };
        insta::assert_snapshot!(refused(None, 96, 64, [64, 96]), @"it is 96 pixels high and 64 wide, its image 64 and 96, the crop 24 and 24: make \
            the label map as large as either");
        insta::assert_snapshot!(refused(Some(Geometry::Crop), 64, 96, [64, 96]), @r#"it is 64 pixels high and 96 wide, its image 64 and 96, the crop 24 and 24: make the label map as large as the crop, or set `geometry = "image"`"#);
        insta::assert_snapshot!(refused(None, 24, 24, [24, 24]), @r#"it is as large as its image and as the crop (24 x 24 pixels), though the image is scaled before it is cut: set `geometry = "image"` in [partitions.NAME] if the label map belongs to the image, or `"crop"` if it belongs to the crop"#);
        // Asked for, either is taken.
        let file = labels(24, 24, |y, _| i32::from(y >= 12));
        for geometry in [Geometry::Image, Geometry::Crop] {
            let cut = cut(&given(Some(geometry)), &file, &image(24, 24)).unwrap();
            assert_eq!(cut.count(), 2);
        }
    }

    #[test]
    fn more_regions_than_labels_are_refused() {
        let given = Given {
            preparation: Preparation::new(300, 300).unwrap(),
            ..given(None)
        };
        let file = labels(300, 300, |y, x| (y * 300 + x) as i32);
        let error = cut(&given, &file, &image(300, 300)).unwrap_err();
        assert!(
            error.to_string().contains("it has 90000 regions"),
            "{error}"
        );
    }
}
