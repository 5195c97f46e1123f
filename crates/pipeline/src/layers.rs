//! `pipeline layers`: the layers of a network that a CAM can read.

use std::fmt::Write as _;
use std::path::Path;

use stage::StageError;

use crate::look::{Layers, layers as look_at};

/// The end of `pipeline layers --help`.
pub const HELP: &str = "Lists the modules whose output has a vector for each position of the image, as a map or as a token for each patch. They \
are in the order of computation. Use one of the names as `layer` of the network. Without `layer`, Grad-CAM reads the layer that is marked.";

/// A line for each layer, or all of it as JSON.
pub(crate) fn layers(network: &Path, config: &Path, json: bool) -> Result<String, StageError> {
    let found = look_at(network, config)?;
    if json {
        return serde_json::to_string_pretty(&found).map_err(StageError::action);
    }
    Ok(table(&found))
}

fn table(found: &Layers) -> String {
    let width = |text: fn(&crate::look::Layer) -> String| {
        let widths = found.layers.iter().map(|layer| text(layer).len());
        widths.max().unwrap_or_default()
    };
    let (names, shapes) = (width(|layer| layer.name.clone()), width(shape));
    let mut text = String::new();
    for layer in &found.layers {
        let usual = found.usual.as_ref() == Some(&layer.name);
        let mark = if usual { "  <- the default" } else { "" };
        let _ = writeln!(
            text,
            "{:names$}  {:shapes$}  {}{mark}",
            layer.name,
            shape(layer),
            layer.layout,
        );
    }
    if found.layers.is_empty() {
        text.push_str("no layer has a vector for each position of the image");
    }
    text
}

fn shape(layer: &crate::look::Layer) -> String {
    let [channels, height, width] = layer.shape;
    format!("{channels} x {height} x {width}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Layer;

    #[test]
    fn the_default_is_marked() {
        let layer = |name: &str, channels| Layer {
            name: name.to_owned(),
            shape: [channels, 14, 14],
            layout: "maps".to_owned(),
        };
        let found = Layers {
            layers: vec![layer("layer1", 64), layer("layer4.2", 2048)],
            usual: Some("layer4.2".to_owned()),
        };
        assert_eq!(
            table(&found),
            "layer1    64 x 14 x 14    maps\nlayer4.2  2048 x 14 x 14  maps  <- the default\n"
        );
    }
}
