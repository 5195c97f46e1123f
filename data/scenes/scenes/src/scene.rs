//! A scene: the object, what lies around it, the room, the light and the camera, all from one seed.

use crate::camera::Camera;
use crate::classes::Class;
use crate::distractors;
use crate::material::{Colour, Material, hex};
use crate::model::{Model, Pose};
use crate::random::Random;
use crate::style::{COOL_LIGHT, Style, WARM_LIGHT};
use glam::{Affine3A, Quat, Vec2, Vec3, Vec3A, vec2, vec3};
use obvhs::BvhBuildParams;
use obvhs::cwbvh::CwBvh;
use obvhs::cwbvh::builder::build_cwbvh_from_tris;
use obvhs::triangle::Triangle;
use std::f32::consts::TAU;
use std::time::Duration;

/// Cosine of the angle at which an edge is drawn as an edge.
const CREASE: f32 = 0.72;

/// The object's frame stays within this share of the shorter side, a little inside the classifiers' 224/256.
const SAFE: f32 = 0.85;

/// The shading data of a triangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Face {
    /// Unit normals at the corners.
    pub(crate) normals: [Vec3A; 3],
    /// Corners in the space of the texture.
    pub(crate) rest: [Vec3A; 3],
    /// Index of the material.
    pub(crate) material: u32,
}

/// The key light, a distant disc, and the light of the surroundings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Light {
    /// Unit direction towards the middle of the key light.
    pub(crate) direction: Vec3A,
    /// Tangent of the disc's angular radius.
    pub(crate) spread: f32,
    /// Irradiance of the key light on a surface that faces it.
    pub(crate) key: Colour,
    /// Radiance of the sky overhead.
    pub(crate) sky: Colour,
    /// Radiance near the horizon.
    pub(crate) horizon: Colour,
}

/// Everything that a picture shows.
pub(crate) struct Scene {
    /// Triangles in the order of the hierarchy.
    pub(crate) triangles: Vec<Triangle>,
    /// Shading data, one for each triangle.
    pub(crate) faces: Vec<Face>,
    /// The hierarchy over the triangles.
    pub(crate) bvh: CwBvh,
    /// Materials of the faces.
    pub(crate) materials: Vec<Material>,
    /// Faces with a material below this index belong to the object.
    pub(crate) object_materials: u32,
    /// The plane y = 0.
    pub(crate) ground: Material,
    /// The wall.
    pub(crate) wall: Material,
    /// The wall is the plane with this z.
    pub(crate) wall_z: f32,
    /// The board along the wall's foot.
    pub(crate) board: Material,
    /// Height of that board; 0 for none.
    pub(crate) board_height: f32,
    /// Where the picture is taken from.
    pub(crate) camera: Camera,
    /// Where the light comes from.
    pub(crate) light: Light,
}

impl Scene {
    /// The scene of a class and a seed. It depends on nothing else.
    pub(crate) fn new(class: Class, seed: u64) -> Self {
        let stream = |purpose: u64| Random::new(seed, purpose * 16 + class.index() as u64);
        let style = Style::new(&mut stream(1));
        let finish = style.finish(&mut stream(2));
        let model = class.build(&mut stream(3), &finish);
        let mut random = stream(4);
        let pose = class.pose(&mut random);
        let mut builder = Builder::default();
        let points = builder.add(&model, place_object(&model, pose));
        let object_materials = builder.materials.len() as u32;
        let camera = frame_object(&points, pose, &mut random);
        let wall_z = points
            .iter()
            .map(|point| point.z)
            .fold(f32::INFINITY, f32::min)
            - random.between(0.7, 2.6);
        let board_height = if random.chance(0.45) {
            random.between(0.12, 0.3)
        } else {
            0.0
        };
        let surroundings = Surroundings {
            camera,
            wall_z,
            points: &points,
        };
        surroundings.fill(&mut builder, &style, &mut stream(5));
        let light = light(&mut stream(6));
        let turn = stream(7).between(0.0, TAU);
        builder.finish(Room {
            style,
            turn,
            object_materials,
            wall_z,
            board_height,
            camera,
            light,
        })
    }
}

/// Scales an object to radius 1, turns it and sets it down at the origin.
fn place_object(model: &Model, pose: Pose) -> Affine3A {
    let (low, high) = model.bounds();
    let centre = (low + high) * 0.5;
    let radius = model
        .points()
        .map(|point| point.distance(centre))
        .fold(0.0, f32::max);
    let turned = Affine3A::from_quat(pose.rotation)
        * Affine3A::from_scale(Vec3::splat(1.0 / radius))
        * Affine3A::from_translation(-centre);
    let floor = model
        .points()
        .map(|point| turned.transform_point3(point).y)
        .fold(f32::INFINITY, f32::min);
    Affine3A::from_translation(Vec3::Y * (pose.lift - floor)) * turned
}

fn frame_object(points: &[Vec3], pose: Pose, random: &mut Random) -> Camera {
    let fill = random.between(0.56, 0.77);
    let room = SAFE - fill;
    let centre = vec2(random.between(-room, room), random.between(-room, room));
    Camera::framing(points, pose.elevation, fill, centre)
}

fn light(random: &mut Random) -> Light {
    let azimuth = random.between(-1.25, 1.25);
    let height = random.between(0.6, 1.15);
    let direction = Vec3A::new(
        azimuth.sin() * height.cos(),
        height.sin(),
        azimuth.cos() * height.cos() * 0.8,
    );
    let warm = hex(random.pick(&WARM_LIGHT));
    let cool = hex(random.pick(&COOL_LIGHT));
    let strength = random.between(1.9, 2.6);
    let fill = random.between(0.55, 0.8);
    Light {
        direction: direction.normalize(),
        spread: random.between(0.05, 0.16),
        key: warm * strength,
        sky: cool * fill,
        horizon: cool.lerp(warm, 0.5) * fill * 0.75,
    }
}

/// Where distractors may go.
struct Surroundings<'a> {
    camera: Camera,
    wall_z: f32,
    points: &'a [Vec3],
}

impl Surroundings<'_> {
    /// Sets down a handful of distractors, none of which hides much of the object.
    fn fill(&self, builder: &mut Builder, style: &Style, random: &mut Random) {
        let wanted = 5 + random.below(6);
        let mut taken: Vec<(Vec2, f32)> = Vec::new();
        for _ in 0..wanted * 12 {
            if taken.len() == wanted {
                break;
            }
            let spot = vec2(random.between(-2.8, 2.8), random.between(self.wall_z, 1.8));
            // The far ones may be large, the near ones would hide too much.
            let largest = if spot.y < -0.8 { 0.75 } else { 0.42 };
            let radius = random.between(0.14, largest);
            if self.is_free(spot, radius, &taken) {
                taken.push((spot, radius));
                let model = distractors::build(style, random);
                let turn = Quat::from_rotation_y(random.between(0.0, TAU));
                let place = vec3(spot.x, 0.0, spot.y);
                builder.add(
                    &model,
                    Affine3A::from_scale_rotation_translation(Vec3::splat(radius), turn, place),
                );
            }
        }
    }

    fn is_free(&self, spot: Vec2, radius: f32, taken: &[(Vec2, f32)]) -> bool {
        let clear = taken
            .iter()
            .all(|&(other, size)| other.distance(spot) > radius + size);
        let inside = spot.y - radius > self.wall_z;
        clear && inside && self.keeps_off(spot, radius) && self.keeps_view(spot, radius)
    }

    /// Whether a round footprint stays off the object.
    fn keeps_off(&self, spot: Vec2, radius: f32) -> bool {
        let reach = radius + 0.08;
        self.points
            .iter()
            .all(|point| point.y > 2.2 * radius || vec2(point.x, point.z).distance(spot) > reach)
    }

    /// Whether a thing is in the picture and not before the object.
    fn keeps_view(&self, spot: Vec2, radius: f32) -> bool {
        let middle = vec3(spot.x, radius * 0.7, spot.y);
        let (place, depth) = self.camera.project(middle);
        let (_, object_depth) = self.camera.project(self.points[0]);
        let reach = self.camera.project(middle + Vec3::X * radius).0.x - place.x;
        let (low, high) = self.camera.bounds(self.points);
        let overlaps =
            place.cmpgt(low - reach * 0.8).all() && place.cmplt(high + reach * 0.8).all();
        let seen = place.abs().max_element() < 1.35;
        seen && depth > 1.2 && !(overlaps && depth < object_depth + 0.5)
    }
}

/// The rest of a scene, beside its triangles.
struct Room {
    style: Style,
    turn: f32,
    object_materials: u32,
    wall_z: f32,
    board_height: f32,
    camera: Camera,
    light: Light,
}

/// Gathers triangles.
#[derive(Default)]
struct Builder {
    triangles: Vec<Triangle>,
    faces: Vec<Face>,
    materials: Vec<Material>,
}

impl Builder {
    /// Adds a model and returns its points in the scene.
    fn add(&mut self, model: &Model, place: Affine3A) -> Vec<Vec3> {
        let mut points = Vec::new();
        for part in &model.parts {
            let material = self.materials.len() as u32;
            self.materials.push(part.material.clone());
            let moved: Vec<Vec3> = part
                .mesh
                .positions
                .iter()
                .map(|&point| place.transform_point3(point))
                .collect();
            let normals = part.mesh.corner_normals(CREASE);
            for (&corners, normals) in part.mesh.faces.iter().zip(normals) {
                let [v0, v1, v2] = corners.map(|index| Vec3A::from(moved[index as usize]));
                self.triangles.push(Triangle { v0, v1, v2 });
                self.faces.push(Face {
                    normals: normals
                        .map(|normal| place.transform_vector3a(normal.into()).normalize()),
                    rest: corners.map(|index| part.mesh.positions[index as usize].into()),
                    material,
                });
            }
            points.extend(moved);
        }
        points
    }

    fn finish(self, room: Room) -> Scene {
        let parameters = BvhBuildParams::very_fast_build();
        let bvh = build_cwbvh_from_tris(&self.triangles, parameters, &mut Duration::default());
        let order = |index: &u32| *index as usize;
        let mut ground = room.style.ground;
        ground.texture.turn = Quat::from_rotation_z(room.turn);
        Scene {
            triangles: bvh
                .primitive_indices
                .iter()
                .map(|index| self.triangles[order(index)])
                .collect(),
            faces: bvh
                .primitive_indices
                .iter()
                .map(|index| self.faces[order(index)])
                .collect(),
            bvh,
            materials: self.materials,
            object_materials: room.object_materials,
            ground,
            wall: room.style.wall,
            wall_z: room.wall_z,
            board: room.style.board,
            board_height: room.board_height,
            camera: room.camera,
            light: room.light,
        }
    }
}
