//! The ten classes: how each is built and shown.

mod airplane;
mod chair;
mod glasses;
mod goblet;
mod hammer;
mod key;
mod lamp;
mod mug;
mod scissors;
mod umbrella;

use crate::material::Finish;
use crate::model::{Model, Pose};
use crate::random::Random;
use glam::{EulerRot, Quat};
use std::f32::consts::{FRAC_PI_2, TAU};

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// An aeroplane with propellers or jets.
    Airplane,
    /// A chair with a back.
    Chair,
    /// A pair of spectacles.
    Glasses,
    /// A cup on a stem.
    Goblet,
    /// A hammer or mallet.
    Hammer,
    /// A door key.
    Key,
    /// A table lamp with a shade.
    Lamp,
    /// A cup with a handle.
    Mug,
    /// A pair of scissors, more or less open.
    Scissors,
    /// An open umbrella.
    Umbrella,
}

impl Class {
    /// All classes, in the order of their indices.
    pub const ALL: [Self; 10] = [
        Self::Airplane,
        Self::Chair,
        Self::Glasses,
        Self::Goblet,
        Self::Hammer,
        Self::Key,
        Self::Lamp,
        Self::Mug,
        Self::Scissors,
        Self::Umbrella,
    ];

    /// The English noun, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Airplane => "airplane",
            Self::Chair => "chair",
            Self::Glasses => "glasses",
            Self::Goblet => "goblet",
            Self::Hammer => "hammer",
            Self::Key => "key",
            Self::Lamp => "lamp",
            Self::Mug => "mug",
            Self::Scissors => "scissors",
            Self::Umbrella => "umbrella",
        }
    }

    /// The place in [`Class::ALL`], `0..10`.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Builds an object of the class, of any size, in its own space.
    pub(crate) fn build(self, random: &mut Random, finish: &Finish) -> Model {
        match self {
            Self::Airplane => airplane::build(random, finish),
            Self::Chair => chair::build(random, finish),
            Self::Glasses => glasses::build(random, finish),
            Self::Goblet => goblet::build(random, finish),
            Self::Hammer => hammer::build(random, finish),
            Self::Key => key::build(random, finish),
            Self::Lamp => lamp::build(random, finish),
            Self::Mug => mug::build(random, finish),
            Self::Scissors => scissors::build(random, finish),
            Self::Umbrella => umbrella::build(random, finish),
        }
    }

    /// A view in which people recognise the class.
    pub(crate) fn pose(self, random: &mut Random) -> Pose {
        match self {
            Self::Airplane => airplane::pose(random),
            Self::Chair => standing(random.between(-2.2, 2.2), [12.0, 38.0], random),
            Self::Glasses => {
                let turn = random.between(-0.75, 0.75);
                standing(turn, [14.0, 48.0], random)
            }
            Self::Goblet => standing(random.between(0.0, TAU), [8.0, 30.0], random),
            Self::Lamp => standing(random.between(0.0, TAU), [6.0, 26.0], random),
            // The handle, which points along x, never hides behind the body.
            Self::Mug => {
                let toward = random.between(-0.5, 0.8);
                let turn = if random.chance(0.5) {
                    -toward
                } else {
                    TAU / 2.0 + toward
                };
                standing(turn, [14.0, 46.0], random)
            }
            Self::Hammer | Self::Key | Self::Scissors => lying(random),
            Self::Umbrella => umbrella::pose(random),
        }
    }
}

/// An upright object, turned about the vertical; the camera's elevation lies between `degrees`.
fn standing(turn: f32, degrees: [f32; 2], random: &mut Random) -> Pose {
    let elevation = random.between(degrees[0], degrees[1]).to_radians();
    Pose {
        rotation: Quat::from_rotation_y(turn),
        lift: 0.0,
        elevation,
    }
}

/// A flat object, built in the xy plane, on the ground in any direction and seen from above.
fn lying(random: &mut Random) -> Pose {
    let rotation =
        Quat::from_rotation_y(random.between(0.0, TAU)) * Quat::from_rotation_x(-FRAC_PI_2);
    Pose {
        rotation,
        lift: 0.0,
        elevation: random.between(50.0, 86.0).to_radians(),
    }
}

/// A turn by heading (about y), pitch (about x) and roll (about z), in radians.
fn attitude(heading: f32, pitch: f32, roll: f32) -> Quat {
    Quat::from_euler(EulerRot::YXZ, heading, pitch, roll)
}
