//! The inputs of actions about the whole study: measures and the report.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use actions::ClassNames;
use config::Name;
use methods::Method;
use parts::{All, AnyAll, File, Told};
use schema::{Column, Table};
use serde::Serialize;

use super::explanations::{fit, weights_of};
use super::inputs::{Planned, Planner, Which};
use super::{Subject, facet, reads};
use crate::Kind;

impl Planner<'_> {
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

impl Planner<'_> {
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
}

/// All columns of the tables that methods are compared by.
fn compared_columns() -> Vec<&'static Column> {
    let own = [schema::Score::columns(), schema::Gain::columns()];
    let measures = measures::kinds::ALL.iter();
    let measures = measures.map(|measure| (measure.table)().columns);
    own.into_iter().chain(measures).flatten().collect()
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

    fn perturbations(&self) -> Option<All<schema::Perturbations>> {
        self.all(Kind::Perturbations)
    }

    fn curves(&self) -> Option<All<schema::CurveStep>> {
        self.all(Kind::Curves)
    }

    fn deletions(&self) -> Option<All<schema::Deletion>> {
        self.all(Kind::Deletions)
    }

    fn scores(&self) -> Option<All<schema::Score>> {
        self.all(Kind::Scores)
    }

    fn measured(&self) -> BTreeSet<String> {
        self.methods(Method::gives_relevances)
    }

    fn chance(&self) -> BTreeSet<String> {
        self.methods(Method::is_chance_control)
    }

    fn searching(&self) -> BTreeSet<String> {
        self.methods(Method::searches)
    }

    fn masking(&self) -> BTreeMap<String, &'static str> {
        let methods = self.study.methods.iter();
        // The masks of other methods are drawn by laws under which the same relevances would score otherwise.
        let lime = methods.filter(|(_, method)| method.kind() == methods::kinds::lime::METHOD.kind);
        let shown = |(name, method): (&Name, &Method)| {
            Some((name.to_string(), method.replacement()?.name()))
        };
        lime.filter_map(shown).collect()
    }

    fn areas_of(&self) -> statistics::Measured {
        self.study.measured()
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
            areas_of: planner.study.measured(),
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
        let study = planner.study;
        let drawing = || {
            let methods = study.methods.iter();
            methods.filter(|(_, method)| !method.deterministic())
        };
        let fits = drawing().filter_map(|(name, method)| {
            let (plugin, asking) = weights_of(method)?;
            Some((name.to_string(), fit(plugin, asking)))
        });
        let free = drawing().filter(|(_, method)| !method.asks_of_partitions());
        let partitions: BTreeMap<String, BTreeSet<String>> = free
            .map(|(name, _)| {
                let judged = study.partitions.keys();
                let judged = judged.filter(|partition| study.judges(name, partition));
                (name.to_string(), judged.map(ToString::to_string).collect())
            })
            .collect();
        Some(Self {
            perturbations: planner.grouped(Kind::Perturbations, Which::Drawing, runs)?,
            fits: fits.collect(),
            segments: if partitions.is_empty() {
                None
            } else {
                Some(planner.all(Kind::Segments)?)
            },
            partitions,
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
        let columns = compared_columns();
        let better = columns.iter();
        let better = better.filter_map(|column| Some((column.name, column.better?.name())));
        let negated = columns.iter().filter(|column| column.negated);
        let questions = columns.iter();
        let questions = questions.filter_map(|column| Some((column.name, column.question?)));
        let methods = planner.study.methods.iter().map(|(name, method)| {
            let compared = actions::Compared {
                kind: method.kind(),
                explains: method.explains(),
                chance: method.is_chance_control(),
                searches: method.searches(),
                shows: method.replacement().map(removal::Backdrop::name),
            };
            (name.to_string(), compared)
        });
        let replacements = planner.study.deletion.replacements.iter();
        Some(Self {
            scores: planner.all(Kind::Scores)?,
            measures: planner.compared()?,
            better: better.collect(),
            negated: negated.map(|column| column.name).collect(),
            questions: questions.collect(),
            deterministic: planner.methods(Method::deterministic),
            methods: methods.collect(),
            replacements: replacements.map(|it| it.name().to_owned()).collect(),
            seed: planner.study.seed,
            resamples: evaluate.resamples,
            confidence: evaluate.confidence,
        })
    }
}

/// Inputs of `report`. It also shows what the results cost, which no key contains.
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
