//! Lists the layers of a network that a CAM can read.

use std::io::Cursor;
use std::path::Path;

use networks::{GraphFile, LoadError};
use serde_json::{Value, json};
use stage::StageError;
use study::Study;

use crate::beside::Beside;
use crate::find::{USUAL, at_its_side, graph};

/// The layers of the network that a study calls `network`, or else of that file, of `torch.export` or ONNX.
pub(crate) fn layers(network: &Path, config: &Path) -> Result<Value, StageError> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| StageError::action(format!("{}: {error}", path.display())))
    };
    if network.is_file() {
        let stated = Beside::read(network)?.and_then(|beside| beside.side());
        let bytes = read(network)?;
        let kind = checkpoint::recognise(&mut Cursor::new(&bytes)).map_err(StageError::action)?;
        let listed = |side: u32| list(graph(kind, network, &bytes, side), side as usize);
        let (.., layers) = at_its_side(stated.unwrap_or(USUAL), true, listed)?;
        return Ok(layers);
    }
    let study = Study::read(config)?;
    let named = study.networks.iter();
    let named = named.map(|(name, settings)| (name.as_str(), settings));
    let found = named
        .clone()
        .find(|(name, _)| Path::new(name) == network)
        .ok_or_else(|| {
            let names: Vec<&str> = named.map(|(name, _)| name).collect();
            StageError::action(format!(
                "{}: neither a file nor a network of {}, which has {}",
                network.display(),
                config.display(),
                names.join(", ")
            ))
        })?;
    let (_, settings) = found;
    let bytes = read(&settings.weights)?;
    let side = study.images.crop as usize;
    let file = infer::graph_file(settings, &bytes, side).map_err(StageError::action)?;
    let file = file.ok_or_else(|| {
        StageError::action(format!(
            "{}: a TorchScript program has no layers with names: export the network with torch.export (scripts/export_pt2.py)",
            settings.weights.display()
        ))
    })?;
    list(file, side).map_err(StageError::action)
}

fn list(file: GraphFile<'_>, side: usize) -> Result<Value, LoadError> {
    let (layers, usual) = file.layers(side)?;
    let layers = layers.iter().filter_map(|layer| {
        let shape = layer.map_shape()?;
        Some(json!({"name": layer.name, "shape": shape, "layout": layer.layout.to_string()}))
    });
    Ok(json!({"layers": layers.collect::<Vec<_>>(), "usual": usual}))
}
