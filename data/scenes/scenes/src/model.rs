//! An object: meshes with their materials, and how it may lie before the camera.

use crate::material::Material;
use crate::mesh::Mesh;
use glam::{Affine3A, Quat, Vec3};

/// A mesh of one material.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The shape in the object's own space, which is also that of its texture.
    pub(crate) mesh: Mesh,
    /// What it is made of.
    pub(crate) material: Material,
}

/// All parts of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// The parts.
    pub(crate) parts: Vec<Part>,
}

impl Model {
    /// Adds a part.
    pub(crate) fn add(&mut self, mesh: Mesh, material: &Material) {
        self.parts.push(Part {
            mesh,
            material: material.clone(),
        });
    }

    /// Adds a part and its mirror image across the plane z = 0.
    pub(crate) fn add_pair(&mut self, mesh: &Mesh, material: &Material) {
        let mirrored = mesh
            .clone()
            .moved(Affine3A::from_scale(Vec3::new(1.0, 1.0, -1.0)));
        self.add(mesh.clone(), material);
        self.add(mirrored, material);
    }

    /// All corner points.
    pub(crate) fn points(&self) -> impl Iterator<Item = Vec3> {
        self.parts
            .iter()
            .flat_map(|part| part.mesh.positions.iter().copied())
    }

    /// The lowest and highest coordinates.
    pub(crate) fn bounds(&self) -> (Vec3, Vec3) {
        self.points().fold(
            (Vec3::INFINITY, Vec3::NEG_INFINITY),
            |(low, high), point| (low.min(point), high.max(point)),
        )
    }
}

/// How an object is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pose {
    /// Turns the object before it is set down on the ground.
    pub(crate) rotation: Quat,
    /// Height above the ground, in radii of the object.
    pub(crate) lift: f32,
    /// Height of the camera above the horizon, in radians.
    pub(crate) elevation: f32,
}
