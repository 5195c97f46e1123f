mod fixtures;
mod mutations;
mod networks;
mod refusals;

use std::io::{Cursor, Write};
use std::path::Path;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::graph::Id;

/// Networks that scripts/oracles/graphs.py made: together they have the operators of the census.
const NETWORKS: [&str; 11] = [
    "convnext",
    "deit",
    "detached",
    "dinov3",
    "efficientnet",
    "half",
    "mobilenet",
    "resnet",
    "rest",
    "swin",
    "vit",
];

fn bytes(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fixture(name: &str) -> Vec<u8> {
    bytes(&format!("{name}.pt2"))
}

/// The names of one network as each minor version of PyTorch wrote it.
fn versions() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            Some(name.strip_suffix(".pt2")?.to_owned())
        })
        .filter(|name| name.starts_with("torch_"))
        .collect();
    names.sort();
    names
}

/// The entries of an archive.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = Archive::open(bytes, "archive_format").unwrap();
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for name in archive.names().collect::<Vec<_>>() {
        let content = archive.entry(&name).unwrap().unwrap();
        entries.push((name, content.to_vec()));
    }
    entries
}

fn zipped(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(format!("net/{name}"), plain).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A fixture with a change to its `models/model.json`.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut entries = entries(&fixture(name));
    let model = entries
        .iter_mut()
        .find(|(name, _)| name == "models/model.json");
    let (_, content) = model.unwrap();
    let mut json = serde_json::from_slice(content).unwrap();
    change(&mut json);
    *content = serde_json::to_vec(&json).unwrap();
    zipped(&entries)
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// A network of a few operators, written by hand: a parameter `weight` [4, 3], and images `x` [batch, 3, 4, 4].
struct Written {
    nodes: Vec<Value>,
    tensors: serde_json::Map<String, Value>,
}

/// Lengths; 0 stands for the number of images.
fn lengths(shape: &[i64]) -> Vec<Value> {
    let length = |&length: &i64| match length {
        0 => json!({"as_expr": {"expr_str": "Symbol('s7', positive=True)"}}),
        _ => json!({"as_int": length}),
    };
    shape.iter().map(length).collect()
}

/// A tensor in row-major order.
fn meta(shape: &[i64]) -> Value {
    let strides = (1..=shape.len()).map(|axis| shape[axis..].iter().product());
    let strides: Vec<i64> = strides.collect();
    json!({"dtype": 7, "sizes": lengths(shape), "strides": lengths(&strides), "storage_offset": {"as_int": 0}})
}

impl Written {
    fn new() -> Self {
        let mut tensors = serde_json::Map::new();
        tensors.insert("x".to_owned(), meta(&[0, 3, 4, 4]));
        tensors.insert("p_weight".to_owned(), meta(&[4, 3]));
        Self {
            nodes: Vec::new(),
            tensors,
        }
    }

    /// Adds an operator with named arguments in the module `part`; its result has this shape.
    fn then(mut self, operator: &str, arguments: &Value, result: &str, shape: &[i64]) -> Self {
        let argument = |(name, arg): (&String, &Value)| json!({"name": name, "arg": arg});
        let inputs: Vec<Value> = arguments
            .as_object()
            .unwrap()
            .iter()
            .map(argument)
            .collect();
        self.nodes.push(json!({
            "target": format!("torch.ops.{operator}"),
            "inputs": inputs,
            "outputs": [{"as_tensor": {"name": result}}],
            "metadata": {"nn_module_stack": "L__self__,,Net;L__self__part,part,Part"},
        }));
        self.tensors.insert(result.to_owned(), meta(shape));
        self
    }

    /// The archive, in which the network gives `output`.
    fn gives(self, output: &str) -> Vec<u8> {
        let graph = json!({
            "inputs": [], "outputs": [], "nodes": self.nodes, "tensor_values": self.tensors,
            "sym_int_values": {"n": {"as_expr": {"expr_str": "s7"}}},
        });
        let signature = json!({
            "input_specs": [
                {"parameter": {"arg": {"name": "p_weight"}, "parameter_name": "weight"}},
                {"user_input": {"arg": {"as_tensor": {"name": "x"}}}},
            ],
            "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": output}}}}],
        });
        let model = json!({
            "graph_module": {"graph": graph, "signature": signature, "module_call_graph": []},
            "schema_version": {"major": 8, "minor": 8},
            "torch_version": "2.11.0",
        });
        let payload =
            json!({"path_name": "weight_0", "use_pickle": false, "tensor_meta": meta(&[4, 3])});
        let weights = json!({"config": {"weight": payload}});
        let constants = json!({"config": {}});
        let file = |name: &str, content: Vec<u8>| (name.to_owned(), content);
        zipped(&[
            file("archive_format", b"pt2".to_vec()),
            file("models/model.json", serde_json::to_vec(&model).unwrap()),
            file(
                "data/weights/model_weights_config.json",
                serde_json::to_vec(&weights).unwrap(),
            ),
            file("data/weights/weight_0", vec![0; 48]),
            file(
                "data/constants/model_constants_config.json",
                serde_json::to_vec(&constants).unwrap(),
            ),
        ])
    }
}

fn tensor(name: &str) -> Value {
    json!({"as_tensor": {"name": name}})
}

fn int(value: i64) -> Value {
    json!({"as_int": value})
}

/// Operators of a graph with their arguments, one a line: `relu = Unary(Relu) of conv2d`.
fn listing(graph: &Graph) -> String {
    let names = |values: &[Id]| {
        let names: Vec<&str> = values
            .iter()
            .map(|&Id(value)| graph.values[value].as_str())
            .collect();
        names.join(", ")
    };
    let line = |node: &crate::graph::Node| {
        let op = format!("{:?}", node.op);
        let op = op.split([' ', '(']).next().unwrap_or_default();
        format!(
            "{} = {op} of {}\n",
            names(&node.outputs),
            names(&node.inputs)
        )
    };
    let text: String = graph.nodes.iter().map(line).collect();
    let outputs: Vec<Id> = graph.outputs.iter().map(|&(_, value)| value).collect();
    text + &names(&outputs)
}
