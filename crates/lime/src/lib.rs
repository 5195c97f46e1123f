//! The stage `lime`: evaluates the network on masked crops, and fits the surrogate to its answers.

pub mod fitted;
pub mod perturbations;
pub mod sizes;
pub mod weights;

use actions::{Maker, Relevances, Weights};
use infer::{Classifiers, Inside, cascade};
use parts::{Answers, Part, SurrogateWeights};
use perturbations::Asked;
use schema::{Logits, Segments};
use stage::checks::Untouched;
use stage::{Job, Output, Outputs, Session, StageError};
use statistics::Measured;
use study::Kind;
use study::plan::{Subject, facet};

/// Brings `perturbations`, `weights`, and the relevances that follow from weights, up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    for warning in study::fineness::warnings(&session.study, &session.plan(Kind::Segments)?) {
        tracing::warn!("{warning}");
    }
    let classifiers = Classifiers::on_each_device(session)?;
    session.in_turn(&classifiers, |classifiers, job| {
        evaluate(session, classifiers, job)
    })?;
    session.each(|job: &Job<'_, Weights>| {
        let rows = weights::run(&job.inputs, &job.rows)?;
        let digest = SurrogateWeights::digest_of_rows(&rows).map_err(StageError::action)?;
        Ok(Output::new(&rows, rows.len())?.facet(SurrogateWeights::FACET, digest))
    })?;
    // A network at one depth is in memory at a time.
    let by_network = |subject: &Subject| (subject.network.clone(), subject.depth, subject.image);
    session.in_groups(by_network, &classifiers, |classifiers, jobs| {
        let relate = |job: &Job<'_, Relevances>| relate(session, classifiers, job);
        Ok::<Outputs, _>(jobs.iter().map(relate).collect())
    })
}

/// The precisions of the networks that are evaluated, the reference last.
fn precisions(precision: methods::Precision) -> (networks::Precision, Option<networks::Precision>) {
    use networks::Precision::{Bf16, Fp32, Tf32};
    match precision {
        methods::Precision::Fp32 => (Fp32, None),
        methods::Precision::Tf32 => (Tf32, None),
        methods::Precision::Bf16 => (Bf16, None),
        methods::Precision::Mixed => (Bf16, Some(Fp32)),
    }
}

/// The answers of a network, trained or not, to the masks of an explanation.
fn answers(
    session: &Session,
    names: &actions::Answered,
    (inputs, fit): (&actions::Asked, Option<actions::Fit>),
    rows: &parts::Rows<'_>,
    asked: Asked<'_>,
) -> Result<Answers, StageError> {
    let crop = rows.load(&inputs.pixels)?;
    let mut fits = sizes::Fits::new(inputs, fit, [crop.height(), crop.width()]);
    let interrupted = || session.signals.received().is_some();
    let found = perturbations::run(inputs, names, rows, asked, &mut fits, &interrupted);
    Ok(found?)
}

fn passes(answers: &Answers) -> u64 {
    (answers.probabilities.len() + answers.reference_samples.len()) as u64
}

fn evaluate(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    job: &Job<'_, actions::Perturbations>,
) -> Result<Output, StageError> {
    let (names, inputs) = (&job.inputs.names, &job.inputs.asked);
    let asked = match precisions(inputs.precision) {
        (first, None) => Asked::One(classifiers.all(&names.network, [first])?[0]),
        (first, Some(reference)) => {
            let [fast, reference] = classifiers.all(&names.network, [first, reference])?;
            Asked::Mixed { fast, reference }
        }
    };
    let sized = (inputs, job.inputs.fit);
    let answers = answers(session, names, sized, &job.rows, asked)?;
    let (digest, passes) = (Answers::digest(&answers), passes(&answers));
    let row = perturbations::row(inputs, names, answers);
    let placed = inputs.labels.is_some();
    let segments =
        placed.then(|| session.read_one(job.plan, Kind::Segments, &job.subject.segments()));
    let segments: Option<Segments> = segments.transpose()?;
    let target: schema::Target =
        session.read_one(job.plan, Kind::Targets, &job.subject.network())?;
    let answer = match inputs.measured {
        Measured::Probability => target.probability,
        Measured::Logit => {
            let subject = job.subject.network();
            let answer: Logits = session.read_one(job.plan, Kind::Logits, &subject)?;
            answer.logits[inputs.target_class.value as usize]
        }
    };
    let known = Untouched {
        measured: inputs.measured,
        answer,
        precision: inputs.network.precision,
    };
    let output = Output::new(&[row], (segments.as_ref(), &target, known))?
        .facet(Answers::FACET, digest)
        .passes(passes, 0);
    Ok(infer::ran(output, asked.first()))
}

/// The relevances that follow from weights: those of the study, or weights that a network with random layers gives here.
fn relate(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    job: &Job<'_, Relevances>,
) -> Result<Output, StageError> {
    let names = &job.inputs.names;
    let segments = session.read_one(job.plan, Kind::Segments, &job.subject.segments())?;
    let (inputs, labels, fit, random) = match &job.inputs.maker {
        Maker::Weights { weights } => {
            let weights = job.rows.load(weights)?;
            let rows = fitted::relevances(names, &weights)?;
            return Output::of_relevances(&rows, &segments);
        }
        Maker::RandomWeights {
            asked,
            labels,
            fit,
            random,
        } => (asked, labels, fit, random),
        _ => {
            return Err(StageError::action(
                "its relevances do not come from weights",
            ));
        }
    };
    let inside = Inside::Layer(None);
    let (asked, layers) = match precisions(inputs.precision) {
        (first, None) => {
            let ([classifier], layers) =
                classifiers.randomized(&names.network, &inside, random.depth, [first])?;
            (Asked::One(classifier), layers)
        }
        (first, Some(reference)) => {
            let both = [first, reference];
            let ([fast, reference], layers) =
                classifiers.randomized(&names.network, &inside, random.depth, both)?;
            (Asked::Mixed { fast, reference }, layers)
        }
    };
    let sized = (inputs, Some(*fit));
    let of_partitions = inputs.labels.is_some();
    let of_answers = actions::Answered {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: of_partitions.then(|| names.partition.clone()),
        method: names.method.clone(),
        run: names.run,
    };
    let answers = answers(session, &of_answers, sized, &job.rows, asked)?;
    let superpixels = job.rows.load(labels)?;
    let explanation = weights::fit(&answers, Some(&superpixels), fit)?;
    let errors = explanation.standard_errors.into_iter();
    let weights: Vec<_> = explanation.weights.into_iter().zip(errors).collect();
    let rows = fitted::relevances(names, &weights)?;
    let output = Output::of_relevances(&rows, &segments)?
        .facet(facet::CASCADE, cascade(layers))
        .passes(passes(&answers), 0);
    Ok(infer::ran(output, asked.first()))
}
