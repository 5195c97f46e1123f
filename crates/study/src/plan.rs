//! Which actions a study consists of, what each depends on, and which are done.
//!
//! A plan does not open artifacts: what an action reads of another is in the other's record, as a *facet*: a digest, or the
//! value itself. Where an action gives the same facets as before, the keys of all that reads it stay, and nothing is recomputed.
//! [`inputs`] gathers what each kind of action is made from; an action's key is the digest of these inputs.

use std::collections::BTreeMap;

use rayon::prelude::*;
use schema::Table;
use serde_json::Value;
use store::{ContentId, Index, Key, Miss, Noted, Preimage, Record, Store, StoreError, Summary};

use crate::file_names::for_readers;
use crate::kind::{Kind, Stage};
use crate::settings::Order;
use crate::settings::Replacement;
use crate::sources::Sources;
use crate::{Method, Name, Study};
use config::paths::visible;

pub use inputs::{Context, Planned};
pub use measures::Report;

/// The version of libtorch that this program is built for; `scripts/libtorch.sh` sees to it.
pub const LIBTORCH: &str = "2.11.0";

/// Facets that hold a value itself. Those that hold a digest are named by [`parts::Part::FACET`].
pub mod facet {
    /// `segments`: how many superpixels there are.
    pub const SUPERPIXELS: &str = "superpixels";
    /// `targets`: the class that is explained.
    pub const TARGET_CLASS: &str = "target_class";
    /// `targets`: whether the prediction is right, or null without a label.
    pub const CORRECT: &str = "correct";
    /// `relevances` of a network with random layers: which layers those are.
    pub const CASCADE: &str = "cascade";
    /// `relevances` of an external method: the cost that its tool declares. No action reads it.
    pub const DECLARED: &str = "declared";
}

/// What an action is about; parts that do not apply are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Place of the image in [`Sources`]; none for the whole study.
    pub image: Option<usize>,
    /// Network.
    pub network: Option<Name>,
    /// Partition.
    pub partition: Option<Name>,
    /// Method.
    pub method: Option<Name>,
    /// Run, from 0.
    pub run: Option<u32>,
    /// Order of removal.
    pub order: Option<Order>,
    /// What removed superpixels are replaced by.
    pub replacement: Option<Replacement>,
    /// How far down from the output the network's layers are random, from 1.
    pub depth: Option<u32>,
}

/// One unit of work, and whether it is done.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it makes.
    pub kind: Kind,
    /// The stage that does it.
    pub stage: Stage,
    /// What of.
    pub subject: Subject,
    /// Whether it is done.
    pub state: State,
}

/// Whether an action is done.
#[derive(Clone, Debug)]
pub enum State {
    /// Done; its artifacts are there.
    Done {
        /// The action's key.
        key: Key,
        /// Its record, for [`Plan::summary`].
        noted: Noted,
    },
    /// To be done.
    Due {
        /// What its result will depend on.
        preimage: Box<Preimage>,
        /// Why it is not done.
        reason: Miss,
        /// Its record, where only an artifact was lost. The record is still valid, so the actions that read this one need not be recomputed.
        lost: Option<Noted>,
    },
    /// Its inputs do not exist yet, so not even its key is known.
    Waiting,
}

impl Action {
    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }

    /// Its key, once all that it reads is there.
    pub fn key(&self) -> Option<Key> {
        match &self.state {
            State::Done { key, .. } => Some(*key),
            State::Due { preimage, .. } => Some(preimage.key()),
            State::Waiting => None,
        }
    }

    /// Its record, if it is done or was done and lost an artifact.
    fn known(&self) -> Option<Noted> {
        match self.state {
            State::Done { noted, .. } => Some(noted),
            State::Due { lost, .. } => lost,
            State::Waiting => None,
        }
    }
}

/// The actions of one kind.
#[derive(Clone, Debug, Default)]
struct Actions {
    /// Sorted by subject, and so by image.
    sorted: Vec<Action>,
    /// Where those of each image begin, and the end.
    starts: Vec<usize>,
}

impl Actions {
    fn new(sorted: Vec<Action>) -> Self {
        let mut starts = Vec::new();
        for (place, action) in sorted.iter().enumerate() {
            let images = action.subject.image.map_or(1, |image| image + 1);
            starts.resize(starts.len().max(images), place);
        }
        starts.push(sorted.len());
        Self { sorted, starts }
    }

    fn iter(&self) -> std::slice::Iter<'_, Action> {
        self.sorted.iter()
    }

    /// Those of an image; without one, all.
    fn of_image(&self, image: Option<usize>) -> &[Action] {
        let bounds = image.map(|image| (self.starts.get(image), self.starts.get(image + 1)));
        match bounds {
            None => &self.sorted,
            Some((Some(&start), Some(&end))) => &self.sorted[start..end],
            Some(_) => &[],
        }
    }

    fn find(&self, subject: &Subject) -> Option<&Action> {
        let of_image = self.of_image(subject.image);
        let found = of_image.binary_search_by(|action| action.subject.cmp(subject));
        Some(&of_image[found.ok()?])
    }
}

/// All actions of a study, up to some kind.
///
/// Records stay in the store's index, and are taken out one by one, because a large study has a million of them.
#[derive(Clone, Debug)]
pub struct Plan {
    actions: BTreeMap<Kind, Actions>,
    index: Index,
    store: Store,
}

impl Plan {
    /// Plans a study up to and with the actions of a kind.
    pub fn new(
        study: &Study,
        sources: &Sources,
        store: &Store,
        last: Kind,
    ) -> Result<Self, StoreError> {
        let mut plan = Self {
            actions: BTreeMap::new(),
            index: store.index()?,
            store: store.clone(),
        };
        let context = Context::new(study, sources);
        for kind in Kind::ALL.into_iter().take_while(|kind| *kind <= last) {
            let planner = context.planner(&plan);
            let mut subjects = planner.subjects(kind);
            subjects.sort_unstable();
            let fingerprint = kind.fingerprint();
            let actions = subjects.into_par_iter().map(|subject| {
                let state = match planner.preimage(kind, &subject, &fingerprint) {
                    None => State::Waiting,
                    Some(preimage) => plan.look_up(kind, preimage),
                };
                Action {
                    kind,
                    stage: kind.stage(subject.method(study)),
                    subject,
                    state,
                }
            });
            let actions = Actions::new(actions.collect());
            plan.actions.insert(kind, actions);
        }
        plan.store.keep_notes();
        Ok(plan)
    }

    fn look_up(&self, kind: Kind, preimage: Preimage) -> State {
        let due = |preimage, reason, lost| State::Due {
            preimage: Box::new(preimage),
            reason,
            lost,
        };
        let key = preimage.key();
        match self.store.lookup_in(&self.index, kind.name(), &key) {
            Err((reason, lost)) => due(preimage, reason, lost),
            // A report is no artifact: it was made once, but report/ may show another one by now.
            Ok(noted) if kind == Kind::Report => {
                let path = self.store.root().join("report").join(REPORT_KEY);
                match std::fs::read_to_string(&path) {
                    Ok(shown) if shown.trim() == key.to_string() => State::Done { key, noted },
                    _ => due(preimage, Miss::Replaced { path }, Some(noted)),
                }
            }
            Ok(noted) => State::Done { key, noted },
        }
    }

    /// The actions of a kind, in a fixed order.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Action> {
        self.actions.get(&kind).into_iter().flat_map(Actions::iter)
    }

    /// All actions.
    pub fn all(&self) -> impl Iterator<Item = &Action> {
        self.actions.values().flat_map(Actions::iter)
    }

    /// The actions of a stage.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &Action> {
        let actions = Kind::of(stage).flat_map(|kind| self.of(kind));
        actions.filter(move |action| action.stage == stage)
    }

    /// How many artifacts count as intact that have not been verified as they are now: see [`Store::thorough`].
    pub fn unverified(&self) -> u64 {
        self.index.unverified()
    }

    fn find(&self, kind: Kind, subject: &Subject) -> Option<&Action> {
        self.actions.get(&kind)?.find(subject)
    }

    /// The content of an action's record, if the action is done.
    pub fn summary(&self, action: &Action) -> Option<Summary> {
        match action.state {
            State::Done { noted, .. } => Some(self.index.summary(noted)),
            _ => None,
        }
    }

    /// The whole record of an action, read from its file; none if it is not done, or the record was removed meanwhile.
    pub fn record(&self, action: &Action) -> Option<Record> {
        match &action.state {
            State::Done { key, .. } => self.store.record(action.kind.name(), key),
            _ => None,
        }
    }

    /// The artifact of a table that an action made, if it is done.
    pub fn artifact<T: Table>(&self, kind: Kind, subject: &Subject) -> Option<ContentId> {
        let summary = self.summary(self.find(kind, subject)?)?;
        summary.artifacts.get(T::NAME).map(|artifact| artifact.id)
    }

    /// The artifact of a table that an action made, though it may be lost.
    fn recorded(&self, kind: Kind, subject: &Subject, table: &str) -> Option<ContentId> {
        let summary = self.index.summary(self.find(kind, subject)?.known()?);
        summary.artifacts.get(table).map(|artifact| artifact.id)
    }

    fn facet(&self, kind: Kind, subject: &Subject, name: &str) -> Option<Value> {
        let noted = self.find(kind, subject)?.known()?;
        self.index.facet(noted, name)
    }

    /// Whether a subject's partition of the image has more superpixels than its method takes; it has no order there.
    /// What is not known yet is not too fine.
    pub fn is_too_fine(&self, study: &Study, subject: &Subject) -> bool {
        let most = subject.method(study).and_then(Method::most_superpixels);
        let found = self.superpixels(subject);
        most.zip(found)
            .is_some_and(|(most, found)| found > most as u64)
    }

    /// How many superpixels the image of a subject has under its partition, once it is cut.
    pub fn superpixels(&self, subject: &Subject) -> Option<u64> {
        let found = self.facet(Kind::Segments, &subject.segments(), facet::SUPERPIXELS);
        found?.as_u64()
    }

    /// The artifacts that are there, under their names in `latest/`.
    pub fn artifacts(&self, sources: &Sources) -> Vec<(String, ContentId)> {
        let mut artifacts = Vec::new();
        for action in self.all() {
            let made = self.summary(action).map(|summary| summary.artifacts);
            for (table, artifact) in made.into_iter().flatten() {
                artifacts.push((
                    format!("{table}/{}.parquet", action.subject.file_name(sources)),
                    artifact.id,
                ));
            }
        }
        artifacts
    }
}

/// The file of a report that holds the key of the action that made it.
pub const REPORT_KEY: &str = "key.txt";

impl Subject {
    fn of_image(image: usize) -> Self {
        Self {
            image: Some(image),
            ..Self::default()
        }
    }

    /// The subject whose `crops` this one's action reads.
    #[must_use]
    pub fn crop(&self) -> Self {
        Self {
            image: self.image,
            ..Self::default()
        }
    }

    /// The subject whose `segments` this one's action reads.
    #[must_use]
    pub fn segments(&self) -> Self {
        Self {
            image: self.image,
            partition: self.partition.clone(),
            ..Self::default()
        }
    }

    /// The subject whose `logits` and `targets` this one's action reads.
    #[must_use]
    pub fn network(&self) -> Self {
        Self {
            image: self.image,
            network: self.network.clone(),
            ..Self::default()
        }
    }

    /// The subject whose `saliency` this one's action reads.
    #[must_use]
    pub fn saliency(&self) -> Self {
        Self {
            method: self.method.clone(),
            run: self.run,
            ..self.network()
        }
    }

    /// The subject whose `perturbations` this one's action reads.
    #[must_use]
    pub fn answers(&self, study: &Study) -> Self {
        let placed = self.method(study).is_none_or(Method::asks_of_partitions);
        Self {
            partition: self.partition.clone().filter(|_| placed),
            ..self.explanation()
        }
    }

    /// The subject whose `weights` this one's action reads.
    #[must_use]
    pub fn explanation(&self) -> Self {
        Self {
            order: None,
            replacement: None,
            depth: None,
            ..self.clone()
        }
    }

    /// The subject whose `relevances` this one's action reads.
    #[must_use]
    pub fn relevances(&self, study: &Study) -> Self {
        let searches = self.method(study).is_some_and(Method::searches);
        Self {
            replacement: self.replacement.filter(|_| searches),
            ..self.explanation()
        }
    }

    /// The method's settings; none where there is no method.
    pub fn method<'s>(&self, study: &'s Study) -> Option<&'s Method> {
        study.methods.get(self.method.as_ref()?)
    }

    /// The names in the rows, by what they name.
    pub fn names(&self, sources: &Sources) -> BTreeMap<&'static str, Value> {
        let name = |name: &Option<Name>| name.as_ref().map(|name| Value::from(name.as_str()));
        let image = self.image.map(|image| &*sources.image(image).name);
        let names = [
            ("image", image.map(Value::from)),
            ("network", name(&self.network)),
            ("partition", name(&self.partition)),
            ("method", name(&self.method)),
            ("run", self.run.map(Value::from)),
            ("depth", self.depth.map(Value::from)),
            ("order", self.order.map(|order| order.name().into())),
            (
                "replacement",
                self.replacement
                    .map(|replacement| replacement.name().into()),
            ),
        ];
        let given = names.into_iter();
        given.filter_map(|(of, name)| Some((of, name?))).collect()
    }

    /// The subject in words, such as `mug-07, alexnet, quickshift, lime, run 3`.
    pub fn describe(&self, sources: &Sources) -> String {
        let mut parts: Vec<String> = self
            .image
            .iter()
            .map(|&image| visible(&sources.image(image).name))
            .collect();
        let names = [&self.network, &self.partition, &self.method];
        parts.extend(names.into_iter().flatten().map(ToString::to_string));
        parts.extend(self.run.map(|run| format!("run {run}")));
        parts.extend(self.order.map(|order| order.name().to_owned()));
        parts.extend(
            self.replacement
                .map(|replacement| replacement.name().to_owned()),
        );
        parts.extend(self.depth.map(|depth| format!("random to depth {depth}")));
        if parts.is_empty() {
            "the study".to_owned()
        } else {
            parts.join(", ")
        }
    }

    /// The file's name in `latest/` without its ending, such as `alexnet.mug-07.quickshift.lime.run03`; with an `x` in front where readers would
    /// skip it.
    pub fn file_name(&self, sources: &Sources) -> String {
        self.file_name_of(self.image.map(|image| sources.image(image).name.as_str()))
    }

    /// As [`Self::file_name`], with the image's name.
    pub(crate) fn file_name_of(&self, image: Option<&str>) -> String {
        let mut parts: Vec<String> = self.network.iter().map(ToString::to_string).collect();
        parts.extend(image.map(str::to_owned));
        parts.extend(
            [&self.partition, &self.method]
                .into_iter()
                .flatten()
                .map(ToString::to_string),
        );
        parts.extend(self.run.map(|run| format!("run{run:02}")));
        parts.extend(self.order.map(|order| order.name().to_owned()));
        parts.extend(
            self.replacement
                .map(|replacement| replacement.name().to_owned()),
        );
        parts.extend(self.depth.map(|depth| format!("depth{depth:02}")));
        if parts.is_empty() {
            "study".to_owned()
        } else {
            for_readers(parts.join("."))
        }
    }
}

mod dropped;
mod explanations;
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod given;
pub mod inputs;
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
pub(crate) mod matrix;
mod measures;
mod preimage;
pub mod reads;
mod subjects;

pub use dropped::remedy;
