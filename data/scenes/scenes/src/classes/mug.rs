//! Mugs: turned about y, the handle towards +x.

use crate::material::Finish;
use crate::mesh::{Ends, Mesh, Section, spline};
use crate::model::Model;
use crate::random::Random;
use glam::{Vec2, Vec3, vec2, vec3};
use std::f32::consts::PI;

/// Radius at five heights from the bottom to the rim, as shares of the radius.
const BODIES: [[f32; 5]; 6] = [
    [0.98, 1.0, 1.0, 1.0, 1.0],
    [0.76, 0.84, 0.90, 0.96, 1.02],
    [1.06, 1.02, 0.97, 0.92, 0.88],
    [0.78, 0.98, 1.06, 1.0, 0.90],
    [0.80, 1.04, 1.04, 0.90, 0.98],
    [1.04, 0.95, 0.90, 0.95, 1.04],
];

/// Builds a mug about one and a half units high.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let radius = random.between(0.52, 0.66);
    let height = random.between(1.1, 1.6);
    let body = random.pick(&BODIES);
    let at = |up: f32| {
        let place = (up * 4.0).clamp(0.0, 3.999);
        let step = place as usize;
        radius * (body[step] + (body[step + 1] - body[step]) * (place - step as f32))
    };
    let mut model = Model::default();
    model.add(wall(&body, radius, height), &finish.main);
    let handle = if random.chance(0.6) {
        &finish.main
    } else {
        &finish.second
    };
    model.add(handle_mesh(height, at, random), handle);
    if random.chance(0.35) {
        let up = random.between(0.2, 0.8);
        let band = [
            vec2(at(up) + 0.012, height * up - 0.06),
            vec2(at(up) + 0.012, height * up + 0.06),
        ];
        model.add(Mesh::lathe(&band, 48), &finish.accent);
    }
    if random.chance(0.5) {
        let surface = [
            vec2(0.0, height * 0.86),
            vec2(at(0.86) - 0.03, height * 0.86),
        ];
        model.add(Mesh::lathe(&surface, 40), &finish.dark);
    }
    model
}

fn wall(body: &[f32; 5], radius: f32, height: f32) -> Mesh {
    let knots: Vec<Vec3> = (0..5)
        .map(|step| vec3(body[step] * radius, height * step as f32 / 4.0, 0.0))
        .collect();
    let outer: Vec<Vec2> = spline(&knots, 5, false)
        .into_iter()
        .map(|point| vec2(point.x, point.y))
        .collect();
    let thick = 0.06;
    let mut profile = vec![Vec2::ZERO, vec2(body[0] * radius * 0.94, 0.0)];
    profile.extend(outer.iter().map(|point| vec2(point.x, point.y.max(0.04))));
    profile.push(vec2(body[4] * radius - thick / 2.0, height + thick / 2.0));
    profile.extend(
        outer
            .iter()
            .rev()
            .map(|point| vec2(point.x - thick, point.y.max(thick))),
    );
    profile.push(vec2(0.0, thick));
    Mesh::lathe(&profile, 48)
}

/// An ear between two heights of the wall; `at` gives the wall's radius at a share of the height.
fn handle_mesh(height: f32, at: impl Fn(f32) -> f32, random: &mut Random) -> Mesh {
    let (low, high) = (random.between(0.14, 0.3), random.between(0.72, 0.88));
    let reach = random.between(0.4, 0.6);
    let exponent = random.between(0.45, 1.0);
    let ear = random.between(-0.15, 0.35);
    let path: Vec<Vec3> = (0..=22)
        .map(|step| {
            let (sine, cosine) = (PI * (step as f32 / 22.0 - 0.5)).sin_cos();
            let share = 0.5 + 0.5 * sine.abs().powf(exponent).copysign(sine);
            let base = at(low) + (at(high) - at(low)) * share - 0.03;
            let out = reach * cosine.max(0.0).powf(exponent) * (1.0 + ear * sine);
            vec3(base + out, height * (low + (high - low) * share), 0.0)
        })
        .collect();
    let stock = random.between(0.07, 0.105);
    let flat = random.between(0.9, 1.6);
    let section = move |_| Section {
        across: stock,
        depth: stock * flat,
        exponent: 0.85,
    };
    Mesh::sweep(&path, Vec3::Z, Ends::Open, section)
}
