//! The stage `deletion`: finds the orders of the controls, and removes superpixels in the order of each explanation and control.

pub mod curves;
pub mod orders;
mod rows;

use std::collections::BTreeSet;

use controls::{OracleError, Ranking};
use imaging::Rgb;
use infer::Classifiers;
use occlusion::{Noise, Scene};
use schema::{Crop, Segments, Target};
use stage::{Output, Outputs, Session, StageError, digest_of};
use study::plan::{Plan, Subject, facet};
use study::{Kind, Method, Name};

/// Brings `orders` and `curves` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    warn_of_too_fine(session)?;
    session.in_turn(Kind::Orders, &classifiers, |classifiers, plan, subject| {
        rank(session, classifiers, plan, subject)
    })?;
    // What asks the same network about the same masks.
    let scene = |subject: &Subject| Subject {
        method: None,
        run: None,
        order: None,
        ..subject.clone()
    };
    let remove = |classifiers: &mut Classifiers<'_>, plan: &Plan, group: &[&Subject]| {
        remove(session, classifiers, plan, group)
    };
    session.in_groups(Kind::Curves, scene, &classifiers, remove)
}

/// Says where the oracle has no order, so that nobody misses it without knowing why.
fn warn_of_too_fine(session: &Session) -> Result<(), StageError> {
    let plan = session.plan(Kind::Segments)?;
    let oracles = session.study.methods.iter();
    let oracles = oracles.filter(|(_, method)| matches!(method, Method::Oracle));
    for (name, _) in oracles {
        let partitions = session.study.partitions.keys();
        for partition in partitions.filter(|partition| session.study.judges(name, partition)) {
            let too_fine = |subject: &Subject| {
                let subject = Subject {
                    method: Some(name.clone()),
                    ..subject.clone()
                };
                subject.partition.as_ref() == Some(partition)
                    && session.holds(&subject)
                    && plan.is_too_fine(&session.study, &subject)
            };
            let images: BTreeSet<_> = plan
                .of(Kind::Segments)
                .filter(|action| too_fine(&action.subject))
                .map(|action| action.subject.image)
                .collect();
            if !images.is_empty() {
                tracing::warn!(
                    "{name} has no order on {partition} of {} of {} images, which have more than {} superpixels there; name the partitions \
                     that it is for with `partitions = [...]` in [methods.{name}]",
                    images.len(),
                    session.sources.len(),
                    controls::MOST_SUPERPIXELS
                );
            }
        }
    }
    Ok(())
}

/// What the actions of a network, image, partition and replacement read alike.
struct Read<'a> {
    session: &'a Session,
    crop: Crop,
    rgb: Rgb,
    segments: Segments,
    target: Target,
    network: Name,
}

impl<'a> Read<'a> {
    fn new(session: &'a Session, plan: &Plan, subject: &Subject) -> Result<Self, StageError> {
        let crop = session.read_one::<Crop>(plan, Kind::Crops, &subject.crop())?;
        Ok(Self {
            session,
            rgb: imaging::decode(&crop.rgb).map_err(StageError::action)?,
            crop,
            segments: session.read_one(plan, Kind::Segments, &subject.segments())?,
            target: session.read_one(plan, Kind::Targets, &subject.network())?,
            network: subject
                .network
                .clone()
                .expect("orders and curves are of a network"),
        })
    }

    fn scene(&self, subject: &Subject) -> Scene<'_> {
        let study = &self.session.study;
        Scene {
            crop: &self.rgb,
            labels: &self.segments.labels,
            superpixels: self.segments.superpixels as usize,
            replacement: subject.replacement.unwrap_or_default(),
            mean: study.networks[&self.network].mean,
            noise: Noise {
                deviation: study.deletion.noise,
                seed: study.seed,
                image_digest: &self.crop.image_digest,
                partition: &self.segments.partition,
            },
            target: self.target.target_class as usize,
        }
    }
}

fn rank(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
    let read = Read::new(session, plan, subject)?;
    let scene = read.scene(subject);
    let method = subject.method.as_ref().expect("an order is of a method");
    let seed = orders::seed(
        session.study.seed,
        &read.crop.image_digest,
        &read.segments.partition,
        method.as_str(),
        subject.run.unwrap_or(0),
    );
    let interrupted = || session.signals.received().is_some();
    let superpixels = scene.superpixels;
    let (ranking, passes) = match &session.study.methods[method] {
        Method::Random(_) => (orders::random(seed, superpixels), 0),
        Method::Edges => (orders::edges(&read.rgb, scene.labels, superpixels, seed), 0),
        Method::Greedy => {
            let network = classifiers.get(&read.network)?;
            orders::greedy(network, &scene, seed, &interrupted)
                .map_err(|error| infer::network_error(session, error))?
        }
        Method::Oracle => {
            let network = classifiers.get(&read.network)?;
            orders::oracle(network, &scene, seed, &interrupted).map_err(|error| match error {
                OracleError::Ask(error) => infer::network_error(session, error),
                error @ OracleError::Count { .. } => StageError::action(error),
            })?
        }
        Method::Gradcam(_) | Method::Lime(_) => {
            unreachable!("the plan gives this stage the orders of controls only")
        }
    };
    let rows = rows::places(&read, subject, &ranking);
    let output = Output::new(&rows, superpixels)?
        .facet(facet::ORDER, digest_of([&in_bytes(&ranking)[..]]))
        .passes(passes, 0);
    if passes == 0 {
        return Ok(output);
    }
    Ok(infer::ran(output, classifiers.get(&read.network)?))
}

fn in_bytes(ranking: &Ranking) -> Vec<u8> {
    let superpixels = ranking.order.iter();
    superpixels
        .flat_map(|superpixel| superpixel.to_le_bytes())
        .collect()
}

/// The curves of a group, which reads the same image, network, partition and replacement.
fn remove(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    group: &[&Subject],
) -> Result<Outputs, StageError> {
    let read = Read::new(session, plan, group[0])?;
    // A method whose order cannot be read keeps no other from its curve.
    let orders: Vec<_> = group
        .iter()
        .map(|subject| {
            let order = subject.order.unwrap_or_default();
            evaluate::relevance::order_of(session, plan, subject, order)
        })
        .collect();
    let known: Vec<Vec<u16>> = orders.iter().flatten().cloned().collect();
    let curves = curves_of(session, classifiers, &read, group[0], &known)?;
    let classifier = classifiers.get(&read.network)?;
    let mut curves = curves.into_iter();
    let output = |(subject, order): (&&Subject, Result<_, _>)| {
        order?;
        let curve = curves.next().expect("a curve for each order that is known");
        let rows = rows::steps(&read, subject, &curve);
        let classes = session.sources.images.classes.count();
        let output = Output::new(&rows, (&read.segments, &read.target, classes))?
            .passes(rows.len() as u64, 0)
            .computed(curve.computed);
        Ok(infer::ran(output, classifier))
    };
    Ok(group.iter().zip(orders).map(output).collect())
}

fn curves_of(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    read: &Read<'_>,
    subject: &Subject,
    orders: &[Vec<u16>],
) -> Result<Vec<curves::Curve>, StageError> {
    let interrupted = || session.signals.received().is_some();
    let network = classifiers.get(&read.network)?;
    let made = curves::curves(network, &read.scene(subject), orders, &interrupted);
    made.map_err(|error| match error {
        curves::CurveError::Network(error) => infer::network_error(session, error),
        error @ curves::CurveError::Order(_) => StageError::action(error),
    })
}
