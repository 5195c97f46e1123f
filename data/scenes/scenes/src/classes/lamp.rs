//! Table lamps: a base, a post and a shade, turned about y.

use crate::material::{Finish, Material};
use crate::mesh::Mesh;
use crate::model::Model;
use crate::random::Random;
use glam::{Vec2, Vec3, vec2, vec3};
use std::f32::consts::TAU;

/// Builds a lamp about two units high.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let mut model = Model::default();
    let neck = random.between(0.95, 1.2);
    match random.below(5) {
        0 => add_tripod(&mut model, neck, finish),
        1 => add_balls(&mut model, neck, finish, random),
        2 => add_column(&mut model, neck, finish, random),
        _ => add_jug(&mut model, neck, finish, random),
    }
    model.add(
        Mesh::rod(
            vec3(0.0, neck - 0.15, 0.0),
            vec3(0.0, neck + 0.35, 0.0),
            [0.04; 2],
        ),
        &finish.steel,
    );
    add_shade(&mut model, neck, finish, random);
    model
}

fn add_shade(model: &mut Model, neck: f32, finish: &Finish, random: &mut Random) {
    let bottom = random.between(0.52, 0.72);
    let top = bottom * random.between(0.42, 0.85);
    let height = random.between(0.58, 0.8);
    let low = neck + random.between(-0.08, 0.05);
    let bend = random.pick(&[0.0, 0.0, -0.12, 0.1]);
    let segments = random.pick(&[48, 48, 48, 6, 8]);
    let wall = |inner: f32| {
        (0..=8).map(move |step| {
            let up = step as f32 / 8.0;
            let radius = bottom + (top - bottom) * up + bend * 4.0 * up * (1.0 - up) * bottom;
            vec2(radius - inner, low + height * up)
        })
    };
    let profile: Vec<Vec2> = wall(0.0)
        .chain(wall(0.02).collect::<Vec<_>>().into_iter().rev())
        .collect();
    let mut cloth = finish.second.clone();
    cloth.glow = if random.chance(0.5) {
        random.between(0.25, 0.7)
    } else {
        0.0
    };
    cloth.metal = false;
    cloth.mirror = 0.02;
    model.add(Mesh::lathe(&profile, segments), &cloth);
    if random.chance(0.4) {
        model.add(
            Mesh::ellipsoid(Vec3::splat(0.06)).shifted(Vec3::Y * (low + height + 0.04)),
            &finish.steel,
        );
        model.add(
            Mesh::rod(
                vec3(0.0, neck, 0.0),
                vec3(0.0, low + height, 0.0),
                [0.025; 2],
            ),
            &finish.steel,
        );
    }
}

fn add_foot(model: &mut Model, radius: f32, material: &Material) {
    let profile = [
        (0.0, 0.0),
        (radius, 0.0),
        (radius, 0.05),
        (radius * 0.94, 0.085),
        (0.0, 0.11),
    ];
    let profile: Vec<Vec2> = profile
        .iter()
        .map(|&(radius, height)| vec2(radius, height))
        .collect();
    model.add(Mesh::lathe(&profile, 36), material);
}

fn add_tripod(model: &mut Model, neck: f32, finish: &Finish) {
    for leg in 0..3 {
        let angle = TAU * (leg as f32 / 3.0 + 0.1);
        let foot = vec3(0.42 * angle.cos(), 0.0, 0.42 * angle.sin());
        model.add(
            Mesh::rod(foot, vec3(0.0, neck, 0.0), [0.035, 0.045]),
            &finish.main,
        );
    }
    model.add(
        Mesh::ellipsoid(vec3(0.09, 0.09, 0.09)).shifted(Vec3::Y * (neck - 0.05)),
        &finish.accent,
    );
}

fn add_balls(model: &mut Model, neck: f32, finish: &Finish, random: &mut Random) {
    add_foot(model, random.between(0.3, 0.4), &finish.accent);
    let count = 2 + random.below(3);
    let half = (neck - 0.15) / (2.0 * count as f32);
    for ball in 0..count {
        let radius = half * 1.06;
        let middle = Vec3::Y * (0.1 + half * (2.0 * ball as f32 + 1.0));
        let material = if ball % 2 == 0 {
            &finish.main
        } else {
            &finish.accent
        };
        model.add(
            Mesh::ellipsoid(vec3(radius * 1.1, radius, radius * 1.1)).shifted(middle),
            material,
        );
    }
}

fn add_column(model: &mut Model, neck: f32, finish: &Finish, random: &mut Random) {
    add_foot(model, random.between(0.34, 0.44), &finish.main);
    let thick = random.between(0.05, 0.13);
    model.add(
        Mesh::rod(
            vec3(0.0, 0.05, 0.0),
            vec3(0.0, neck, 0.0),
            [thick, thick * random.between(0.5, 1.0)],
        ),
        &finish.main,
    );
}

fn add_jug(model: &mut Model, neck: f32, finish: &Finish, random: &mut Random) {
    let belly = random.between(0.28, 0.42);
    let place = random.between(0.25, 0.6);
    let foot = random.between(0.18, 0.28);
    let knots = [
        vec2(foot, 0.0),
        vec2(foot * 1.05, 0.05),
        vec2(belly, neck * place),
        vec2(belly * 0.4, neck * 0.85),
        vec2(0.07, neck),
    ];
    model.add(Mesh::turned(&knots, 7, 40), &finish.main);
    if random.chance(0.5) {
        add_foot(model, foot * 1.3, &finish.accent);
    }
}
