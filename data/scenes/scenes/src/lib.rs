//! Synthetic photographs of ten kinds of things, for studies of image classifiers.
//!
//! A picture is ray traced from a class and a seed: an object built from a few parts, on a textured ground before a
//! textured wall, among things of no class. Colours, textures, light and place do not depend on the class; shape
//! does. The scene of a seed does not depend on the quality, which only sets how many rays are spent.

mod camera;
mod classes;
mod distractors;
mod material;
mod mesh;
mod model;
mod noise;
mod random;
mod render;
mod scene;
mod style;
mod tone;

pub use classes::Class;

use rayon::prelude::*;

/// Height and width of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
}

/// How many rays a picture is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Rays from the camera for each pixel, at least 1.
    pub samples: u32,
    /// Up to so many of a pixel's rays on one surface share a ray to the light and one to the sky; at least 1.
    pub shared: u32,
    /// Whether light is evened out over neighbouring pixels of a surface, which hides the noise of few samples.
    pub smoothing: bool,
}

impl Quality {
    /// For training sets: quick, with little noise.
    pub const DRAFT: Self = Self {
        samples: 2,
        shared: 2,
        smoothing: true,
    };
    /// For pictures that people look at.
    pub const FINAL: Self = Self {
        samples: 32,
        shared: 2,
        smoothing: true,
    };
}

/// A picture and where its object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// What the object is.
    pub class: Class,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// sRGB, row by row, 3 bytes a pixel.
    pub rgb: Vec<u8>,
    /// Row by row, whether the object is in front.
    pub object_mask: Vec<bool>,
}

/// Draws one picture on the calling thread. The same arguments give the same bytes.
///
/// The object fills a like share of the shorter side at every size, and lies within the middle 224/256 of it.
pub fn draw(class: Class, seed: u64, size: Size, quality: Quality) -> Drawing {
    let scene = scene::Scene::new(class, seed);
    let exposure = render::expose(&scene, size, quality);
    Drawing {
        class,
        height: size.height,
        width: size.width,
        rgb: tone::develop(&exposure.radiance, size),
        object_mask: exposure.object.iter().map(|&share| share >= 0.5).collect(),
    }
}

/// Draws many pictures on all cores, in the order of the jobs.
pub fn draw_many(jobs: &[(Class, u64)], size: Size, quality: Quality) -> Vec<Drawing> {
    jobs.par_iter()
        .map(|&(class, seed)| draw(class, seed, size, quality))
        .collect()
}

#[cfg(test)]
mod tests;
