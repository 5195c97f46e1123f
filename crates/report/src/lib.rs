//! The stage `report`: gathers the rows of a study and what their making cost, and shows the pages as artifacts/report.

pub mod report;

use std::collections::{BTreeMap, BTreeSet};

use pages::{Inputs, Method as ShownMethod, Network, Provenance, StageCost};
use rayon::prelude::*;
use schema::Table;
use stage::{Output, Session, Stage, StageError};
use store::Summary;
use study::costs::Cost;
use study::plan::{Action, LIBTORCH, Plan, REPORT_KEY, Subject};
use study::{Choice, Kind, Method};

/// Brings the report up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(Kind::Report, |plan, subject| {
        publish(session, plan, subject)
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
        runs: session.study.runs,
        classes: (0..classes.count())
            .filter_map(|class| classes.name(class))
            .map(str::to_owned)
            .collect(),
        networks: networks(session),
        methods: methods(session),
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
        provenance: provenance(session, plan)?,
        scores,
    })
}

/// The rows about images that were dropped.
fn dropped(rows: Vec<schema::Exclusion>) -> Vec<schema::Exclusion> {
    rows.into_iter()
        .filter(|row| row.method.is_none())
        .collect()
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

fn networks(session: &Session) -> Vec<Network> {
    let shown = |(name, network): (&study::Name, &study::settings::infer::Network)| Network {
        name: name.to_string(),
        architecture: network.architecture.name().to_owned(),
        digest: session.sources.network_digest(name).to_owned(),
        gray: network
            .mean
            .map(|value| (value * 255.0).round_ties_even() as u8),
    };
    session.study.networks.iter().map(shown).collect()
}

fn methods(session: &Session) -> Vec<ShownMethod> {
    let shown = |(name, method): (&study::Name, &Method)| {
        let replacement = match method {
            Method::Lime(lime) => Some(lime.replacement.name().to_owned()),
            _ => None,
        };
        ShownMethod {
            name: name.to_string(),
            kind: method.kind().to_owned(),
            replacement,
        }
    };
    session.study.methods.iter().map(shown).collect()
}

fn provenance(session: &Session, plan: &Plan) -> Result<Provenance, StageError> {
    let file = &session.study.file;
    let settings = std::fs::read_to_string(file)
        .map_err(|error| StageError::action(format!("{}: {error}", file.display())))?;
    let records: Vec<Summary> = plan
        .all()
        .filter_map(|action| plan.summary(action))
        .collect();
    let devices: BTreeSet<&str> = records
        .iter()
        .map(|record| record.device.as_str())
        .collect();
    let mut artifacts: BTreeMap<&str, u64> = BTreeMap::new();
    for table in records.iter().flat_map(|record| record.artifacts.keys()) {
        *artifacts.entry(table).or_default() += 1;
    }
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
        artifacts: artifacts
            .into_iter()
            .map(|(table, count)| (table.to_owned(), count))
            .collect(),
    })
}

fn cost(plan: &Plan, stage: Stage) -> StageCost {
    let cost = Cost::of_stage(plan, stage);
    StageCost {
        stage: stage.name().to_owned(),
        actions: cost.actions,
        wall_seconds: cost.wall_seconds,
        forward_passes: cost.forward_passes,
        backward_passes: cost.backward_passes,
    }
}
