//! Reads the archive that `torch.export.save` writes (`.pt2`), as data: no code of it is run, and its pickles are never opened.
//!
//! ```text
//! NAME/archive_format                               pt2
//! NAME/byteorder                                    little
//! NAME/models/model.json                            the graph
//! NAME/data/weights/model_weights_config.json       which file holds which parameter
//! NAME/data/weights/weight_0, ...                   their numbers, as they lie in memory
//! NAME/data/constants/model_constants_config.json   the same of constants
//! NAME/data/sample_inputs/model.pt                  a pickle, which nothing here reads
//! ```

mod call;
mod functional;
mod operators;
mod schema;
mod symbols;
mod tensors;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use checkpoint::{Archive, Tensors};

use self::call::Call;
use self::functional::Builder;
use self::operators::{Meaning, Operand, Trouble};
use self::schema::{Argument, Input, Node, Output, Size, Text, tensor_names};
use self::tensors::Source;
use self::values::Values;
use crate::graph::{Graph, Parameter, Role};
use crate::op::{Binary, Kind, Op};
use crate::passes;

/// The only major version of the schema of `models/model.json` that PyTorch 2.8 and later have written.
const SCHEMA: i64 = 8;
/// Channels of an image.
const CHANNELS: i64 = 3;
/// Kinds of problems of a network that are told; any more are of a file that is no classifier.
const MOST_PROBLEMS: usize = 50;
/// How a network is exported so that it takes any number of images.
const DYNAMIC: &str = "export it with dynamic_shapes=({0: torch.export.Dim(\"batch\", min=1)},) and an example of 2 images, as scripts/export_pt2.py does";

/// What to do about a network in double precision.
const DOUBLE: &str = "is float64; expected float32: call network.float() before exporting it, with float32 images as the example";

/// A network from a file.
#[derive(Debug)]
pub struct Program<'a> {
    /// What it computes.
    pub graph: Graph,
    /// The numbers of its parameters, by their names.
    pub tensors: Tensors<'a>,
    /// The height and width of images that it takes; none where it takes any.
    pub size: [Option<i64>; 2],
    /// The version of PyTorch that wrote it.
    pub torch: String,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is damaged, or holds something else: what.
    #[error(
        "not a readable .pt2 file: {0}; fetch it again, or save it again with torch.export.save"
    )]
    Damaged(String),
    /// It was written in another version of the schema.
    #[error(
        "the file has version {major}.{minor} of torch.export's schema; only major version {SCHEMA} can be read: export the network again with PyTorch 2.8 to 2.11"
    )]
    Version {
        /// The major version.
        major: i64,
        /// The minor version.
        minor: i64,
    },
    /// The network as a whole cannot be used: why, and the way out.
    #[error("{0}")]
    Unfit(String),
    /// Parts of the network cannot be computed.
    #[error("{}", listed(.0))]
    Operators(Vec<Problem>),
}

/// What is wrong with an operator of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The operator's name.
    pub operator: String,
    /// Why it cannot be computed; none where it is not known.
    pub reason: Option<String>,
    /// The path of the first module that asks for it; empty for the network itself.
    pub module: String,
    /// How often it occurs.
    pub count: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.operator)?;
        if self.module.is_empty() {
            formatter.write_str(" in the network itself")?;
        } else {
            write!(formatter, " in `{}`", self.module)?;
        }
        if self.count > 1 {
            write!(formatter, " and {} more", self.count - 1)?;
        }
        match &self.reason {
            Some(reason) => write!(formatter, ": {reason}"),
            None if self.operator.contains("higher_order") => {
                formatter.write_str(": control flow is not supported: export a network without torch.cond, loops and torch.no_grad() in forward")
            }
            None if self.operator.contains("quantize") => {
                formatter.write_str(": quantised networks are not supported: export the network before it is quantised")
            }
            None => formatter.write_str(": not a known operator"),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let unknown = problems.iter().any(|problem| problem.reason.is_none());
    let way_out = "save `exported.run_decompositions()` instead of `exported`, which has fewer kinds of operators";
    crate::trouble::listed(problems, unknown.then_some(way_out))
}

/// Reads the content of a file.
pub fn read(bytes: &[u8]) -> Result<Program<'_>, Refusal> {
    let mut archive = Archive::open(bytes, "archive_format").map_err(Refusal::Damaged)?;
    let model = model(&archive)?;
    let order = archive.entry("byteorder").map_err(Refusal::Damaged)?;
    if order.is_some_and(|order| order != b"little") {
        return Err(Refusal::Damaged("its numbers are big-endian".to_owned()));
    }
    let path = format!("models/{model}.json");
    let json = tensors::required(&mut archive, &path)?;
    let damaged = |error: serde_json::Error| Refusal::Damaged(format!("`{path}`: {error}"));
    let program: schema::Program<'_> = match serde_json::from_slice(json) {
        Ok(program) => program,
        // Another version may well have other parts.
        Err(error) => {
            let versioned = serde_json::from_slice::<schema::Versioned>(json);
            versioned.map_or(Ok(()), |versioned| check_version(&versioned.schema_version))?;
            return Err(damaged(error));
        }
    };
    check_version(&program.schema_version)?;
    let mut reader = Reader::new(program)?;
    schema::nodes(json, |node| reader.node(node)).map_err(damaged)?;
    let (mut graph, size, torch, sources) = reader.finish()?;
    let tensors = tensors::read(&mut archive, &model, &mut graph, &sources, bytes.len())?;
    Ok(Program {
        graph,
        tensors,
        size,
        torch,
    })
}

fn check_version(&schema::Version { major, minor }: &schema::Version) -> Result<(), Refusal> {
    if major == SCHEMA {
        Ok(())
    } else {
        Err(Refusal::Version { major, minor })
    }
}

/// The name of the only network in an archive.
fn model(archive: &Archive<'_>) -> Result<String, Refusal> {
    let mut models: Vec<String> = archive
        .names()
        .filter_map(|name| {
            Some(
                name.strip_prefix("models/")?
                    .strip_suffix(".json")?
                    .to_owned(),
            )
        })
        .collect();
    match models.len() {
        1 => Ok(models.remove(0)),
        0 => Err(Refusal::Damaged(
            "the zip archive has no `models/model.json`".to_owned(),
        )),
        _ => {
            models.truncate(MOST_PROBLEMS);
            Err(Refusal::Unfit(format!(
                "the file holds several networks ({}): save one of them with torch.export.save",
                models.join(", ")
            )))
        }
    }
}

/// Nodes on their way into the graph.
struct Reader<'a> {
    builder: Builder<'a>,
    sources: BTreeMap<String, Source>,
    outputs: Vec<Output<'a>>,
    names: Vec<Option<String>>,
    size: [Option<i64>; 2],
    torch: String,
    problems: BTreeMap<(String, bool), Problem>,
    /// What operators with problems would have given, and what was to be computed from it.
    lost: BTreeSet<Text<'a>>,
    /// Whether such an operator may have written to other tensors.
    spread: bool,
}

impl<'a> Reader<'a> {
    fn new(program: schema::Program<'a>) -> Result<Self, Refusal> {
        let module = program.graph_module;
        let user = user_input(&module.signature.input_specs)?;
        let (batch, size) = image_like(user, &module.graph)?;
        let values = Values {
            tensors: module.graph.tensor_values,
            integers: module.graph.sym_int_values,
            batch,
        };
        let mut reader = Self {
            builder: Builder::new(values, module.graph.nodes.0),
            sources: BTreeMap::new(),
            outputs: module.signature.output_specs,
            names: out_names(module.module_call_graph.0.as_deref()),
            size,
            torch: program
                .torch_version
                .map(|text| text.to_string())
                .unwrap_or_default(),
            problems: BTreeMap::new(),
            lost: BTreeSet::new(),
            spread: false,
        };
        reader.builder.input(user).map_err(Refusal::Damaged)?;
        for input in &module.signature.input_specs {
            reader.given(input)?;
        }
        Ok(reader)
    }

    /// A parameter, buffer or constant.
    fn given(&mut self, input: &Input<'a>) -> Result<(), Refusal> {
        let (value, name, role, source) = match input {
            Input::Parameter(it) => (
                &it.arg.name,
                &it.parameter_name,
                Role::Weight,
                Source::Weight,
            ),
            Input::Buffer(it) => (
                &it.arg.name,
                &it.buffer_name,
                Role::Constant,
                Source::Buffer,
            ),
            Input::TensorConstant(it) => (
                &it.arg.name,
                &it.tensor_constant_name,
                Role::Constant,
                Source::Constant,
            ),
            Input::CustomObj(_) | Input::Token(_) => {
                let reason = "the network holds an object of TorchScript or another side effect: export it without custom classes";
                return Err(Refusal::Unfit(reason.to_owned()));
            }
            Input::User(_) | Input::Constant(_) => return Ok(()),
        };
        if self.sources.insert(name.to_string(), source).is_some() {
            return Err(Refusal::Damaged(format!(
                "the parameter `{}` is given twice",
                &**name
            )));
        }
        self.builder
            .parameter(value, name, role)
            .map_err(Refusal::Damaged)
    }

    fn node(&mut self, node: &Node<'a>) {
        let (name, in_place) = operators::functional_name(&node.target);
        if let Err(trouble) = self.add(node, &name, in_place) {
            let reason = match trouble {
                Trouble::Unknown => None,
                Trouble::Refused(reason) => Some(reason),
            };
            self.lose(node, in_place);
            // One operator may be refused for as many reasons as it occurs: the first is enough.
            let key = (node.target.to_string(), reason.is_some());
            if self.problems.len() == MOST_PROBLEMS && !self.problems.contains_key(&key) {
                return;
            }
            let problem = self.problems.entry(key).or_insert_with(|| Problem {
                operator: node.target.to_string(),
                reason,
                module: node.module().to_owned(),
                count: 0,
            });
            problem.count += 1;
        }
    }

    /// What a node would have given is not known.
    fn lose(&mut self, node: &Node<'a>, in_place: bool) {
        let before = self.lost.len();
        self.lost.extend(tensor_names(&node.outputs).cloned());
        let is_functional = node.target.starts_with("torch.ops.aten.") && !in_place;
        self.spread |= !is_functional || self.lost.len() == before;
    }

    fn add(&mut self, node: &Node<'a>, name: &str, in_place: bool) -> Result<(), Trouble> {
        let values = Rc::clone(&self.builder.values);
        let call = Call {
            node,
            values: &values,
        };
        let mut meaning = operators::meaning(name, &call)?;
        let changed = if in_place && !matches!(meaning, Meaning::Same { .. }) {
            let changed = call.tensor("self")?;
            keep_kind(&mut meaning, changed, &values)?;
            Some(changed)
        } else {
            None
        };
        if tensor_names(node.inputs.iter().map(|input| &input.arg))
            .any(|name| self.lost.contains(name))
        {
            self.lose(node, in_place);
            return Ok(());
        }
        let outputs = call.outputs();
        Ok(self
            .builder
            .apply(meaning, &outputs, changed, node.module())?)
    }
}

/// A tensor that is written to keeps its type of numbers.
fn keep_kind(meaning: &mut Meaning<'_>, changed: &str, values: &Values<'_>) -> Result<(), String> {
    let Meaning::Steps(steps) = meaning else {
        return Ok(());
    };
    let kind = values.kind(changed)?;
    let Some((op, operands)) = steps.last() else {
        return Ok(());
    };
    let compares = |operation: &Binary| {
        matches!(
            operation,
            Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge
        )
    };
    let mut differs = match op {
        Op::Binary { operation, .. } | Op::Scalar { operation, .. } => compares(operation),
        _ => false,
    };
    // Masks and indices do not count.
    if !matches!(op, Op::MaskedFill { .. } | Op::Index { .. } | Op::ExpandAs) {
        for operand in operands {
            if let Operand::Named(name) = operand {
                differs |= values.kind(name)? != kind;
            }
        }
    }
    if differs {
        steps.push((Op::To { kind }, vec![Operand::Last]));
    }
    Ok(())
}

impl Reader<'_> {
    #[expect(
        clippy::type_complexity,
        reason = "four parts of a program, for one caller"
    )]
    fn finish(
        mut self,
    ) -> Result<(Graph, [Option<i64>; 2], String, BTreeMap<String, Source>), Refusal> {
        // What no answer depends on may be of any kind.
        let returned = self.outputs.iter().filter_map(|output| match output {
            Output::User(output) => Some(&output.arg),
            _ => None,
        });
        let needed = self.spread || tensor_names(returned).any(|name| self.lost.contains(name));
        if needed && !self.problems.is_empty() {
            return Err(Refusal::Operators(self.problems.into_values().collect()));
        }
        let mut outputs = Vec::new();
        for output in &self.outputs {
            let value = match output {
                Output::User(output) => match &output.arg {
                    Argument::Tensor(name) => {
                        Some(self.builder.output(name).map_err(Refusal::Damaged)?)
                    }
                    _ => None,
                },
                _ => continue,
            };
            outputs.push(value);
        }
        if self.names.len() != outputs.len() {
            self.names = vec![None; outputs.len()];
        }
        let named = self.names.into_iter().zip(outputs);
        let named: Vec<_> = named
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        if named.is_empty() {
            let reason = "the network gives no tensor: export one whose forward returns logits";
            return Err(Refusal::Unfit(reason.to_owned()));
        }
        let mut graph = self.builder.finish();
        graph.outputs = named;
        passes::remove_dead(&mut graph, &[]);
        let double = |parameter: &&Parameter| {
            parameter.role == Role::Weight && parameter.kind == Kind::Double
        };
        if let Some(Parameter { name, .. }) = graph.parameters.iter().find(double) {
            return Err(Refusal::Unfit(format!("the parameter `{name}` {DOUBLE}")));
        }
        passes::assign_roles(&mut graph);
        Ok((graph, self.size, self.torch, self.sources))
    }
}

/// The name of the only input that a user gives.
fn user_input<'p, 'a>(inputs: &'p [Input<'a>]) -> Result<&'p Text<'a>, Refusal> {
    let users: Vec<&Argument<'a>> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::User(user) => Some(&user.arg),
            _ => None,
        })
        .collect();
    match users[..] {
        [Argument::Tensor(name)] => Ok(name),
        _ => Err(Refusal::Unfit(format!(
            "the network takes {} inputs; expected one, a batch of images: export a module whose forward takes the images alone",
            users.len()
        ))),
    }
}

/// The symbol of the number of images, and their height and width where they are fixed.
fn image_like<'a>(
    input: &Text<'a>,
    graph: &schema::Graph<'a>,
) -> Result<(&'a str, [Option<i64>; 2]), Refusal> {
    let unfit = |reason: String| Err(Refusal::Unfit(reason));
    let Some(meta) = graph.tensor_values.get(input) else {
        return Err(Refusal::Damaged(format!(
            "it does not state the shape of its input `{}`",
            &**input
        )));
    };
    let [batch, channels, height, width] = meta.sizes[..] else {
        return unfit(format!(
            "the network's input has {} axes; expected images as [batch, {CHANNELS}, height, width]",
            meta.sizes.len()
        ));
    };
    match channels {
        Size::Int(CHANNELS) => {}
        Size::Int(1) => {
            return unfit("the network takes images of 1 channel (grey); expected 3 (red, green, blue): export a module that makes them grey itself, \
                such as x.mean(1, keepdim=True) before the network"
                .to_owned());
        }
        Size::Int(4) => {
            return unfit("the network takes images of 4 channels; expected 3 (red, green, blue): export a module that adds the fourth itself"
                .to_owned());
        }
        Size::Int(channels) => {
            return unfit(format!(
                "the network's input has {channels} channels; expected images as [batch, {CHANNELS}, height, width]"
            ));
        }
        Size::Formula(_) => {
            return unfit("the number of channels of the network's input is not fixed; expected 3: export it with a dynamic batch alone".to_owned());
        }
    }
    match values::kind(meta.dtype) {
        Ok(Kind::Float) => {}
        Ok(Kind::Double) => return unfit(format!("the network's input {DOUBLE}")),
        _ => {
            return unfit("the network's input is not of real numbers: export the part of it that takes normalised images".to_owned());
        }
    }
    let batch = match batch {
        Size::Int(count) => {
            return unfit(format!(
                "the network was exported for batches of exactly {count} images: {DYNAMIC}"
            ));
        }
        Size::Formula(formula) => match symbols::symbol(formula.expr_str) {
            Some(symbol) => symbol,
            None => {
                return unfit(format!(
                    "the number of images must be a multiple of another number: {DYNAMIC}"
                ));
            }
        },
    };
    let fixed = |size| match size {
        Size::Int(fixed) => Some(fixed),
        Size::Formula(_) => None,
    };
    Ok((batch, [fixed(height), fixed(width)]))
}

/// Characters in the description of what a network returns. Names of dictionaries within dictionaries repeat, so a long one would take much more memory.
const LONGEST_SPEC: usize = 16 * 1024;

/// The names of what a network returns, by PyTorch's description of it: keys of dictionaries, none for parts of tuples and lists.
fn out_names(spec: Option<&str>) -> Vec<Option<String>> {
    let spec = spec.filter(|spec| spec.len() <= LONGEST_SPEC);
    let spec: Option<(i64, serde_json::Value)> =
        spec.and_then(|spec| serde_json::from_str(spec).ok());
    let mut names = Vec::new();
    if let Some((_, tree)) = spec {
        leaves(&tree, None, &mut names);
    }
    names
}

fn leaves(tree: &serde_json::Value, name: Option<&str>, names: &mut Vec<Option<String>>) {
    let children = tree["children_spec"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if tree["type"].is_null() {
        names.push(name.map(str::to_owned));
        return;
    }
    let keys = keys(&tree["context"], children.len());
    for (index, child) in children.iter().enumerate() {
        let key = keys.get(index).map(String::as_str);
        let path = match (name, key) {
            (Some(name), Some(key)) => Some(format!("{name}.{key}")),
            (name, key) => key.or(name).map(str::to_owned),
        };
        leaves(child, path.as_deref(), names);
    }
}

/// The keys in the context of a container: a list of texts of the right length, on its own or within a list.
fn keys(context: &serde_json::Value, count: usize) -> Vec<String> {
    let context: serde_json::Value = match context.as_str() {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => context.clone(),
    };
    let texts = |list: &serde_json::Value| -> Option<Vec<String>> {
        let list = list.as_array().filter(|list| list.len() == count)?;
        list.iter()
            .map(|key| key.as_str().map(str::to_owned))
            .collect()
    };
    let within = || context.as_array()?.iter().find_map(texts);
    texts(&context).or_else(within).unwrap_or_default()
}

#[cfg(test)]
mod tests;
