//! Open umbrellas: the shaft along y, the canopy at the top.

use crate::classes::attitude;
use crate::material::Finish;
use crate::mesh::{Ends, Mesh, Section, spline};
use crate::model::{Model, Pose};
use crate::random::Random;
use glam::{Vec3, vec3};
use std::f32::consts::{PI, TAU};

/// Height of the canopy's top above the shaft's lower end.
const TOP: f32 = 1.75;

struct Canopy {
    panels: usize,
    radius: f32,
    depth: f32,
    scallop: f32,
    power: f32,
}

impl Canopy {
    /// A point at a share `out` of the way from the top to the rim, and `turn` panels around.
    fn point(&self, out: f32, turn: f32) -> Vec3 {
        let within = turn - turn.floor();
        // Between the ribs the cloth sags and the rim is cut back.
        let slack = (PI * within).sin();
        let radius = self.radius * out * (1.0 - self.scallop * slack * out);
        let drop = self.depth * out.powf(self.power) * (1.0 - 0.5 * self.scallop * slack * out);
        let angle = TAU * turn / self.panels as f32;
        vec3(radius * angle.cos(), TOP - drop, radius * angle.sin())
    }

    fn panel(&self, index: usize) -> Mesh {
        let rows: Vec<Vec<Vec3>> = (0..=8)
            .map(|row| {
                let out = (row as f32 / 8.0).max(0.01);
                (0..=6)
                    .map(|step| self.point(out, index as f32 + (step as f32 / 6.0).min(0.9999)))
                    .collect()
            })
            .collect();
        strip(&rows)
    }

    fn rib(&self, index: usize) -> Mesh {
        let path: Vec<Vec3> = (0..=8)
            .map(|row| self.point((row as f32 / 8.0).max(0.01), index as f32) - Vec3::Y * 0.015)
            .collect();
        let angle = TAU * index as f32 / self.panels as f32;
        let normal = vec3(-angle.sin(), 0.0, angle.cos());
        Mesh::sweep_with(5, &path, normal, Ends::Open, |_| Section::round(0.012))
    }
}

/// An open sheet over a grid of points.
fn strip(rows: &[Vec<Vec3>]) -> Mesh {
    let columns = rows[0].len();
    let mut mesh = Mesh {
        positions: rows.concat(),
        faces: Vec::new(),
    };
    for row in 0..rows.len() - 1 {
        for column in 0..columns - 1 {
            let corner = row * columns + column;
            let [a, b, c, d] = [corner, corner + 1, corner + columns + 1, corner + columns]
                .map(|index| index as u32);
            mesh.faces.extend([[a, b, c], [a, c, d]]);
        }
    }
    mesh
}

/// Builds an umbrella about two units high.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let canopy = Canopy {
        panels: random.pick(&[6, 8, 8, 10]),
        radius: random.between(0.9, 1.15),
        depth: random.between(0.42, 0.72),
        scallop: random.between(0.06, 0.14),
        power: random.between(1.6, 2.3),
    };
    let mut model = Model::default();
    let alternating = random.chance(0.5);
    for panel in 0..canopy.panels {
        let cloth = if alternating && panel % 2 == 1 {
            &finish.second
        } else {
            &finish.main
        };
        model.add(canopy.panel(panel), cloth);
        model.add(canopy.rib(panel), &finish.steel);
    }
    let stock = random.between(0.028, 0.042);
    model.add(
        Mesh::rod(vec3(0.0, 0.1, 0.0), vec3(0.0, TOP + 0.02, 0.0), [stock; 2]),
        &finish.steel,
    );
    model.add(
        Mesh::rod(
            vec3(0.0, TOP - 0.02, 0.0),
            vec3(0.0, TOP + 0.18, 0.0),
            [0.05, 0.018],
        ),
        &finish.accent,
    );
    add_handle(&mut model, finish, random);
    model
}

fn add_handle(model: &mut Model, finish: &Finish, random: &mut Random) {
    if random.chance(0.75) {
        let reach = random.between(0.13, 0.18);
        let knots = [
            (0.0, 0.3),
            (0.0, 0.05),
            (0.25, -0.1),
            (1.0, -0.18),
            (1.75, -0.1),
            (2.0, 0.05),
            (2.0, 0.12),
        ];
        let path: Vec<Vec3> = knots
            .iter()
            .map(|&(x, y)| vec3(x * reach, y, 0.0))
            .collect();
        let hook = Mesh::sweep(&spline(&path, 5, false), Vec3::Z, Ends::Capped, |_| {
            Section::round(0.055)
        });
        model.add(hook, &finish.accent);
    } else {
        model.add(
            Mesh::rod(vec3(0.0, -0.1, 0.0), vec3(0.0, 0.32, 0.0), [0.075, 0.055]),
            &finish.accent,
        );
        model.add(
            Mesh::ellipsoid(Vec3::splat(0.09)).shifted(vec3(0.0, -0.1, 0.0)),
            &finish.accent,
        );
    }
}

/// Held upright, or tipped so that the canopy's side and the handle both show.
pub(crate) fn pose(random: &mut Random) -> Pose {
    let heading = random.between(0.0, TAU);
    let tilt = if random.chance(0.4) {
        random.between(0.0, 0.35)
    } else {
        random.between(0.5, 1.2)
    };
    let side = random.sign();
    // The canopy leans a little away from the camera, which so looks under it.
    let side = attitude(-side * random.between(-0.2, 0.7), 0.0, side * tilt);
    Pose {
        rotation: side * attitude(heading, 0.0, 0.0),
        lift: 0.0,
        elevation: random.between(5.0, 20.0).to_radians(),
    }
}
