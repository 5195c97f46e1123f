//! Colours and materials, chosen without regard to the class.
#![expect(
    clippy::unreadable_literal,
    reason = "colours keep the six digits in which people write them"
)]

use crate::material::{Colour, Finish, Material, Pattern, Texture, hex, random_turn};
use crate::random::Random;
use glam::Quat;

/// Colours that go together.
const PALETTES: [[u32; 5]; 14] = [
    [0xE07A5F, 0x3D405B, 0x81B29A, 0xF2CC8F, 0xF4F1DE],
    [0x264653, 0x2A9D8F, 0xE9C46A, 0xF4A261, 0xE76F51],
    [0x335C67, 0xFFF3B0, 0xE09F3E, 0x9E2A2B, 0x540B0E],
    [0x006D77, 0x83C5BE, 0xEDF6F9, 0xFFDDD2, 0xE29578],
    [0xF94144, 0xF8961E, 0xF9C74F, 0x90BE6D, 0x577590],
    [0x5F0F40, 0x9A031E, 0xFB8B24, 0xE36414, 0x0F4C5C],
    [0x606C38, 0x283618, 0xFEFAE0, 0xDDA15E, 0xBC6C25],
    [0xCDB4DB, 0xFFC8DD, 0xFFAFCC, 0xBDE0FE, 0xA2D2FF],
    [0x1D3557, 0x457B9D, 0xA8DADC, 0xF1FAEE, 0xE63946],
    [0x22577A, 0x38A3A5, 0x57CC99, 0x80ED99, 0xC7F9CC],
    [0xEDAE49, 0xD1495B, 0x00798C, 0x30638E, 0x003D5B],
    [0x6B705C, 0xA5A58D, 0xFFE8D6, 0xDDBEA9, 0xCB997E],
    [0x4A4E69, 0x9A8C98, 0xC9ADA7, 0xF2E9E4, 0x22223B],
    [0x8ECAE6, 0x219EBC, 0x023047, 0xFFB703, 0xFB8500],
];

/// Light and dark of a timber.
const TIMBERS: [[u32; 2]; 7] = [
    [0xC89F6B, 0x8F6238],
    [0xE3C99A, 0xC09A62],
    [0x8A5A3B, 0x4E2E1C],
    [0xB5794A, 0x7A4526],
    [0x6E5A4B, 0x42352C],
    [0xD8B48A, 0xA87947],
    [0xB8AFA0, 0x857A6C],
];

const METALS: [u32; 6] = [0xD8DADF, 0xC9CCD2, 0xE6C27A, 0xD99A74, 0x8F949C, 0xCBB89A];

/// Colours of the key light.
pub(crate) const WARM_LIGHT: [u32; 5] = [0xFFE3BE, 0xFFD6A5, 0xFFF1DC, 0xFFFAF2, 0xFFE9CF];

/// Colours of the sky.
pub(crate) const COOL_LIGHT: [u32; 4] = [0xDCE8F5, 0xE8EEF4, 0xF1EDE6, 0xD3E0F0];

/// Quiet colours for walls and grounds.
const QUIET: [u32; 14] = [
    0xE8E0D2, 0xD9C7AE, 0xC6CFC4, 0xB9C7D0, 0x8D9C8A, 0x6F8391, 0xA9887A, 0xD8B9A4, 0x5B6470,
    0xE9D8C0, 0x9FB4B8, 0x7A6A60, 0xCFC3D0, 0xB7A58A,
];

const SOLIDS: [Pattern; 9] = [
    Pattern::Plain,
    Pattern::Plain,
    Pattern::Wood,
    Pattern::Plain,
    Pattern::Marble,
    Pattern::Stripes,
    Pattern::Speckle,
    Pattern::Plaster,
    Pattern::Dots,
];

const GROUNDS: [Pattern; 8] = [
    Pattern::Planks,
    Pattern::Planks,
    Pattern::Marble,
    Pattern::Tiles,
    Pattern::Weave,
    Pattern::Plaster,
    Pattern::Speckle,
    Pattern::Checks,
];

const WALLS: [Pattern; 8] = [
    Pattern::Plaster,
    Pattern::Plaster,
    Pattern::Brick,
    Pattern::Stripes,
    Pattern::Planks,
    Pattern::Tiles,
    Pattern::Dots,
    Pattern::Weave,
];

/// The colours and surfaces of one picture.
pub(crate) struct Style {
    palette: [Colour; 5],
    /// The surface that everything stands on.
    pub(crate) ground: Material,
    /// The surface behind.
    pub(crate) wall: Material,
    /// The board along the wall's foot.
    pub(crate) board: Material,
}

impl Style {
    /// A style drawn at random.
    pub(crate) fn new(random: &mut Random) -> Self {
        let palette = random.pick(&PALETTES).map(hex);
        let ground = surface(&GROUNDS, &palette, random);
        let wall = surface(&WALLS, &palette, random);
        let board = Material::lacquer(
            vary(
                hex(random.pick(&[0xEFE9DF, 0xD9CFC0, 0x6B5443, 0x3A3F45])),
                random,
            ),
            random,
        );
        Self {
            palette,
            ground,
            wall,
            board,
        }
    }

    /// The surfaces of the picture's object, which stand out from the ground and the wall.
    pub(crate) fn finish(&self, random: &mut Random) -> Finish {
        let main = self.standing_out(random);
        let second = self.standing_out(random);
        let accent = self.palette_material(random);
        let steel = Material::metal(hex(random.pick(&METALS)), random.between(0.12, 0.4), random);
        let mut dark = Material::lacquer(hex(random.pick(&[0x1B1D22, 0x2A1C16, 0x14242C])), random);
        dark.mirror = 0.07;
        Finish {
            main,
            second,
            accent,
            steel,
            dark,
        }
    }

    /// Any material of the picture.
    pub(crate) fn palette_material(&self, random: &mut Random) -> Material {
        if random.chance(0.12) {
            return Material::metal(hex(random.pick(&METALS)), random.between(0.1, 0.4), random);
        }
        let pattern = random.pick(&SOLIDS);
        let colours = solid_colours(pattern, &self.palette, random);
        let scale = solid_scale(pattern, random);
        let texture =
            Texture::new(pattern, colours, scale, random).turned(solid_turn(pattern, random));
        let roughness = random.pick(&[0.2, 0.3, 0.45, 0.9]);
        Material::matte(texture, roughness)
    }

    /// Of a few materials, the one that differs most from the surroundings.
    fn standing_out(&self, random: &mut Random) -> Material {
        let surroundings = [self.ground.texture.mean(), self.wall.texture.mean()];
        let contrast = |material: &Material| {
            let mean = encode(material.texture.mean());
            surroundings
                .iter()
                .map(|&colour| (encode(colour) - mean).length())
                .fold(f32::INFINITY, f32::min)
        };
        let candidates: Vec<Material> = (0..4).map(|_| self.palette_material(random)).collect();
        let best = candidates
            .iter()
            .max_by(|a, b| contrast(a).total_cmp(&contrast(b)));
        best.unwrap_or(&candidates[0]).clone()
    }
}

/// Roughly even steps for the eye.
fn encode(colour: Colour) -> Colour {
    colour.powf(1.0 / 2.2)
}

fn vary(colour: Colour, random: &mut Random) -> Colour {
    let tone = random.between(0.8, 1.2);
    let tint = Colour::new(
        random.between(0.92, 1.08),
        random.between(0.92, 1.08),
        random.between(0.92, 1.08),
    );
    (colour * tint * tone).clamp(Colour::splat(0.015), Colour::splat(0.9))
}

fn solid_colours(pattern: Pattern, palette: &[Colour; 5], random: &mut Random) -> [Colour; 3] {
    if pattern == Pattern::Wood {
        let [light, dark] = random.pick(&TIMBERS).map(hex);
        return [vary(light, random), vary(dark, random), dark];
    }
    let start = random.below(5);
    let [first, second, third] =
        [0, 1 + random.below(3), 4].map(|step| palette[(start + step) % 5]);
    let first = vary(first, random);
    let second = vary(second, random);
    match pattern {
        Pattern::Plaster => [first, first * 0.6, third],
        Pattern::Marble => [first.lerp(Colour::ONE, 0.35), first * 0.35, third],
        _ => [first, second, vary(third, random)],
    }
}

fn solid_scale(pattern: Pattern, random: &mut Random) -> f32 {
    match pattern {
        Pattern::Wood => random.between(0.9, 1.6),
        Pattern::Marble => random.between(1.0, 2.0),
        Pattern::Checks | Pattern::Stripes | Pattern::Dots => random.between(2.5, 6.0),
        Pattern::Speckle => random.between(6.0, 11.0),
        _ => random.between(2.0, 5.0),
    }
}

fn solid_turn(pattern: Pattern, random: &mut Random) -> Quat {
    match pattern {
        Pattern::Wood if random.chance(0.6) => Quat::IDENTITY,
        Pattern::Stripes if random.chance(0.5) => Quat::IDENTITY,
        _ => random_turn(random),
    }
}

/// A wall or a ground.
fn surface(patterns: &[Pattern], palette: &[Colour; 5], random: &mut Random) -> Material {
    let pattern = random.pick(patterns);
    let base = if random.chance(0.7) {
        hex(random.pick(&QUIET))
    } else {
        palette[random.below(5)] * 0.8
    };
    let base = vary(base, random);
    let colours = match pattern {
        Pattern::Planks => {
            let [light, dark] = random.pick(&TIMBERS).map(hex);
            [vary(light, random), vary(dark, random), dark]
        }
        Pattern::Brick => {
            let clay = hex(random.pick(&[0xA4553F, 0xB9775A, 0xC9B29B, 0x8C8078, 0xD9D2C5]));
            [vary(clay, random), hex(0xB5ADA0), clay * 0.45]
        }
        Pattern::Checks | Pattern::Stripes | Pattern::Dots => {
            [base, base.lerp(hex(random.pick(&QUIET)), 0.6), base * 0.75]
        }
        Pattern::Tiles => [base, base * 0.45, base * 1.25],
        Pattern::Marble => [base.lerp(Colour::ONE, 0.2), base * 0.4, base],
        _ => [base, base * random.between(0.5, 0.75), base * 1.3],
    };
    let scale = match pattern {
        Pattern::Brick => random.between(3.0, 5.0),
        Pattern::Planks => random.between(1.4, 3.0),
        Pattern::Weave => random.between(3.5, 6.0),
        Pattern::Speckle => random.between(5.0, 10.0),
        Pattern::Plaster | Pattern::Marble => random.between(0.6, 1.8),
        _ => random.between(1.2, 3.2),
    };
    let roughness = random.pick(&[0.25, 0.4, 0.6, 0.9]);
    Material::matte(Texture::new(pattern, colours, scale, random), roughness)
}
