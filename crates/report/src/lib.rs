//! The stage `report`: gathers the rows of a study and what their making cost, and shows the pages as artifacts/report.

pub mod report;

use std::collections::BTreeSet;
use std::io::Write as _;

use methods::kinds;
use pages::{
    Artifact, ExplanationCost, Inputs, Measure, Method as ShownMethod, Network, Provenance,
    StageCost,
};
use parts::Rows;
use rayon::prelude::*;
use schema::Table;
use stage::{Job, Output, Session, Stage, StageError};
use study::costs::{self, Cost, Explanations};
use study::plan::{Action, Context, LIBTORCH, Plan, REPORT_KEY, Subject};
use study::settings::infer::Architecture;
use study::{Choice, Kind, Method};

/// Brings the report up to date, and prints its main table where that is asked for.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(|job: &Job<'_, study::plan::Report>| publish(session, job.plan, job.subject))?;
    if session.summary {
        print_summary(session)?;
    }
    Ok(())
}

fn print_summary(session: &Session) -> Result<(), StageError> {
    let plan = session.plan(Kind::Report)?;
    // Else the session says what failed or is missing.
    if plan.of(Kind::Report).all(Action::is_done) {
        let text = pages::summary(&gather_summary(session, &plan)?);
        // Nobody may be listening any more, as behind `| head`.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }
    Ok(())
}

/// What the main table is made from.
fn gather_summary(session: &Session, plan: &Plan) -> Result<Inputs, StageError> {
    Ok(Inputs {
        title: session.study.report.title.clone(),
        measured: session.study.measured(),
        networks: networks(session),
        methods: methods(session),
        replacements: replacements(session),
        segments: rows(session, plan, Kind::Segments)?,
        stability: rows(session, plan, Kind::Comparisons)?,
        summaries: rows(session, plan, Kind::Comparisons)?,
        decisions: rows(session, plan, Kind::Comparisons)?,
        explanation_costs: explanation_costs(plan),
        ..Inputs::default()
    })
}

fn publish(session: &Session, plan: &Plan, subject: &Subject) -> Result<Output, StageError> {
    let mut files = report::report(&gather(session, plan)?).map_err(StageError::action)?;
    let key = plan
        .of(Kind::Report)
        .find(|action| action.subject == *subject)
        .and_then(|action| Some(action.key()?.to_string()));
    files.push((REPORT_KEY.to_owned(), key.unwrap_or_default().into_bytes()));
    session.store.publish_report(&files)?;
    tracing::info!(
        "wrote {}",
        session
            .store
            .root()
            .join("report")
            .join("index.html")
            .display()
    );
    Ok(Output::default())
}

fn gather(session: &Session, plan: &Plan) -> Result<Inputs, StageError> {
    let classes = &session.sources.images.classes;
    let crops = rows::<schema::Crop>(session, plan, Kind::Crops)?;
    let scores = rows::<schema::Score>(session, plan, Kind::Scores)?;
    let scored: BTreeSet<&str> = scores.iter().map(|score| score.image.as_str()).collect();
    Ok(Inputs {
        title: session.study.report.title.clone(),
        measured: session.study.measured(),
        classes: (0..classes.count())
            .filter_map(|class| classes.name(class))
            .map(str::to_owned)
            .collect(),
        networks: networks(session),
        methods: methods(session),
        replacements: replacements(session),
        crops: crops
            .into_iter()
            .filter(|crop| scored.contains(crop.image.as_str()))
            .collect(),
        segments: rows(session, plan, Kind::Segments)?,
        targets: rows(session, plan, Kind::Targets)?,
        saliency: rows(session, plan, Kind::Saliency)?,
        weights: rows(session, plan, Kind::Weights)?,
        curves: rows(session, plan, Kind::Curves)?,
        exclusions: dropped(rows(session, plan, Kind::Scores)?),
        relevances: relevances(session, plan)?,
        gains: rows(session, plan, Kind::Scores)?,
        agreement: rows(session, plan, Kind::Agreement)?,
        needed_samples: rows(session, plan, Kind::Agreement)?,
        measures: measures(session, plan)?,
        sanity: rows(session, plan, Kind::Sanity)?,
        stability: rows(session, plan, Kind::Comparisons)?,
        summaries: rows(session, plan, Kind::Comparisons)?,
        comparisons: rows(session, plan, Kind::Comparisons)?,
        variance_components: rows(session, plan, Kind::Comparisons)?,
        concordance: rows(session, plan, Kind::Comparisons)?,
        decisions: rows(session, plan, Kind::Comparisons)?,
        separations: rows(session, plan, Kind::Comparisons)?,
        explanation_costs: explanation_costs(plan),
        provenance: provenance(session, plan)?,
        scores,
    })
}

/// Every measure of the registry.
fn measures(session: &Session, plan: &Plan) -> Result<Vec<Measure>, StageError> {
    let context = Context::new(&session.study, &session.sources);
    let shown = |measure: measures::Kind| {
        let declared = measure.declared();
        let all = context.measured(plan, measure).ok_or(StageError::Waiting {
            waiting: 1,
            missing: measure.name().to_owned(),
        })?;
        Ok(Measure {
            title: declared.title.to_owned(),
            about: declared.about.to_owned(),
            rows: Rows::of(&session.store).any(&all)?,
        })
    };
    measures::Kind::ALL.into_iter().map(shown).collect()
}

/// The rows about images that were dropped.
fn dropped(rows: Vec<schema::Exclusion>) -> Vec<schema::Exclusion> {
    rows.into_iter()
        .filter(|row| row.method.is_none())
        .collect()
}

/// The relevances of the networks as they were trained.
fn relevances(session: &Session, plan: &Plan) -> Result<Vec<schema::Relevance>, StageError> {
    let trained = |action: &&Action| action.subject.depth.is_none();
    let actions: Vec<&Action> = plan.of(Kind::Relevances).filter(trained).collect();
    let read = |action: &&Action| session.read(plan, Kind::Relevances, &action.subject);
    let tables = actions.par_iter().map(read);
    Ok(tables.collect::<Result<Vec<_>, _>>()?.concat())
}

/// All rows of a table in the study.
fn rows<T: Table>(session: &Session, plan: &Plan, kind: Kind) -> Result<Vec<T>, StageError> {
    let actions: Vec<&Action> = plan.of(kind).collect();
    let read = |action: &&Action| session.read::<T>(plan, kind, &action.subject);
    let tables = actions
        .par_iter()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(tables.concat())
}

fn replacements(session: &Session) -> Vec<String> {
    let replacements = session.study.deletion.replacements.iter();
    replacements
        .map(|replacement| replacement.name().to_owned())
        .collect()
}

fn networks(session: &Session) -> Vec<Network> {
    let shown = |(name, network): (&study::Name, &study::settings::infer::Network)| Network {
        name: name.to_string(),
        architecture: network.architecture.name().to_owned(),
        width: matches!(network.architecture, Architecture::BuiltIn(_)).then_some(network.width),
        digest: session.sources.network_digest(name).to_owned(),
        mean: network.mean,
    };
    session.study.networks.iter().map(shown).collect()
}

fn methods(session: &Session) -> Vec<ShownMethod> {
    let shown = |(name, method): (&study::Name, &Method)| ShownMethod {
        name: name.to_string(),
        kind: method.kind().to_owned(),
        // A name of the user's own says more than that of the kind.
        title: if name.as_str() == method.kind() {
            method.title()
        } else {
            name.as_str()
        }
        .to_owned(),
        access: method.access().name().to_owned(),
        control: method.is_control(),
        chance: method.is_chance_control(),
        measured: method.gives_relevances(),
        replacement: method.replacement().map(|it| it.name().to_owned()),
    };
    let mut methods: Vec<ShownMethod> = session.study.methods.iter().map(shown).collect();
    // Explanations before controls.
    methods.sort_by_key(|method| (method.control, kinds::Kind::named(&method.kind)));
    methods
}

fn provenance(session: &Session, plan: &Plan) -> Result<Provenance, StageError> {
    let file = &session.study.file;
    let settings = std::fs::read_to_string(file)
        .map_err(|error| StageError::action(format!("{}: {error}", file.display())))?;
    let artifacts = artifacts(session, plan);
    let devices: BTreeSet<&str> = artifacts
        .iter()
        .map(|artifact| artifact.device.as_str())
        .collect();
    Ok(Provenance {
        settings,
        latest: session.study.artifacts.join("latest").display().to_string(),
        versions: vec![
            (
                "selectivity".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            ("libtorch".to_owned(), LIBTORCH.to_owned()),
        ],
        devices: devices.into_iter().map(str::to_owned).collect(),
        costs: Stage::ALL
            .into_iter()
            .filter(|stage| *stage != Stage::Report)
            .map(|stage| cost(plan, stage))
            .collect(),
        artifacts,
    })
}

fn artifacts(session: &Session, plan: &Plan) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for action in plan.all() {
        let Some(summary) = plan.summary(action) else {
            continue;
        };
        let subject = &action.subject;
        let name = |name: &Option<study::Name>| name.as_ref().map(ToString::to_string);
        for (table, artifact) in &summary.artifacts {
            artifacts.push(Artifact {
                table: table.clone(),
                id: artifact.id.to_string(),
                rows: artifact.rows,
                image: subject
                    .image
                    .map(|image| session.sources.images.images[image].name.clone()),
                network: name(&subject.network),
                partition: name(&subject.partition),
                method: name(&subject.method),
                run: subject.run,
                order: subject.order.map(|order| order.name().to_owned()),
                replacement: subject
                    .replacement
                    .map(|replacement| replacement.name().to_owned()),
                date: summary.date.clone(),
                device: summary.device.clone(),
            });
        }
    }
    artifacts
}

fn explanation_costs(plan: &Plan) -> Vec<ExplanationCost> {
    let each = costs::of_explanations(plan).into_iter();
    each.map(
        |(
            (network, method),
            Explanations {
                count,
                cost,
                declared,
            },
        )| ExplanationCost {
            network: network.to_string(),
            method: method.to_string(),
            explanations: count,
            forward_passes: match declared {
                None => Some(cost.own_forward_passes),
                Some(declared) => declared.passes,
            },
            backward_passes: cost.backward_passes,
            wall_seconds: match declared {
                None => Some(cost.wall_seconds),
                Some(declared) => declared.seconds,
            },
            declared: declared.is_some(),
        },
    )
    .collect()
}

fn cost(plan: &Plan, stage: Stage) -> StageCost {
    let cost = Cost::of_stage(plan, stage);
    StageCost {
        stage: stage.name().to_owned(),
        actions: cost.actions,
        wall_seconds: cost.wall_seconds,
        forward_passes: cost.forward_passes,
        backward_passes: cost.backward_passes,
        own_forward_passes: cost.own_forward_passes,
        images_per_second: cost.images_per_second(),
        forward_passes_per_second: cost.forward_passes_per_second(),
    }
}
