//! What an action reads of files and of other actions: in its key by a digest, on disk by an id.
//!
//! A [`Read`] names a [`Part`] of an artifact: the pixels of a crop, the order of an explanation. Its digest enters the key, and [`Rows::load`] gives the
//! part only after it has taken the digest again. So an action cannot read a column that its key does not cover, and the code below this line
//! needs no place in a code digest.

mod any;
mod part;
mod rows;
mod text;

use std::marker::PhantomData;
use std::path::PathBuf;

use schema::Table;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use any::{AnyAll, AnyTable};
pub use part::{
    Answers, Labels, LogitValues, Map, Part, Pixels, RemovalOrder, Superpixels, SurrogateWeights,
    digest_of, truth_mask,
};
pub use rows::{ActionError, Rows};
pub use text::{shown, visible};

/// Id of an artifact, from [`store::ContentId`]. Where it lies decides no result.
pub type ArtifactId = store::ContentId;

/// A part of another action's artifact. Keys hold it under the names of its table and of the part.
#[derive(Debug)]
pub struct Read<P> {
    /// BLAKE3 of the part, as [`Part::digest`] takes it, in hexadecimal digits.
    pub digest: String,
    /// The artifact that holds the part; none in a plan, which reads nothing.
    pub artifact: Option<ArtifactId>,
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

impl<P: Part> Serialize for Read<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        upstream(serializer, P::Row::NAME, P::FACET, &self.digest)
    }
}

/// A value that another action left in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<T> {
    /// The value.
    pub value: T,
    /// Name of the table that it belongs to.
    pub table: &'static str,
    /// The facet under which the record keeps it.
    pub facet: &'static str,
}

impl<T: Serialize> Serialize for Told<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        upstream(serializer, self.table, self.facet, &self.value)
    }
}

/// The form in which keys take what is read of an earlier table.
fn upstream<S: Serializer>(
    serializer: S,
    table: &str,
    part: &str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_struct("Upstream", 3)?;
    fields.serialize_field("table", table)?;
    fields.serialize_field("part", part)?;
    fields.serialize_field("value", value)?;
    fields.end()
}

/// All artifacts of a table in a study, or some. An action may read any of their columns.
#[derive(Debug)]
pub struct All<T> {
    /// BLAKE3 of the ids, in hexadecimal digits.
    pub digest: String,
    /// The artifacts that are read together, by what they have in common, such as the image.
    pub groups: Vec<Group>,
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

impl<T: Table> Serialize for All<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        upstream(serializer, T::NAME, "artifacts", &self.digest)
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
