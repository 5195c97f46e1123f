//! Chairs: the seat in the xz plane, the back at -z.

use crate::material::{Finish, Material};
use crate::mesh::{Ends, Mesh, Section, spline};
use crate::model::Model;
use crate::random::Random;
use glam::{Affine3A, Vec3, vec2, vec3};
use std::f32::consts::{FRAC_PI_2, TAU};

struct Plan {
    half: Vec3,
    seat: f32,
    back: f32,
    lean: f32,
    splay: f32,
    stock: f32,
    round: bool,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        Self {
            half: vec3(
                random.between(0.42, 0.54),
                random.between(0.035, 0.09),
                random.between(0.40, 0.52),
            ),
            seat: random.between(0.85, 1.05),
            back: random.between(0.8, 1.15),
            lean: random.between(0.05, 0.28),
            splay: random.between(0.0, 0.16),
            stock: random.between(0.035, 0.06),
            round: random.chance(0.3),
        }
    }

    /// A point of the back: `across` in `-1..=1`, `up` in `0..=1`.
    fn back_point(&self, across: f32, up: f32) -> Vec3 {
        let edge = if self.round { 0.8 } else { 0.92 };
        let z = -self.half.z * edge - self.lean * up;
        vec3(across * self.half.x * 0.9, self.seat + self.back * up, z)
    }
}

/// Builds a chair about two units high.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let plan = Plan::new(random);
    let mut model = Model::default();
    model.add(seat(&plan), &finish.second);
    match random.below(6) {
        0 => add_pedestal(&mut model, &plan, finish),
        1 => add_sled(&mut model, &plan, finish),
        _ => add_legs(&mut model, &plan, finish, random),
    }
    match random.below(4) {
        0 => add_slats(&mut model, &plan, finish, random),
        1 => add_ladder(&mut model, &plan, finish, random),
        2 => add_panel(&mut model, &plan, finish),
        _ => add_hoop(&mut model, &plan, finish, random),
    }
    if random.chance(0.3) {
        add_arms(&mut model, &plan, finish);
    }
    model
}

fn seat(plan: &Plan) -> Mesh {
    let centre = vec3(0.0, plan.seat, 0.0);
    if plan.round {
        let thick = plan.half.y;
        let profile = [
            (0.0, -thick),
            (0.9, -thick),
            (1.0, -0.3 * thick),
            (1.0, 0.5 * thick),
            (0.93, thick),
            (0.0, thick),
        ];
        let profile: Vec<_> = profile
            .iter()
            .map(|&(share, height)| vec2(share * plan.half.x, height))
            .collect();
        return Mesh::lathe(&profile, 36).shifted(centre);
    }
    let slab = Mesh::rounded_box(vec3(plan.half.x, plan.half.z, plan.half.y), 0.08);
    slab.moved(Affine3A::from_rotation_x(FRAC_PI_2))
        .shifted(centre)
}

fn add_legs(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    let taper = random.between(0.5, 1.0);
    let inner = if plan.round { 0.66 } else { 0.86 };
    let foot = |x: f32, z: f32, up: f32| {
        let spread = inner + plan.splay * (1.0 - up) / plan.half.x;
        vec3(
            x * plan.half.x * spread,
            plan.seat * up,
            z * plan.half.z * spread,
        )
    };
    for (x, z) in [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
        let radii = [plan.stock * taper, plan.stock];
        model.add(
            Mesh::rod(foot(x, z, 0.0), foot(x, z, 0.99), radii),
            &finish.main,
        );
    }
    if random.chance(0.45) {
        let up = random.between(0.2, 0.45);
        let stock = [plan.stock * 0.6; 2];
        for side in [1.0, -1.0] {
            model.add(
                Mesh::rod(foot(side, 1.0, up), foot(side, -1.0, up), stock),
                &finish.main,
            );
        }
        model.add(
            Mesh::rod(foot(1.0, 0.0, up), foot(-1.0, 0.0, up), stock),
            &finish.main,
        );
    }
}

fn add_pedestal(model: &mut Model, plan: &Plan, finish: &Finish) {
    let hub = vec3(0.0, 0.16, 0.0);
    model.add(
        Mesh::rod(hub, vec3(0.0, plan.seat, 0.0), [plan.stock * 1.2; 2]),
        &finish.steel,
    );
    for spoke in 0..5 {
        let angle = TAU * spoke as f32 / 5.0;
        let tip = vec3(0.5 * angle.cos(), 0.07, 0.5 * angle.sin());
        model.add(
            Mesh::rod(tip, hub, [plan.stock * 0.7, plan.stock]),
            &finish.main,
        );
        model.add(
            Mesh::ellipsoid(Vec3::splat(0.06)).shifted(tip - vec3(0.0, 0.01, 0.0)),
            &finish.dark,
        );
    }
}

fn add_sled(model: &mut Model, plan: &Plan, finish: &Finish) {
    for side in [1.0, -1.0] {
        let x = side * plan.half.x * 0.86;
        let z = plan.half.z * 0.86;
        let corners = [
            (plan.seat, z),
            (0.1, z + 0.04),
            (0.03, z - 0.06),
            (0.03, -z - 0.04),
            (0.1, -z - 0.1),
            (plan.seat, -z),
        ];
        let path: Vec<Vec3> = corners.iter().map(|&(y, z)| vec3(x, y, z)).collect();
        let section = |_| Section::round(plan.stock * 0.75);
        model.add(
            Mesh::sweep(&path, Vec3::X, Ends::Capped, section),
            &finish.main,
        );
    }
}

fn add_posts(model: &mut Model, plan: &Plan, material: &Material) {
    for side in [1.0, -1.0] {
        let post = Mesh::rod(
            plan.back_point(side, -0.04),
            plan.back_point(side, 1.0),
            [plan.stock, plan.stock * 0.8],
        );
        model.add(post, material);
        model.add(
            Mesh::ellipsoid(Vec3::splat(plan.stock)).shifted(plan.back_point(side, 1.0)),
            material,
        );
    }
}

fn rail(plan: &Plan, up: f32, height: f32) -> Mesh {
    let bow = vec3(0.0, 0.0, -0.08);
    let path = [
        plan.back_point(-1.0, up),
        plan.back_point(0.0, up) + bow,
        plan.back_point(1.0, up),
    ];
    let section = |_| Section {
        across: 0.03,
        depth: height,
        exponent: 0.5,
    };
    Mesh::sweep(&spline(&path, 8, false), Vec3::Y, Ends::Capped, section)
}

fn add_slats(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    add_posts(model, plan, &finish.main);
    model.add(rail(plan, 0.93, 0.08), &finish.main);
    let count = 3 + random.below(4);
    let bow = vec3(0.0, 0.0, -0.06);
    for slat in 0..count {
        let across = 1.6 * ((slat as f32 + 0.5) / count as f32 - 0.5);
        let rod = Mesh::rod(
            plan.back_point(across, 0.0),
            plan.back_point(across, 0.92) + bow,
            [0.028, 0.022],
        );
        model.add(rod, &finish.main);
    }
}

fn add_ladder(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    add_posts(model, plan, &finish.main);
    let count = 2 + random.below(3);
    for rung in 0..count {
        let up = 0.35 + 0.55 * rung as f32 / (count - 1) as f32;
        model.add(rail(plan, up, random.between(0.06, 0.09)), &finish.second);
    }
}

fn add_panel(model: &mut Model, plan: &Plan, finish: &Finish) {
    add_posts(model, plan, &finish.main);
    let bow = vec3(0.0, 0.0, -0.1);
    let path = [
        plan.back_point(-1.0, 0.62),
        plan.back_point(0.0, 0.62) + bow,
        plan.back_point(1.0, 0.62),
    ];
    let section = |_| Section {
        across: 0.05,
        depth: plan.back * 0.36,
        exponent: 0.35,
    };
    model.add(
        Mesh::sweep_with(20, &spline(&path, 8, false), Vec3::Y, Ends::Capped, section),
        &finish.second,
    );
}

fn add_hoop(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    let reach = [
        (-0.9, 0.0),
        (-1.0, 0.5),
        (-0.8, 0.88),
        (0.0, 1.05),
        (0.8, 0.88),
        (1.0, 0.5),
        (0.9, 0.0),
    ];
    let path: Vec<Vec3> = reach
        .iter()
        .map(|&(across, up)| plan.back_point(across, up))
        .collect();
    let normal = vec3(0.0, plan.lean, -plan.back).normalize();
    let hoop = Mesh::sweep(&spline(&path, 6, false), normal, Ends::Capped, |_| {
        Section::round(plan.stock * 0.8)
    });
    model.add(hoop, &finish.main);
    let spindles = 3 + random.below(4);
    for spindle in 0..spindles {
        let across = 1.5 * ((spindle as f32 + 0.5) / spindles as f32 - 0.5);
        let top = 1.03 - 0.26 * across * across;
        let rod = Mesh::rod(
            plan.back_point(across * 0.85, 0.0),
            plan.back_point(across, top),
            [0.024, 0.018],
        );
        model.add(rod, &finish.main);
    }
}

fn add_arms(model: &mut Model, plan: &Plan, finish: &Finish) {
    for side in [1.0, -1.0] {
        let rear = plan.back_point(side, 0.38);
        let front = vec3(side * plan.half.x * 0.98, rear.y, plan.half.z * 0.7);
        let section = |_| Section {
            across: 0.05,
            depth: 0.028,
            exponent: 0.6,
        };
        model.add(
            Mesh::sweep(&[rear, front], Vec3::Y, Ends::Capped, section),
            &finish.main,
        );
        let foot = vec3(side * plan.half.x * 0.8, plan.seat, plan.half.z * 0.62);
        model.add(
            Mesh::rod(foot, front - vec3(0.0, 0.0, 0.06), [plan.stock * 0.7; 2]),
            &finish.main,
        );
    }
}
