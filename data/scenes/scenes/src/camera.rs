//! The camera: a pinhole whose picture is shifted, so that the object lies where it should.

use crate::Size;
use glam::{Vec2, Vec3, Vec3A, vec2};

/// Tangent of half the angle of view along the shorter side.
const HALF_VIEW: f32 = 0.30;

/// A pinhole camera. Picture coordinates count in half shorter sides from the middle, x to the right and y up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Camera {
    /// The pinhole.
    pub(crate) eye: Vec3,
    right: Vec3,
    up: Vec3,
    forward: Vec3,
    shift: Vec2,
}

impl Camera {
    /// A camera above the +z side of the points, at `elevation` radians, so that they fill the share `fill` of the
    /// shorter side with the middle of their frame at `centre`.
    pub(crate) fn framing(points: &[Vec3], elevation: f32, fill: f32, centre: Vec2) -> Self {
        let (low, high) = frame(points.iter().copied());
        let target = (low + high) * 0.5;
        let (sine, cosine) = elevation.sin_cos();
        let forward = Vec3::new(0.0, -sine, -cosine);
        let up = Vec3::new(0.0, cosine, -sine);
        let mut camera = Self {
            eye: target,
            right: Vec3::X,
            up,
            forward,
            shift: Vec2::ZERO,
        };
        let mut distance = 5.0;
        let mut bounds = (Vec2::ZERO, Vec2::ONE);
        for _ in 0..8 {
            camera.eye = target - forward * distance;
            bounds = camera.bounds(points);
            distance =
                (distance * (bounds.1 - bounds.0).max_element() / (2.0 * fill)).clamp(2.0, 40.0);
        }
        camera.shift = centre - (bounds.0 + bounds.1) * 0.5;
        camera
    }

    /// Where a point appears, and its distance along the view.
    pub(crate) fn project(&self, point: Vec3) -> (Vec2, f32) {
        let offset = point - self.eye;
        let depth = offset.dot(self.forward);
        let flat =
            vec2(offset.dot(self.right), offset.dot(self.up)) / (depth.max(0.05) * HALF_VIEW);
        (flat + self.shift, depth)
    }

    /// The frame around the projected points.
    pub(crate) fn bounds(&self, points: &[Vec3]) -> (Vec2, Vec2) {
        points.iter().fold(
            (Vec2::INFINITY, Vec2::NEG_INFINITY),
            |(low, high), &point| {
                let (place, _) = self.project(point);
                (low.min(place), high.max(place))
            },
        )
    }

    /// The unit direction through a picture position in pixels from the top left corner.
    pub(crate) fn direction(&self, pixel: Vec2, size: Size) -> Vec3A {
        let (width, height) = (size.width as f32, size.height as f32);
        let half = width.min(height) / 2.0;
        let place = vec2(pixel.x - width / 2.0, height / 2.0 - pixel.y) / half - self.shift;
        let flat = place * HALF_VIEW;
        Vec3A::from(self.forward + self.right * flat.x + self.up * flat.y).normalize()
    }
}

fn frame(points: impl Iterator<Item = Vec3>) -> (Vec3, Vec3) {
    points.fold(
        (Vec3::INFINITY, Vec3::NEG_INFINITY),
        |(low, high), point| (low.min(point), high.max(point)),
    )
}
