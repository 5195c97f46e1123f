mod mutations;
mod networks;
mod operators;
mod outside;
mod refusals;

use std::path::Path;

use prost::encoding::{WireType, encode_key, encode_varint};

use super::*;
use crate::op::Op;

/// Networks that `scripts/oracles/onnx_graphs.py` made.
const NETWORKS: [&str; 10] = [
    "channels_last",
    "convnext",
    "deit",
    "efficientnet",
    "mobilenet",
    "older",
    "resnet",
    "rest",
    "swin",
    "vit",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let path = folder.join(format!("{name}.onnx"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A field of a message.
enum Part {
    Int(i64),
    Real(f32),
    Bytes(Vec<u8>),
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

fn message(parts: Vec<(u32, Part)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (field, part) in parts {
        match part {
            Part::Int(number) => {
                encode_key(field, WireType::Varint, &mut bytes);
                encode_varint(number as u64, &mut bytes);
            }
            Part::Real(number) => {
                encode_key(field, WireType::ThirtyTwoBit, &mut bytes);
                bytes.extend(number.to_le_bytes());
            }
            Part::Bytes(content) => {
                encode_key(field, WireType::LengthDelimited, &mut bytes);
                encode_varint(content.len() as u64, &mut bytes);
                bytes.extend(content);
            }
        }
    }
    bytes
}

/// The value of an attribute.
enum Value {
    Int(i64),
    Real(f32),
    Text(&'static str),
    Ints(Vec<i64>),
    Tensor(Vec<u8>),
    Graph,
}

fn attribute(name: &str, value: Value) -> Part {
    let mut parts = vec![(1, name.into())];
    match value {
        Value::Real(number) => parts.extend([(2, Part::Real(number)), (20, Part::Int(1))]),
        Value::Int(number) => parts.extend([(3, Part::Int(number)), (20, Part::Int(2))]),
        Value::Text(text) => parts.extend([(4, text.into()), (20, Part::Int(3))]),
        Value::Tensor(bytes) => parts.extend([(5, Part::Bytes(bytes)), (20, Part::Int(4))]),
        Value::Graph => parts.extend([(6, "".into()), (20, Part::Int(5))]),
        Value::Ints(numbers) => {
            parts.extend(numbers.into_iter().map(|number| (8, Part::Int(number))));
            parts.push((20, Part::Int(7)));
        }
    }
    Part::Bytes(message(parts))
}

/// `TensorProto`, with its numbers as they lie in memory.
fn tensor(name: &str, data_type: i64, shape: &[i64], raw: Vec<u8>) -> Vec<u8> {
    let mut parts: Vec<(u32, Part)> = shape.iter().map(|&side| (1, Part::Int(side))).collect();
    parts.extend([
        (2, Part::Int(data_type)),
        (8, name.into()),
        (9, Part::Bytes(raw)),
    ]);
    message(parts)
}

fn reals(name: &str, shape: &[i64]) -> Vec<u8> {
    let count: i64 = shape.iter().product();
    let raw = (0..count).flat_map(|index| (index as f32 + 0.5).to_le_bytes());
    tensor(name, 1, shape, raw.collect())
}

fn ints(name: &str, shape: &[i64], items: &[i64]) -> Vec<u8> {
    let raw = items.iter().flat_map(|item| item.to_le_bytes());
    tensor(name, 7, shape, raw.collect())
}

/// `ValueInfoProto`; 0 stands for a length that is not fixed.
fn info(name: &str, data_type: i64, shape: &[i64]) -> Vec<u8> {
    let side = |&side: &i64| {
        let side = if side == 0 {
            (2, "batch".into())
        } else {
            (1, Part::Int(side))
        };
        (1, Part::Bytes(message(vec![side])))
    };
    let shape = message(shape.iter().map(side).collect());
    let tensor = message(vec![(1, Part::Int(data_type)), (2, Part::Bytes(shape))]);
    let kind = message(vec![(1, Part::Bytes(tensor))]);
    message(vec![(1, name.into()), (2, Part::Bytes(kind))])
}

/// A network of a few operators, written by hand, of images `x` [batch, 3, 8, 8].
struct Written {
    opset: i64,
    domain: &'static str,
    input: Vec<Vec<u8>>,
    nodes: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
}

impl Written {
    fn new(opset: i64) -> Self {
        Self {
            opset,
            domain: "",
            input: vec![info("x", 1, &[0, 3, 8, 8])],
            nodes: Vec::new(),
            tensors: Vec::new(),
        }
    }

    fn of(mut self, input: Vec<Vec<u8>>) -> Self {
        self.input = input;
        self
    }

    fn with(mut self, tensor: Vec<u8>) -> Self {
        self.tensors.push(tensor);
        self
    }

    /// Adds an operator that reads and gives names separated by spaces; `-` for what is left out.
    fn then(
        mut self,
        operator: &str,
        inputs: &str,
        outputs: &str,
        attributes: Vec<(&str, Value)>,
    ) -> Self {
        let names = |names: &str, field: u32| -> Vec<(u32, Part)> {
            let names = names.split_whitespace();
            names
                .map(|name| (field, name.trim_start_matches('-').into()))
                .collect()
        };
        let mut parts = names(inputs, 1);
        parts.extend(names(outputs, 2));
        let name = format!("/part/{operator}");
        parts.extend([
            (3, name.as_str().into()),
            (4, operator.into()),
            (7, self.domain.into()),
        ]);
        parts.extend(
            attributes
                .into_iter()
                .map(|(name, value)| (5, attribute(name, value))),
        );
        self.nodes.push(message(parts));
        self
    }

    /// The file, in which the network gives `output`.
    fn gives(self, output: &str) -> Vec<u8> {
        self.gives_all(&[info(output, 1, &[0, 5])])
    }

    fn gives_all(self, outputs: &[Vec<u8>]) -> Vec<u8> {
        let bytes =
            |field: u32, all: Vec<Vec<u8>>| all.into_iter().map(move |it| (field, Part::Bytes(it)));
        let graph = bytes(1, self.nodes)
            .chain(bytes(5, self.tensors))
            .chain(bytes(11, self.input))
            .chain(bytes(12, outputs.to_vec()));
        let graph = message(graph.collect());
        let opset = message(vec![(1, "".into()), (2, Part::Int(self.opset))]);
        message(vec![
            (1, Part::Int(8)),
            (2, "test".into()),
            (7, Part::Bytes(graph)),
            (8, Part::Bytes(opset)),
        ])
    }
}

fn refusal(bytes: &[u8]) -> String {
    match Content::whole(bytes) {
        Ok(content) => read(&content, None).map(|_| ()).unwrap_err().to_string(),
        Err(refusal) => refusal.to_string(),
    }
}

/// The operators of a network with what they read, one a line: `Unary(Relu) of x`.
fn listing(bytes: &[u8]) -> String {
    let content = Content::whole(bytes).unwrap();
    let graph = read(&content, None)
        .unwrap_or_else(|refusal| panic!("{refusal}"))
        .graph;
    let names = |values: &[Id]| {
        // Numbers of values that were added say nothing.
        let name = |id: &Id| match graph.values[id.0].split_once('~') {
            Some((name, _)) => format!("{name}~"),
            None => graph.values[id.0].clone(),
        };
        let names: Vec<String> = values.iter().map(name).collect();
        names.join(", ")
    };
    let lines: Vec<String> = graph
        .nodes
        .iter()
        .map(|node| {
            let op = format!("{:?}", node.op);
            format!("{op} of {}", names(&node.inputs))
        })
        .collect();
    lines
        .join("\n")
        .replace("Size { each: 0, fixed: ", "{")
        .replace("Size { each: 1, fixed: 0 }", "{batch}")
}
