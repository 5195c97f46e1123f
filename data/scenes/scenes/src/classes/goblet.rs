//! Goblets: turned about y, from the foot up and down again inside the bowl.

use crate::material::Finish;
use crate::mesh::{Mesh, spline};
use crate::model::Model;
use crate::random::Random;
use glam::{Vec2, Vec3, vec2, vec3};

/// Outer bowls: (share of the greatest radius, share of the bowl's height).
const BOWLS: [&[(f32, f32)]; 5] = [
    &[
        (0.10, 0.0),
        (0.62, 0.12),
        (0.95, 0.42),
        (0.98, 0.62),
        (0.82, 1.0),
    ],
    &[
        (0.10, 0.0),
        (0.55, 0.10),
        (0.76, 0.40),
        (0.80, 0.70),
        (0.84, 1.0),
    ],
    &[(0.10, 0.0), (0.35, 0.25), (0.68, 0.62), (1.0, 1.0)],
    &[
        (0.10, 0.0),
        (0.75, 0.10),
        (0.98, 0.38),
        (1.0, 0.7),
        (1.02, 1.0),
    ],
    &[
        (0.10, 0.0),
        (0.50, 0.12),
        (0.72, 0.40),
        (0.74, 0.70),
        (0.98, 1.0),
    ],
];

/// Builds a goblet about two units high.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let stem = random.between(0.55, 0.95);
    let bowl = random.between(0.75, 1.1);
    let radius = random.between(0.40, 0.56);
    let foot = random.between(0.34, 0.46);
    let mut model = Model::default();
    let (base, cup) = if random.chance(0.4) {
        (&finish.second, &finish.main)
    } else {
        (&finish.main, &finish.main)
    };
    model.add(pedestal(stem, foot, random), base);
    model.add(cup_mesh(stem, bowl, radius, random), cup);
    if random.chance(0.5) {
        let ring = Mesh::ellipsoid(vec3(0.13, random.between(0.05, 0.11), 0.13));
        model.add(
            ring.shifted(Vec3::Y * stem * random.between(0.45, 0.8)),
            &finish.accent,
        );
    }
    model
}

fn pedestal(stem: f32, foot: f32, random: &mut Random) -> Mesh {
    let thin = random.between(0.045, 0.075);
    let slope = random.between(0.05, 0.16);
    let knots = [
        (foot, 0.02),
        (foot * 0.75, 0.05),
        (foot * 0.35, 0.05 + slope * 0.5),
        (thin * 1.3, 0.1 + slope),
    ];
    let mut knots: Vec<Vec2> = knots
        .iter()
        .map(|&(radius, height)| vec2(radius, height))
        .collect();
    knots.extend([
        vec2(thin, stem * 0.5),
        vec2(thin, stem * 0.85),
        vec2(thin * 1.9, stem + 0.03),
    ]);
    let mut profile = vec![Vec2::ZERO, vec2(foot * 0.98, 0.0)];
    profile.extend(smooth(&knots));
    Mesh::lathe(&profile, 32)
}

fn cup_mesh(stem: f32, height: f32, radius: f32, random: &mut Random) -> Mesh {
    let shape = random.pick(&BOWLS);
    let knots: Vec<Vec2> = shape
        .iter()
        .map(|&(share, up)| vec2(share * radius, stem + up * height))
        .collect();
    let mut profile = vec![vec2(0.0, stem)];
    let outer = smooth(&knots);
    let rim = outer[outer.len() - 1];
    profile.extend(&outer);
    profile.push(rim + vec2(-0.012, 0.012));
    profile.extend(
        outer
            .iter()
            .rev()
            .map(|point| vec2((point.x - 0.03).max(0.0), point.y.max(stem + 0.05))),
    );
    Mesh::lathe(&profile, 40)
}

fn smooth(knots: &[Vec2]) -> Vec<Vec2> {
    let knots: Vec<Vec3> = knots.iter().map(|knot| knot.extend(0.0)).collect();
    spline(&knots, 5, false)
        .into_iter()
        .map(|point| vec2(point.x, point.y))
        .collect()
}
