//! Hammers: the handle along y with the head at its top, across x.

use crate::material::Finish;
use crate::mesh::{Ends, Mesh, Section, spline};
use crate::model::Model;
use crate::random::Random;
use glam::{Affine3A, Vec3, vec2, vec3};
use std::f32::consts::FRAC_PI_2;

/// Height of the head's middle line above the handle's end.
const HEAD: f32 = 1.75;

/// Builds a hammer about two units long.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let mut model = Model::default();
    let mallet = random.chance(0.22);
    add_handle(&mut model, finish, random);
    if mallet {
        add_mallet(&mut model, finish, random);
        return model;
    }
    let reach = random.between(0.36, 0.46);
    let stock = random.between(0.105, 0.15);
    let metal = if random.chance(0.65) {
        &finish.steel
    } else {
        &finish.second
    };
    model.add(
        Mesh::rounded_box(vec3(0.14, stock, stock * 0.95), 0.04).shifted(Vec3::Y * HEAD),
        metal,
    );
    let face = turned_x(&[
        (0.0, reach),
        (stock * 1.1, reach),
        (stock * 1.15, reach - 0.03),
        (stock * 1.15, reach - 0.14),
        (stock * 0.75, reach - 0.2),
        (stock * 0.75, 0.08),
    ]);
    model.add(face, metal);
    match random.below(4) {
        0 => add_ball(&mut model, reach, stock, finish),
        1 => model.add(wedge(reach, stock), metal),
        _ => model.add(claws(reach, stock), metal),
    }
    model
}

/// Turns a (radius, x) profile about the head's middle line.
fn turned_x(profile: &[(f32, f32)]) -> Mesh {
    let profile: Vec<_> = profile
        .iter()
        .map(|&(radius, along)| vec2(radius, -along))
        .collect();
    Mesh::lathe(&profile, 26)
        .moved(Affine3A::from_rotation_z(FRAC_PI_2))
        .shifted(Vec3::Y * HEAD)
}

fn add_handle(model: &mut Model, finish: &Finish, random: &mut Random) {
    let (thick, waist) = (random.between(0.085, 0.115), random.between(0.65, 0.9));
    let path = spline(
        &[
            vec3(0.0, 0.0, 0.0),
            vec3(0.0, 0.9, 0.0),
            vec3(0.0, HEAD + 0.13, 0.0),
        ],
        8,
        false,
    );
    let section = move |share: f32| {
        let swell = if share < 0.06 {
            0.8 + 3.3 * share
        } else {
            1.0 - (1.0 - waist) * ((share - 0.06) * 1.6).min(1.0)
        };
        Section {
            across: thick * swell,
            depth: thick * swell * 0.75,
            exponent: 0.85,
        }
    };
    model.add(
        Mesh::sweep_with(20, &path, Vec3::Z, Ends::Capped, section),
        &finish.main,
    );
    if random.chance(0.5) {
        let length = random.between(0.5, 0.75);
        let grip = [vec3(0.0, -0.02, 0.0), vec3(0.0, length, 0.0)];
        let section = move |_| Section {
            across: thick * 1.15,
            depth: thick * 0.95,
            exponent: 0.8,
        };
        model.add(
            Mesh::sweep_with(20, &grip, Vec3::Z, Ends::Capped, section),
            &finish.accent,
        );
    }
}

fn add_mallet(model: &mut Model, finish: &Finish, random: &mut Random) {
    let reach = random.between(0.38, 0.52);
    if random.chance(0.5) {
        let head = Mesh::rounded_box(vec3(reach, random.between(0.2, 0.28), 0.2), 0.05);
        model.add(head.shifted(Vec3::Y * HEAD), &finish.second);
    } else {
        let radius = random.between(0.19, 0.26);
        let profile = [
            (0.0, reach),
            (radius * 0.9, reach),
            (radius, reach - 0.04),
            (radius, 0.04 - reach),
            (radius * 0.9, -reach),
            (0.0, -reach),
        ];
        model.add(turned_x(&profile), &finish.second);
    }
}

fn add_ball(model: &mut Model, reach: f32, stock: f32, finish: &Finish) {
    model.add(
        turned_x(&[(stock * 0.7, -0.08), (stock * 0.6, -0.22)]),
        &finish.steel,
    );
    let ball = Mesh::ellipsoid(Vec3::splat(stock * 1.05));
    model.add(ball.shifted(vec3(0.06 - reach, HEAD, 0.0)), &finish.steel);
}

fn wedge(reach: f32, stock: f32) -> Mesh {
    let outline = [
        vec2(-0.1, -stock),
        vec2(-0.1, stock),
        vec2(-reach - 0.06, 0.02),
        vec2(-reach - 0.06, -0.02),
    ];
    let counter_clockwise: Vec<_> = outline.iter().rev().copied().collect();
    Mesh::extrude(&counter_clockwise, stock * 0.85, 0.01).shifted(Vec3::Y * HEAD)
}

/// Two prongs that bend down and part.
fn claws(reach: f32, stock: f32) -> Mesh {
    let prong = |side: f32| {
        let knots = [
            vec3(-0.08, HEAD + stock * 0.2, side * stock * 0.45),
            vec3(-0.25, HEAD + stock * 0.35, side * stock * 0.5),
            vec3(-reach, HEAD - 0.02, side * stock * 0.7),
            vec3(-reach - 0.13, HEAD - 0.2, side * stock * 0.8),
        ];
        let section = move |share: f32| {
            let thin = 1.0 - 0.75 * share;
            Section {
                across: stock * 0.75 * thin,
                depth: stock * 0.36,
                exponent: 0.6,
            }
        };
        Mesh::sweep(&spline(&knots, 7, false), Vec3::Z, Ends::Capped, section)
    };
    prong(1.0).with(&prong(-1.0))
}
