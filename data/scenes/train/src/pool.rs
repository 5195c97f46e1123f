//! The scenes that the networks learn from, drawn once and kept in files of a thousand.

use std::fs;
use std::path::{Path, PathBuf};

use scenes::{Class, Quality, Size};

use crate::{TrainError, at};

/// Side of a drawn scene in pixels; what is above the crop leaves room to shift it.
pub const SIDE: usize = 240;
/// Bytes of one scene.
pub const SCENE_BYTES: usize = SIDE * SIDE * 3;
/// Scenes in a file.
pub const SHARD: usize = 1000;
/// Training scenes take their seeds from here up; held-out ones and the shipped images take theirs elsewhere.
const FIRST_SEED: u64 = 1 << 40;

/// Scenes of all classes in turn: scene i shows class i modulo the number of classes.
#[derive(Debug)]
pub struct Pool {
    pixels: Vec<Vec<u8>>,
}

impl Pool {
    /// Reads `shards` files below `folder`, and draws those that are not there.
    pub fn open(folder: &Path, shards: usize) -> Result<Self, TrainError> {
        create_folder(folder)?;
        let pixels = (0..shards)
            .map(|shard| read_or_draw(folder, shard))
            .collect::<Result<_, _>>()?;
        Ok(Self { pixels })
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.pixels.len() * SHARD
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// The pixels of a scene, [`SIDE`] x [`SIDE`] x 3, and its class.
    pub fn scene(&self, index: usize) -> (&[u8], usize) {
        let start = index % SHARD * SCENE_BYTES;
        (
            &self.pixels[index / SHARD][start..start + SCENE_BYTES],
            index % Class::ALL.len(),
        )
    }
}

fn read_or_draw(folder: &Path, shard: usize) -> Result<Vec<u8>, TrainError> {
    let path = folder.join(format!("{shard:04}.rgb"));
    match fs::read(&path) {
        Ok(pixels) if pixels.len() == SHARD * SCENE_BYTES => Ok(pixels),
        _ => draw(&path, shard),
    }
}

fn draw(path: &Path, shard: usize) -> Result<Vec<u8>, TrainError> {
    eprintln!("drawing {SHARD} scenes into {}", path.display());
    let jobs: Vec<_> = (0..SHARD)
        .map(|index| {
            (
                Class::ALL[index % Class::ALL.len()],
                FIRST_SEED + (shard * SHARD + index) as u64,
            )
        })
        .collect();
    let size = Size {
        height: SIDE as u32,
        width: SIDE as u32,
    };
    let drawings = scenes::draw_many(&jobs, size, Quality::DRAFT);
    let pixels: Vec<u8> = drawings
        .into_iter()
        .flat_map(|drawing| drawing.rgb)
        .collect();
    write(path, &pixels)?;
    Ok(pixels)
}

#[expect(
    clippy::disallowed_methods,
    reason = "training writes to its own folders, never below artifacts/"
)]
pub(crate) fn create_folder(folder: &Path) -> Result<(), TrainError> {
    fs::create_dir_all(folder).map_err(at(folder))
}

/// Writes a file so that it is whole or not there.
#[expect(
    clippy::disallowed_methods,
    reason = "training writes to its own folders, never below artifacts/"
)]
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let temporary: PathBuf = path.with_extension("partial");
    fs::write(&temporary, bytes).map_err(at(&temporary))?;
    fs::rename(&temporary, path).map_err(at(path))
}
