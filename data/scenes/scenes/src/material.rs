//! Surfaces: procedural colour patterns in space, and how they reflect.

use crate::noise::{cell, cell_value, cloud_noise, value_noise};
use crate::random::Random;
use glam::{Quat, Vec3, Vec3A};

/// Linear red, green and blue, each in `0..=1`.
pub(crate) type Colour = Vec3A;

/// A colour from its usual hexadecimal sRGB notation, such as `0xE07A5F`.
pub(crate) fn hex(code: u32) -> Colour {
    let channel = |shift: u32| {
        let value = ((code >> shift) & 0xFF) as f32 / 255.0;
        value.powf(2.2)
    };
    Colour::new(channel(16), channel(8), channel(0))
}

/// How the colour changes over space. Flat surfaces use the xy plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// One colour with a breath of variation.
    Plain,
    /// Rings about the y axis, bent by noise.
    Wood,
    /// Veins.
    Marble,
    /// Cubes of two colours.
    Checks,
    /// Bands along y of two colours.
    Stripes,
    /// Fine grains.
    Speckle,
    /// Crossed threads.
    Weave,
    /// Cloudy mottling.
    Plaster,
    /// A running bond of bricks with mortar.
    Brick,
    /// Boards with grain along x.
    Planks,
    /// Square tiles with grout.
    Tiles,
    /// Round dots on a grid.
    Dots,
}

/// A pattern with its colours and size.
#[derive(Clone, Debug)]
pub(crate) struct Texture {
    /// The kind of pattern.
    pub(crate) pattern: Pattern,
    /// Ground colour, second colour, and accent.
    pub(crate) colours: [Colour; 3],
    /// Repeats per unit of length.
    pub(crate) scale: f32,
    /// Turns the pattern in space.
    pub(crate) turn: Quat,
    /// Moves the pattern in space.
    pub(crate) offset: Vec3A,
}

impl Texture {
    /// A texture at a random place.
    pub(crate) fn new(
        pattern: Pattern,
        colours: [Colour; 3],
        scale: f32,
        random: &mut Random,
    ) -> Self {
        let mut shift = || random.between(-40.0, 40.0);
        let offset = Vec3A::new(shift(), shift(), shift());
        Self {
            pattern,
            colours,
            scale,
            turn: Quat::IDENTITY,
            offset,
        }
    }

    /// The same texture, turned.
    pub(crate) fn turned(mut self, turn: Quat) -> Self {
        self.turn = turn;
        self
    }

    /// The mean colour, roughly.
    pub(crate) fn mean(&self) -> Colour {
        match self.pattern {
            Pattern::Plain => self.colours[0],
            Pattern::Brick | Pattern::Tiles | Pattern::Marble | Pattern::Dots => {
                self.colours[0] * 0.75 + self.colours[1] * 0.25
            }
            _ => (self.colours[0] + self.colours[1]) * 0.5,
        }
    }

    /// The colour at a point of the surface's own space.
    pub(crate) fn colour(&self, point: Vec3A) -> Colour {
        let place = self.turn * (point * self.scale) + self.offset;
        let [first, second, third] = self.colours;
        match self.pattern {
            Pattern::Plain => first * (0.94 + 0.12 * value_noise(place * 1.7)),
            Pattern::Wood => first.lerp(second, wood(place - self.offset)),
            Pattern::Marble => first.lerp(second, marble(place)),
            Pattern::Checks => checks(place, first, second),
            Pattern::Stripes => stripes(place, [first, second, third]),
            Pattern::Speckle => speckle(place, [first, second, third]),
            Pattern::Weave => weave(place, first, second),
            Pattern::Plaster => first.lerp(second, cloud_noise(place)),
            Pattern::Brick => brick(place, [first, second, third]),
            Pattern::Planks => planks(place, first, second),
            Pattern::Tiles => tiles(place, [first, second, third]),
            Pattern::Dots => dots(place, first, second),
        }
    }
}

fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

fn wood(place: Vec3A) -> f32 {
    let stretched = place * Vec3A::new(1.0, 0.16, 1.0);
    let bend = value_noise(stretched * 1.3 + Vec3A::splat(9.0));
    let radius = Vec3A::new(place.x + 1.7, 0.0, place.z + 0.9).length() * 4.0 + bend * 3.0;
    let ring = (radius - radius.floor()) * 0.75;
    let grain = value_noise(place * Vec3A::new(24.0, 1.5, 24.0));
    (ring + grain * 0.35).clamp(0.0, 1.0)
}

fn marble(place: Vec3A) -> f32 {
    let bend = cloud_noise(place);
    let vein = ((place.x + 0.6 * place.y + 0.3 * place.z) * 1.3 + bend * 7.0)
        .sin()
        .abs();
    let fine = value_noise(place * 5.0);
    ((1.0 - vein).powi(4) * 0.65 + fine * 0.15).clamp(0.0, 1.0)
}

fn checks(place: Vec3A, first: Colour, second: Colour) -> Colour {
    let ([x, y, z], _) = cell(place);
    let tone = 0.92 + 0.16 * value_noise(place * 2.3);
    if (x ^ y ^ z) & 1 == 0 {
        first * tone
    } else {
        second * tone
    }
}

fn stripes(place: Vec3A, [first, second, third]: [Colour; 3]) -> Colour {
    let share = place.y - place.y.floor();
    let tone = 0.95 + 0.1 * value_noise(place * 2.1);
    let base = if share < 0.5 { first } else { second };
    tone * if (0.70..0.78).contains(&share) {
        third
    } else {
        base
    }
}

fn speckle(place: Vec3A, [first, second, third]: [Colour; 3]) -> Colour {
    let coarse = fleck(place);
    let fine = fleck(place * 1.83 + Vec3A::splat(31.4));
    let base = first * (0.94 + 0.12 * value_noise(place * 0.7));
    base.lerp(third, fine).lerp(second, coarse)
}

/// A round fleck of random size in some of the unit cells: 1 inside, 0 outside.
fn fleck(place: Vec3A) -> f32 {
    let ([x, y, z], within) = cell(place);
    let random = |salt: i32| cell_value(x.wrapping_add(salt * 131), y, z);
    let centre = Vec3A::splat(0.4) + 0.2 * Vec3A::new(random(1), random(2), random(3));
    let radius = 0.36 * random(4);
    1.0 - smooth(radius * 0.85, radius + 0.03, (within - centre).length())
}

fn weave(place: Vec3A, first: Colour, second: Colour) -> Colour {
    let ([x, y, z], within) = cell(place * 2.8);
    let over = (x ^ y ^ z) & 1 == 0;
    let across = if over { within.x } else { within.y };
    let round = 1.0 - (2.0 * across - 1.0).powi(2);
    let tone = 0.72 + 0.28 * round + 0.16 * (cell_value(x / 2, y, z) - 0.5);
    tone * if over { first } else { second }
}

fn brick(place: Vec3A, [first, second, third]: [Colour; 3]) -> Colour {
    let row = place.y.floor();
    let along = place.x * 0.5 + if row.rem_euclid(2.0) < 1.0 { 0.5 } else { 0.0 };
    let (column, height) = (along.floor(), place.y - row);
    let rim = ((along - column).min(1.0 - along + column) * 2.0).min(height.min(1.0 - height));
    let tone = cell_value(column as i32, row as i32, 7);
    let rough = cloud_noise(place * 4.0);
    let clay = first.lerp(third, tone * 0.7) * (0.75 + 0.5 * rough);
    second.lerp(clay, smooth(0.03, 0.09, rim + 0.03 * rough))
}

fn planks(place: Vec3A, first: Colour, second: Colour) -> Colour {
    let row = place.y.floor();
    let shift = cell_value(row as i32, 3, 5) * 7.0;
    let along = (place.x + shift) * 0.22;
    let board = along.floor();
    let height = place.y - row;
    let rim = height
        .min(1.0 - height)
        .min(((along - board).min(1.0 - along + board)) * 4.5);
    let tone = cell_value(board as i32, row as i32, 11);
    let seedling = Vec3A::new(tone * 53.0, row * 3.1, 0.0);
    let grain = cloud_noise(Vec3A::new(place.x * 0.7, place.y * 7.0, 0.0) + seedling);
    let wood = first.lerp(
        second,
        (0.15 + 0.3 * tone + 0.9 * (grain - 0.35)).clamp(0.0, 1.0),
    );
    wood * (0.35 + 0.65 * smooth(0.0, 0.035, rim))
}

fn tiles(place: Vec3A, [first, second, third]: [Colour; 3]) -> Colour {
    let ([x, y, _], within) = cell(place);
    let rim = within
        .x
        .min(1.0 - within.x)
        .min(within.y.min(1.0 - within.y));
    let glaze =
        first.lerp(third, 0.5 * cell_value(x, y, 13)) * (0.9 + 0.2 * value_noise(place * 2.0));
    second.lerp(glaze, smooth(0.02, 0.05, rim))
}

fn dots(place: Vec3A, first: Colour, second: Colour) -> Colour {
    let (_, within) = cell(place);
    let distance = (within - Vec3A::splat(0.5)).length();
    first.lerp(second, 1.0 - smooth(0.30, 0.34, distance))
        * (0.96 + 0.08 * value_noise(place * 2.0))
}

/// A textured surface and its reflection.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// Colour over the surface.
    pub(crate) texture: Texture,
    /// Share of light reflected at a right angle, before tinting: 0.04 for lacquer, 0.6 and more for metal.
    pub(crate) mirror: f32,
    /// Width of highlights in `0..=1`: 0.05 is a mirror, 1 is chalk.
    pub(crate) roughness: f32,
    /// Whether reflections take the surface's colour, and diffuse light is weak.
    pub(crate) metal: bool,
    /// Light given off, as a multiple of the colour.
    pub(crate) glow: f32,
}

impl Material {
    /// A surface that is not metal.
    pub(crate) fn matte(texture: Texture, roughness: f32) -> Self {
        Self {
            texture,
            mirror: 0.04,
            roughness,
            metal: false,
            glow: 0.0,
        }
    }

    /// A plain metal.
    pub(crate) fn metal(colour: Colour, roughness: f32, random: &mut Random) -> Self {
        let texture = Texture::new(Pattern::Plain, [colour; 3], 1.0, random);
        Self {
            texture,
            mirror: 0.75,
            roughness,
            metal: true,
            glow: 0.0,
        }
    }

    /// A plain lacquer.
    pub(crate) fn lacquer(colour: Colour, random: &mut Random) -> Self {
        Self::matte(Texture::new(Pattern::Plain, [colour; 3], 2.0, random), 0.25)
    }
}

/// The surfaces of one object: what it is made of does not depend on its class.
#[derive(Clone, Debug)]
pub(crate) struct Finish {
    /// The largest parts.
    pub(crate) main: Material,
    /// Other large parts.
    pub(crate) second: Material,
    /// Small parts.
    pub(crate) accent: Material,
    /// Bare metal.
    pub(crate) steel: Material,
    /// Dark and glossy: tyres, panes.
    pub(crate) dark: Material,
}

/// A texture's direction as an axis-angle turn.
pub(crate) fn random_turn(random: &mut Random) -> Quat {
    let axis = Vec3::new(
        random.between(-1.0, 1.0),
        random.between(-1.0, 1.0),
        random.between(-1.0, 1.0),
    );
    Quat::from_axis_angle(axis.normalize_or(Vec3::Y), random.between(0.0, 6.0))
}
