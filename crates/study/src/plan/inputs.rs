//! From a study to the inputs of each action, and from inputs to keys.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use actions::{ClassNames, Control, Explained, Fit, Maker};
use config::Name;
use measures::Ready;
use methods::{Asking, Makes, Method, Orders};
use parts::{All, AnyAll, File, Group, Part, Read, Told};
use rayon::prelude::*;
use schema::Table;
use serde::Serialize;
use serde_json::Value;
use store::Preimage;

use super::{LIBTORCH, Plan, Subject, facet, reads};
use crate::settings::{Replacement, infer};
use crate::sources::Sources;
use crate::{Kind, Study, code};
use config::Choice;

/// Inputs of a kind of action, as a study gives them.
pub trait Planned: Serialize + Sized + Send + Sync {
    /// The kind of action.
    const KIND: Kind;

    /// The inputs of an action; none while something that it reads is not there.
    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self>;

    /// Names of the code that makes the rows, as in [`code::digest`].
    fn code(&self) -> Vec<&'static str> {
        vec![Self::KIND.name()]
    }
}

/// What all plans of a study have in common.
#[derive(Debug)]
pub struct Context<'a> {
    study: &'a Study,
    sources: &'a Sources,
    classes: ClassNames,
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

    /// The inputs of an action of a plan with the places of all that it reads; none while something that it reads is not there.
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
enum Which {
    All,
    /// Those of the networks as they were trained.
    Trained,
    /// Those of methods that explain.
    Explaining,
}

impl Which {
    fn holds(self, study: &Study, subject: &Subject) -> bool {
        match self {
            Self::All => true,
            Self::Trained => subject.depth.is_none(),
            Self::Explaining => subject.method(study).is_some_and(Method::explains),
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
    context: &'a Context<'a>,
    /// Whether inputs say where their artifacts are: a plan has no use for that.
    locates: bool,
}

impl Planner<'_> {
    /// What the action's result depends on; none while something that it reads is not there, or the image may yet be dropped.
    pub(super) fn preimage(
        &self,
        kind: Kind,
        subject: &Subject,
        fingerprint: &str,
    ) -> Option<Preimage> {
        // Explanations, and what is made of them: other results do not depend on what is dropped.
        if subject.method.is_some() && self.may_be_dropped(subject.image?) {
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
    fn part<P: Part>(&self, subject: &Subject) -> Option<Read<P>> {
        let kind = Kind::named(P::Row::NAME)?;
        let digest = self.plan.facet(kind, subject, P::FACET)?;
        let artifact = self
            .locates
            .then(|| self.plan.recorded(kind, subject, P::Row::NAME))
            .flatten();
        Some(Read::new(digest.as_str()?.to_owned(), artifact))
    }

    /// All artifacts of a table, by image.
    fn all<T: Table>(&self, kind: Kind) -> Option<All<T>> {
        self.grouped(kind, Which::All, Subject::crop)
    }

    /// Some relevances, by image.
    fn relevances_of(&self, which: Which) -> Option<All<schema::Relevance>> {
        self.grouped(Kind::Relevances, which, Subject::crop)
    }

    /// Artifacts of a table in groups.
    fn grouped<T: Table>(
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
    fn any(&self, measure: measures::Kind) -> Option<AnyAll> {
        let kind = Kind::Measure(measure);
        let digest = self.content(kind, Which::All)?;
        let groups = self.groups(kind, measure.name(), Which::All, Subject::crop)?;
        Some((measure.declared().all)(digest, groups))
    }

    /// The tables besides scores by whose columns methods are compared, by name.
    fn compared(&self) -> Option<BTreeMap<&'static str, AnyAll>> {
        let gains = self.all::<schema::Gain>(Kind::Scores)?;
        let mut tables = vec![AnyAll::of(gains)];
        for measure in measures::Kind::ALL {
            if measure.declared().compares() {
                tables.push(self.any(measure)?);
            }
        }
        let named = tables.into_iter().map(|all| (all.table, all));
        Some(named.collect())
    }

    /// Digest of the ids of all artifacts of an earlier kind; taken once, since several kinds read it.
    fn content(&self, kind: Kind, which: Which) -> Option<String> {
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

    fn image_name(&self, subject: &Subject) -> Option<String> {
        Some(self.sources.image(subject.image?).name.clone())
    }

    fn image_digest(&self, subject: &Subject) -> Option<String> {
        Some(self.sources.image_digest(subject.image?).to_owned())
    }

    fn network_settings(&self, subject: &Subject) -> Option<&infer::Network> {
        self.study.networks.get(subject.network.as_ref()?)
    }

    fn seen(&self, subject: &Subject) -> Option<actions::Seen> {
        Some(actions::Seen {
            image: self.image_name(subject)?,
            network: subject.network.as_ref()?.to_string(),
        })
    }

    fn explanation(&self, subject: &Subject) -> Option<Explained> {
        Some(Explained {
            image: self.image_name(subject)?,
            network: subject.network.as_ref()?.to_string(),
            partition: subject.partition.as_ref()?.to_string(),
            method: subject.method.as_ref()?.to_string(),
            run: subject.run?,
            depth: subject.depth,
            replacement: subject.replacement.map(Replacement::name),
        })
    }

    fn network(&self, subject: &Subject) -> Option<actions::Network> {
        let name = subject.network.as_ref()?;
        let network = self.network_settings(subject)?;
        Some(actions::Network {
            weights: File {
                digest: self.sources.network_digest(name).to_owned(),
                path: network.weights.clone(),
            },
            architecture: network.architecture.name(),
            width: network.width,
            mean: network.mean,
            std: network.std,
            libtorch: LIBTORCH,
            precision: self.study.compute.precision.name(),
        })
    }

    fn target_class(&self, subject: &Subject) -> Option<Told<u32>> {
        let class = self
            .plan
            .facet(Kind::Targets, &subject.network(), facet::TARGET_CLASS)?;
        Some(Told {
            value: class.as_u64()?.try_into().ok()?,
            table: schema::Target::NAME,
            facet: facet::TARGET_CLASS,
        })
    }

    fn cam(&self, subject: &Subject, method: &'static methods::Map) -> Option<actions::Cam> {
        let network = self.network_settings(subject)?;
        Some(actions::Cam {
            method,
            pixels: self.part(&subject.crop())?,
            target_class: self.target_class(subject)?,
            network: self.network(subject)?,
            layer: network.layer.clone(),
            head: network.head.clone(),
        })
    }

    fn asked(&self, subject: &Subject, asking: &Asking) -> Option<actions::Asked> {
        Some(actions::Asked {
            pixels: self.part(&subject.crop())?,
            labels: self.part(&subject.segments())?,
            target_class: self.target_class(subject)?,
            network: self.network(subject)?,
            temperature: self.network_settings(subject)?.temperature,
            seed: self.study.seed,
            image_digest: self.image_digest(subject)?,
            samples: asking.samples,
            sampler: asking.sampler,
            replacement: asking.replacement,
            precision: self.study.precision_of(asking),
        })
    }

    fn scene(&self, subject: &Subject) -> Option<actions::Scene> {
        let replacement = subject.replacement?;
        let noise = || {
            Some(actions::Noise {
                deviation: self.study.deletion.noise,
                seed: self.study.seed,
                image_digest: self.image_digest(subject)?,
                partition: subject.partition.as_ref()?.to_string(),
            })
        };
        Some(actions::Scene {
            pixels: self.part(&subject.crop())?,
            labels: self.part(&subject.segments())?,
            target_class: self.target_class(subject)?,
            network: self.network(subject)?,
            temperature: self.network_settings(subject)?.temperature,
            replacement,
            noise: match replacement {
                Replacement::NoisyLinear => Some(noise()?),
                _ => None,
            },
        })
    }

    fn control(&self, subject: &Subject, orders: &Orders) -> Option<Control> {
        Some(match *orders {
            Orders::Drawn(method, _) => Control::Drawn {
                method,
                superpixels: Told {
                    value: self.plan.superpixels(subject)?.try_into().ok()?,
                    table: schema::Segments::NAME,
                    facet: facet::SUPERPIXELS,
                },
            },
            Orders::Seen(method) => Control::Seen {
                method,
                pixels: self.part(&subject.crop())?,
                labels: self.part(&subject.segments())?,
            },
            Orders::Searched(method) => Control::Searched {
                method,
                scene: Box::new(self.scene(subject)?),
            },
        })
    }

    fn maker(&self, subject: &Subject) -> Option<Maker> {
        let random = subject.depth.map(|depth| actions::Random {
            depth,
            depths: self.study.sanity.depths,
            seed: self.study.seed,
        });
        Some(match (&subject.method(self.study)?.makes, random) {
            (Makes::Map(_), None) => Maker::Map {
                map: self.part::<parts::Map>(&subject.saliency())?,
                labels: self.part(&subject.segments())?,
            },
            (Makes::Map(method), Some(random)) => Maker::RandomMap {
                cam: self.cam(subject, method)?,
                labels: self.part(&subject.segments())?,
                random,
            },
            (Makes::Weights(..), None) => Maker::Weights {
                weights: self.part(&subject.explanation())?,
            },
            (Makes::Weights(method, asking), Some(random)) => Maker::RandomWeights {
                asked: self.asked(subject, asking)?,
                fit: fit(method, asking),
                random,
            },
            (Makes::Order(orders), _) => Maker::Control {
                control: self.control(subject, orders)?,
                seed: self.study.seed,
                image_digest: self.image_digest(subject)?,
            },
        })
    }

    /// Names of the methods of which something holds.
    fn methods(&self, holds: impl Fn(&Method) -> bool) -> BTreeSet<String> {
        let methods = self.study.methods.iter();
        methods
            .filter(|(_, method)| holds(method))
            .map(|(name, _)| name.to_string())
            .collect()
    }

    /// Where an oracle has no order of an image on a partition.
    fn too_fine(&self) -> Vec<actions::TooFine> {
        let mut found = Vec::new();
        for action in self.plan.of(Kind::Segments) {
            for (method, settings) in &self.study.methods {
                let subject = Subject {
                    method: Some(method.clone()),
                    ..action.subject.clone()
                };
                let (Some(image), Some(partition)) =
                    (self.image_name(&subject), &subject.partition)
                else {
                    continue;
                };
                let judged = self.study.judges(method, partition);
                if judged && self.plan.is_too_fine(self.study, &subject) {
                    found.push(actions::TooFine {
                        image,
                        partition: partition.to_string(),
                        method: method.to_string(),
                        superpixels: self.plan.superpixels(&subject).unwrap_or(0) as u32,
                        most: settings.most_superpixels().unwrap_or(0) as u32,
                    });
                }
            }
        }
        found
    }

    /// Which layers are random, by network and depth, as the explanations of networks with random layers say.
    fn cascades(&self) -> Option<BTreeMap<String, BTreeMap<u32, actions::Cascade>>> {
        let mut cascades: BTreeMap<String, BTreeMap<u32, actions::Cascade>> = BTreeMap::new();
        for action in self.plan.of(Kind::Relevances) {
            let (Some(network), Some(depth)) = (&action.subject.network, action.subject.depth)
            else {
                continue;
            };
            let of_network = cascades.entry(network.to_string()).or_default();
            if let Entry::Vacant(place) = of_network.entry(depth) {
                let subject = &action.subject;
                let found = self.plan.facet(Kind::Relevances, subject, facet::CASCADE)?;
                place.insert(serde_json::from_value(found).ok()?);
            }
        }
        Some(cascades)
    }
}

impl measures::Tables for Planner<'_> {
    fn crops(&self) -> Option<All<schema::Crop>> {
        self.all(Kind::Crops)
    }

    fn segments(&self) -> Option<All<schema::Segments>> {
        self.all(Kind::Segments)
    }

    fn targets(&self) -> Option<All<schema::Target>> {
        self.all(Kind::Targets)
    }

    fn relevances(&self) -> Option<All<schema::Relevance>> {
        self.relevances_of(Which::Trained)
    }

    fn curves(&self) -> Option<All<schema::CurveStep>> {
        self.all(Kind::Curves)
    }

    fn measured(&self) -> BTreeSet<String> {
        self.methods(Method::gives_relevances)
    }
}

/// How a method fits weights to answers.
fn fit(method: &'static methods::Weights, asking: &Asking) -> Fit {
    Fit {
        method,
        surrogate: asking.fit,
        sampler: asking.sampler,
    }
}

/// What asks about masks, where a method does.
fn weights_of(method: &Method) -> Option<(&'static methods::Weights, &Asking)> {
    match &method.makes {
        Makes::Weights(plugin, asking) => Some((plugin, asking)),
        _ => None,
    }
}

/// What a key is made from: every value of the inputs by its dotted path, the code, with that of each plug-in that the inputs name, and the
/// shape of the tables.
fn preimage(kind: Kind, units: &[&str], inputs: Value, fingerprint: &str) -> Preimage {
    let digest =
        |unit: &str| code::digest(unit).expect("build.rs makes a digest for every unit of code");
    let mut builder = Preimage::builder(kind.name())
        .code(digest(units[0]))
        .input("schema", fingerprint);
    for unit in &units[1..] {
        builder = builder.input(format!("code.{unit}"), digest(unit));
    }
    let mut leaves = Vec::new();
    flatten(String::new(), inputs, &mut leaves);
    for (path, leaf) in leaves {
        builder = match leaf {
            Leaf::Read(value) => builder.input(path, value),
            Leaf::Plugin { name, module } => {
                let code = builder.input(format!("code.{module}"), digest(&module));
                code.setting(path, name)
            }
            Leaf::Value(value) => match path.strip_prefix("names.") {
                Some(name) => builder.name(name.to_owned(), value),
                None => builder.setting(path, value),
            },
        };
    }
    builder.build()
}

/// A part of inputs.
enum Leaf {
    /// What is read of a file or of an earlier table: a digest, or the value itself.
    Read(Value),
    /// Code of which there are several, by its name in pipeline.toml and the module that holds it.
    Plugin {
        name: Value,
        module: String,
    },
    Value(Value),
}

fn flatten(path: String, value: Value, leaves: &mut Vec<(String, Leaf)>) {
    match value {
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("digest") => {
            let digest = fields.remove("digest").unwrap_or_default();
            leaves.push((path, Leaf::Read(digest)));
        }
        Value::Object(mut fields)
            if fields.contains_key("plugin") && fields.contains_key("module") =>
        {
            let name = fields.remove("plugin").unwrap_or_default();
            let module = fields["module"].as_str().unwrap_or_default().to_owned();
            leaves.push((path, Leaf::Plugin { name, module }));
        }
        Value::Object(mut fields)
            if fields.contains_key("table") && fields.contains_key("part") =>
        {
            let name = |of: &str| fields[of].as_str().unwrap_or_default().to_owned();
            let path = format!("{}.{}", name("table"), name("part"));
            let value = fields.remove("value").unwrap_or_default();
            leaves.push((path, Leaf::Read(value)));
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(format!("{path}{dot}{name}"), value, leaves);
            }
        }
        value => leaves.push((path, Leaf::Value(value))),
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

impl Planned for actions::Crops {
    const KIND: Kind = Kind::Crops;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let index = subject.image?;
        let image = planner.sources.image(index);
        let mask = image.mask.clone().zip(planner.sources.mask_digest(index));
        Some(Self {
            names: actions::Image {
                image: image.name.clone(),
            },
            file: File {
                digest: planner.sources.image_digest(index).to_owned(),
                path: image.path.clone(),
            },
            mask: mask.map(|(path, digest)| File {
                digest: digest.to_owned(),
                path,
            }),
            preparation: planner.study.images.preparation(),
        })
    }
}

impl Planned for actions::Segments {
    const KIND: Kind = Kind::Segments;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let partition = subject.partition.as_ref()?;
        Some(Self {
            names: actions::Partitioned {
                image: planner.image_name(subject)?,
                partition: partition.to_string(),
            },
            pixels: planner.part(&subject.crop())?,
            algorithm: planner.study.partitions.get(partition)?.with_settings(),
        })
    }
}

impl Planned for actions::Logits {
    const KIND: Kind = Kind::Logits;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: planner.seen(subject)?,
            pixels: planner.part(&subject.crop())?,
            network: planner.network(subject)?,
            temperature: planner.network_settings(subject)?.temperature,
        })
    }
}

impl Planned for actions::Targets {
    const KIND: Kind = Kind::Targets;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: planner.seen(subject)?,
            logits: planner.part(subject)?,
            temperature: planner.network_settings(subject)?.temperature,
            rule: planner.study.images.target,
            label: planner.sources.image(subject.image?).true_class,
            classes: planner.context.classes.clone(),
        })
    }
}

impl Planned for actions::Saliency {
    const KIND: Kind = Kind::Saliency;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let Makes::Map(method) = subject.method(planner.study)?.makes else {
            return None;
        };
        Some(Self {
            names: actions::Mapped {
                image: planner.image_name(subject)?,
                network: subject.network.as_ref()?.to_string(),
                method: subject.method.as_ref()?.to_string(),
            },
            cam: planner.cam(subject, method)?,
        })
    }
}

impl Planned for actions::Perturbations {
    const KIND: Kind = Kind::Perturbations;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let (method, asking) = weights_of(subject.method(planner.study)?)?;
        let asked = planner.asked(subject, asking)?;
        Some(Self {
            names: planner.explanation(subject)?,
            fit: asked.decided_by_fits().then(|| fit(method, asking)),
            asked,
        })
    }

    fn code(&self) -> Vec<&'static str> {
        code_of_asked(&self.asked)
    }
}

/// Fits are in the key only where they decide how many samples are evaluated.
fn code_of_asked(asked: &actions::Asked) -> Vec<&'static str> {
    let sizes = asked.decided_by_fits().then_some("sizes");
    [Kind::Perturbations.name()]
        .into_iter()
        .chain(sizes)
        .collect()
}

impl Planned for actions::Weights {
    const KIND: Kind = Kind::Weights;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let (method, asking) = weights_of(subject.method(planner.study)?)?;
        Some(Self {
            names: planner.explanation(subject)?,
            answers: planner.part::<parts::Answers>(subject)?,
            fit: fit(method, asking),
        })
    }
}

impl Planned for actions::Relevances {
    const KIND: Kind = Kind::Relevances;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: planner.explanation(subject)?,
            maker: planner.maker(subject)?,
        })
    }

    fn code(&self) -> Vec<&'static str> {
        match &self.maker {
            Maker::Map { .. } => vec!["pooled"],
            Maker::RandomMap { .. } => vec!["pooled", "saliency"],
            Maker::Weights { .. } => vec!["fitted"],
            Maker::RandomWeights { asked, .. } => {
                let asked = code_of_asked(asked);
                ["fitted", "weights"].into_iter().chain(asked).collect()
            }
            Maker::Control { .. } => vec!["controls"],
        }
    }
}

impl Planned for actions::Curves {
    const KIND: Kind = Kind::Curves;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let Explained {
            image,
            network,
            partition,
            method,
            run,
            ..
        } = planner.explanation(subject)?;
        Some(Self {
            names: actions::Judged {
                image,
                network,
                partition,
                method,
                run,
                order: subject.order?,
                replacement: subject.replacement?.name(),
            },
            scene: planner.scene(subject)?,
            order: planner.part(&subject.relevances(planner.study))?,
        })
    }
}

impl Planned for actions::Scores {
    const KIND: Kind = Kind::Scores;

    fn gather(planner: &Planner<'_>, _: &Subject) -> Option<Self> {
        Some(Self {
            curves: planner.all(Kind::Curves)?,
            relevances: planner.relevances_of(Which::Trained)?,
            targets: planner.all(Kind::Targets)?,
            logits: planner.all(Kind::Logits)?,
            deterministic: planner.methods(Method::deterministic),
            measured: planner.methods(Method::gives_relevances),
            require_correct: planner.study.images.require_correct,
            classes: planner.context.classes.clone(),
            too_fine: Told {
                value: planner.too_fine(),
                table: schema::Segments::NAME,
                facet: facet::SUPERPIXELS,
            },
        })
    }
}

impl Planned for actions::Agreement {
    const KIND: Kind = Kind::Agreement;

    fn gather(planner: &Planner<'_>, _: &Subject) -> Option<Self> {
        let runs = |subject: &Subject| Subject {
            run: None,
            ..subject.clone()
        };
        let methods = planner.study.methods.iter();
        let fits = methods.filter_map(|(name, method)| {
            let (plugin, asking) = weights_of(method)?;
            Some((name.to_string(), fit(plugin, asking)))
        });
        Some(Self {
            perturbations: planner.grouped(Kind::Perturbations, Which::All, runs)?,
            fits: fits.collect(),
            level: planner.study.evaluate.agreement,
        })
    }
}

impl Planned for actions::Sanity {
    const KIND: Kind = Kind::Sanity;

    fn gather(planner: &Planner<'_>, _: &Subject) -> Option<Self> {
        let images = 0..planner.sources.len();
        let checked = images.filter(|&image| planner.study.is_sanity_checked(image));
        Some(Self {
            relevances: planner.relevances_of(Which::Explaining)?,
            explaining: planner.methods(Method::explains),
            images: checked
                .map(|image| planner.sources.image(image).name.clone())
                .collect(),
            depths: planner.study.sanity.depths,
            cascades: planner.cascades()?,
        })
    }
}

impl Planned for actions::Comparisons {
    const KIND: Kind = Kind::Comparisons;

    fn gather(planner: &Planner<'_>, _: &Subject) -> Option<Self> {
        let evaluate = &planner.study.evaluate;
        let methods = planner.study.methods.iter().map(|(name, method)| {
            let compared = actions::Compared {
                kind: method.kind(),
                explains: method.explains(),
                chance: method.is_chance_control(),
            };
            (name.to_string(), compared)
        });
        let replacements = planner.study.deletion.replacements.iter();
        Some(Self {
            scores: planner.all(Kind::Scores)?,
            measures: planner.compared()?,
            deterministic: planner.methods(Method::deterministic),
            methods: methods.collect(),
            replacements: replacements.map(|it| it.name().to_owned()).collect(),
            seed: planner.study.seed,
            resamples: evaluate.resamples,
            confidence: evaluate.confidence,
        })
    }
}

/// Inputs of `report`, which also shows what its making cost: that is in no key.
#[derive(Debug, Serialize)]
pub struct Report {
    title: String,
    classes: ClassNames,
    settings: File,
    networks: BTreeMap<String, File>,
    tables: BTreeMap<&'static str, Told<String>>,
}

impl Planned for Report {
    const KIND: Kind = Kind::Report;

    fn gather(planner: &Planner<'_>, _: &Subject) -> Option<Self> {
        let path = planner.study.file.clone();
        let text = std::fs::read(&path).ok()?;
        let networks = planner.study.networks.iter();
        let networks = networks.map(|(name, network): (&Name, _)| {
            let file = File {
                digest: planner.sources.network_digest(name).to_owned(),
                path: network.weights.clone(),
            };
            (name.to_string(), file)
        });
        let tables = reads::reads(Kind::Report).iter().map(|&kind| {
            let digest = planner.content(kind, Which::All)?;
            Some((
                kind.name(),
                Told {
                    value: digest,
                    table: kind.name(),
                    facet: "artifacts",
                },
            ))
        });
        Some(Self {
            title: planner.study.report.title.clone(),
            classes: planner.context.classes.clone(),
            settings: File {
                digest: blake3::hash(&text).to_hex().to_string(),
                path,
            },
            networks: networks.collect(),
            tables: tables.collect::<Option<_>>()?,
        })
    }
}
