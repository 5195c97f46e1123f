//! From a study to the inputs of each action.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actions::ClassNames;
use measures::Ready;
use parts::{All, AnyAll, Group, Part, Read};
use rayon::prelude::*;
use schema::Table;
use serde::Serialize;
use store::Preimage;

use super::measures::Report;
use super::preimage::preimage;
use super::{Plan, Subject};
use crate::sources::Sources;
use crate::{Kind, Method, Study};

/// Inputs of a kind of action, as a study gives them.
pub trait Planned: Serialize + Sized + Send + Sync {
    /// The kind of action.
    const KIND: Kind;

    /// The inputs of an action; none while one of them is missing.
    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self>;

    /// Names of the code that makes the rows, as in `code::digest`.
    fn code(&self) -> Vec<&'static str> {
        vec![Self::KIND.name()]
    }
}

/// What all plans of a study have in common.
#[derive(Debug)]
pub struct Context<'a> {
    study: &'a Study,
    sources: &'a Sources,
    pub(super) classes: ClassNames,
    /// Digests of artifacts, as far as they were asked for.
    contents: Mutex<BTreeMap<(Kind, Which), Option<String>>>,
}

impl<'a> Context<'a> {
    /// Of a study and its files.
    pub fn new(study: &'a Study, sources: &'a Sources) -> Self {
        Self {
            study,
            sources,
            classes: class_names(sources),
            contents: Mutex::default(),
        }
    }

    pub(super) fn planner(&'a self, plan: &'a Plan) -> Planner<'a> {
        Planner {
            study: self.study,
            sources: self.sources,
            plan,
            context: self,
            locates: false,
        }
    }

    /// The inputs of an action of a plan, with the places of all that it reads; none while one of them is missing.
    pub fn inputs<I: Planned>(&self, plan: &Plan, subject: &Subject) -> Option<I> {
        let planner = Planner {
            locates: true,
            ..self.planner(plan)
        };
        I::gather(&planner, subject)
    }

    /// The same of a measure.
    pub fn measure(&self, plan: &Plan, measure: measures::Kind) -> Option<Box<dyn Ready>> {
        let planner = Planner {
            locates: true,
            ..self.planner(plan)
        };
        (measure.declared().inputs)(&planner)
    }

    /// All rows of a measure.
    pub fn measured(&self, plan: &Plan, measure: measures::Kind) -> Option<AnyAll> {
        let planner = Planner {
            locates: true,
            ..self.planner(plan)
        };
        planner.any(measure)
    }
}

/// Which artifacts of a kind an action reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    All,
    /// Those of the networks as they were trained.
    Trained,
    /// Those of methods that explain.
    Explaining,
    /// Those of methods that draw random numbers.
    Drawing,
}

impl Which {
    fn holds(self, study: &Study, subject: &Subject) -> bool {
        match self {
            Self::All => true,
            Self::Trained => subject.depth.is_none(),
            Self::Explaining => subject.method(study).is_some_and(Method::explains),
            Self::Drawing => {
                let method = subject.method(study);
                method.is_some_and(|method| !method.deterministic())
            }
        }
    }
}

/// Gathers inputs from a study, its files, and what earlier actions left in their records.
#[derive(Clone, Copy, Debug)]
pub struct Planner<'a> {
    pub(super) study: &'a Study,
    pub(super) sources: &'a Sources,
    /// The kinds before the one that is planned.
    pub(super) plan: &'a Plan,
    pub(super) context: &'a Context<'a>,
    /// Whether inputs say where their artifacts are: a plan has no use for that.
    locates: bool,
}

impl Planner<'_> {
    /// What the action's result depends on; none while an input is missing, or the image may yet be dropped.
    pub(super) fn preimage(
        &self,
        kind: Kind,
        subject: &Subject,
        fingerprint: &str,
    ) -> Option<Preimage> {
        // Explanations, and what judges them: other results do not depend on what is dropped.
        let judged = subject.method.is_some() || kind == Kind::Deletions;
        if judged && self.may_be_dropped(subject.image?) {
            return None;
        }
        match kind {
            Kind::Crops => self.key::<actions::Crops>(subject, fingerprint),
            Kind::Segments => self.key::<actions::Segments>(subject, fingerprint),
            Kind::Logits => self.key::<actions::Logits>(subject, fingerprint),
            Kind::Targets => self.key::<actions::Targets>(subject, fingerprint),
            Kind::Saliency => self.key::<actions::Saliency>(subject, fingerprint),
            Kind::Perturbations => self.key::<actions::Perturbations>(subject, fingerprint),
            Kind::Weights => self.key::<actions::Weights>(subject, fingerprint),
            Kind::Relevances => self.key::<actions::Relevances>(subject, fingerprint),
            Kind::Curves => self.key::<actions::Curves>(subject, fingerprint),
            Kind::Deletions => self.key::<actions::Deletions>(subject, fingerprint),
            Kind::Scores => self.key::<actions::Scores>(subject, fingerprint),
            Kind::Agreement => self.key::<actions::Agreement>(subject, fingerprint),
            Kind::Sanity => self.key::<actions::Sanity>(subject, fingerprint),
            Kind::Measure(measure) => {
                let declared = measure.declared();
                let inputs = (declared.inputs)(self)?.inputs();
                Some(preimage(kind, &[declared.module], inputs, fingerprint))
            }
            Kind::Comparisons => self.key::<actions::Comparisons>(subject, fingerprint),
            Kind::Report => self.key::<Report>(subject, fingerprint),
        }
    }

    fn key<I: Planned>(&self, subject: &Subject, fingerprint: &str) -> Option<Preimage> {
        let inputs = I::gather(self, subject)?;
        let value =
            serde_json::to_value(&inputs).expect("inputs have names for keys and finite numbers");
        Some(preimage(I::KIND, &inputs.code(), value, fingerprint))
    }

    /// A part of what an earlier action made.
    pub(super) fn part<P: Part>(&self, subject: &Subject) -> Option<Read<P>> {
        let kind = Kind::named(P::Row::NAME)?;
        let digest = self.plan.facet(kind, subject, P::FACET)?;
        let artifact = self
            .locates
            .then(|| self.plan.recorded(kind, subject, P::Row::NAME))
            .flatten();
        Some(Read::new(digest.as_str()?.to_owned(), artifact))
    }

    /// All artifacts of a table, by image.
    pub(super) fn all<T: Table>(&self, kind: Kind) -> Option<All<T>> {
        self.grouped(kind, Which::All, Subject::crop)
    }

    /// Some relevances, by image.
    pub(super) fn relevances_of(&self, which: Which) -> Option<All<schema::Relevance>> {
        self.grouped(Kind::Relevances, which, Subject::crop)
    }

    /// Artifacts of a table in groups.
    pub(super) fn grouped<T: Table>(
        &self,
        kind: Kind,
        which: Which,
        group: impl Fn(&Subject) -> Subject,
    ) -> Option<All<T>> {
        let digest = self.content(kind, which)?;
        Some(All::new(digest, self.groups(kind, T::NAME, which, group)?))
    }

    fn groups(
        &self,
        kind: Kind,
        table: &str,
        which: Which,
        group: impl Fn(&Subject) -> Subject,
    ) -> Option<Vec<Group>> {
        let mut groups: BTreeMap<Subject, Group> = BTreeMap::new();
        if self.locates {
            for action in self.plan.of(kind) {
                if !which.holds(self.study, &action.subject) {
                    continue;
                }
                let id = self.plan.recorded(kind, &action.subject, table)?;
                let together = groups.entry(group(&action.subject));
                let group = together.or_insert_with(|| Group {
                    image: self.image_name(&action.subject).unwrap_or_default(),
                    artifacts: Vec::new(),
                });
                group.artifacts.push(id);
            }
        }
        Some(groups.into_values().collect())
    }

    /// All artifacts of a measure.
    pub(super) fn any(&self, measure: measures::Kind) -> Option<AnyAll> {
        let kind = Kind::Measure(measure);
        let digest = self.content(kind, Which::All)?;
        let groups = self.groups(kind, measure.name(), Which::All, Subject::crop)?;
        Some((measure.declared().all)(digest, groups))
    }

    /// Digest of the ids of all artifacts of an earlier kind; taken once, since several kinds read it.
    pub(super) fn content(&self, kind: Kind, which: Which) -> Option<String> {
        let contents = &self.context.contents;
        // Not held while the digest is taken: a thread that waits for others may take up work that asks again.
        let contents = || contents.lock().unwrap_or_else(PoisonError::into_inner);
        let known = contents().get(&(kind, which)).cloned();
        if let Some(known) = known {
            return known;
        }
        let actions = &self.plan.actions.get(&kind)?.sorted;
        let counts = |action: &&super::Action| which.holds(self.study, &action.subject);
        let ids = actions.par_iter().filter(counts).map(|action| {
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
        contents().insert((kind, which), digest.clone());
        digest
    }

    pub(super) fn image_name(&self, subject: &Subject) -> Option<String> {
        Some(self.sources.image(subject.image?).name.clone())
    }
}

/// The names of the classes, in the order of the networks' outputs.
fn class_names(sources: &Sources) -> ClassNames {
    let classes = &sources.images.classes;
    let names: Arc<[String]> = (0..classes.count())
        .map(|class| classes.name(class).unwrap_or_default().to_owned())
        .collect();
    ClassNames {
        digest: blake3::hash(names.join("\n").as_bytes())
            .to_hex()
            .to_string(),
        names,
    }
}
