//! The inputs of actions about single images: from crops to explanations and their curves.

use actions::{Control, Cut, Explained, Fit, Given, Maker};
use config::Choice;
use methods::{Asking, Hides, Makes, Mapping, Method, Orders};
use parts::{File, Told};
use schema::Table;

use super::inputs::{Planned, Planner};
use super::{LIBTORCH, Subject, facet};
use crate::settings::{Replacement, infer, segment};
use crate::{Kind, Name};

/// Raise this when `checkpoint` or `networks::loading` give other numbers for a weight file than before: no code digest covers them.
const WEIGHTS: u32 = 1;

impl Planner<'_> {
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
            reading: WEIGHTS,
            architecture: architecture(network.architecture),
            output: network.output.clone(),
            executor: executor(network.architecture),
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

    fn cam(
        &self,
        subject: &Subject,
        method: &'static methods::Map,
        mapping: Mapping,
    ) -> Option<actions::Cam> {
        let network = self.network_settings(subject)?;
        let draws = || {
            Some(actions::Draws {
                seed: self.study.seed,
                image_digest: self.image_digest(subject)?,
                method: subject.method.as_ref()?.to_string(),
                run: subject.run?,
            })
        };
        let reads_layers = subject.method(self.study)?.reads_layers();
        Some(actions::Cam {
            method,
            mapping,
            draws: if method.deterministic {
                None
            } else {
                Some(draws()?)
            },
            pixels: self.part(&subject.crop())?,
            target_class: self.target_class(subject)?,
            network: self.network(subject)?,
            layer: self.layer(subject).filter(|_| reads_layers),
            head: network.head.clone().filter(|_| reads_layers),
        })
    }

    fn layer(&self, subject: &Subject) -> Option<String> {
        let (method, network) = (subject.method.as_ref()?, subject.network.as_ref()?);
        self.study.layer(method, network).map(str::to_owned)
    }

    fn asked(&self, subject: &Subject, asking: &Asking) -> Option<actions::Asked> {
        Some(actions::Asked {
            pixels: self.part(&subject.crop())?,
            labels: match asking.hides {
                Hides::Superpixels(_) => Some(self.part(&subject.segments())?),
                Hides::Cells(_) => None,
            },
            target_class: self.target_class(subject)?,
            network: self.network(subject)?,
            reading: self.network_settings(subject)?.reading,
            measured: self.study.measured(),
            seed: self.study.seed,
            image_digest: self.image_digest(subject)?,
            samples: asking.samples,
            sampler: asking.sampler,
            hides: asking.hides,
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
            reading: self.network_settings(subject)?.reading,
            replacement,
            noise: match replacement {
                Replacement::NoisyLinear => Some(noise()?),
                _ => None,
            },
        })
    }

    fn control(&self, subject: &Subject, orders: &Orders) -> Option<Control> {
        Some(match *orders {
            Orders::Drawn(method) => Control::Drawn {
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
                measured: self.study.measured(),
            },
        })
    }

    /// The file with a method's explanations. One that is not there has no digest, so that what makes relevances of it says what is missing.
    fn answers(&self, subject: &Subject) -> Option<File> {
        let path = self.study.answer(
            subject.method.as_ref()?,
            subject.network.as_ref()?,
            subject.partition.as_ref()?,
        )?;
        let found = self.sources.file(&path);
        Some(found.unwrap_or(File {
            digest: String::new(),
            path,
        }))
    }

    /// What cuts an image.
    fn cut(&self, subject: &Subject, partition: &Name) -> Option<Cut> {
        let settings = self.study.partitions.get(partition)?;
        let image = self.sources.image(subject.image?);
        let given = |files: &segment::Files| {
            Some(Given {
                file: self.sources.file(image.label_maps.get(partition)?)?,
                image: self.sources.file(&image.path)?,
                preparation: self.study.images.preparation(),
                geometry: files.geometry,
            })
        };
        Some(match (settings, settings.algorithm()) {
            (segment::Partition::Files(files), _) => Cut::Given {
                given: given(files)?,
            },
            (_, algorithm) => Cut::Algorithm(algorithm?),
        })
    }

    fn maker(&self, subject: &Subject) -> Option<Maker> {
        let random = subject.depth.map(|depth| actions::Random {
            depth,
            depths: self.study.sanity.depths,
            seed: self.study.seed,
        });
        Some(match (&subject.method(self.study)?.makes, random) {
            (Makes::Map(..), None) => Maker::Map {
                map: self.part::<parts::Map>(&subject.saliency())?,
                labels: self.part(&subject.segments())?,
            },
            (Makes::Map(method, mapping), Some(random)) => Maker::RandomMap {
                cam: self.cam(subject, method, *mapping)?,
                labels: self.part(&subject.segments())?,
                random,
            },
            (Makes::Weights(..), None) => Maker::Weights {
                weights: self.part(&subject.explanation())?,
            },
            (Makes::Weights(method, asking), Some(random)) => Maker::RandomWeights {
                asked: self.asked(subject, asking)?,
                labels: self.part(&subject.segments())?,
                fit: fit(method, asking),
                random,
            },
            (Makes::External(method, answers), _) => Maker::External {
                method,
                answers: self.answers(subject)?,
                runs: answers.runs,
                pixels: self.part(&subject.crop())?,
                labels: self.part(&subject.segments())?,
                target_class: self.target_class(subject)?,
            },
            (Makes::Order(orders), _) => Maker::Control {
                control: self.control(subject, orders)?,
                seed: self.study.seed,
                image_digest: self.image_digest(subject)?,
            },
        })
    }
}

fn architecture(architecture: infer::Architecture) -> actions::Architecture {
    let name = architecture.name();
    match architecture {
        infer::Architecture::BuiltIn(built_in) => actions::Architecture {
            name,
            module: built_in.family().module(),
            size: Some(format!("{:?}", built_in.family())),
            batch: Some(built_in.batch()),
        },
        infer::Architecture::Exported => actions::Architecture {
            name,
            module: architectures::EXPORTED,
            size: None,
            batch: None,
        },
        infer::Architecture::Onnx => actions::Architecture {
            name,
            module: architectures::ONNX,
            size: None,
            batch: None,
        },
        infer::Architecture::TorchScript => actions::Architecture {
            name,
            module: architectures::PROGRAM,
            size: None,
            batch: None,
        },
    }
}

/// What computes a network; a program brings its own code.
fn executor(architecture: infer::Architecture) -> Option<actions::Executor> {
    let graph = architecture != infer::Architecture::TorchScript;
    graph.then_some(actions::Executor {
        name: "graph",
        module: architectures::GRAPH,
    })
}

/// How a method fits weights to answers.
pub(super) fn fit(method: &'static methods::Weights, asking: &Asking) -> Fit {
    Fit {
        method,
        fitting: asking.fitting,
        sampler: asking.sampler,
    }
}

/// What asks about masks, where a method does.
pub(super) fn weights_of(method: &Method) -> Option<(&'static methods::Weights, &Asking)> {
    match &method.makes {
        Makes::Weights(plugin, asking) => Some((plugin, asking)),
        _ => None,
    }
}

impl Planned for actions::Crops {
    const KIND: Kind = Kind::Crops;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let index = subject.image?;
        let image = planner.sources.image(index);
        let mask = image.mask.as_deref();
        Some(Self {
            names: actions::Image {
                image: image.name.clone(),
            },
            file: planner.sources.file(&image.path)?,
            mask: mask.and_then(|mask| planner.sources.file(mask)),
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
            algorithm: planner.cut(subject, partition)?,
        })
    }

    fn code(&self) -> Vec<&'static str> {
        match self.algorithm {
            Cut::Algorithm(_) => vec!["segments"],
            Cut::Given { .. } => vec!["labelled"],
        }
    }
}

impl Planned for actions::Logits {
    const KIND: Kind = Kind::Logits;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: planner.seen(subject)?,
            pixels: planner.part(&subject.crop())?,
            network: planner.network(subject)?,
            reading: planner.network_settings(subject)?.reading,
        })
    }
}

impl Planned for actions::Targets {
    const KIND: Kind = Kind::Targets;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: planner.seen(subject)?,
            logits: planner.part(subject)?,
            reading: planner.network_settings(subject)?.reading,
            rule: planner.study.images.target,
            label: planner.sources.image(subject.image?).true_class,
            classes: planner.context.classes.clone(),
        })
    }
}

impl Planned for actions::Saliency {
    const KIND: Kind = Kind::Saliency;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let Makes::Map(method, mapping) = subject.method(planner.study)?.makes else {
            return None;
        };
        Some(Self {
            names: actions::Mapped {
                image: planner.image_name(subject)?,
                network: subject.network.as_ref()?.to_string(),
                method: subject.method.as_ref()?.to_string(),
                run: subject.run?,
            },
            cam: planner.cam(subject, method, mapping)?,
        })
    }
}

impl Planned for actions::Perturbations {
    const KIND: Kind = Kind::Perturbations;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        let (method, asking) = weights_of(subject.method(planner.study)?)?;
        let asked = planner.asked(subject, asking)?;
        let partition = subject.partition.as_ref();
        Some(Self {
            names: actions::Answered {
                image: planner.image_name(subject)?,
                network: subject.network.as_ref()?.to_string(),
                partition: partition.map(ToString::to_string),
                method: subject.method.as_ref()?.to_string(),
                run: subject.run?,
            },
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
            answers: planner.part::<parts::Answers>(&subject.answers(planner.study))?,
            labels: match asking.hides {
                Hides::Superpixels(_) => None,
                Hides::Cells(_) => Some(planner.part(&subject.segments())?),
            },
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
            Maker::RandomMap { .. } => vec!["pooled", "saliency", "randomized"],
            Maker::Weights { .. } => vec!["fitted"],
            Maker::RandomWeights { asked, .. } => {
                let asked = code_of_asked(asked);
                ["fitted", "weights", "randomized"]
                    .into_iter()
                    .chain(asked)
                    .collect()
            }
            Maker::External { .. } => vec!["external"],
            Maker::Control { .. } => vec!["controls"],
        }
    }
}

impl Planned for actions::Deletions {
    const KIND: Kind = Kind::Deletions;

    fn gather(planner: &Planner<'_>, subject: &Subject) -> Option<Self> {
        Some(Self {
            names: actions::Removed {
                image: planner.image_name(subject)?,
                network: subject.network.as_ref()?.to_string(),
                partition: subject.partition.as_ref()?.to_string(),
                replacement: subject.replacement?.name(),
            },
            scene: planner.scene(subject)?,
        })
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
