//! The networks in fixtures/, read whole.

use safetensors::SafeTensors;

use super::*;
use crate::testing::assert_consistent;

/// Those that scripts/oracles/graphs.py wrote as `.pt2` too.
const ALSO_PT2: [&str; 8] = [
    "convnext",
    "deit",
    "efficientnet",
    "mobilenet",
    "resnet",
    "rest",
    "swin",
    "vit",
];

fn bytes(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::fs::read(folder.join(file)).unwrap()
}

/// The layer that was watched when the `.pt2` file was written.
fn layer(name: &str) -> String {
    let bytes = bytes(&format!("{name}.safetensors"));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    metadata.metadata().as_ref().unwrap()["layer"].clone()
}

fn check(program: &Program<'_>) {
    assert_consistent(&program.graph, &program.tensors);
    assert_eq!(program.size, [Some(64), Some(64)]);
}

#[test]
fn every_network_is_read_whole() {
    for name in NETWORKS {
        let bytes = fixture(name);
        let content = Content::whole(&bytes).unwrap();
        let program = read(&content, None).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        check(&program);
        for (module, value) in program.graph.modules() {
            assert_eq!(program.graph.find(module), Some(value), "{name}: {module}");
        }
    }
}

#[test]
fn layers_have_the_names_that_they_have_in_other_files() {
    for name in ALSO_PT2 {
        let bytes = fixture(name);
        let content = Content::whole(&bytes).unwrap();
        let graph = read(&content, None).unwrap().graph;
        let layer = layer(name);
        assert!(graph.find(&layer).is_some(), "{name}: {layer}");
    }
}

/// Exporters fold batch norms into convolutions, so of networks without any.
#[test]
fn parameters_have_the_names_that_they_have_in_other_files() {
    for name in ["deit", "convnext"] {
        let (onnx, pt2) = (fixture(name), bytes(&format!("{name}.pt2")));
        let content = Content::whole(&onnx).unwrap();
        let found = read(&content, None).unwrap();
        let expected = crate::pt2::read(&pt2).unwrap();
        let of = |graph: &Graph| -> Vec<(String, Vec<i64>, Role)> {
            let trained = graph
                .parameters
                .iter()
                .filter(|parameter| parameter.role != Role::Constant);
            let mut all: Vec<_> = trained
                .map(|parameter| {
                    (
                        parameter.name.clone(),
                        parameter.shape.clone(),
                        parameter.role,
                    )
                })
                .collect();
            all.sort_by(|one, other| one.0.cmp(&other.0));
            all
        };
        let (found_all, expected_all) = (of(&found.graph), of(&expected.graph));
        for (found, expected) in found_all.iter().zip(&expected_all) {
            assert_eq!((&found.0, found.2), (&expected.0, expected.2), "{name}");
        }
        assert_eq!(found_all.len(), expected_all.len(), "{name}");
        for (parameter, shape, _) in &found_all {
            let same = &expected.tensors[parameter];
            if same
                .shape
                .iter()
                .map(|&side| side as i64)
                .eq(shape.iter().copied())
            {
                assert_eq!(
                    found.tensors[parameter].bytes(),
                    same.bytes(),
                    "{name}: {parameter}"
                );
            }
        }
    }
}

#[test]
fn no_shape_is_computed_while_a_network_runs() {
    for name in ALSO_PT2 {
        let bytes = fixture(name);
        let content = Content::whole(&bytes).unwrap();
        let graph = read(&content, None).unwrap().graph;
        let most = crate::pt2::read(&self::bytes(&format!("{name}.pt2")))
            .unwrap()
            .graph
            .nodes
            .len();
        assert!(
            graph.nodes.len() <= most * 2,
            "{name}: {} nodes, {most} in .pt2",
            graph.nodes.len()
        );
    }
}

#[test]
fn layers_of_keras_are_put_together_and_named() {
    let bytes = fixture("channels_last");
    let content = Content::whole(&bytes).unwrap();
    let Program {
        graph, producer, ..
    } = read(&content, None).unwrap();
    assert_eq!(producer, "scripts/oracles");
    let modules: Vec<&str> = graph.modules().into_iter().map(|(path, _)| path).collect();
    for module in [
        "model.conv1",
        "model.pool3",
        "model.norm",
        "model.dense1",
        "model",
    ] {
        assert!(modules.contains(&module), "{module} of {modules:?}");
    }
    let count =
        |wanted: fn(&Op) -> bool| graph.nodes.iter().filter(|node| wanted(&node.op)).count();
    assert_eq!(count(|op| matches!(op, Op::LayerNorm { .. })), 1);
    assert_eq!(count(|op| matches!(op, Op::Gelu { tanh: false })), 1);
    assert_eq!(count(|op| matches!(op, Op::Linear)), 2);
    // Images whose colours come last are read as they are given: no transposition is left before the convolution.
    assert!(
        matches!(graph.nodes[0].op, Op::Pad { .. }),
        "{:?}",
        graph.nodes[0]
    );
    // The class beside the shares cannot be computed, and nobody has to.
    let names: Vec<Option<&str>> = graph
        .outputs
        .iter()
        .map(|(name, _)| name.as_deref())
        .collect();
    assert_eq!(names, [Some("model/softmax/Softmax:0")]);
    let weight = graph
        .parameters
        .iter()
        .find(|parameter| parameter.name == "model.dense1.weight")
        .unwrap();
    assert_eq!(
        (&weight.shape[..], weight.role),
        (&[12, 8][..], Role::Weight)
    );
}
