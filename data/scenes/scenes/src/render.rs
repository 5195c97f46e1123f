//! The ray tracer.

use crate::material::{Colour, Material};
use crate::scene::Scene;
use crate::{Quality, Size};
use glam::{Vec2, Vec3A, vec2};
use obvhs::ray::{Ray, RayHit};
use obvhs::triangle::Triangle;
use std::f32::consts::{PI, TAU};

/// Secondary rays start this far off their surface; the object has radius 1.
const LIFT: f32 = 2e-3;

/// How far the sky is looked for: beyond this, nothing darkens.
const SKY_REACH: f32 = 1.6;

/// Side of the square of pixels over which the samples of the lights are spread.
const TILE: usize = 4;

/// A place on a surface.
struct Surface<'a> {
    position: Vec3A,
    /// Unit normal for shading, towards the viewer.
    normal: Vec3A,
    /// Where the texture is looked up.
    rest: Vec3A,
    material: &'a Material,
    /// Which surface it is: the same number, the same material.
    label: u32,
}

/// What one ray, or the mean of several, brought.
#[derive(Clone, Copy, Default)]
struct Sample {
    radiance: Colour,
    /// Share of diffuse light that the surface sends back.
    albedo: Colour,
    /// Diffuse light that arrives, over pi.
    irradiance: Colour,
    normal: Vec3A,
    label: u32,
    /// Whether the samples of a mean fell on more than one surface.
    mixed: bool,
    object: f32,
}

/// Diffuse light on a surface.
#[derive(Clone, Copy)]
struct Lit {
    /// Of the key light, over pi.
    key: Colour,
    /// Of the surroundings, over pi.
    sky: Colour,
    /// Direction of the key light.
    toward: Vec3A,
    normal: Vec3A,
    label: u32,
    /// Samples that took it so far.
    uses: u32,
}

impl Lit {
    /// Whether a sample of the same pixel may take this light over.
    fn fits(&self, surface: &Surface<'_>, shared: u32) -> bool {
        self.uses < shared && self.label == surface.label && self.normal.dot(surface.normal) > 0.97
    }
}

/// A finished picture in linear light.
pub(crate) struct Exposure {
    /// Radiance, row by row.
    pub(crate) radiance: Vec<Colour>,
    /// Share of the pixel that shows the object, row by row.
    pub(crate) object: Vec<f32>,
}

/// Takes the picture.
pub(crate) fn expose(scene: &Scene, size: Size, quality: Quality) -> Exposure {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut samples = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            samples.push(pixel(scene, size, quality, [row, column]));
        }
    }
    let object = samples.iter().map(|sample| sample.object).collect();
    let radiance = if quality.smoothing {
        smooth(&samples, width)
    } else {
        samples.iter().map(|s| s.radiance).collect()
    };
    Exposure { radiance, object }
}

/// Place of a pixel in its tile, in an order that spreads neighbours.
fn tile_rank(row: usize, column: usize) -> usize {
    const ORDER: [usize; TILE * TILE] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
    ORDER[(row % TILE) * TILE + column % TILE]
}

/// Point `index` of an even sequence over the unit square (Roberts' R2), shifted by `offset`.
fn even(index: usize, offset: f32) -> Vec2 {
    let index = index as f32;
    (vec2(0.754_877_7, 0.569_840_3) * index + Vec2::splat(offset)).fract()
}

fn pixel(scene: &Scene, size: Size, quality: Quality, [row, column]: [usize; 2]) -> Sample {
    let rank = tile_rank(row, column);
    let mut mean = Sample::default();
    let mut recent = None;
    let weight = 1.0 / quality.samples as f32;
    for index in 0..quality.samples as usize {
        let jitter = even(index, 0.5 / quality.samples as f32);
        let place = vec2(column as f32, row as f32) + jitter;
        let direction = scene.camera.direction(place, size);
        let order = index * TILE * TILE + rank;
        let places = [even(order, 0.1), even(order, 0.6)];
        let sample = scene.look(direction, places, &mut recent, quality.shared);
        mean.radiance += sample.radiance * weight;
        mean.albedo += sample.albedo * weight;
        mean.irradiance += sample.irradiance * weight;
        mean.object += sample.object * weight;
        mean.mixed |= index > 0 && sample.label != mean.label;
        if index == 0 {
            (mean.normal, mean.label) = (sample.normal, sample.label);
        }
    }
    mean
}

/// Evens out the diffuse light over tiles of one surface; texture, reflections and outlines stay sharp.
fn smooth(samples: &[Sample], width: usize) -> Vec<Colour> {
    let lightened = |(index, here): (usize, &Sample)| {
        let light = tile_light(samples, width, [index / width, index % width]);
        let change = light.map_or(Colour::ZERO, |light| light - here.irradiance);
        (here.radiance + here.albedo * change).max(Colour::ZERO)
    };
    samples.iter().enumerate().map(lightened).collect()
}

/// Mean diffuse light of the pixels around one that show its surface at nearly its angle; none on an outline.
fn tile_light(samples: &[Sample], width: usize, [row, column]: [usize; 2]) -> Option<Colour> {
    let here = &samples[row * width + column];
    if here.mixed {
        return None;
    }
    let reach = TILE / 2;
    let rows = row.saturating_sub(reach)..(row + reach).min(samples.len() / width);
    let columns = column.saturating_sub(reach)..(column + reach).min(width);
    let (mut total, mut count) = (Colour::ZERO, 0.0);
    for near in
        rows.flat_map(|row| &samples[row * width + columns.start..row * width + columns.end])
    {
        if !near.mixed && near.label == here.label && near.normal.dot(here.normal) > 0.92 {
            total += near.irradiance;
            count += 1.0;
        }
    }
    (count > 0.0).then(|| total / count)
}

/// Two unit vectors at right angles to `normal` and to each other.
fn tangents(normal: Vec3A) -> (Vec3A, Vec3A) {
    normal.any_orthonormal_pair()
}

fn around(normal: Vec3A, cosine: f32, turn: f32) -> Vec3A {
    let (first, second) = tangents(normal);
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let (y, x) = (TAU * turn).sin_cos();
    first * (sine * x) + second * (sine * y) + normal * cosine
}

impl Scene {
    /// Follows a ray from the camera.
    fn look(
        &self,
        direction: Vec3A,
        places: [Vec2; 2],
        recent: &mut Option<Lit>,
        shared: u32,
    ) -> Sample {
        let Some(surface) = self.trace(self.camera.eye.into(), direction) else {
            return Sample {
                radiance: self.surroundings(direction),
                label: u32::MAX,
                ..Sample::default()
            };
        };
        let material = surface.material;
        let colour = material.texture.colour(surface.rest);
        let albedo = colour * if material.metal { 0.18 } else { 0.92 };
        let Lit {
            key, sky, toward, ..
        } = self.lit(&surface, places, recent, shared);
        let irradiance = key + sky;
        let mut radiance = albedo * irradiance + colour * material.glow;
        radiance += key * PI * highlight(&surface, direction, toward, colour);
        radiance += self.reflection(&surface, direction, colour);
        let object = f32::from(surface.label < self.object_materials);
        Sample {
            radiance,
            albedo,
            irradiance,
            normal: surface.normal,
            label: surface.label,
            mixed: false,
            object,
        }
    }

    /// The light on a surface: that of the pixel's sample before, if it may be shared, or else newly sampled.
    fn lit(
        &self,
        surface: &Surface<'_>,
        places: [Vec2; 2],
        recent: &mut Option<Lit>,
        shared: u32,
    ) -> Lit {
        if let Some(lit) = recent.as_mut().filter(|lit| lit.fits(surface, shared)) {
            lit.uses += 1;
            return *lit;
        }
        let start = surface.position + surface.normal * LIFT;
        let (key, toward) = self.key_light(start, surface.normal, places[0]);
        let sky = self.sky_light(start, surface.normal, places[1]);
        let lit = Lit {
            key,
            sky,
            toward,
            normal: surface.normal,
            label: surface.label,
            uses: 1,
        };
        *recent = Some(lit);
        lit
    }

    /// The nearest surface along a ray.
    fn trace(&self, origin: Vec3A, direction: Vec3A) -> Option<Surface<'_>> {
        let (plane, reach) = self.nearest_plane(origin, direction);
        let mut hit = RayHit::none();
        let ray = Ray::new(origin, direction, 0.0, reach);
        let found = self.bvh.ray_traverse(ray, &mut hit, |ray, index| {
            self.triangles[index].intersect(ray)
        });
        if found {
            return Some(self.face_surface(&ray, &hit));
        }
        plane.map(|is_wall| self.plane_surface(origin + direction * reach, is_wall))
    }

    /// Whether the wall (true) or the ground (false) comes first, and how far it is.
    fn nearest_plane(&self, origin: Vec3A, direction: Vec3A) -> (Option<bool>, f32) {
        let to_ground = if direction.y < -1e-5 {
            -origin.y / direction.y
        } else {
            f32::INFINITY
        };
        let to_wall = if direction.z < -1e-5 {
            (self.wall_z - origin.z) / direction.z
        } else {
            f32::INFINITY
        };
        if to_ground.is_infinite() && to_wall.is_infinite() {
            return (None, 1e4);
        }
        (Some(to_wall < to_ground), to_wall.min(to_ground))
    }

    fn plane_surface(&self, position: Vec3A, is_wall: bool) -> Surface<'_> {
        let (material, normal, rest, label) = if is_wall && position.y < self.board_height {
            (
                &self.board,
                Vec3A::Z,
                Vec3A::new(position.x, position.y, 0.0),
                u32::MAX - 3,
            )
        } else if is_wall {
            (
                &self.wall,
                Vec3A::Z,
                Vec3A::new(position.x, position.y, 0.0),
                u32::MAX - 2,
            )
        } else {
            (
                &self.ground,
                Vec3A::Y,
                Vec3A::new(position.x, -position.z, 0.0),
                u32::MAX - 1,
            )
        };
        Surface {
            position,
            normal,
            rest,
            material,
            label,
        }
    }

    fn face_surface(&self, ray: &Ray, hit: &RayHit) -> Surface<'_> {
        let index = hit.primitive_id as usize;
        let face = &self.faces[index];
        let triangle = &self.triangles[index];
        let place = barycentric(triangle, ray);
        let rest_share = 1.0 - place.x - place.y;
        let blend = |corners: &[Vec3A; 3]| {
            corners[0] * rest_share + corners[1] * place.x + corners[2] * place.y
        };
        let smooth = blend(&face.normals).normalize_or(Vec3A::Y);
        let flat = triangle.compute_normal();
        let flat = if flat.dot(ray.direction) > 0.0 {
            -flat
        } else {
            flat
        };
        let normal = if smooth.dot(flat) < 0.0 {
            -smooth
        } else {
            smooth
        };
        Surface {
            position: ray.origin + ray.direction * hit.t + flat * LIFT,
            normal,
            rest: blend(&face.rest),
            material: &self.materials[face.material as usize],
            label: face.material,
        }
    }

    /// Whether nothing but the room lies along a ray for the given distance.
    fn is_open(&self, origin: Vec3A, direction: Vec3A, reach: f32) -> bool {
        let ray = Ray::new(origin, direction, 0.0, reach);
        self.bvh
            .ray_traverse_miss(ray, |ray, index| self.triangles[index].intersect(ray))
    }

    /// Diffuse light of the key light over pi, and the direction that was sampled.
    fn key_light(&self, start: Vec3A, normal: Vec3A, place: Vec2) -> (Colour, Vec3A) {
        let (first, second) = tangents(self.light.direction);
        let radius = place.x.sqrt() * self.light.spread;
        let (y, x) = (TAU * place.y).sin_cos();
        let toward =
            (self.light.direction + first * (radius * x) + second * (radius * y)).normalize();
        let facing = normal.dot(toward);
        if facing <= 0.0 || !self.is_open(start, toward, 12.0) {
            return (Colour::ZERO, toward);
        }
        (self.light.key * (facing * spot(start) / PI * 1.35), toward)
    }

    /// Diffuse light of the surroundings over pi, from one direction.
    fn sky_light(&self, start: Vec3A, normal: Vec3A, place: Vec2) -> Colour {
        let toward = around(normal, (1.0 - place.x).sqrt(), place.y);
        let radiance = if self.is_open(start, toward, SKY_REACH) {
            1.0
        } else {
            0.18
        };
        self.room_light(start, toward) * radiance
    }

    /// Soft light from a direction, with the room's colours but none of its detail.
    fn room_light(&self, start: Vec3A, direction: Vec3A) -> Colour {
        let bounce = (self.light.key * 0.28 + self.light.sky * 0.4) * 0.9;
        if direction.y < 0.0 {
            return self.ground.texture.mean() * bounce;
        }
        let open = self.light.horizon.lerp(self.light.sky, direction.y);
        if direction.z < 0.0 {
            // The lower and the nearer, the more of the wall is seen.
            let height = start.y + direction.y / -direction.z * (start.z - self.wall_z);
            let share = (1.0 - height * 0.25).clamp(0.0, 0.8);
            return open.lerp(self.wall.texture.mean() * bounce, share);
        }
        open
    }

    /// What a mirror sees beyond the room: soft boxes in a dim studio.
    fn surroundings(&self, direction: Vec3A) -> Colour {
        let base = self
            .light
            .horizon
            .lerp(self.light.sky, direction.y.max(0.0))
            * 0.75;
        let glow = direction.dot(self.light.direction).max(0.0);
        let window = Vec3A::new(
            -self.light.direction.x,
            self.light.direction.y * 0.8,
            self.light.direction.z,
        );
        let second = direction.dot(window.normalize()).max(0.0);
        base + self.light.key * (glow.powi(24) * 1.2 + second.powi(40) * 0.5)
    }

    /// What the surface reflects besides the key light.
    fn reflection(&self, surface: &Surface<'_>, direction: Vec3A, colour: Colour) -> Colour {
        let material = surface.material;
        let facing = -direction.dot(surface.normal);
        let gloss = (1.0 - material.roughness).powi(2);
        let share =
            fresnel(material, facing.clamp(0.0, 1.0)) * if material.metal { 1.0 } else { gloss };
        if share < 0.02 {
            return Colour::ZERO;
        }
        let mirrored = direction + surface.normal * (2.0 * facing);
        let seen = match self.trace(surface.position + surface.normal * LIFT, mirrored) {
            Some(other) => self.plain_shade(&other, (material.roughness * 2.5).min(1.0)),
            None => self.surroundings(mirrored),
        };
        seen * share * if material.metal { colour } else { Colour::ONE }
    }

    /// A surface in a reflection, without shadow rays; `blur` in `0..=1` takes the detail out of its texture.
    fn plain_shade(&self, surface: &Surface<'_>, blur: f32) -> Colour {
        let facing = surface.normal.dot(self.light.direction).max(0.0);
        let light =
            self.light.key * facing * 0.3 + self.room_light(surface.position, surface.normal) * 0.8;
        let texture = &surface.material.texture;
        let colour = texture.colour(surface.rest).lerp(texture.mean(), blur);
        colour * (light + Colour::splat(surface.material.glow))
    }
}

/// Weights of the second and the third corner where the ray meets the triangle's plane.
///
/// Not obvhs' own `compute_barycentric`, which in 0.4.0 scales them by twice the triangle's area.
fn barycentric(triangle: &Triangle, ray: &Ray) -> Vec2 {
    let (first, second) = (triangle.v0 - triangle.v1, triangle.v2 - triangle.v0);
    let turned = ray.direction.cross(triangle.v0 - ray.origin);
    vec2(turned.dot(second), turned.dot(first)) / first.cross(second).dot(ray.direction)
}

/// The key light is a lamp: it falls off away from the object, which sits near the origin.
fn spot(place: Vec3A) -> f32 {
    1.12 / (1.0 + 0.05 * place.length_squared())
}

/// Schlick's approximation.
fn fresnel(material: &Material, cosine: f32) -> f32 {
    material.mirror + (1.0 - material.mirror) * (1.0 - cosine).powi(5)
}

/// Share of the key light that a surface reflects to the viewer (GGX, with Kelemen's visibility).
fn highlight(surface: &Surface<'_>, direction: Vec3A, toward: Vec3A, colour: Colour) -> Colour {
    let material = surface.material;
    let half = (toward - direction).normalize_or(surface.normal);
    let (lifted, level) = (surface.normal.dot(half).max(0.0), toward.dot(half).max(0.1));
    let alpha = (material.roughness * material.roughness).max(0.02);
    let square = alpha * alpha;
    let spread = lifted * lifted * (square - 1.0) + 1.0;
    let density = square / (PI * spread * spread);
    let strength = (density * fresnel(material, level) / (4.0 * level * level)).min(6.0);
    let tint = if material.metal { colour } else { Colour::ONE };
    tint * strength * 0.5
}
