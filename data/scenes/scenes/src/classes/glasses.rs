//! Spectacles: rims in the xy plane facing +z, temples reaching back to -z.

use crate::material::{Finish, Material};
use crate::mesh::{Ends, Mesh, Section, spline, superellipse};
use crate::model::Model;
use crate::random::Random;
use glam::{Vec2, Vec3, vec2, vec3};

struct Plan {
    outline: Vec<Vec2>,
    half: Vec2,
    gap: f32,
    stock: f32,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let half = vec2(random.between(0.40, 0.50), random.between(0.29, 0.44));
        let exponent = random.between(0.4, 1.0);
        let droop = random.between(-0.16, 0.16);
        let outline = superellipse(44, half, exponent)
            .into_iter()
            // The outer side is higher and the inner one lower, or the reverse.
            .map(|point| point + vec2(0.0, droop * point.x) * if point.y > 0.0 { 1.0 } else { 0.4 })
            .collect();
        Self {
            outline,
            half,
            gap: random.between(0.08, 0.14),
            stock: random.between(0.045, 0.07),
        }
    }

    fn centre(&self) -> f32 {
        self.half.x + self.gap + self.stock
    }
}

/// Builds spectacles about two units wide, standing on their rims and temple ends.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let plan = Plan::new(random);
    let mut model = Model::default();
    let rims = if random.chance(0.3) {
        &finish.steel
    } else {
        &finish.main
    };
    let lens = random.chance(0.7).then(|| tint(random, finish));
    for side in [1.0, -1.0] {
        add_eye(&mut model, &plan, side, rims, lens.as_ref());
    }
    add_bridge(&mut model, &plan, rims, random);
    add_temples(
        &mut model,
        &plan,
        if random.chance(0.5) {
            rims
        } else {
            &finish.second
        },
        random,
    );
    model
}

fn tint(random: &mut Random, finish: &Finish) -> Material {
    if random.chance(0.8) {
        finish.dark.clone()
    } else {
        finish.accent.clone()
    }
}

fn add_eye(model: &mut Model, plan: &Plan, side: f32, rims: &Material, lens: Option<&Material>) {
    let centre = vec3(side * plan.centre(), 0.0, 0.0);
    let path: Vec<Vec3> = plan
        .outline
        .iter()
        .map(|point| centre + vec3(point.x * side, point.y, 0.0))
        .collect();
    let section = |_| Section {
        across: plan.stock,
        depth: plan.stock * 0.9,
        exponent: 0.7,
    };
    model.add(Mesh::sweep(&path, Vec3::Z, Ends::Joined, section), rims);
    if let Some(lens) = lens {
        let mut outline: Vec<Vec2> = plan
            .outline
            .iter()
            .map(|point| vec2(point.x * side, point.y))
            .collect();
        if side < 0.0 {
            outline.reverse();
        }
        model.add(Mesh::extrude(&outline, 0.015, 0.004).shifted(centre), lens);
    }
}

fn add_bridge(model: &mut Model, plan: &Plan, rims: &Material, random: &mut Random) {
    let height = plan.half.y * random.between(0.15, 0.5);
    let reach = plan.gap + plan.stock * 1.2;
    let path = [
        vec3(-reach, height, 0.0),
        vec3(0.0, height + random.between(0.04, 0.1), 0.03),
        vec3(reach, height, 0.0),
    ];
    let bridge = Mesh::sweep(&spline(&path, 8, false), Vec3::Z, Ends::Capped, |_| {
        Section::round(plan.stock * 0.8)
    });
    model.add(bridge, rims);
    if random.chance(0.25) {
        let lift = vec3(0.0, plan.half.y * 0.45, 0.0);
        model.add(
            Mesh::rod(path[0] + lift, path[2] + lift, [plan.stock * 0.6; 2]),
            rims,
        );
    }
}

fn add_temples(model: &mut Model, plan: &Plan, material: &Material, random: &mut Random) {
    let length = random.between(1.25, 1.65);
    let spread = random.between(-0.02, 0.12);
    let height = plan.half.y * 0.4;
    let outer = plan.centre() + plan.half.x + plan.stock * 0.6;
    for side in [1.0, -1.0] {
        let knots = [
            (outer - 0.03, height, 0.0),
            (outer + 0.03, height, -0.08),
            (outer + spread * 0.6, height, -length * 0.6),
            (outer + spread, height - 0.03, -length * 0.82),
            (outer + spread, -plan.half.y * 0.8, -length * 1.08),
        ];
        let knots: Vec<Vec3> = knots
            .iter()
            .map(|&(x, y, z)| vec3(side * x, y, z))
            .collect();
        let section = |_| Section {
            across: plan.stock * 0.95,
            depth: plan.stock * 0.5,
            exponent: 0.7,
        };
        model.add(
            Mesh::sweep(&spline(&knots, 6, false), Vec3::X, Ends::Capped, section),
            material,
        );
    }
}
