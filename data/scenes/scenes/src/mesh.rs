//! Triangle meshes and the few ways in which every shape here is made: lofting rings, sweeping a section along a
//! path, turning a profile, and extruding an outline.

use glam::{Affine3A, Vec2, Vec3, vec2, vec3};
use std::f32::consts::TAU;

/// Triangles over shared vertices. Neighbouring faces of one mesh have the same winding.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mesh {
    /// Corner points.
    pub(crate) positions: Vec<Vec3>,
    /// Three indices into `positions` for each triangle.
    pub(crate) faces: Vec<[u32; 3]>,
}

/// What becomes of the first and the last ring of a loft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Left open.
    Open,
    /// Closed with flat caps.
    Capped,
    /// Joined to each other.
    Joined,
}

/// The cross-section of a sweep: a superellipse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    /// Half the width, in the plane of the path.
    pub(crate) across: f32,
    /// Half the depth, along the normal of that plane.
    pub(crate) depth: f32,
    /// Exponent of the outline: 1 is an ellipse, towards 0 a rectangle.
    pub(crate) exponent: f32,
}

impl Section {
    /// A circle.
    pub(crate) const fn round(radius: f32) -> Self {
        Self {
            across: radius,
            depth: radius,
            exponent: 1.0,
        }
    }
}

/// A superellipse of `count` points, counter-clockwise from the right.
pub(crate) fn superellipse(count: usize, half: Vec2, exponent: f32) -> Vec<Vec2> {
    let bend = |value: f32| value.abs().powf(exponent).copysign(value);
    (0..count)
        .map(|index| {
            let (sine, cosine) = (TAU * index as f32 / count as f32).sin_cos();
            half * vec2(bend(cosine), bend(sine))
        })
        .collect()
}

/// A smooth (Catmull-Rom) curve through `points`, `steps` pieces between neighbours.
pub(crate) fn spline(points: &[Vec3], steps: usize, closed: bool) -> Vec<Vec3> {
    let count = points.len();
    let at = |index: isize| {
        if closed {
            points[index.rem_euclid(count as isize) as usize]
        } else {
            points[index.clamp(0, count as isize - 1) as usize]
        }
    };
    let pieces = if closed { count } else { count - 1 };
    let mut curve = Vec::with_capacity(pieces * steps + 1);
    for piece in 0..pieces as isize {
        let knots = [at(piece - 1), at(piece), at(piece + 1), at(piece + 2)];
        curve.extend((0..steps).map(|step| catmull_rom(knots, step as f32 / steps as f32)));
    }
    if !closed {
        curve.push(points[count - 1]);
    }
    curve
}

fn catmull_rom([a, b, c, d]: [Vec3; 4], t: f32) -> Vec3 {
    let linear = c - a;
    let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
    let cube = 3.0 * (b - c) + d - a;
    0.5 * (2.0 * b + t * (linear + t * (square + t * cube)))
}

impl Mesh {
    /// Joins rings of equally many points, each ring closed.
    pub(crate) fn loft(rings: &[Vec<Vec3>], ends: Ends) -> Self {
        let (count, sides) = (rings.len(), rings[0].len());
        let mut mesh = Self {
            positions: rings.concat(),
            faces: Vec::new(),
        };
        let spans = if ends == Ends::Joined {
            count
        } else {
            count - 1
        };
        for span in 0..spans {
            mesh.join(span * sides, (span + 1) % count * sides, sides);
        }
        if ends == Ends::Capped {
            mesh.fan(0, sides, true);
            mesh.fan((count - 1) * sides, sides, false);
        }
        mesh.drop_slivers();
        mesh
    }

    fn join(&mut self, near: usize, far: usize, sides: usize) {
        for side in 0..sides {
            let next = (side + 1) % sides;
            let [a, b, c, d] =
                [near + side, near + next, far + next, far + side].map(|index| index as u32);
            self.faces.push([a, b, c]);
            self.faces.push([a, c, d]);
        }
    }

    fn fan(&mut self, first: usize, sides: usize, flipped: bool) {
        let hub = self.positions.len() as u32;
        let ring = &self.positions[first..first + sides];
        let middle = ring.iter().sum::<Vec3>() / sides as f32;
        self.positions.push(middle);
        for side in 0..sides {
            let (a, b) = ((first + side) as u32, (first + (side + 1) % sides) as u32);
            self.faces
                .push(if flipped { [hub, b, a] } else { [hub, a, b] });
        }
    }

    fn drop_slivers(&mut self) {
        let positions = &self.positions;
        self.faces
            .retain(|&face| corner_cross(positions, face).length_squared() > 1e-16);
    }

    /// Moves a section along `path`; `normal` is the normal of the plane that holds the path, and `section` gives
    /// the cross-section at a share `0..=1` of the path.
    pub(crate) fn sweep(
        path: &[Vec3],
        normal: Vec3,
        ends: Ends,
        section: impl Fn(f32) -> Section,
    ) -> Self {
        Self::sweep_with(12, path, normal, ends, section)
    }

    /// [`Mesh::sweep`] with a chosen number of sides.
    pub(crate) fn sweep_with(
        sides: usize,
        path: &[Vec3],
        normal: Vec3,
        ends: Ends,
        section: impl Fn(f32) -> Section,
    ) -> Self {
        let count = path.len();
        let closed = ends == Ends::Joined;
        let at = |index: usize, step: isize| {
            let wanted = index as isize + step;
            let last = count as isize - 1;
            let index = if closed {
                wanted.rem_euclid(count as isize)
            } else {
                wanted.clamp(0, last)
            };
            path[index as usize]
        };
        let rings: Vec<Vec<Vec3>> = (0..count)
            .map(|index| {
                let tangent = (at(index, 1) - at(index, -1)).normalize_or(Vec3::X);
                let across = tangent
                    .cross(normal)
                    .normalize_or(tangent.any_orthonormal_vector());
                let up = across.cross(tangent);
                let here = section(index as f32 / (count - 1) as f32);
                superellipse(sides, vec2(here.across, here.depth), here.exponent)
                    .into_iter()
                    .map(|point| path[index] + across * point.x + up * point.y)
                    .collect()
            })
            .collect();
        Self::loft(&rings, ends)
    }

    /// A straight round rod, tapering from one radius to the other.
    pub(crate) fn rod(from: Vec3, to: Vec3, radii: [f32; 2]) -> Self {
        let normal = (to - from).normalize().any_orthonormal_vector();
        Self::sweep_with(14, &[from, to], normal, Ends::Capped, |share| {
            Section::round(radii[0] + (radii[1] - radii[0]) * share)
        })
    }

    /// Turns a profile of (radius, height) points about the y axis.
    pub(crate) fn lathe(profile: &[Vec2], segments: usize) -> Self {
        let rings: Vec<Vec<Vec3>> = profile
            .iter()
            .map(|point| {
                // A pole keeps a hair of radius, so that its ring has directions for the normals.
                let radius = point.x.max(1e-4);
                (0..segments)
                    .map(|segment| {
                        let (sine, cosine) = (TAU * segment as f32 / segments as f32).sin_cos();
                        vec3(radius * cosine, point.y, radius * sine)
                    })
                    .collect()
            })
            .collect();
        Self::loft(&rings, Ends::Open)
    }

    /// A smooth curve through (radius, height) points, turned about the y axis.
    pub(crate) fn turned(knots: &[Vec2], steps: usize, segments: usize) -> Self {
        let knots: Vec<Vec3> = knots.iter().map(|knot| knot.extend(0.0)).collect();
        let profile: Vec<Vec2> = spline(&knots, steps, false)
            .into_iter()
            .map(|point| vec2(point.x.max(0.0), point.y))
            .collect();
        Self::lathe(&profile, segments)
    }

    /// A sphere stretched to the half sizes `radii`.
    pub(crate) fn ellipsoid(radii: Vec3) -> Self {
        let profile: Vec<Vec2> = (0..=16)
            .map(|step| {
                let (sine, cosine) = (TAU * 0.5 * step as f32 / 16.0).sin_cos();
                vec2(sine, -cosine)
            })
            .collect();
        Self::lathe(&profile, 28).moved(Affine3A::from_scale(radii))
    }

    /// A ring of round stock about the z axis.
    pub(crate) fn torus(radius: f32, stock: f32) -> Self {
        let path: Vec<Vec3> = superellipse(36, Vec2::splat(radius), 1.0)
            .iter()
            .map(|point| point.extend(0.0))
            .collect();
        Self::sweep(&path, Vec3::Z, Ends::Joined, |_| Section::round(stock))
    }

    /// A box with half sizes `half` and edges rounded by `radius`.
    pub(crate) fn rounded_box(half: Vec3, radius: f32) -> Self {
        let radius = radius.min(half.min_element() * 0.95);
        Self::extrude(
            &rounded_rectangle(vec2(half.x, half.y), radius),
            half.z,
            radius,
        )
    }

    /// A plate with the given counter-clockwise outline in the xy plane, reaching from `-half` to `half` in z, its
    /// rims rounded by `bevel`.
    pub(crate) fn extrude(outline: &[Vec2], half: f32, bevel: f32) -> Self {
        let bevel = bevel.min(half * 0.95);
        let inner = inset(outline, bevel);
        let middle = inset(outline, bevel * 0.3);
        let at = |points: &[Vec2], z: f32| {
            points
                .iter()
                .map(|point| point.extend(z))
                .collect::<Vec<_>>()
        };
        let shoulder = half - bevel * 0.3;
        let rings = [
            at(&inner, -half),
            at(&middle, -shoulder),
            at(outline, bevel - half),
            at(outline, half - bevel),
            at(&middle, shoulder),
            at(&inner, half),
        ];
        let mut mesh = Self::loft(&rings, Ends::Open);
        let sides = outline.len() as u32;
        for [a, b, c] in triangulate(&inner) {
            mesh.faces.push([a, c, b]);
            mesh.faces.push([a, b, c].map(|index| index + 5 * sides));
        }
        mesh.drop_slivers();
        mesh
    }

    /// The mesh after a transformation.
    pub(crate) fn moved(mut self, by: Affine3A) -> Self {
        for position in &mut self.positions {
            *position = by.transform_point3(*position);
        }
        self
    }

    /// The mesh shifted by `by`.
    pub(crate) fn shifted(self, by: Vec3) -> Self {
        self.moved(Affine3A::from_translation(by))
    }

    /// Both meshes as one.
    pub(crate) fn with(mut self, other: &Self) -> Self {
        let offset = self.positions.len() as u32;
        self.positions.extend(&other.positions);
        self.faces.extend(
            other
                .faces
                .iter()
                .map(|face| face.map(|index| index + offset)),
        );
        self
    }

    /// Unit normals at the corners of each face, smoothed over neighbours that meet at less than the crease angle,
    /// given by its cosine.
    pub(crate) fn corner_normals(&self, crease: f32) -> Vec<[Vec3; 3]> {
        let crosses: Vec<Vec3> = self
            .faces
            .iter()
            .map(|&face| corner_cross(&self.positions, face))
            .collect();
        let units: Vec<Vec3> = crosses
            .iter()
            .map(|cross| cross.normalize_or(Vec3::Y))
            .collect();
        let (starts, incident) = self.incidence();
        let smooth = |face: usize, vertex: u32| {
            let range = starts[vertex as usize] as usize..starts[vertex as usize + 1] as usize;
            incident[range]
                .iter()
                .map(|&other| other as usize)
                .filter(|&other| units[other].dot(units[face]) >= crease)
                .map(|other| crosses[other])
                .sum::<Vec3>()
                .normalize_or(units[face])
        };
        self.faces
            .iter()
            .enumerate()
            .map(|(face, corners)| corners.map(|vertex| smooth(face, vertex)))
            .collect()
    }

    /// For each vertex the faces that use it: where its list starts, and all the lists.
    fn incidence(&self) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0_u32; self.positions.len() + 1];
        for &vertex in self.faces.iter().flatten() {
            starts[vertex as usize + 1] += 1;
        }
        for vertex in 1..starts.len() {
            starts[vertex] += starts[vertex - 1];
        }
        let mut next = starts.clone();
        let mut incident = vec![0; self.faces.len() * 3];
        for (face, corners) in self.faces.iter().enumerate() {
            for &vertex in corners {
                incident[next[vertex as usize] as usize] = face as u32;
                next[vertex as usize] += 1;
            }
        }
        (starts, incident)
    }
}

fn corner_cross(positions: &[Vec3], [a, b, c]: [u32; 3]) -> Vec3 {
    let [a, b, c] = [a, b, c].map(|index| positions[index as usize]);
    (b - a).cross(c - a)
}

/// The outline of a rectangle with round corners, counter-clockwise.
pub(crate) fn rounded_rectangle(half: Vec2, radius: f32) -> Vec<Vec2> {
    let radius = radius.min(half.min_element() * 0.99);
    let inner = half - Vec2::splat(radius);
    let corners = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)];
    corners
        .iter()
        .enumerate()
        .flat_map(|(quarter, &(x, y))| {
            (0..5).map(move |step| {
                let angle = TAU * 0.25 * (quarter as f32 + step as f32 / 4.0);
                inner * vec2(x, y) + radius * Vec2::from_angle(angle)
            })
        })
        .collect()
}

/// The outline moved inwards by `distance` along the mean normals of its corners.
fn inset(outline: &[Vec2], distance: f32) -> Vec<Vec2> {
    let count = outline.len();
    (0..count)
        .map(|index| {
            let here = outline[index];
            let before = (here - outline[(index + count - 1) % count]).normalize_or_zero();
            let after = (outline[(index + 1) % count] - here).normalize_or_zero();
            here + (before + after).normalize_or_zero().perp() * distance
        })
        .collect()
}

/// Ear clipping of a simple counter-clockwise polygon.
fn triangulate(outline: &[Vec2]) -> Vec<[u32; 3]> {
    let mut left: Vec<usize> = (0..outline.len()).collect();
    let mut triangles = Vec::with_capacity(outline.len());
    while left.len() > 3 {
        let count = left.len();
        let corner = |index: usize| {
            [
                left[(index + count - 1) % count],
                left[index],
                left[(index + 1) % count],
            ]
        };
        // A numerically bad outline may have no clean ear: clip the first corner then, rather than stop.
        let ear = (0..count)
            .find(|&index| is_ear(outline, &left, corner(index)))
            .unwrap_or(0);
        triangles.push(corner(ear).map(|index| index as u32));
        left.remove(ear);
    }
    triangles.push([left[0] as u32, left[1] as u32, left[2] as u32]);
    triangles
}

fn is_ear(outline: &[Vec2], left: &[usize], [a, b, c]: [usize; 3]) -> bool {
    let side = |from: usize, to: usize, point: Vec2| {
        (outline[to] - outline[from]).perp_dot(point - outline[from])
    };
    let inside = |point: Vec2| {
        side(a, b, point) >= 0.0 && side(b, c, point) >= 0.0 && side(c, a, point) >= 0.0
    };
    side(a, b, outline[c]) > 0.0
        && !left
            .iter()
            .any(|&index| index != a && index != b && index != c && inside(outline[index]))
}
