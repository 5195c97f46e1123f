//! Module paths, where exporters keep them in names.

use super::messages::Node;

/// What TensorFlow puts before the names of a whole network.
const WRAPPERS: [&str; 3] = ["StatefulPartitionedCall", "PartitionedCall", "functional_1"];

/// The path of the module that asks for a node: `layer4.2.conv3`. Empty for the network itself.
///
/// PyTorch's newer exporter notes the paths; the older one, and TensorFlow's, name nodes by them, with `/` between. Other exporters keep none, and the
/// node's own name stands in, or else that of what it gives.
pub(super) fn module(node: &Node<'_>) -> String {
    if let Some(scopes) = node.scopes {
        return noted(scopes);
    }
    if let Some((path, _)) = node.name.rsplit_once('/') {
        return slashed(path);
    }
    if !node.name.is_empty() {
        // Paddle numbers its nodes as `Conv.12`, which is no path.
        return match node.name.strip_prefix(node.operator) {
            Some(number) => format!("{}{}", node.operator, number.replace('.', "_")),
            None => node.name.to_owned(),
        };
    }
    node.outputs.first().copied().unwrap_or_default().to_owned()
}

/// The last but one of `['', 'layer4', 'layer4.2', 'layer4.2.conv3', 'conv2d_52']`, the last being the node.
fn noted(scopes: &str) -> String {
    let mut paths = scopes.rsplit('\'').skip(1).step_by(2);
    let module = paths.nth(1).unwrap_or_default();
    // What the exporter itself added has no module.
    if module.starts_with('_') && module.contains("_module_stack") {
        String::new()
    } else {
        module.to_owned()
    }
}

/// `/layer4/layer4.2/conv3`: a part that goes on where the one before it ends takes its place.
fn slashed(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && !WRAPPERS.contains(part))
    {
        let goes_on = |before: &&str| {
            part.strip_prefix(before)
                .is_some_and(|more| more.starts_with('.'))
        };
        if parts.last().is_some_and(goes_on) {
            parts.pop();
        }
        parts.push(part);
    }
    parts.join(".")
}

/// What a parameter is called: by its own name, or as `what` of the module that reads it where its own is a number or a path with `/`.
pub(super) fn parameter_path(module: &str, what: &str, name: &str) -> String {
    if module.is_empty() || name.contains('.') && !name.contains(['/', ':']) {
        return name.to_owned();
    }
    format!("{module}.{what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> String {
        module(&Node {
            operator: "Conv",
            name,
            outputs: vec!["y"],
            ..Node::default()
        })
    }

    #[test]
    fn paths_are_read_from_the_names_of_several_exporters() {
        for (name, path) in [
            ("/layer4/layer4.2/conv3/Conv", "layer4.2.conv3"),
            (
                "/features/features.1/block/block.0/block.0.0/Conv",
                "features.1.block.0.0",
            ),
            ("/blocks.0/attn/qkv/MatMul", "blocks.0.attn.qkv"),
            ("/layer10/layer1/Relu", "layer10.layer1"),
            ("/Flatten", ""),
            ("StatefulPartitionedCall/model/conv1/Conv2D", "model.conv1"),
            ("Conv_12", "Conv_12"),
            ("Conv.12", "Conv_12"),
            ("stem.conv1", "stem.conv1"),
            ("", "y"),
        ] {
            assert_eq!(named(name), path, "{name}");
        }
    }

    #[test]
    fn noted_paths_come_before_names() {
        let with = |scopes| {
            module(&Node {
                name: "node_conv2d_52",
                scopes: Some(scopes),
                ..Node::default()
            })
        };
        assert_eq!(
            with("['', 'layer4', 'layer4.2', 'layer4.2.conv3', 'conv2d_52']"),
            "layer4.2.conv3"
        );
        assert_eq!(with("['', 'view']"), "");
        assert_eq!(with("nothing"), "");
    }

    #[test]
    fn parameters_without_a_path_are_called_by_their_module() {
        assert_eq!(
            parameter_path("layer1.0.conv1", "weight", "onnx::Conv_497"),
            "layer1.0.conv1.weight"
        );
        assert_eq!(parameter_path("a.b", "weight", "fc.weight"), "fc.weight");
        assert_eq!(
            parameter_path(
                "model.conv1",
                "weight",
                "model/conv1/Conv2D/ReadVariableOp:0"
            ),
            "model.conv1.weight"
        );
        assert_eq!(parameter_path("", "bias", "onnx::Add_3"), "onnx::Add_3");
    }
}
