//! Things that lie about and belong to none of the ten classes.

use crate::material::Material;
use crate::mesh::Mesh;
use crate::model::Model;
use crate::random::Random;
use crate::style::Style;
use glam::{Affine3A, Quat, Vec2, Vec3, vec2, vec3};
use std::f32::consts::{FRAC_PI_2, TAU};

/// A thing that stands on y = 0 and reaches about one unit from the y axis at most.
pub(crate) fn build(style: &Style, random: &mut Random) -> Model {
    let mut model = Model::default();
    let material = style.palette_material(random);
    match random.below(11) {
        0 => model.add(crate_box(random), &material),
        1 | 2 => model.add(
            Mesh::ellipsoid(Vec3::splat(0.7)).shifted(Vec3::Y * 0.7),
            &material,
        ),
        3 => model.add(cone(random.pick(&[40, 4, 4, 6]), random), &material),
        4 => model.add(lying_ring(random), &material),
        5 => add_books(&mut model, style, random),
        6 => add_blocks(&mut model, style, random),
        7 => add_pebbles(&mut model, &material, random),
        8 => add_leaves(&mut model, &material, random),
        9 => model.add(drum(random), &material),
        _ => add_stacked_rings(&mut model, style, random),
    }
    model
}

fn crate_box(random: &mut Random) -> Mesh {
    let half = vec3(
        random.between(0.4, 0.7),
        random.between(0.3, 0.8),
        random.between(0.4, 0.7),
    );
    Mesh::rounded_box(half, random.between(0.03, 0.12)).shifted(Vec3::Y * half.y)
}

fn cone(sides: usize, random: &mut Random) -> Mesh {
    let height = random.between(0.9, 1.6);
    let profile = [
        vec2(0.0, 0.0),
        vec2(0.7, 0.0),
        vec2(0.7, 0.02),
        vec2(0.02, height),
        vec2(0.0, height),
    ];
    Mesh::lathe(&profile, sides)
}

fn lying_ring(random: &mut Random) -> Mesh {
    let stock = random.between(0.16, 0.28);
    let turn = Affine3A::from_rotation_x(FRAC_PI_2);
    Mesh::torus(0.9 - stock, stock)
        .moved(turn)
        .shifted(Vec3::Y * stock)
}

fn drum(random: &mut Random) -> Mesh {
    let (radius, height) = (random.between(0.35, 0.65), random.between(0.4, 1.5));
    let profile = [
        vec2(0.0, 0.0),
        vec2(radius, 0.0),
        vec2(radius, height - 0.05),
        vec2(radius - 0.05, height),
        vec2(0.0, height),
    ];
    Mesh::lathe(&profile, 36)
}

fn add_books(model: &mut Model, style: &Style, random: &mut Random) {
    let count = 1 + random.below(4);
    let mut height = 0.0;
    for _ in 0..count {
        let half = vec3(
            random.between(0.6, 0.8),
            random.between(0.07, 0.14),
            random.between(0.42, 0.55),
        );
        let turn = Affine3A::from_rotation_translation(
            Quat::from_rotation_y(random.between(-0.35, 0.35)),
            Vec3::Y * (height + half.y),
        );
        let pages =
            Mesh::rounded_box(half * vec3(0.97, 0.8, 0.96), 0.01).shifted(vec3(0.03, 0.0, 0.0));
        let paper = Material::lacquer(Vec3::new(0.8, 0.74, 0.62).into(), random);
        model.add(pages.moved(turn), &paper);
        let cover = style.palette_material(random);
        for side in [1.0, -1.0] {
            let board = Mesh::rounded_box(vec3(half.x, half.y * 0.1, half.z), 0.006);
            model.add(
                board.shifted(Vec3::Y * side * half.y * 0.9).moved(turn),
                &cover,
            );
        }
        let spine = Mesh::rounded_box(vec3(0.02, half.y, half.z), 0.01).shifted(Vec3::X * -half.x);
        model.add(spine.moved(turn), &cover);
        height += 2.0 * half.y;
    }
}

fn add_blocks(model: &mut Model, style: &Style, random: &mut Random) {
    let count = 1 + random.below(3);
    for index in 0..count {
        let turn = Affine3A::from_rotation_translation(
            Quat::from_rotation_y(random.between(0.0, TAU)),
            Vec3::Y * (0.36 + 0.72 * index as f32),
        );
        model.add(
            Mesh::rounded_box(Vec3::splat(0.36), 0.05).moved(turn),
            &style.palette_material(random),
        );
    }
}

fn add_pebbles(model: &mut Model, material: &Material, random: &mut Random) {
    for index in 0..4 {
        let size = vec3(
            random.between(0.2, 0.4),
            random.between(0.1, 0.2),
            random.between(0.2, 0.34),
        );
        let angle = TAU * (index as f32 + random.unit() * 0.6) / 4.0;
        let place = vec3(0.55 * angle.cos(), size.y * 0.9, 0.55 * angle.sin());
        let turn = Affine3A::from_rotation_translation(Quat::from_rotation_y(angle * 3.0), place);
        model.add(Mesh::ellipsoid(size).moved(turn), material);
    }
}

fn add_leaves(model: &mut Model, material: &Material, random: &mut Random) {
    let half: Vec<Vec2> = (0..=10)
        .map(|step| {
            let along = step as f32 / 10.0;
            vec2(
                0.3 * (along * TAU / 2.0).sin() * (1.2 - 0.5 * along),
                along - 0.5,
            )
        })
        .collect();
    let outline: Vec<Vec2> = half
        .iter()
        .copied()
        .chain(
            half[1..10]
                .iter()
                .rev()
                .map(|point| vec2(-point.x, point.y)),
        )
        .collect();
    for index in 0..4 {
        let angle = TAU * (index as f32 + random.unit() * 0.5) / 4.0;
        let lie = Quat::from_rotation_y(angle)
            * Quat::from_rotation_x(-FRAC_PI_2 + random.between(0.0, 0.25));
        let place = vec3(
            0.5 * angle.sin(),
            0.06 + 0.03 * index as f32,
            0.5 * angle.cos(),
        );
        model.add(
            Mesh::extrude(&outline, 0.012, 0.004)
                .moved(Affine3A::from_rotation_translation(lie, place)),
            material,
        );
    }
}

fn add_stacked_rings(model: &mut Model, style: &Style, random: &mut Random) {
    let count = 2 + random.below(4);
    let mut height = 0.0;
    for index in 0..count {
        let stock = 0.17;
        let radius = 0.62 - 0.11 * index as f32;
        let ring = Mesh::torus(radius, stock).moved(Affine3A::from_rotation_x(FRAC_PI_2));
        model.add(
            ring.shifted(Vec3::Y * (height + stock)),
            &style.palette_material(random),
        );
        height += stock * 1.7;
    }
}
