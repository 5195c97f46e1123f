//! Which actions a study consists of, what each depends on, and which are done.
//!
//! A plan opens no artifact: what an action reads of another stands in that one's record, as a *facet*: a digest, or the
//! value itself. Where an action gives the same facets as before, the keys of all that reads it stay, and nothing is made again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use schema::Table;
use serde_json::{Value, json};
use store::{
    ContentId, Index, Key, Miss, Noted, Preimage, PreimageBuilder, Record, Store, StoreError,
    Summary,
};

use crate::file_names::for_readers;
use crate::kind::{Kind, Stage};
use crate::paths::visible;
use crate::reader::Choice;
use crate::settings::deletion::Order;
use crate::settings::images::Resize;
use crate::settings::lime::{Features, Kernel, Samples, Settled};
use crate::settings::segment::Partition;
use crate::settings::{Replacement, lime};
use crate::sources::Sources;
use crate::{Method, Name, Study, code};

/// The version of libtorch that this program is built for; `scripts/libtorch.sh` sees to it.
pub const LIBTORCH: &str = "2.11.0";

/// Names of the facets that actions leave for those that read them.
pub mod facet {
    /// `crops`: digest of the crop's pixels and size.
    pub const PIXELS: &str = "pixels";
    /// `segments`: digest of the labels and their size.
    pub const LABELS: &str = "labels";
    /// `logits`: digest of the logits.
    pub const LOGITS: &str = "logits";
    /// `targets`: the class that is explained.
    pub const TARGET_CLASS: &str = "target_class";
    /// `targets`: whether the prediction is right, or null without a label.
    pub const CORRECT: &str = "correct";
    /// `saliency`: digest of the map and its size.
    pub const MAP: &str = "map";
    /// `perturbations`: digest of masks and probabilities.
    pub const ANSWERS: &str = "answers";
    /// `segments`: how many superpixels there are.
    pub const SUPERPIXELS: &str = "superpixels";
    /// `weights`, `orders`: digest of the superpixels, most relevant first.
    pub const ORDER: &str = "order";
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
        /// Its record, where only an artifact was lost. What it says still holds, so that what reads the action needs not be done again.
        lost: Option<Noted>,
    },
    /// What it reads is not there yet, so that not even its key is known.
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
        let class_names = class_names(sources);
        let contents = Mutex::default();
        for kind in Kind::ALL.into_iter().take_while(|kind| *kind <= last) {
            let planner = Planner {
                study,
                sources,
                plan: &plan,
                class_names: &class_names,
                fingerprint: &kind.fingerprint(),
                contents: &contents,
            };
            let mut subjects = planner.subjects(kind);
            subjects.sort_unstable();
            let actions = subjects.into_par_iter().map(|subject| {
                let state = match planner.preimage(kind, &subject) {
                    None => State::Waiting,
                    Some(preimage) => plan.look_up(kind, preimage),
                };
                Action {
                    kind,
                    subject,
                    state,
                }
            });
            let actions = Actions::new(actions.collect());
            plan.actions.insert(kind, actions);
        }
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
                    _ => {
                        let detail = "it shows another study, or none".to_owned();
                        due(preimage, Miss::Artifact { path, detail }, Some(noted))
                    }
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
        Kind::of(stage).flat_map(|kind| self.of(kind))
    }

    fn find(&self, kind: Kind, subject: &Subject) -> Option<&Action> {
        self.actions.get(&kind)?.find(subject)
    }

    /// What the record of an action says, if it is done.
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

    fn facet(&self, kind: Kind, subject: &Subject, name: &str) -> Option<Value> {
        let noted = self.find(kind, subject)?.known()?;
        self.index.facet(noted, name)
    }

    /// Whether a subject's method is the oracle and its partition of the image has more superpixels than that takes; it has no order there.
    /// What is not known yet is not too fine.
    pub fn is_too_fine(&self, study: &Study, subject: &Subject) -> bool {
        let method = subject
            .method
            .as_ref()
            .and_then(|name| study.methods.get(name));
        let most = controls::MOST_SUPERPIXELS as u64;
        matches!(method, Some(Method::Oracle))
            && self.superpixels(subject).is_some_and(|found| found > most)
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
            ..self.network()
        }
    }

    /// The subject whose `perturbations` and `weights` this one's action reads.
    #[must_use]
    pub fn explanation(&self) -> Self {
        Self {
            order: None,
            replacement: None,
            depth: None,
            ..self.clone()
        }
    }

    /// The subject whose `orders` this one's action reads, where its method is that control.
    #[must_use]
    pub fn control(&self, method: &Method) -> Self {
        Self {
            order: None,
            replacement: self.replacement.filter(|_| method.searches()),
            ..self.clone()
        }
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

struct Planner<'a> {
    study: &'a Study,
    sources: &'a Sources,
    /// The kinds before the one that is planned.
    plan: &'a Plan,
    /// Digest of the class names, in their order.
    class_names: &'a str,
    /// What the tables of the kind that is planned look like.
    fingerprint: &'a str,
    /// Digests of the artifacts of earlier kinds, as far as they were asked for.
    contents: &'a Mutex<BTreeMap<Kind, Option<String>>>,
}

impl Planner<'_> {
    fn subjects(&self, kind: Kind) -> Vec<Subject> {
        match kind {
            Kind::Sanity if self.study.sanity.images == 0 => Vec::new(),
            Kind::Scores
            | Kind::Sanity
            | Kind::Agreement
            | Kind::Localization
            | Kind::Complexity
            | Kind::Comparisons
            | Kind::Report => vec![Subject::default()],
            Kind::Crops => (0..self.sources.len()).map(Subject::of_image).collect(),
            Kind::Segments => Self::spread(
                self.subjects(Kind::Crops),
                &self.study.partitions,
                |subject, partition| Subject {
                    partition: Some(partition),
                    ..subject
                },
            ),
            Kind::Logits | Kind::Targets => Self::spread(
                self.subjects(Kind::Crops),
                &self.study.networks,
                |subject, network| Subject {
                    network: Some(network),
                    ..subject
                },
            ),
            Kind::Saliency => self.explained(|method| matches!(method, Method::Gradcam(_))),
            Kind::RandomizedSaliency => self.randomized(self.subjects(Kind::Saliency)),
            Kind::RandomizedWeights => self.randomized(self.subjects(Kind::Weights)),
            Kind::Perturbations | Kind::Weights => {
                self.in_partitions(self.explained(|method| matches!(method, Method::Lime(_))))
            }
            Kind::Orders => self.ordered(),
            Kind::Curves => self.judged(self.in_partitions(self.explained(|_| true))),
        }
    }

    /// The explanations that are made again with random layers, at each depth.
    fn randomized(&self, explained: Vec<Subject>) -> Vec<Subject> {
        let wanted = |subject: &Subject| {
            let checked = subject
                .image
                .is_some_and(|image| self.study.is_sanity_checked(image));
            let layers = subject
                .network
                .as_ref()
                .is_some_and(|name| self.study.has_layers(name));
            checked && layers && subject.run.unwrap_or(0) == 0
        };
        let at_depths = |subject: Subject| {
            (1..=self.study.sanity.depths).map(move |depth| Subject {
                depth: Some(depth),
                ..subject.clone()
            })
        };
        explained
            .into_iter()
            .filter(wanted)
            .flat_map(at_depths)
            .collect()
    }

    /// The controls; those that search once for each replacement.
    fn ordered(&self) -> Vec<Subject> {
        let replacements = &self.study.deletion.replacements;
        let searching = self.in_partitions(self.explained(Method::searches));
        let searched = searching.into_iter().flat_map(|subject| {
            replacements.iter().map(move |&replacement| Subject {
                replacement: Some(replacement),
                ..subject.clone()
            })
        });
        let fixed = |method: &Method| method.is_control() && !method.searches();
        self.in_partitions(self.explained(fixed))
            .into_iter()
            .chain(searched)
            .collect()
    }

    /// Whether a method is judged on a partition of an image.
    fn fits(&self, subject: &Subject) -> bool {
        let (Some(name), Some(partition)) = (&subject.method, &subject.partition) else {
            return false;
        };
        self.study.judges(name, partition) && !self.plan.is_too_fine(self.study, subject)
    }

    fn spread<T>(
        subjects: Vec<Subject>,
        names: &BTreeMap<Name, T>,
        with: impl Fn(Subject, Name) -> Subject,
    ) -> Vec<Subject> {
        let each = |subject: Subject| {
            names
                .keys()
                .map(move |name| (subject.clone(), name.clone()))
                .collect::<Vec<_>>()
        };
        subjects
            .into_iter()
            .flat_map(each)
            .map(|(subject, name)| with(subject, name))
            .collect()
    }

    /// Every image that is not dropped, with every network and every method that is asked for.
    fn explained(&self, wanted: impl Fn(&Method) -> bool) -> Vec<Subject> {
        let answered = self.subjects(Kind::Targets).into_iter();
        let kept: Vec<Subject> = answered
            .filter(|subject| subject.image.is_some_and(|image| !self.dropped(image)))
            .collect();
        let methods: BTreeMap<Name, &Method> = self
            .study
            .methods
            .iter()
            .filter(|(_, method)| wanted(method))
            .map(|(name, method)| (name.clone(), method))
            .collect();
        Self::spread(kept, &methods, |subject, method| Subject {
            method: Some(method),
            ..subject
        })
    }

    /// Whether a network gets the image wrong, in a study that wants all of them right.
    fn dropped(&self, image: usize) -> bool {
        let wrong = |network: &Name| {
            let subject = Subject {
                network: Some(network.clone()),
                ..Subject::of_image(image)
            };
            self.plan.facet(Kind::Targets, &subject, facet::CORRECT) == Some(Value::Bool(false))
        };
        self.study.images.require_correct && self.study.networks.keys().any(wrong)
    }

    fn in_partitions(&self, subjects: Vec<Subject>) -> Vec<Subject> {
        let placed = Self::spread(subjects, &self.study.partitions, |subject, partition| {
            Subject {
                partition: Some(partition),
                ..subject
            }
        });
        let placed = placed.into_iter().filter(|subject| self.fits(subject));
        let runs = |subject: Subject| {
            let method = subject
                .method
                .as_ref()
                .and_then(|method| self.study.methods.get(method));
            let runs = method.map_or(1, |method| self.study.runs_of(method));
            (0..runs).map(move |run| Subject {
                run: Some(run),
                ..subject.clone()
            })
        };
        placed.flat_map(runs).collect()
    }

    fn judged(&self, subjects: Vec<Subject>) -> Vec<Subject> {
        let deletion = &self.study.deletion;
        let judgements: Vec<_> = deletion
            .orders
            .iter()
            .flat_map(|&order| {
                deletion
                    .replacements
                    .iter()
                    .map(move |&replacement| (order, replacement))
            })
            .collect();
        let each = |subject: Subject| {
            let judge = move |&(order, replacement): &_| Subject {
                order: Some(order),
                replacement: Some(replacement),
                ..subject.clone()
            };
            judgements.iter().map(judge).collect::<Vec<_>>()
        };
        subjects.into_iter().flat_map(each).collect()
    }

    /// Whether a network has yet to say if it gets the image right, in a study that drops those which one gets wrong.
    fn may_be_dropped(&self, image: usize) -> bool {
        let unknown = |network: &Name| {
            let subject = Subject {
                network: Some(network.clone()),
                ..Subject::of_image(image)
            };
            self.plan
                .facet(Kind::Targets, &subject, facet::CORRECT)
                .is_none()
        };
        self.study.images.require_correct && self.study.networks.keys().any(unknown)
    }

    /// What the action's result depends on; none while something that it reads is not there, or the image may yet be dropped.
    fn preimage(&self, kind: Kind, subject: &Subject) -> Option<Preimage> {
        // Explanations, and what is made of them: other results do not depend on what is dropped.
        if subject.method.is_some() && self.may_be_dropped(subject.image?) {
            return None;
        }
        let builder = self.named(kind, subject);
        let builder = match kind {
            Kind::Crops => self.crops(builder, subject.image?),
            Kind::Segments => self.segments(builder, subject)?,
            Kind::Logits => self.probabilities(self.pixels(builder, subject)?, subject)?,
            Kind::Targets => self.targets(builder, subject)?,
            Kind::Saliency => self.saliency(builder, subject)?,
            Kind::RandomizedSaliency => self.randomness(self.saliency(builder, subject)?),
            Kind::RandomizedWeights => {
                let lime = self.lime(subject)?;
                let builder = self.randomness(self.perturbations(builder, subject)?);
                with_fit(builder, lime)
            }
            Kind::Perturbations => self.perturbations(builder, subject)?,
            Kind::Weights => self.weights(builder, subject)?,
            Kind::Orders => self.orders(builder, subject)?,
            Kind::Curves => self.curves(builder, subject)?,
            Kind::Scores => self.scores(builder)?,
            Kind::Agreement => self.agreement(builder)?,
            Kind::Localization => self.localization(builder)?,
            Kind::Complexity => self.contents(self.partitions(builder), &EXPLANATIONS)?,
            Kind::Sanity => self.sanity(builder)?,
            Kind::Comparisons => self.comparisons(builder)?,
            Kind::Report => self.report(builder)?,
        };
        Some(builder.build())
    }

    /// Names that stand in the rows, the code, and the shape of the tables.
    fn named(&self, kind: Kind, subject: &Subject) -> PreimageBuilder {
        let digest = |kind: Kind| {
            code::digest(kind.name()).expect("build.rs makes a digest for every kind of action")
        };
        let made_by = kind.made_by();
        let mut builder = Preimage::builder(kind.name())
            .code(digest(made_by.first().copied().unwrap_or(kind)))
            .input("schema", self.fingerprint);
        for kind in made_by.iter().skip(1) {
            builder = builder.input(format!("code.{kind}"), digest(*kind));
        }
        if let Some(image) = subject.image {
            builder = builder.name("image", self.sources.image(image).name.clone());
        }
        let names = [
            ("network", &subject.network),
            ("partition", &subject.partition),
            ("method", &subject.method),
        ];
        for (of, name) in names {
            if let Some(name) = name {
                builder = builder.name(of, name.as_str());
            }
        }
        if let Some(run) = subject.run {
            builder = builder.name("run", run);
        }
        if let Some(depth) = subject.depth {
            builder = builder.name("depth", depth);
        }
        builder
    }

    fn crops(&self, builder: PreimageBuilder, image: usize) -> PreimageBuilder {
        let images = &self.study.images;
        let resize = match images.resize {
            Resize::Shorter(shorter) => json!(shorter),
            Resize::Squash => json!("squash"),
        };
        builder
            .setting("images.resize", resize)
            .setting("images.interpolation", images.interpolation.name())
            .setting("images.crop", images.crop)
            .input("image", self.sources.image_digest(image))
            .input("mask", self.sources.mask_digest(image))
    }

    fn pixels(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        Some(
            builder.input(
                "crops.pixels",
                self.plan
                    .facet(Kind::Crops, &subject.crop(), facet::PIXELS)?,
            ),
        )
    }

    fn labels(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        Some(
            builder.input(
                "segments.labels",
                self.plan
                    .facet(Kind::Segments, &subject.segments(), facet::LABELS)?,
            ),
        )
    }

    fn target(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let class = self
            .plan
            .facet(Kind::Targets, &subject.network(), facet::TARGET_CLASS)?;
        Some(builder.input("targets.target_class", class))
    }

    fn saliency(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let network = self.study.networks.get(subject.network.as_ref()?)?;
        let builder = self.network(self.pixels(builder, subject)?, subject)?;
        let builder = self.target(builder, subject)?;
        let builder = builder.setting("network.layer", network.layer.clone());
        Some(match &network.head {
            Some(head) => builder.setting("network.head", head.clone()),
            None => builder,
        })
    }

    /// Which layers are random at a depth, and what they are then.
    fn randomness(&self, builder: PreimageBuilder) -> PreimageBuilder {
        builder
            .setting("sanity.depths", self.study.sanity.depths)
            .setting("study.seed", self.study.seed)
    }

    fn segments(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let partition = self.study.partitions.get(subject.partition.as_ref()?)?;
        let builder = self
            .pixels(builder, subject)?
            .setting("partition.algorithm", partition.algorithm());
        Some(
            settings_of(partition)
                .into_iter()
                .fold(builder, |builder, (name, value)| {
                    builder.setting(format!("partition.{name}"), value)
                }),
        )
    }

    /// What an action depends on when it runs a network.
    fn network(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let name = subject.network.as_ref()?;
        let network = self.study.networks.get(name)?;
        Some(
            builder
                .libtorch(LIBTORCH)
                .precision(self.study.compute.precision.name())
                .setting("network.architecture", network.architecture.name())
                .setting("network.width", network.width)
                .setting("network.mean", network.mean.to_vec())
                .setting("network.std", network.std.to_vec())
                .input("network.weights", self.sources.network_digest(name)),
        )
    }

    /// The same where the network's probabilities are read, and not its logits or activations alone.
    fn probabilities(
        &self,
        builder: PreimageBuilder,
        subject: &Subject,
    ) -> Option<PreimageBuilder> {
        let builder = self.network(builder, subject)?;
        self.temperature(builder, subject)
    }

    fn temperature(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let network = self.study.networks.get(subject.network.as_ref()?)?;
        Some(builder.setting("network.temperature", network.temperature))
    }

    fn targets(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        Some(
            self.temperature(builder, subject)?
                .setting("images.target", self.study.images.target.name())
                .input(
                    "logits.logits",
                    self.plan.facet(Kind::Logits, subject, facet::LOGITS)?,
                )
                .input("label", self.sources.image(subject.image?).true_class)
                .input("classes", self.class_names),
        )
    }

    fn perturbations(
        &self,
        builder: PreimageBuilder,
        subject: &Subject,
    ) -> Option<PreimageBuilder> {
        let lime = self.lime(subject)?;
        let precision = self.study.precision_of(lime);
        let builder = self.probabilities(self.pixels(builder, subject)?, subject)?;
        let builder = self.target(self.labels(builder, subject)?, subject)?;
        let (samples, settled) = match lime.samples {
            Samples::Fixed(samples) => (samples, None),
            Samples::Until { most, settled } => (most, Some(settled)),
        };
        let builder = match settled {
            None => builder,
            Some(Settled::StandardError(limit)) => {
                builder.setting("lime.samples.standard_error", limit)
            }
            Some(Settled::Top(count)) => builder.setting("lime.samples.top", count),
        };
        // How many samples are asked, or asked again, is then decided by fits.
        let builder = if settled.is_some() || precision == lime::Precision::Mixed {
            let code = code::digest("sizes").expect("build.rs makes a digest for what fits decide");
            with_fit(builder, lime).input("sizes", code)
        } else {
            builder
        };
        Some(
            builder
                .precision(precision.name())
                .setting("study.seed", self.study.seed)
                .setting("lime.samples", samples)
                .setting("lime.sampler", lime.sampler.name())
                .setting("lime.replacement", lime.replacement.name())
                // Beside the pixels, because the random numbers come from it.
                .input("image", self.sources.image_digest(subject.image?)),
        )
    }

    fn weights(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        Some(
            with_fit(builder, self.lime(subject)?).input(
                "perturbations.answers",
                self.plan
                    .facet(Kind::Perturbations, subject, facet::ANSWERS)?,
            ),
        )
    }

    fn lime(&self, subject: &Subject) -> Option<&lime::Settings> {
        match self.study.methods.get(subject.method.as_ref()?)? {
            Method::Lime(settings) => Some(settings),
            _ => None,
        }
    }

    fn orders(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let method = self.study.methods.get(subject.method.as_ref()?)?;
        let builder = builder
            .setting("method.kind", method.kind())
            .setting("study.seed", self.study.seed)
            // The random numbers come from it, which ties of every control are broken by.
            .input("image", self.sources.image_digest(subject.image?));
        match method {
            Method::Gradcam(_) | Method::Lime(_) => None,
            Method::Random(_) => {
                let segments = subject.segments();
                let superpixels = self
                    .plan
                    .facet(Kind::Segments, &segments, facet::SUPERPIXELS)?;
                Some(builder.input("segments.superpixels", superpixels))
            }
            Method::Edges => self.labels(self.pixels(builder, subject)?, subject),
            Method::Greedy | Method::Oracle => self.occlusion(builder, subject),
        }
    }

    /// What the network's answer to a crop depends on from which superpixels are removed.
    fn occlusion(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let replacement = subject.replacement?;
        let builder = self.probabilities(self.pixels(builder, subject)?, subject)?;
        let builder = self
            .target(self.labels(builder, subject)?, subject)?
            .setting("deletion.replacement", replacement.name());
        if replacement != Replacement::NoisyLinear {
            return Some(builder);
        }
        Some(
            builder
                .setting("deletion.noise", self.study.deletion.noise)
                // Beside the pixels, because the noise comes from them.
                .setting("study.seed", self.study.seed)
                .input("image", self.sources.image_digest(subject.image?)),
        )
    }

    fn curves(&self, builder: PreimageBuilder, subject: &Subject) -> Option<PreimageBuilder> {
        let builder = self
            .occlusion(builder, subject)?
            .setting("deletion.order", subject.order?.name());
        let method = self.study.methods.get(subject.method.as_ref()?)?;
        let (kind, read, name, facet) = match method {
            Method::Gradcam(_) => (
                Kind::Saliency,
                subject.saliency(),
                "saliency.map",
                facet::MAP,
            ),
            Method::Lime(_) => (
                Kind::Weights,
                subject.explanation(),
                "weights.order",
                facet::ORDER,
            ),
            control => (
                Kind::Orders,
                subject.control(control),
                "orders.order",
                facet::ORDER,
            ),
        };
        Some(builder.input(name, self.plan.facet(kind, &read, facet)?))
    }

    /// All that the scores are computed from: every curve, the relevances behind it, and which images were dropped.
    fn scores(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let builder = builder
            .setting("images.require_correct", self.study.images.require_correct)
            .setting("methods.deterministic", self.deterministic())
            .setting("methods.oracles", self.oracles())
            .input("classes", self.class_names);
        self.contents(self.partitions(builder), reads::reads(Kind::Scores))
    }

    /// Names of the oracles, which may have nothing but a row of `exclusions`.
    fn oracles(&self) -> Vec<&str> {
        let methods = self.study.methods.iter();
        methods
            .filter(|(_, method)| matches!(method, Method::Oracle))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Names of the methods that give the same in every run.
    fn deterministic(&self) -> Vec<&str> {
        let methods = self.study.methods.iter();
        methods
            .filter(|(_, method)| method.deterministic())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Every LIME's samples are fitted again, with its own settings.
    fn agreement(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let limes = self.study.methods.iter().filter_map(|(name, method)| {
            let Method::Lime(lime) = method else {
                return None;
            };
            Some((name, lime))
        });
        let builder = limes.fold(builder, |builder, (name, lime)| {
            fit_settings(lime)
                .into_iter()
                .fold(builder, |builder, (setting, value)| {
                    builder.setting(format!("methods.{name}.{setting}"), value)
                })
        });
        let builder = builder.setting("evaluate.agreement", self.study.evaluate.agreement);
        self.contents(builder, &[Kind::Perturbations])
    }

    /// The masks are in the crops, and whether the explained class is the object's in the targets.
    fn localization(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let builder = self.contents(self.partitions(builder), &[Kind::Crops, Kind::Targets])?;
        self.contents(builder, &EXPLANATIONS)
    }

    fn sanity(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let sanity = &self.study.sanity;
        let programs = self
            .study
            .networks
            .keys()
            .filter(|name| !self.study.has_layers(name));
        let builder = builder
            .setting("sanity.images", sanity.images)
            .setting("sanity.depths", sanity.depths)
            .setting(
                "networks.programs",
                programs.map(Name::as_str).collect::<Vec<_>>(),
            );
        self.contents(self.partitions(builder), reads::reads(Kind::Sanity))
    }

    /// On which partitions methods are judged, which decides which rows there are: a map of Grad-CAM does not say it.
    fn partitions(&self, builder: PreimageBuilder) -> PreimageBuilder {
        let chosen = self.study.method_partitions.iter();
        let chosen: serde_json::Map<String, Value> = chosen
            .map(|(method, names)| {
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                (method.to_string(), names.into())
            })
            .collect();
        builder.setting("methods.partitions", chosen)
    }

    fn comparisons(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let evaluate = &self.study.evaluate;
        let builder = builder
            .setting("study.seed", self.study.seed)
            .setting("methods.deterministic", self.deterministic())
            .setting("evaluate.resamples", evaluate.resamples)
            .setting("evaluate.confidence", evaluate.confidence);
        self.contents(builder, &[Kind::Scores, Kind::Localization])
    }

    fn report(&self, builder: PreimageBuilder) -> Option<PreimageBuilder> {
        let text = std::fs::read(&self.study.file).ok()?;
        let networks = self.study.networks.keys();
        let builder = networks.fold(builder, |builder, name| {
            builder.input(format!("network.{name}"), self.sources.network_digest(name))
        });
        let builder = builder
            .setting("report.title", self.study.report.title.clone())
            .input("classes", self.class_names)
            .input("pipeline.toml", blake3::hash(&text).to_hex().to_string());
        self.contents(builder, reads::reads(Kind::Report))
    }

    /// One digest for each table: of the ids of all its artifacts in the study.
    fn contents(&self, builder: PreimageBuilder, kinds: &[Kind]) -> Option<PreimageBuilder> {
        kinds.iter().try_fold(builder, |builder, &kind| {
            Some(builder.input(kind.name(), self.content(kind)?))
        })
    }

    /// Digest of the ids of all artifacts of an earlier kind; taken once, since several kinds read it.
    fn content(&self, kind: Kind) -> Option<String> {
        // Not held while the digest is taken: a thread that waits for others may take up work that asks again.
        let contents = || self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let known = contents().get(&kind).cloned();
        if let Some(known) = known {
            return known;
        }
        let actions = &self.plan.actions.get(&kind)?.sorted;
        let ids = actions.par_iter().map(|action| {
            let ids = self.plan.index.ids(action.known()?);
            Some(ids.collect::<Vec<_>>())
        });
        let digest = ids.collect::<Option<Vec<_>>>().map(|ids| {
            let mut hasher = blake3::Hasher::new();
            for id in ids.iter().flatten() {
                hasher.update(&id.0);
            }
            hasher.finalize().to_hex().to_string()
        });
        contents().insert(kind, digest.clone());
        digest
    }
}

/// The kinds that relevances come from; their subjects are those of the curves.
const EXPLANATIONS: [Kind; 4] = [Kind::Segments, Kind::Saliency, Kind::Weights, Kind::Orders];

/// The settings of a surrogate in the key of what is made with it.
fn with_fit(builder: PreimageBuilder, lime: &lime::Settings) -> PreimageBuilder {
    let settings = fit_settings(lime).into_iter();
    settings.fold(builder, |builder, (name, value)| {
        builder.setting(format!("lime.{name}"), value)
    })
}

/// The settings of a surrogate under their names in pipeline.toml.
fn fit_settings(lime: &lime::Settings) -> Vec<(&'static str, Value)> {
    let width = match lime.kernel {
        Kernel::Cosine { width } => Some(width),
        Kernel::L2 { width } => width,
    };
    let features = match lime.features {
        Features::All => json!("all"),
        Features::Best { count, selection } => {
            json!({ "count": count, "selection": selection.name() })
        }
    };
    let mut settings: Vec<(&str, Value)> = vec![
        ("distance", lime.kernel.distance().into()),
        ("kernel_width", width.into()),
        ("alpha", lime.alpha.into()),
        ("features", features),
        // It tells which samples were drawn together, and whether alpha grows with their number.
        ("sampler", lime.sampler.name().into()),
    ];
    // So does an open number of samples, which has no other part in a fit.
    if lime.is_open() {
        settings.push(("alpha_grows", true.into()));
    }
    settings
}

/// Digest of the class names, in their order.
fn class_names(sources: &Sources) -> String {
    let classes = &sources.images.classes;
    let names: Vec<&str> = (0..classes.count())
        .filter_map(|class| classes.name(class))
        .collect();
    blake3::hash(names.join("\n").as_bytes())
        .to_hex()
        .to_string()
}

/// The settings of a partition under their names in pipeline.toml.
fn settings_of(partition: &Partition) -> Vec<(&'static str, Value)> {
    match *partition {
        Partition::Quickshift {
            kernel_size,
            max_dist,
            ratio,
        } => {
            vec![
                ("kernel_size", kernel_size.into()),
                ("max_dist", max_dist.into()),
                ("ratio", ratio.into()),
            ]
        }
        Partition::Slic {
            superpixels,
            compactness,
            sigma,
        } => {
            vec![
                ("superpixels", superpixels.into()),
                ("compactness", compactness.into()),
                ("sigma", sigma.into()),
            ]
        }
        Partition::Felzenszwalb {
            scale,
            sigma,
            min_size,
        } => {
            vec![
                ("scale", scale.into()),
                ("sigma", sigma.into()),
                ("min_size", min_size.into()),
            ]
        }
        Partition::Grid { rows, columns } => {
            vec![("rows", rows.into()), ("columns", columns.into())]
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod matrix;

pub mod reads;
