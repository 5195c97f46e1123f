//! Tables of any type.

use std::fmt;
use std::sync::Arc;

use schema::{AnyRows, Table};
use serde::{Serialize, Serializer};
use store::{EncodedTable, StoreError};

use crate::{ActionError, All, Group, Rows, upstream};

/// Rows of any table, which can be published.
pub trait AnyTable: AnyRows {
    /// The rows as an artifact.
    fn encoded(&self) -> Result<EncodedTable, StoreError>;
}

impl<T: Table> AnyTable for Vec<T> {
    fn encoded(&self) -> Result<EncodedTable, StoreError> {
        store::encode(self)
    }
}

/// [`All`] artifacts of any table.
pub struct AnyAll {
    /// Name of the table.
    pub table: &'static str,
    digest: String,
    groups: Vec<Group>,
    read: Reader,
}

/// Reads the artifacts of groups.
type Reader = fn(&Rows<'_>, &[Group]) -> Result<Arc<dyn AnyRows>, ActionError>;

impl AnyAll {
    /// The artifacts of a table.
    pub fn of<T: Table>(all: All<T>) -> Self {
        Self {
            table: T::NAME,
            digest: all.digest,
            groups: all.groups,
            read: |rows, groups| Ok(Arc::new(rows.of_groups::<T>(groups)?)),
        }
    }
}

impl fmt::Debug for AnyAll {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.table, self.digest)
    }
}

impl Serialize for AnyAll {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        upstream(serializer, self.table, "artifacts", &self.digest)
    }
}

impl Rows<'_> {
    /// All rows of any table in the study.
    pub fn any(&self, all: &AnyAll) -> Result<Arc<dyn AnyRows>, ActionError> {
        (all.read)(self, &all.groups)
    }
}
