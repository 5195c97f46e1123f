//! Keys: the shank along y, the bow at the top, the bit or the teeth at the bottom, flat in the xy plane.

use crate::material::{Finish, Material};
use crate::mesh::{Ends, Mesh, Section, superellipse};
use crate::model::Model;
use crate::random::Random;
use glam::{Vec2, Vec3, vec2, vec3};
use std::f32::consts::TAU;

/// Builds a key about two units long.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let metal = if random.chance(0.6) {
        &finish.steel
    } else {
        &finish.main
    };
    let mut model = Model::default();
    if random.chance(0.45) {
        add_flat_blade(&mut model, metal, random);
    } else {
        add_round_shank(&mut model, metal, random);
    }
    let bow = if random.chance(0.12) {
        &finish.second
    } else {
        metal
    };
    add_bow(&mut model, bow, random);
    model
}

/// A modern key: a plate with a saw edge.
fn add_flat_blade(model: &mut Model, material: &Material, random: &mut Random) {
    let width = random.between(0.14, 0.18);
    let mut outline = vec![
        vec2(-width, 0.55),
        vec2(-width, -0.48),
        vec2(-width * 0.2, -0.64),
    ];
    let teeth = 4 + random.below(2);
    for tooth in 0..teeth {
        let low = -0.6 + 0.72 * tooth as f32 / teeth as f32;
        let depth = width * random.between(-0.1, 0.7);
        outline.extend([
            vec2(width, low + 0.05),
            vec2(width, low + 0.08),
            vec2(depth, low + 0.12),
            vec2(depth, low + 0.14),
        ]);
    }
    outline.extend([vec2(width, 0.2), vec2(width, 0.55)]);
    model.add(Mesh::extrude(&outline, 0.045, 0.012), material);
}

/// An old key: a round shank with a bit to one side.
fn add_round_shank(model: &mut Model, material: &Material, random: &mut Random) {
    let stock = random.between(0.06, 0.085);
    model.add(
        Mesh::rod(vec3(0.0, -1.1, 0.0), vec3(0.0, 0.55, 0.0), [stock; 2]),
        material,
    );
    model.add(
        Mesh::ellipsoid(vec3(stock * 1.7, 0.05, stock * 1.7)).shifted(Vec3::Y * 0.42),
        material,
    );
    model.add(
        Mesh::ellipsoid(vec3(stock * 1.5, 0.04, stock * 1.5)).shifted(Vec3::Y * 0.3),
        material,
    );
    let teeth = 2 + random.below(2);
    let reach = random.between(0.34, 0.46);
    let pitch = random.between(0.19, 0.24);
    for tooth in 0..teeth {
        let long = reach * random.between(0.8, 1.05);
        let block = Mesh::rounded_box(vec3(long / 2.0, pitch * 0.34, stock * 0.55), 0.012);
        model.add(
            block.shifted(vec3(long / 2.0, -0.98 + pitch * tooth as f32, 0.0)),
            material,
        );
    }
    let web = Mesh::rounded_box(
        vec3(reach * 0.22, pitch * 0.5 * teeth as f32, stock * 0.5),
        0.012,
    );
    model.add(
        web.shifted(vec3(
            reach * 0.22,
            -1.0 + pitch * 0.5 * (teeth as f32 - 0.8),
            0.0,
        )),
        material,
    );
}

fn add_bow(model: &mut Model, material: &Material, random: &mut Random) {
    let stock = random.between(0.08, 0.12);
    let centre = vec3(0.0, 0.85, 0.0);
    match random.below(4) {
        0 => {
            for leaf in 0..3 {
                let angle = TAU * leaf as f32 / 3.0 + TAU / 4.0;
                let place = centre + 0.23 * vec3(angle.cos(), angle.sin(), 0.0);
                model.add(
                    ring(Vec2::splat(0.2), 1.0, stock * 0.6).shifted(place),
                    material,
                );
            }
        }
        1 => model.add(
            ring(vec2(0.36, 0.32), 0.45, stock).shifted(centre),
            material,
        ),
        2 => model.add(
            ring(vec2(random.between(0.36, 0.46), 0.30), 1.0, stock).shifted(centre),
            material,
        ),
        _ => model.add(
            ring(Vec2::splat(random.between(0.32, 0.40)), 1.0, stock * 1.1).shifted(centre),
            material,
        ),
    }
}

fn ring(half: Vec2, exponent: f32, stock: f32) -> Mesh {
    let path: Vec<Vec3> = superellipse(40, half, exponent)
        .iter()
        .map(|point| point.extend(0.0))
        .collect();
    let section = |_| Section {
        across: stock,
        depth: stock * 0.7,
        exponent: 0.7,
    };
    Mesh::sweep(&path, Vec3::Z, Ends::Joined, section)
}
