//! The action `relevances` of a control: an order of superpixels that explains nothing.

use actions::{Control, Explained};
use methods::Ranking;
use networks::Classifier;
use occlusion::{Loaded, failed};
use parts::{ActionError, Rows};
use removal::ranks;
use sampling::{Masks, Seed};
use schema::Relevance;

/// The order of a control: its rows, and how many masks the network evaluated for them.
pub fn run(
    names: &Explained,
    control: &Control,
    seed: Seed,
    rows: &Rows<'_>,
    classifier: Option<&Classifier>,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Vec<Relevance>, u64), ActionError> {
    let mut evaluated = 0;
    let ranking = match control {
        Control::Drawn {
            method,
            superpixels,
        } => (method.run)(superpixels.value, seed),
        Control::Seen {
            method,
            pixels,
            labels,
        } => {
            let superpixels = rows.load(labels)?;
            let crop = rows.load(pixels)?;
            (method.run)(&crop, &superpixels.labels, superpixels.count, seed)
        }
        Control::Searched {
            method,
            scene,
            measured,
        } => {
            let loaded = Loaded::new(scene, rows)?;
            let network = classifier.ok_or_else(no_network)?;
            let mut ask = |masks: &Masks| {
                evaluated += masks.samples() as u64;
                let answers = loaded.scene().ask(network, masks, interrupted);
                Ok(answers.map_err(failed)?.measured(*measured))
            };
            (method.run.find)(loaded.superpixels(), seed, &mut ask)?
        }
    };
    Ok((relevances(names, &ranking), evaluated))
}

fn no_network() -> ActionError {
    ActionError::failed("a search evaluates a network, and none is loaded")
}

/// One row for each superpixel. The control has broken ties itself, by the seed.
fn relevances(names: &Explained, ranking: &Ranking) -> Vec<Relevance> {
    let places = ranks(&ranking.order).into_iter().zip(&ranking.relevance);
    let row = |(superpixel, (rank, &relevance))| Relevance {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        method: names.method.clone(),
        run: names.run,
        depth: names.depth,
        replacement: names.replacement.map(str::to_owned),
        superpixel,
        relevance,
        rank,
        standard_error: None,
    };
    (0..).zip(places).map(row).collect()
}
