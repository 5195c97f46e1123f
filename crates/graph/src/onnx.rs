//! Reads ONNX files (`.onnx`) as data, into the same graph as `.pt2` files: opsets 11 to 23, from any exporter.
//!
//! ```text
//! ModelProto      the version of the operators, who wrote it, and
//!   GraphProto    the inputs and outputs, the tensors that it was trained to, and
//!     NodeProto   operators in the order of execution, which read and give names
//! ```
//!
//! A file states few shapes, and computes others by operators on integers. These are followed while it is read, in multiples of the number of images, so
//! that none of them remains in the graph.

mod builder;
mod call;
mod content;
mod fold;
mod fuse;
mod input;
mod known;
mod messages;
mod numbers;
mod operators;
mod paths;
mod refusal;
mod sizes;
mod types;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use checkpoint::Tensors;

use self::builder::{Builder, Held};
use self::call::Call;
pub use self::content::Content;
use self::messages::{Info, Model, Node, Part, Tensor, parts};
use self::numbers::{Numbers, is_real};
use self::operators::{Given, Trouble};
pub use self::refusal::{Problem, Refusal};
use crate::graph::{Graph, Id, Parameter, Role};
use crate::op::Kind;
use crate::passes;

/// Versions of the operators that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 11..=23;
/// Most kinds of problems that a refusal lists. A file with more is not a classifier.
const MOST_PROBLEMS: usize = 50;
/// Bytes of a file for each node and tensor in it: what there is to say about one takes about four times as much memory.
const LEAST_BYTES: usize = 64;
/// Nodes and tensors that a file of any size may have.
const SMALL: usize = 64;

/// What to do about a network in double precision.
const DOUBLE: &str = "is float64; expected float32: export the network in single precision, network.float() in PyTorch";

/// What to do about an error function.
const ERF: &str = "is supported as a part of GELU alone, x · (1 + erf(x / √2)) / 2: export with opset 20, which has Gelu";

/// A network from a file.
#[derive(Debug)]
pub struct Program<'a> {
    /// What it computes.
    pub graph: Graph,
    /// The numbers of its parameters, by their names.
    pub tensors: Tensors<'a>,
    /// The height and width of images that it takes; none where it takes any.
    pub size: [Option<i64>; 2],
    /// What wrote it, and in which version.
    pub producer: String,
}

/// Reads a file. One that takes images of any height and width is read for those of `side` pixels, where that is given.
pub fn read<'a>(content: &'a Content<'_>, side: Option<i64>) -> Result<Program<'a>, Refusal> {
    let model = Model::read(content.bytes()).map_err(Refusal::Damaged)?;
    if !OPSETS.contains(&model.opset) {
        return Err(Refusal::Version { opset: model.opset });
    }
    let counts = counts(&model, content.length())?;
    let mut reader = Reader {
        builder: Builder::new(counts, content.length()),
        content,
        model,
        problems: BTreeMap::new(),
        lost: BTreeSet::new(),
    };
    let (outputs, size) = reader.begin(side)?;
    for part in parts(model.graph) {
        if let Part::Node(bytes) = part.map_err(Refusal::Damaged)? {
            let node = Node::read(bytes).map_err(Refusal::Damaged)?;
            reader.node(&node)?;
        }
    }
    let producer = format!("{} {}", model.producer, model.producer_version);
    let (graph, tensors) = reader.finish(&outputs)?;
    Ok(Program {
        graph,
        tensors,
        size,
        producer: producer.trim().to_owned(),
    })
}

/// How many nodes a graph has; an error where it has more than the file can be about.
fn counts(model: &Model<'_>, length: usize) -> Result<usize, Refusal> {
    let (mut nodes, mut all) = (0_usize, 0_usize);
    for part in parts(model.graph) {
        all += 1;
        if let Part::Node(_) = part.map_err(Refusal::Damaged)? {
            nodes += 1;
        }
    }
    if all > SMALL && all.saturating_mul(LEAST_BYTES) > length {
        return Err(Refusal::Damaged(format!(
            "it has {all} nodes and tensors in {length} bytes, more than any classifier"
        )));
    }
    Ok(nodes)
}

/// Nodes on their way into the graph.
struct Reader<'a> {
    builder: Builder<'a>,
    content: &'a Content<'a>,
    model: Model<'a>,
    problems: BTreeMap<(String, bool), Problem>,
    /// What operators with problems would have given, and what was to be computed from it.
    lost: BTreeSet<&'a str>,
}

impl<'a> Reader<'a> {
    /// The parameters and the input; gives the outputs, and the height and width of images.
    fn begin(&mut self, side: Option<i64>) -> Result<(Vec<Info<'a>>, [Option<i64>; 2]), Refusal> {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for part in parts(self.model.graph) {
            match part.map_err(Refusal::Damaged)? {
                Part::Initializer(bytes) => self.parameter(bytes)?,
                Part::Input(bytes) => inputs.push(Info::read(bytes).map_err(Refusal::Damaged)?),
                Part::Output(bytes) => outputs.push(Info::read(bytes).map_err(Refusal::Damaged)?),
                Part::SparseInitializer => {
                    return Err(Refusal::Unfit(
                        "the network has sparse tensors: export it with dense ones".to_owned(),
                    ));
                }
                Part::Node(_) => {}
            }
        }
        // Older files name their parameters among the inputs.
        inputs.retain(|input| !self.builder.is_given(input.name));
        let size = input::add(&mut self.builder, &inputs, side)?;
        Ok((outputs, size))
    }

    fn parameter(&mut self, bytes: &'a [u8]) -> Result<(), Refusal> {
        let name = Tensor::read(bytes).map_err(Refusal::Damaged)?.name;
        match Numbers::read(bytes, self.content) {
            Ok(numbers) => self
                .builder
                .hold(name, Held::tensor(numbers, name, true))
                .map_err(Refusal::Damaged),
            // What no output depends on may be of any kind.
            Err(reason) => {
                self.lost.insert(name);
                self.problem(
                    &Node {
                        operator: "a tensor",
                        name,
                        outputs: vec![name],
                        ..Node::default()
                    },
                    Trouble::Refused(reason),
                    name.to_owned(),
                );
                Ok(())
            }
        }
    }

    fn node(&mut self, node: &Node<'a>) -> Result<(), Refusal> {
        let module = paths::module(node);
        let call = Call {
            node,
            opset: self.model.opset,
        };
        let output = node.outputs.first().copied().unwrap_or_default();
        self.builder.begin(module, output);
        let reads_lost = node.inputs.iter().any(|input| self.lost.contains(input));
        let objection = operators::objection(&call);
        let found = match objection {
            Some(trouble) => Err(trouble),
            None if reads_lost => {
                self.lose(node);
                return Ok(());
            }
            None => operators::translate(&call, &mut self.builder, self.content),
        };
        match found {
            Ok(given) => {
                for (given, &name) in given
                    .into_iter()
                    .zip(&node.outputs)
                    .filter(|(_, name)| !name.is_empty())
                {
                    let held = match given {
                        Given::Value(id) => self.builder.hold_value(name, id),
                        Given::Known(known) => self.builder.hold_known(name, known),
                        Given::Same(of) => self.builder.hold_same(name, of, false),
                        Given::Turned(of) => self.builder.hold_same(name, of, true),
                        Given::Tensor(numbers) => {
                            self.builder.hold(name, Held::tensor(numbers, name, false))
                        }
                    };
                    held.map_err(Refusal::Damaged)?;
                }
            }
            Err(trouble) => {
                let module = self.builder.module.clone();
                self.problem(node, trouble, module);
                self.lose(node);
            }
        }
        Ok(())
    }

    fn lose(&mut self, node: &Node<'a>) {
        self.lost
            .extend(node.outputs.iter().filter(|name| !name.is_empty()));
    }

    fn problem(&mut self, node: &Node<'_>, trouble: Trouble, module: String) {
        let reason = match trouble {
            Trouble::Unknown if self.model.has_functions && !messages::is_standard(node.domain) => {
                Some("functions of the file itself are not supported: put them in their places with onnx.inliner.inline_local_functions".to_owned())
            }
            Trouble::Unknown => None,
            Trouble::Refused(reason) => Some(reason),
        };
        let operator = if messages::is_standard(node.domain) {
            node.operator.to_owned()
        } else {
            format!("{}.{}", node.domain, node.operator)
        };
        // One operator may be refused for as many reasons as it occurs: the first is enough.
        let key = (operator, reason.is_some());
        if self.problems.len() == MOST_PROBLEMS && !self.problems.contains_key(&key) {
            return;
        }
        let operator = key.0.clone();
        let problem = self.problems.entry(key).or_insert_with(|| Problem {
            operator,
            reason,
            node: if node.name.is_empty() {
                node.outputs.first().copied().unwrap_or_default()
            } else {
                node.name
            }
            .to_owned(),
            module,
            count: 0,
        });
        problem.count += 1;
    }

    fn finish(mut self, outputs: &[Info<'a>]) -> Result<(Graph, Tensors<'a>), Refusal> {
        // An output with the class as an integer is left out: the logits say more.
        let wanted = |output: &&Info<'a>| {
            !self.lost.contains(output.name) || numbers::kind(output.data_type).is_ok_and(is_real)
        };
        let outputs: Vec<&Info<'a>> = outputs.iter().filter(wanted).collect();
        if outputs.iter().any(|output| self.lost.contains(output.name))
            || outputs.is_empty() && !self.problems.is_empty()
        {
            return Err(Refusal::Operators(self.problems.into_values().collect()));
        }
        let mut named: Vec<(Option<String>, Id)> = Vec::new();
        self.builder.begin(String::new(), "output");
        for output in outputs {
            let id = self
                .builder
                .id(output.name, "output")
                .map_err(Refusal::Damaged)?;
            named.push((Some(output.name.to_owned()), id));
        }
        if named.is_empty() {
            return Err(Refusal::Unfit(
                "the network gives no tensor: export one that gives logits".to_owned(),
            ));
        }
        let (mut graph, mut tensors, errors) = self.builder.finish();
        graph.outputs = named;
        fuse::fuse(&mut graph, &errors);
        passes::remove_dead(&mut graph, &[]);
        let read = graph.nodes.iter().flat_map(|node| &node.inputs);
        let mut left = read
            .chain(graph.outputs.iter().map(|(_, id)| id))
            .filter_map(|id| errors.get(id));
        if let Some(erf) = left.next() {
            return Err(Refusal::Operators(vec![Problem {
                operator: "Erf".to_owned(),
                reason: Some(ERF.to_owned()),
                node: erf.node.clone(),
                module: erf.module.clone(),
                count: 1 + left.count(),
            }]));
        }
        let double = |parameter: &&Parameter| {
            parameter.role == Role::Weight && parameter.kind == Kind::Double
        };
        if let Some(Parameter { name, .. }) = graph.parameters.iter().find(double) {
            return Err(Refusal::Unfit(format!("the parameter `{name}` {DOUBLE}")));
        }
        passes::assign_roles(&mut graph);
        let kept: BTreeSet<&String> = graph
            .parameters
            .iter()
            .map(|parameter| &parameter.name)
            .collect();
        tensors.retain(|name, _| kept.contains(name));
        Ok((graph, tensors))
    }
}

#[cfg(test)]
mod tests;
