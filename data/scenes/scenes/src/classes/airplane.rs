//! Aeroplanes: a fuselage along x with the nose at +x, wings along z.

use crate::classes::attitude;
use crate::material::Finish;
use crate::mesh::{Ends, Mesh, superellipse};
use crate::model::{Model, Pose};
use crate::random::Random;
use glam::{Affine3A, Quat, Vec2, Vec3, vec2, vec3};
use std::f32::consts::{FRAC_PI_2, TAU};

/// Shares of the fuselage's length, and the thickness there as a share of the thickest place.
const FUSELAGE: [(f32, f32); 12] = [
    (0.0, 0.10),
    (0.02, 0.20),
    (0.10, 0.38),
    (0.22, 0.66),
    (0.38, 0.94),
    (0.52, 1.0),
    (0.74, 1.0),
    (0.84, 0.92),
    (0.91, 0.76),
    (0.96, 0.54),
    (0.99, 0.28),
    (1.0, 0.06),
];

/// A flat lifting surface.
struct Wing {
    root: Vec3,
    tip: Vec3,
    chords: [f32; 2],
    thickness: f32,
}

impl Wing {
    fn mesh(&self, upright: bool) -> Mesh {
        let stations = [0.0, 0.5, 0.94, 1.0];
        let rings: Vec<Vec<Vec3>> = stations
            .iter()
            .map(|&share| self.ring(share, upright))
            .collect();
        Mesh::loft(&rings, Ends::Capped)
    }

    fn ring(&self, share: f32, upright: bool) -> Vec<Vec3> {
        let rounding = if share > 0.99 { 0.55 } else { 1.0 };
        let chord = (self.chords[0] + (self.chords[1] - self.chords[0]) * share) * rounding;
        let half = vec2(chord / 2.0, self.thickness * rounding * (1.0 - 0.4 * share));
        let middle = self.root.lerp(self.tip, share);
        superellipse(14, half, 1.0)
            .into_iter()
            .map(|point| {
                middle
                    + if upright {
                        vec3(point.x, 0.0, point.y)
                    } else {
                        point.extend(0.0)
                    }
            })
            .collect()
    }
}

struct Plan {
    radius: f32,
    span: f32,
    chord: f32,
    sweep: f32,
    taper: f32,
    rise: f32,
    height: f32,
    station: f32,
    propeller: bool,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let propeller = random.chance(0.4);
        let sweep = if propeller {
            random.between(-0.02, 0.08)
        } else {
            random.between(0.2, 0.55)
        };
        let radius = random.between(0.095, 0.15);
        Self {
            radius,
            span: random.between(0.72, 1.05),
            chord: random.between(0.30, 0.42),
            sweep,
            taper: random.between(0.35, 0.75),
            rise: random.between(0.0, 0.14),
            height: if propeller {
                random.pick(&[0.75, -0.55])
            } else {
                -0.45
            } * radius,
            station: random.between(0.02, 0.14),
            propeller,
        }
    }

    /// A point of the wing's middle line at a share of the span.
    fn wing_point(&self, share: f32) -> Vec3 {
        let out = self.span * share;
        vec3(
            self.station - self.sweep * share,
            self.height + self.rise * share,
            out,
        )
    }
}

/// Builds an aeroplane about two units long.
pub(crate) fn build(random: &mut Random, finish: &Finish) -> Model {
    let plan = Plan::new(random);
    let mut model = Model::default();
    model.add(fuselage(plan.radius), &finish.main);
    let wing = Wing {
        root: plan.wing_point(0.0),
        tip: plan.wing_point(1.0),
        chords: [plan.chord, plan.chord * plan.taper],
        thickness: 0.03,
    };
    let wings = if random.chance(0.5) {
        &finish.main
    } else {
        &finish.second
    };
    model.add_pair(&wing.mesh(false), wings);
    add_tail(&mut model, &plan, finish, random);
    add_windows(&mut model, &plan, finish);
    if plan.propeller {
        add_propeller(&mut model, &plan, finish, random);
        add_wheels(&mut model, &plan, finish);
    } else {
        add_jets(&mut model, &plan, finish, random);
    }
    model
}

fn fuselage(radius: f32) -> Mesh {
    let rings: Vec<Vec<Vec3>> = FUSELAGE
        .iter()
        .map(|&(share, thickness)| {
            // The tail rises, so that the underside slopes.
            let lift = radius * 0.55 * (0.45 - share).max(0.0) / 0.45;
            superellipse(24, Vec2::splat(radius * thickness), 1.0)
                .into_iter()
                .map(|point| vec3(share * 2.0 - 1.0, point.x + lift, point.y))
                .collect()
        })
        .collect();
    Mesh::loft(&rings, Ends::Capped)
}

fn add_tail(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    let rise = random.between(0.30, 0.42);
    let lean = random.between(0.12, 0.28);
    let base = plan.radius * 0.3;
    let fin = Wing {
        root: vec3(-0.80, base, 0.0),
        tip: vec3(-0.80 - lean, base + rise, 0.0),
        chords: [0.32, random.between(0.14, 0.22)],
        thickness: 0.022,
    };
    model.add(fin.mesh(true), &finish.second);
    let high = random.chance(0.25);
    let height = if high {
        base + rise * 0.92
    } else {
        base + 0.03
    };
    let back = if high { -0.82 - lean * 0.9 } else { -0.84 };
    let stabiliser = Wing {
        root: vec3(back, height, 0.0),
        tip: vec3(
            back - 0.4 * plan.sweep - 0.03,
            height + 0.02,
            random.between(0.30, 0.42),
        ),
        chords: [0.24, random.between(0.11, 0.17)],
        thickness: 0.018,
    };
    model.add_pair(&stabiliser.mesh(false), &finish.second);
}

fn add_windows(model: &mut Model, plan: &Plan, finish: &Finish) {
    let radius = plan.radius;
    let cockpit = Mesh::ellipsoid(vec3(0.13, radius * 0.5, radius * 0.72));
    model.add(
        cockpit.shifted(vec3(0.74, radius * 0.56, 0.0)),
        &finish.dark,
    );
    for index in 0..8 {
        let pane = Mesh::ellipsoid(vec3(0.024, 0.024, 0.012));
        let place = vec3(0.52 - 0.12 * index as f32, radius * 0.32, radius * 0.93);
        model.add_pair(&pane.shifted(place), &finish.dark);
    }
}

fn add_propeller(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    let blades = random.pick(&[2, 3, 4]);
    let start = random.between(0.0, TAU);
    let twin = random.chance(0.35);
    let hubs = if twin {
        let mount = plan.wing_point(0.38) + vec3(plan.chord * 0.35, 0.0, 0.0);
        let pod = Mesh::ellipsoid(vec3(0.22, 0.065, 0.065)).shifted(mount - vec3(0.05, 0.0, 0.0));
        model.add_pair(&pod, &finish.accent);
        let tip = mount + vec3(0.17, 0.0, 0.0);
        vec![tip, tip * vec3(1.0, 1.0, -1.0)]
    } else {
        vec![vec3(1.0, 0.0, 0.0)]
    };
    for hub in hubs {
        model.add(
            Mesh::ellipsoid(vec3(0.09, 0.05, 0.05)).shifted(hub),
            &finish.accent,
        );
        for blade in 0..blades {
            let turn = Quat::from_rotation_x(start + TAU * blade as f32 / blades as f32);
            let shape = Mesh::ellipsoid(vec3(0.014, 0.15, 0.032)).shifted(vec3(0.03, 0.15, 0.0));
            model.add(
                shape.moved(Affine3A::from_rotation_translation(turn, hub)),
                &finish.steel,
            );
        }
    }
}

fn add_wheels(model: &mut Model, plan: &Plan, finish: &Finish) {
    let ground = -plan.radius - 0.14;
    for place in [
        vec3(0.22, ground, 0.17),
        vec3(0.22, ground, -0.17),
        vec3(-0.82, -0.04, 0.0),
    ] {
        let wheel = Mesh::torus(0.045, 0.024).shifted(place);
        model.add(wheel, &finish.dark);
        let above = vec3(place.x - 0.04, place.y + 0.2, place.z * 0.35);
        model.add(Mesh::rod(place, above, [0.013, 0.016]), &finish.steel);
    }
}

fn add_jets(model: &mut Model, plan: &Plan, finish: &Finish, random: &mut Random) {
    let tail_mounted = random.chance(0.25);
    let mounts = if tail_mounted {
        vec![vec3(-0.52, plan.radius * 0.5, plan.radius + 0.07)]
    } else {
        let places: &[f32] = if random.chance(0.35) {
            &[0.3, 0.6]
        } else {
            &[0.36]
        };
        places
            .iter()
            .map(|&share| plan.wing_point(share) + vec3(plan.chord * 0.32, -0.085, 0.0))
            .collect()
    };
    let profile = [
        (0.0, 0.02),
        (0.05, 0.0),
        (0.062, 0.03),
        (0.07, 0.12),
        (0.058, 0.24),
        (0.035, 0.3),
        (0.0, 0.28),
    ];
    let profile: Vec<Vec2> = profile
        .iter()
        .map(|&(radius, along)| vec2(radius, along))
        .collect();
    let nacelle = Mesh::lathe(&profile, 20).moved(Affine3A::from_rotation_z(FRAC_PI_2));
    for mount in mounts {
        model.add_pair(
            &nacelle.clone().shifted(mount + vec3(0.1, 0.0, 0.0)),
            &finish.accent,
        );
        let intake =
            Mesh::ellipsoid(vec3(0.012, 0.048, 0.048)).shifted(mount + vec3(0.1, 0.0, 0.0));
        model.add_pair(&intake, &finish.dark);
    }
}

/// In flight, or as a model on the ground seen from above.
pub(crate) fn pose(random: &mut Random) -> Pose {
    let heading = random.between(0.0, TAU);
    if random.chance(0.6) {
        let rotation = attitude(
            heading,
            random.between(-0.3, 0.3),
            random.between(-0.25, 0.3),
        );
        Pose {
            rotation,
            lift: random.between(0.25, 0.8),
            elevation: random.between(22.0, 50.0).to_radians(),
        }
    } else {
        let rotation = attitude(heading, 0.0, 0.0);
        Pose {
            rotation,
            lift: 0.0,
            elevation: random.between(30.0, 68.0).to_radians(),
        }
    }
}
