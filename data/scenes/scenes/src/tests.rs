//! Laws of the drawings.

use super::*;
use crate::random::Random;
use crate::scene::Scene;
use crate::style::Style;
use std::collections::BTreeSet;

const SQUARE: Size = Size {
    height: 96,
    width: 96,
};

/// A few pictures of every class.
fn jobs() -> Vec<(Class, u64)> {
    Class::ALL
        .iter()
        .flat_map(|&class| (0..6).map(move |seed| (class, seed)))
        .collect()
}

fn object_share(drawing: &Drawing) -> f32 {
    let object = drawing.object_mask.iter().filter(|&&object| object).count();
    object as f32 / drawing.object_mask.len() as f32
}

/// Mean (row, column) of the object's pixels.
fn object_centre(drawing: &Drawing) -> (f32, f32) {
    let width = drawing.width as usize;
    let mut sums = (0.0, 0.0, 0.0);
    for (index, _) in drawing
        .object_mask
        .iter()
        .enumerate()
        .filter(|&(_, &object)| object)
    {
        sums = (
            sums.0 + (index / width) as f32,
            sums.1 + (index % width) as f32,
            sums.2 + 1.0,
        );
    }
    (sums.0 / sums.2, sums.1 / sums.2)
}

/// Mean bytes of the 8 by 8 blocks of a square picture.
fn block_means(drawing: &Drawing) -> Vec<f32> {
    let width = drawing.width as usize;
    let mut sums = vec![0.0; (width / 8) * (width / 8)];
    for (index, pixel) in drawing.rgb.chunks(3).enumerate() {
        let block = (index / width / 8) * (width / 8) + index % width / 8;
        sums[block] += pixel.iter().map(|&byte| f32::from(byte)).sum::<f32>() / 192.0;
    }
    sums
}

#[test]
fn classes_are_ten_with_distinct_names_and_their_own_index() {
    let names: BTreeSet<&str> = Class::ALL.iter().map(|class| class.name()).collect();
    assert_eq!(names.len(), 10);
    assert!(
        Class::ALL
            .iter()
            .enumerate()
            .all(|(place, class)| class.index() == place)
    );
}

#[test]
fn same_arguments_give_the_same_picture() {
    for class in Class::ALL {
        assert_eq!(
            draw(class, 5, SQUARE, Quality::DRAFT),
            draw(class, 5, SQUARE, Quality::DRAFT)
        );
    }
}

#[test]
fn another_seed_gives_another_picture() {
    assert_ne!(
        draw(Class::Mug, 1, SQUARE, Quality::DRAFT).rgb,
        draw(Class::Mug, 2, SQUARE, Quality::DRAFT).rgb
    );
}

#[test]
fn many_pictures_are_those_drawn_one_by_one() {
    let jobs = [(Class::Key, 3), (Class::Lamp, 4)];
    let many = draw_many(&jobs, SQUARE, Quality::DRAFT);
    let single: Vec<Drawing> = jobs
        .iter()
        .map(|&(class, seed)| draw(class, seed, SQUARE, Quality::DRAFT))
        .collect();
    assert_eq!(many, single);
}

#[test]
fn objects_cover_a_fair_share_of_the_picture() {
    for ((class, seed), drawing) in jobs()
        .iter()
        .zip(draw_many(&jobs(), SQUARE, Quality::DRAFT))
    {
        let share = object_share(&drawing);
        assert!(
            (0.03..0.60).contains(&share),
            "{} {seed}: {share}",
            class.name()
        );
    }
}

#[test]
fn objects_lie_within_the_centre_crop() {
    let size = Size {
        height: 90,
        width: 130,
    };
    let margin = 90.0 * 32.0 / 256.0 / 2.0;
    for ((class, seed), drawing) in jobs().iter().zip(draw_many(&jobs(), size, Quality::DRAFT)) {
        for (index, _) in drawing
            .object_mask
            .iter()
            .enumerate()
            .filter(|&(_, &object)| object)
        {
            let (row, column) = ((index / 130) as f32 + 0.5, (index % 130) as f32 + 0.5);
            let inside =
                (row - 45.0).abs() <= 45.0 - margin && (column - 65.0).abs() <= 45.0 - margin;
            assert!(
                inside,
                "{} {seed}: row {row}, column {column}",
                class.name()
            );
        }
    }
}

#[test]
fn the_longer_side_only_adds_to_the_picture() {
    for class in Class::ALL {
        let square = draw(class, 2, SQUARE, Quality::DRAFT);
        let (row, column) = object_centre(&square);
        for (height, width) in [(96, 160), (160, 96)] {
            let drawing = draw(class, 2, Size { height, width }, Quality::DRAFT);
            assert_eq!((drawing.height, drawing.width), (height, width));
            assert_eq!(drawing.rgb.len(), (height * width * 3) as usize);
            let (long_row, long_column) = object_centre(&drawing);
            assert!(
                (long_row - row - (height - 96) as f32 / 2.0).abs() < 1.0,
                "{}",
                class.name()
            );
            assert!(
                (long_column - column - (width - 96) as f32 / 2.0).abs() < 1.0,
                "{}",
                class.name()
            );
        }
    }
}

#[test]
fn quality_changes_noise_and_not_the_scene() {
    for class in Class::ALL {
        let draft = draw(class, 7, SQUARE, Quality::DRAFT);
        let clean = draw(
            class,
            7,
            SQUARE,
            Quality {
                samples: 12,
                shared: 2,
                smoothing: true,
            },
        );
        let pairs = block_means(&draft).into_iter().zip(block_means(&clean));
        let worst = pairs
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f32::max);
        assert!(worst < 16.0, "{}: {worst} of 255", class.name());
    }
}

#[test]
fn meshes_are_finite_with_unit_normals() {
    for (class, seed) in jobs() {
        let mut random = Random::new(seed, 99);
        let finish = Style::new(&mut random).finish(&mut random);
        for part in class.build(&mut random, &finish).parts {
            assert!(
                !part.mesh.faces.is_empty(),
                "{} has an empty part",
                class.name()
            );
            assert!(
                part.mesh
                    .positions
                    .iter()
                    .all(|position| position.is_finite())
            );
            let normals = part.mesh.corner_normals(0.7);
            assert!(
                normals
                    .iter()
                    .flatten()
                    .all(|normal| normal.is_normalized()),
                "{}",
                class.name()
            );
        }
    }
}

#[test]
fn scenes_hold_distractors_that_do_not_count_as_the_object() {
    for (class, seed) in jobs() {
        let scene = Scene::new(class, seed);
        assert!(
            (scene.object_materials as usize) < scene.materials.len(),
            "{} {seed} stands alone",
            class.name()
        );
    }
}
