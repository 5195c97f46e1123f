//! What every measure declares.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use parts::{ActionError, All, AnyAll, AnyTable, Group, Rows};
use schema::{
    Crop, CurveStep, Deletion, Description, Perturbations, Relevance, Score, Segments, Table,
    Target,
};
use serde::Serialize;
use statistics::Measured;

/// A measure, which is declared on a row of its table.
pub trait Measure: Table {
    /// `module_path!()` of its file: keys hold the digest of the code there.
    const MODULE: &'static str;

    /// What it measures, as a heading.
    const TITLE: &'static str;

    /// Where its formula comes from, and what it says, in a sentence.
    const ABOUT: &'static str;

    /// All that its rows may depend on: the key is made from it.
    type Inputs: Serialize + Send + Sync + 'static;

    /// The inputs of a study; none while a table that it reads is missing.
    fn inputs(study: &dyn Tables) -> Option<Self::Inputs>;

    /// The rows of a whole study.
    fn rows(inputs: &Self::Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError>;
}

/// What a measure may read of a study. Tables are none while they do not exist.
pub trait Tables {
    /// The crops.
    fn crops(&self) -> Option<All<Crop>>;

    /// The superpixels.
    fn segments(&self) -> Option<All<Segments>>;

    /// The explained classes.
    fn targets(&self) -> Option<All<Target>>;

    /// The relevances of the networks as they were trained.
    fn relevances(&self) -> Option<All<Relevance>>;

    /// Masks, and the networks' answers to them.
    fn perturbations(&self) -> Option<All<Perturbations>>;

    /// The removal curves.
    fn curves(&self) -> Option<All<CurveStep>>;

    /// What is left without each superpixel alone; no rows where the settings do not ask for them.
    fn deletions(&self) -> Option<All<Deletion>>;

    /// The areas under the removal curves.
    fn scores(&self) -> Option<All<Score>>;

    /// Names of the methods whose relevances are more than the places in an order.
    fn measured(&self) -> BTreeSet<String>;

    /// Names of the methods that draw orders by chance.
    fn chance(&self) -> BTreeSet<String>;

    /// Names of the methods that search for an order with the replacement that judges it.
    fn searching(&self) -> BTreeSet<String>;

    /// What removed superpixels show in the masks of LIME, by the name of the method.
    fn masking(&self) -> BTreeMap<String, &'static str>;

    /// What of the explained class curves and answers to masks are read as.
    fn areas_of(&self) -> Measured;
}

/// A measure of any type.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// [`Measure::MODULE`].
    pub module: &'static str,
    /// [`Measure::TITLE`].
    pub title: &'static str,
    /// [`Measure::ABOUT`].
    pub about: &'static str,
    /// What its table is.
    pub table: fn() -> Description,
    /// [`Measure::inputs`].
    pub inputs: fn(&dyn Tables) -> Option<Box<dyn Ready>>,
    /// Its artifacts, by their digest.
    pub all: fn(String, Vec<Group>) -> AnyAll,
}

/// A measure with its inputs.
pub trait Ready: Send + Sync {
    /// The inputs as a key holds them.
    fn inputs(&self) -> serde_json::Value;

    /// [`Measure::rows`].
    fn rows(&self, rows: &Rows<'_>) -> Result<Box<dyn AnyTable>, ActionError>;
}

struct Of<M: Measure>(M::Inputs);

impl<M: Measure> Ready for Of<M> {
    fn inputs(&self) -> serde_json::Value {
        serde_json::to_value(&self.0).expect("inputs have names for keys and finite numbers")
    }

    fn rows(&self, rows: &Rows<'_>) -> Result<Box<dyn AnyTable>, ActionError> {
        Ok(Box::new(M::rows(&self.0, rows)?))
    }
}

impl Declared {
    /// A measure.
    pub const fn of<M: Measure>() -> Self {
        Self {
            module: M::MODULE,
            title: M::TITLE,
            about: M::ABOUT,
            table: Description::of::<M>,
            inputs: |study| Some(Box::new(Of::<M>(M::inputs(study)?))),
            all: |digest, groups| AnyAll::of(All::<M>::new(digest, groups)),
        }
    }

    /// Names of the tables that it reads.
    pub fn reads(&self) -> BTreeSet<&'static str> {
        let seen = Seen::default();
        (self.inputs)(&seen);
        seen.0.into_inner()
    }

    /// Whether methods are compared by it.
    pub fn compares(&self) -> bool {
        let columns = (self.table)().columns;
        columns.iter().any(|column| column.better.is_some())
    }
}

/// A study whose tables are all there and empty, which notes what is read.
#[derive(Default)]
struct Seen(RefCell<BTreeSet<&'static str>>);

impl Seen {
    fn note<T: Table>(&self) -> All<T> {
        self.0.borrow_mut().insert(T::NAME);
        All::new(String::new(), Vec::new())
    }
}

impl Tables for Seen {
    fn crops(&self) -> Option<All<Crop>> {
        Some(self.note())
    }

    fn segments(&self) -> Option<All<Segments>> {
        Some(self.note())
    }

    fn targets(&self) -> Option<All<Target>> {
        Some(self.note())
    }

    fn relevances(&self) -> Option<All<Relevance>> {
        Some(self.note())
    }

    fn perturbations(&self) -> Option<All<Perturbations>> {
        Some(self.note())
    }

    fn curves(&self) -> Option<All<CurveStep>> {
        Some(self.note())
    }

    fn deletions(&self) -> Option<All<Deletion>> {
        Some(self.note())
    }

    fn scores(&self) -> Option<All<Score>> {
        Some(self.note())
    }

    fn measured(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn chance(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn searching(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn masking(&self) -> BTreeMap<String, &'static str> {
        BTreeMap::new()
    }

    fn areas_of(&self) -> Measured {
        Measured::default()
    }
}
