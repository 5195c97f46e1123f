//! What an action reads of files and of other actions: in its key by a digest, on disk by an id.
//!
//! A [`Read`] names a [`Part`] of an artifact: the pixels of a crop, the order of an explanation. Its digest enters the key, and [`Rows::load`] gives the
//! part only after it has taken the digest again. So an action cannot read a column that its key does not cover, and the code below this line
//! needs no place in a code digest.

mod part;
mod rows;

use std::marker::PhantomData;
use std::path::PathBuf;

use serde::Serialize;

pub use part::{
    Answers, Labels, LogitValues, Map, Part, Pixels, RemovalOrder, Superpixels, SurrogateWeights,
    digest_of,
};
pub use rows::{ActionError, Rows};

/// Id of an artifact, from [`store::ContentId`]. Where it lies decides no result.
pub type ArtifactId = store::ContentId;

/// A part of another action's artifact.
#[derive(Debug, Serialize)]
#[serde(bound = "")]
pub struct Read<P> {
    /// BLAKE3 of the part, as [`Part::digest`] takes it, in hexadecimal digits.
    pub digest: String,
    /// The artifact that holds the part; none in a plan, which reads nothing.
    #[serde(skip)]
    pub artifact: Option<ArtifactId>,
    #[serde(skip)]
    part: PhantomData<fn() -> P>,
}

impl<P> Read<P> {
    /// The part with this digest, in this artifact.
    pub fn new(digest: String, artifact: Option<ArtifactId>) -> Self {
        Self {
            digest,
            artifact,
            part: PhantomData,
        }
    }
}

/// All artifacts of a table in a study. An action may read any of their columns.
#[derive(Debug, Serialize)]
#[serde(bound = "")]
pub struct All<T> {
    /// BLAKE3 of the ids, in hexadecimal digits.
    pub digest: String,
    /// The artifacts that are read together, by what they have in common, such as the image.
    #[serde(skip)]
    pub groups: Vec<Group>,
    #[serde(skip)]
    table: PhantomData<fn() -> T>,
}

impl<T> All<T> {
    /// The artifacts whose ids have this digest.
    pub fn new(digest: String, groups: Vec<Group>) -> Self {
        Self {
            digest,
            groups,
            table: PhantomData,
        }
    }
}

/// Artifacts that are read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of the image that they are about; empty where they are about the whole study.
    pub image: String,
    /// The artifacts, in the order of what they are about.
    pub artifacts: Vec<ArtifactId>,
}

/// A file that an action reads, such as an image.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// BLAKE3 of the file's bytes, in hexadecimal digits.
    pub digest: String,
    /// Where the file lies.
    #[serde(skip)]
    pub path: PathBuf,
}
