//! What the actions of each kind are about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::inputs::Planner;
use super::{Subject, facet};
use crate::{Kind, Method, Name};

impl Planner<'_> {
    /// What the actions of a kind are about; not sorted.
    pub(super) fn subjects(&self, kind: Kind) -> Vec<Subject> {
        match kind {
            Kind::Sanity if self.study.sanity.images == 0 => Vec::new(),
            Kind::Scores
            | Kind::Sanity
            | Kind::Agreement
            | Kind::Measure(_)
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
            Kind::Saliency => self.in_runs(self.explained(|method| method.mapping().is_some())),
            Kind::Perturbations => {
                let asks = |method: &Method| method.asking().is_some();
                let (placed, free): (Vec<_>, Vec<_>) =
                    self.explained(asks).into_iter().partition(|subject| {
                        let method = subject.method(self.study);
                        method.is_none_or(Method::asks_of_partitions)
                    });
                let mut subjects = self.in_partitions(placed);
                subjects.extend(self.in_runs(free));
                subjects
            }
            Kind::Weights => self.in_partitions(self.explained(|method| method.asking().is_some())),
            Kind::Relevances => self.relevances(),
            Kind::Curves => self.judged(self.in_partitions(self.explained(|_| true))),
            Kind::Deletions if !self.study.deletion.singles => Vec::new(),
            Kind::Deletions => self.scenes(),
        }
    }

    /// Every explanation and control: those that search once for each replacement, those of networks with random layers once for each depth.
    fn relevances(&self) -> Vec<Subject> {
        let replacements = &self.study.deletion.replacements;
        let searching = self.in_partitions(self.explained(Method::searches));
        let searched = searching.into_iter().flat_map(|subject| {
            replacements.iter().map(move |&replacement| Subject {
                replacement: Some(replacement),
                ..subject.clone()
            })
        });
        let fixed = self.in_partitions(self.explained(|method| !method.searches()));
        let randomized = self.randomized(&fixed);
        fixed
            .into_iter()
            .chain(searched)
            .chain(randomized)
            .collect()
    }

    /// The explanations that are repeated with random layers, at each depth.
    fn randomized(&self, explained: &[Subject]) -> Vec<Subject> {
        let wanted = |subject: &Subject| {
            let checked = subject
                .image
                .is_some_and(|image| self.study.is_sanity_checked(image));
            let layers = subject
                .network
                .as_ref()
                .is_some_and(|name| self.study.has_layers(name));
            let explains = subject
                .method(self.study)
                .is_some_and(|method| method.explains() && method.answers().is_none());
            checked && layers && explains && subject.run == Some(0)
        };
        let at_depths = |subject: Subject| {
            (1..=self.study.sanity.depths).map(move |depth| Subject {
                depth: Some(depth),
                ..subject.clone()
            })
        };
        let wanted = explained.iter().filter(|subject| wanted(subject));
        wanted.cloned().flat_map(at_depths).collect()
    }

    /// What superpixels are removed from, whoever ranks them.
    fn scenes(&self) -> Vec<Subject> {
        let scene = |curve: Subject| Subject {
            method: None,
            run: None,
            order: None,
            ..curve
        };
        let scenes = self.subjects(Kind::Curves).into_iter().map(scene);
        scenes.collect::<BTreeSet<_>>().into_iter().collect()
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

    /// Every image that is not dropped, with every network and every method that is asked for and explains it.
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
        let mut explained = Self::spread(kept, &methods, |subject, method| Subject {
            method: Some(method),
            ..subject
        });
        explained.retain(|subject| {
            let named = subject.method.as_ref().zip(subject.network.as_ref());
            named.is_some_and(|(method, network)| self.study.explains(method, network))
        });
        explained
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
        self.in_runs(placed.into_iter().filter(|subject| self.fits(subject)))
    }

    fn in_runs(&self, subjects: impl IntoIterator<Item = Subject>) -> Vec<Subject> {
        let runs = |subject: Subject| {
            let method = subject.method(self.study);
            let runs = method.map_or(1, |method| method.runs(self.study.runs));
            (0..runs).map(move |run| Subject {
                run: Some(run),
                ..subject.clone()
            })
        };
        subjects.into_iter().flat_map(runs).collect()
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
    pub(super) fn may_be_dropped(&self, image: usize) -> bool {
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
}
