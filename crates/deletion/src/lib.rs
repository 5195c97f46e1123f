//! The stage `deletion`: finds the orders of the controls, reads the explanations of other tools, and removes superpixels: in the order of each
//! explanation and control, and each alone.

pub mod controls;
pub mod curves;
pub mod deletions;
pub mod external;

use std::collections::BTreeSet;

use actions::{Control, Curves, Deletions, Maker, Relevances};
use external::Made;
use infer::Classifiers;
use sampling::Seed;
use stage::{Job, Output, Outputs, Session, StageError};
use study::Kind;
use study::plan::{Subject, facet};

/// Images whose explanations are read together: an answer file is read once for all of them.
const TOGETHER: usize = 256;

/// Brings the relevances of controls and external methods, `curves` and `deletions` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    warn_of_too_fine(session)?;
    // What is read from the same file is read together.
    let file = |subject: &Subject| {
        let Subject {
            network, partition, ..
        } = subject;
        let named = subject.method.as_ref().zip(network.as_ref());
        let file = named.zip(partition.as_ref());
        let file = file.and_then(|((method, network), partition)| {
            session.study.answer(method, network, partition)
        });
        match file {
            None => (None, subject.clone()),
            file => {
                let image = subject.image.map(|image| image / TOGETHER);
                let method = subject.method.clone();
                let together = Subject {
                    image,
                    method,
                    ..Subject::default()
                };
                (file, together)
            }
        }
    };
    session.in_groups(
        file,
        &classifiers,
        |classifiers, jobs: &[Job<'_, Relevances>]| {
            if let [Job { inputs, .. }, ..] = jobs
                && matches!(inputs.maker, Maker::External { .. })
            {
                return answered(session, jobs);
            }
            let ranked = jobs.iter().map(|job| rank(session, classifiers, job));
            Ok(ranked.collect())
        },
    )?;
    // What evaluates the same network on the same masks.
    let scene = |subject: &Subject| Subject {
        method: None,
        run: None,
        order: None,
        ..subject.clone()
    };
    session.in_groups(scene, &classifiers, |classifiers, jobs| {
        remove(session, classifiers, jobs)
    })?;
    session.in_turn(&classifiers, |classifiers, job| {
        remove_each(session, classifiers, job)
    })
}

/// The explanations in an answer file.
fn answered(session: &Session, jobs: &[Job<'_, Relevances>]) -> Result<Outputs, StageError> {
    let [first, ..] = jobs else {
        return Ok(Outputs::new());
    };
    let inputs: Vec<&Relevances> = jobs.iter().map(|job| &job.inputs).collect();
    let made = external::run(&inputs, &first.rows)?;
    let output = |(job, made): (&Job<'_, Relevances>, Result<Made, _>)| {
        let made = made?;
        if made.flat {
            tracing::warn!(
                "{}: all values of this explanation are equal, so its order is only that of the superpixels' numbers",
                job.subject.describe(&session.sources)
            );
        }
        let segments = session.read_one(job.plan, Kind::Segments, &job.subject.segments())?;
        let declared = serde_json::json!({"seconds": made.seconds, "passes": made.passes});
        Ok(Output::of_relevances(&made.rows, &segments)?.facet(facet::DECLARED, declared))
    };
    Ok(jobs.iter().zip(made).map(output).collect())
}

/// Says where a search has no order, so that nobody misses it without knowing why.
fn warn_of_too_fine(session: &Session) -> Result<(), StageError> {
    let plan = session.plan(Kind::Segments)?;
    let methods = session.study.methods.iter();
    let limited = methods.filter_map(|(name, method)| Some((name, method.most_superpixels()?)));
    for (name, most) in limited {
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
                    "{name} has no order on {partition} of {} of {} images, which have more than {} superpixels there; limit the method to coarser \
                     partitions with `partitions = [...]` in [methods.{name}]",
                    images.len(),
                    session.sources.len(),
                    most
                );
            }
        }
    }
    Ok(())
}

fn rank(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    job: &Job<'_, Relevances>,
) -> Result<Output, StageError> {
    let names = &job.inputs.names;
    let Maker::Control {
        control,
        seed,
        image_digest,
    } = &job.inputs.maker
    else {
        return Err(StageError::action("its relevances are not a control's"));
    };
    let seed = Seed::of_run(
        *seed,
        image_digest,
        &names.partition,
        &names.method,
        names.run,
    );
    let classifier = match control {
        Control::Drawn { .. } | Control::Seen { .. } => None,
        Control::Searched { .. } => Some(classifiers.get(&names.network)?),
    };
    let interrupted = || session.signals.received().is_some();
    let (rows, passes) = controls::run(names, control, seed, &job.rows, classifier, &interrupted)?;
    let segments = session.read_one(job.plan, Kind::Segments, &job.subject.segments())?;
    let output = Output::of_relevances(&rows, &segments)?.passes(passes, 0);
    Ok(match classifier {
        None => output,
        Some(classifier) => infer::ran(output, classifier),
    })
}

/// The curves of a group, which reads the same image, network, partition and replacement.
fn remove(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    jobs: &[Job<'_, Curves>],
) -> Result<Outputs, StageError> {
    let [first, ..] = jobs else {
        return Ok(Outputs::new());
    };
    let classifier = classifiers.get(&first.inputs.names.network)?;
    let inputs: Vec<&Curves> = jobs.iter().map(|job| &job.inputs).collect();
    let interrupted = || session.signals.received().is_some();
    let made = curves::run(&inputs, &first.rows, classifier, &interrupted)?;
    let segments = session.read_one(first.plan, Kind::Segments, &first.subject.segments())?;
    let target = session.read_one(first.plan, Kind::Targets, &first.subject.network())?;
    let classes = session.sources.images.classes.count();
    let output = |made: Result<_, parts::ActionError>| {
        let (rows, computed): (Vec<schema::CurveStep>, u64) = made?;
        let output = Output::new(&rows, (&segments, &target, classes))?
            .passes(rows.len() as u64, 0)
            .computed(computed);
        Ok(infer::ran(output, classifier))
    };
    Ok(made.into_iter().map(output).collect())
}

/// What is left without each superpixel alone.
fn remove_each(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    job: &Job<'_, Deletions>,
) -> Result<Output, StageError> {
    let classifier = classifiers.get(&job.inputs.names.network)?;
    let interrupted = || session.signals.received().is_some();
    let rows = deletions::run(&job.inputs, &job.rows, classifier, &interrupted)?;
    let segments = session.read_one(job.plan, Kind::Segments, &job.subject.segments())?;
    let target = session.read_one(job.plan, Kind::Targets, &job.subject.network())?;
    let output = Output::new(&rows, (&segments, &target))?.passes(rows.len() as u64, 0);
    Ok(infer::ran(output, classifier))
}
