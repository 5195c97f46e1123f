//! Scissors: two crossed halves in the xy plane, the points towards +y.

use crate::material::{Finish, Material};
use crate::mesh::{Ends, Mesh, Section, spline};
use crate::model::Model;
use crate::random::Random;
use glam::{Affine3A, Vec2, Vec3, vec2, vec3};

struct Plan {
    blade: f32,
    width: f32,
    shank: f32,
    loops: Vec2,
    stock: f32,
}

/// Builds scissors about two units long.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let plan = Plan {
        blade: random.between(0.95, 1.25),
        width: random.between(0.10, 0.15),
        shank: random.between(0.28, 0.5),
        loops: vec2(random.between(0.19, 0.25), random.between(0.24, 0.38)),
        stock: random.between(0.055, 0.08),
    };
    let half_angle = random.between(0.14, 0.42);
    let blades = if random.chance(0.75) {
        &finish.steel
    } else {
        &finish.second
    };
    let grips = if random.chance(0.2) {
        blades
    } else {
        &finish.main
    };
    let uneven = random.between(1.0, 1.35);
    let mut model = Model::default();
    add_half(&mut model, &plan, 1.0, half_angle, uneven, [blades, grips]);
    add_half(&mut model, &plan, -1.0, half_angle, 1.0, [blades, grips]);
    let screw = Mesh::ellipsoid(vec3(0.065, 0.065, 0.08));
    model.add(screw, &finish.accent);
    model
}

/// One half: its blade leans to `side`, its handle to the other.
fn add_half(
    model: &mut Model,
    plan: &Plan,
    side: f32,
    angle: f32,
    size: f32,
    [blades, grips]: [&Material; 2],
) {
    let lean = Affine3A::from_rotation_z(-side * angle);
    let layer = Vec3::Z * side * 0.032;
    model.add(blade(plan, side).shifted(layer).moved(lean), blades);
    let (shank, grip) = handle(plan, side, size);
    model.add(shank.shifted(layer * 0.5).moved(lean), grips);
    model.add(grip.moved(lean), grips);
}

fn blade(plan: &Plan, side: f32) -> Mesh {
    let width = plan.width;
    // The cutting edge lies towards the other blade.
    let outline = [
        vec2(-width * 0.75, -0.2),
        vec2(width * 0.75, -0.2),
        vec2(width, 0.1),
        vec2(width * 0.75, plan.blade * 0.6),
        vec2(-width * 0.35, plan.blade),
        vec2(-width * 0.55, plan.blade * 0.98),
        vec2(-width * 0.55, 0.1),
    ];
    let mesh = Mesh::extrude(&outline, 0.03, 0.014);
    if side > 0.0 {
        mesh
    } else {
        mesh.moved(Affine3A::from_scale(vec3(-1.0, 1.0, 1.0)))
    }
}

fn handle(plan: &Plan, side: f32, size: f32) -> (Mesh, Mesh) {
    let half = plan.loops * vec2(1.0, size);
    let centre = vec3(side * half.x * 0.35, -plan.shank - half.y, 0.0);
    let path = [
        vec3(0.0, 0.02, 0.0),
        vec3(0.0, -0.15, 0.0),
        vec3(-side * half.x * 0.3, -plan.shank - half.y * 0.3, 0.0),
    ];
    let section = |share: f32| {
        let thin = 1.0 - 0.25 * share;
        Section {
            across: plan.width * 0.75 * thin,
            depth: plan.stock * 0.8,
            exponent: 0.75,
        }
    };
    let shank = Mesh::sweep(&spline(&path, 6, false), Vec3::Z, Ends::Capped, section);
    // An egg: narrower towards the pivot.
    let knots = [
        (0.0, 1.0),
        (-0.8, 0.7),
        (-1.0, 0.0),
        (-0.75, -0.75),
        (0.0, -1.0),
        (0.8, -0.7),
        (1.0, 0.0),
        (0.7, 0.75),
    ];
    let knots: Vec<Vec3> = knots
        .iter()
        .map(|&(x, y)| centre + vec3(x * half.x, y * half.y, 0.0))
        .collect();
    let section = |_| Section {
        across: plan.stock,
        depth: plan.stock * 1.05,
        exponent: 0.8,
    };
    (
        shank,
        Mesh::sweep(&spline(&knots, 6, true), Vec3::Z, Ends::Joined, section),
    )
}
