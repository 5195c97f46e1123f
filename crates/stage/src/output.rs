//! What an action gives, checked before anything of it can be published.

use std::collections::BTreeMap;

use parts::{AnyTable, Part, RemovalOrder};
use schema::{Relevance, Segments};
use serde_json::Value;
use store::EncodedTable;

use crate::StageError;
use crate::checks::{Checked, check, check_columns};

/// What an action gives: tables that have passed their [checks](Checked), facets and costs.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub(crate) tables: Vec<EncodedTable>,
    pub(crate) facets: BTreeMap<String, Value>,
    pub(crate) forward_passes: u64,
    pub(crate) backward_passes: u64,
    pub(crate) computed: u64,
    pub(crate) ran: Option<Ran>,
}

/// How a network ran.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) device: String,
    pub(crate) batch: usize,
}

impl Output {
    /// The output of an action with one table, whose rows must agree with what is given.
    pub fn new<T: Checked>(rows: &[T], given: T::Given<'_>) -> Result<Self, StageError> {
        let mut output = Self::default();
        output.add(rows, given)?;
        Ok(output)
    }

    /// The output of an action that made relevances, of superpixels of a partition.
    pub fn of_relevances(rows: &[Relevance], segments: &Segments) -> Result<Self, StageError> {
        let digest = RemovalOrder::digest_of_rows(rows).map_err(StageError::action)?;
        Ok(Self::new(rows, segments)?.facet(RemovalOrder::FACET, digest))
    }

    /// The output of a measure, whose rows need to agree with nothing but what its columns declare.
    pub fn measured(rows: &dyn AnyTable) -> Result<Self, StageError> {
        check_columns(rows).map_err(StageError::action)?;
        let mut output = Self::default();
        output.tables.push(rows.encoded()?);
        Ok(output)
    }

    /// Adds a table, whose rows must agree with what is given.
    pub fn add<T: Checked>(&mut self, rows: &[T], given: T::Given<'_>) -> Result<(), StageError> {
        check(rows, given).map_err(StageError::action)?;
        self.tables.push(store::encode(rows)?);
        Ok(())
    }

    /// The same with one facet more, which other actions read: see [`study::plan::facet`].
    #[must_use]
    pub fn facet(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facets.insert(name.to_owned(), value.into());
        self
    }

    /// The same with its cost: how many images went forward through a network, and how many backward.
    #[must_use]
    pub fn passes(self, forward: u64, backward: u64) -> Self {
        Self {
            forward_passes: forward,
            backward_passes: backward,
            computed: forward,
            ..self
        }
    }

    /// The same where only some of its forward passes were computed for it, because others of its group had asked the rest before.
    #[must_use]
    pub fn computed(self, forward: u64) -> Self {
        Self {
            computed: forward,
            ..self
        }
    }

    /// The same with the device on which its network ran, and how many inputs a batch had in the end.
    #[must_use]
    pub fn ran(self, device: impl Into<String>, batch: usize) -> Self {
        let device = device.into();
        Self {
            ran: Some(Ran { device, batch }),
            ..self
        }
    }
}
