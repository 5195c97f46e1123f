//! The graph while it grows: what the names of a file mean, and which nodes make their values.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use checkpoint::Tensors;

use super::known::{Items, Known, bounded};
use super::numbers::{Numbers, is_real};
use super::paths::parameter_path;
use super::sizes::whole;
use super::types::{self, Length, Type, length};
use crate::graph::{Graph, Id, Node, Parameter, Role};
use crate::op::{Kind, Number, Op, Size};

/// Nodes that may be added for each of the file: an activation function may take four.
const MOST_STEPS: usize = 4;
/// And in any case.
const SPARE_NODES: usize = 64;
/// Numbers that may be known, beside those that the file could hold.
const SPARE_ITEMS: usize = 4096;

/// What a name of the file means.
#[derive(Clone, Debug, Default)]
pub(super) struct Held<'a> {
    /// The value in the graph, once it is needed there.
    id: Option<Id>,
    /// The same with its last two axes swapped.
    turned: Option<Id>,
    known: Option<Rc<Known>>,
    numbers: Option<Rc<Numbers<'a>>>,
    /// Whether the numbers' last two axes are to be swapped.
    flip: bool,
    /// The name that the file gives the numbers.
    origin: &'a str,
    /// Whether they may have been learned: those of a node are not.
    trained: bool,
}

impl<'a> Held<'a> {
    /// A tensor of the file.
    pub(super) fn tensor(numbers: Numbers<'a>, origin: &'a str, trained: bool) -> Self {
        Self {
            numbers: Some(Rc::new(numbers)),
            origin,
            trained,
            ..Self::default()
        }
    }

    /// Whether it is a parameter with a path: what was learned, even where it is a single number.
    fn has_path(&self) -> bool {
        self.trained && self.origin.contains('.') && !self.origin.contains(['/', ':'])
    }
}

/// An error function of a value.
#[derive(Clone, Debug)]
pub(super) struct Erf {
    pub(super) of: Id,
    /// The name of its node.
    pub(super) node: String,
    pub(super) module: String,
}

pub(super) struct Builder<'a> {
    pub(super) graph: Graph,
    pub(super) tensors: Tensors<'a>,
    /// Error functions, which are computed as parts of others only: the value, and what it is of.
    errors: BTreeMap<Id, Erf>,
    names: BTreeMap<&'a str, Held<'a>>,
    /// By value.
    types: Vec<Type>,
    producers: Vec<Option<usize>>,
    /// Names that the file does not have.
    added: BTreeSet<String>,
    parameter_names: BTreeSet<String>,
    /// The module that asks.
    pub(super) module: String,
    /// The first output of the node that is read.
    output: &'a str,
    /// The last value of each module that made nothing new.
    modules: BTreeMap<String, Id>,
    /// Values before the node that is read.
    before: usize,
    spare_nodes: usize,
    spare_items: usize,
}

impl<'a> Builder<'a> {
    /// For a file of so many nodes and bytes.
    pub(super) fn new(nodes: usize, bytes: usize) -> Self {
        Self {
            graph: Graph::default(),
            tensors: Tensors::new(),
            errors: BTreeMap::new(),
            names: BTreeMap::new(),
            types: Vec::new(),
            producers: Vec::new(),
            added: BTreeSet::new(),
            parameter_names: BTreeSet::new(),
            module: String::new(),
            output: "",
            modules: BTreeMap::new(),
            before: 0,
            spare_nodes: nodes.saturating_mul(MOST_STEPS).saturating_add(SPARE_NODES),
            spare_items: bytes / size_of::<Size>() / 2 + SPARE_ITEMS,
        }
    }

    /// The next node's module, and the first name that it gives.
    pub(super) fn begin(&mut self, module: String, output: &'a str) {
        self.module = module;
        self.output = output;
        self.before = self.graph.values.len();
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Gives a name its meaning.
    pub(super) fn hold(&mut self, name: &'a str, held: Held<'a>) -> Result<(), String> {
        if self.added.contains(name) || self.names.insert(name, held).is_some() {
            return Err(format!("the name `{name}` is given twice"));
        }
        Ok(())
    }

    pub(super) fn hold_value(&mut self, name: &'a str, id: Id) -> Result<(), String> {
        // What this node made gets its name.
        let is_new = id.0 >= self.before
            && self
                .graph
                .values
                .get(id.0)
                .is_some_and(|name| self.added.contains(name));
        if is_new && let Some(called) = self.graph.values.get_mut(id.0) {
            self.added.remove(called);
            name.clone_into(called);
        } else if self
            .graph
            .values
            .get(id.0)
            .is_some_and(|called| called != name)
        {
            self.graph.aliases.insert(name.to_owned(), id);
        }
        self.modules.insert(self.module.clone(), id);
        self.hold(
            name,
            Held {
                id: Some(id),
                ..Held::default()
            },
        )
    }

    pub(super) fn hold_known(&mut self, name: &'a str, known: Known) -> Result<(), String> {
        self.spare_items = self
            .spare_items
            .checked_sub(known.count())
            .ok_or("the network computes more with shapes than any classifier")?;
        self.hold(
            name,
            Held {
                known: Some(Rc::new(known)),
                ..Held::default()
            },
        )
    }

    /// Gives a name the meaning of another, or that with the last two axes swapped.
    pub(super) fn hold_same(
        &mut self,
        name: &'a str,
        of: &str,
        turned: bool,
    ) -> Result<(), String> {
        let mut held = self.held(of)?.clone();
        if turned {
            held.flip = !held.flip;
            std::mem::swap(&mut held.id, &mut held.turned);
            held.known = None;
        }
        if let Some(id) = held.id.filter(|_| !turned) {
            self.graph.aliases.insert(name.to_owned(), id);
            self.modules.insert(self.module.clone(), id);
        }
        self.hold(name, held)
    }

    fn held(&self, name: &str) -> Result<&Held<'a>, String> {
        let held = self.names.get(name);
        held.ok_or_else(|| format!("it reads `{name}`, which nothing before it gives"))
    }

    /// What is known of the type of a name.
    pub(super) fn type_of(&self, name: &str) -> Result<Type, String> {
        let held = self.held(name)?;
        Ok(match (&held.id, &held.numbers, &held.known) {
            (Some(id), ..) => self.type_at(*id),
            (None, Some(numbers), _) => {
                let mut shape = numbers.shape.clone();
                if held.flip
                    && let Some(last) = shape.len().checked_sub(2)
                {
                    shape.get_mut(last..).unwrap_or_default().reverse();
                }
                Type::of(numbers.kind(), &shape)
            }
            (None, None, Some(known)) => Type::of(known.kind, &known.shape),
            (None, None, None) => Type::new(Kind::Float, None),
        })
    }

    pub(super) fn type_at(&self, id: Id) -> Type {
        self.types
            .get(id.0)
            .cloned()
            .unwrap_or(Type::new(Kind::Float, None))
    }

    pub(super) fn kind(&self, name: &str) -> Result<Kind, String> {
        self.type_of(name).map(|found| found.kind)
    }

    pub(super) fn shape(&self, name: &str) -> Result<Option<Vec<Length>>, String> {
        self.type_of(name).map(|found| found.shape)
    }

    pub(super) fn rank(&self, name: &str) -> Result<Option<usize>, String> {
        self.type_of(name).map(|found| found.rank())
    }

    /// The numbers of a small tensor, where they are known: integers, and a real number on its own that is no parameter.
    pub(super) fn known(&mut self, name: &str) -> Result<Option<Rc<Known>>, String> {
        let held = self.held(name)?;
        if held.known.is_some() || held.flip {
            return Ok(held.known.clone());
        }
        let Some(numbers) = &held.numbers else {
            return Ok(None);
        };
        let real = is_real(numbers.kind());
        if bounded(&numbers.shape).is_err() || real && (numbers.count() != 1 || held.has_path()) {
            return Ok(None);
        }
        let known = read(numbers).map(Rc::new);
        if let (Some(held), Some(known)) = (self.names.get_mut(name), &known) {
            self.spare_items = self
                .spare_items
                .checked_sub(known.count())
                .ok_or("the network computes more with shapes than any classifier")?;
            held.known = Some(Rc::clone(known));
        }
        Ok(known)
    }

    /// The numbers of a small tensor that must be known.
    pub(super) fn need_known(&mut self, name: &str, what: &str) -> Result<Rc<Known>, String> {
        let known = self.known(name)?;
        known.ok_or_else(|| format!("its {what} `{name}` is computed from the images or a large tensor, and must be a constant"))
    }

    pub(super) fn need_ints(&mut self, name: &str, what: &str) -> Result<Vec<i64>, String> {
        self.need_known(name, what)?.fixed()
    }

    /// Small real numbers, also of parameters.
    pub(super) fn need_reals(&mut self, name: &str, what: &str) -> Result<Vec<f64>, String> {
        let held = self.held(name)?;
        if let Some(numbers) = held
            .numbers
            .as_ref()
            .filter(|numbers| bounded(&numbers.shape).is_ok())
            && let Some(reals) = numbers.reals()
        {
            return Ok(reals);
        }
        self.need_known(name, what)?.real_items()
    }

    /// Whether the file holds a name's numbers, as real ones.
    pub(super) fn is_parameter(&self, name: &str) -> Result<bool, String> {
        let numbers = self.held(name)?.numbers.as_ref();
        Ok(numbers.is_some_and(|numbers| is_real(numbers.kind())))
    }

    /// The value of a name; `what` it is to the module that asks for it.
    pub(super) fn id(&mut self, name: &str, what: &str) -> Result<Id, String> {
        let held = self.held(name)?.clone();
        if let Some(id) = held.id {
            return Ok(id);
        }
        // Another name of a tensor of the file.
        if held.numbers.is_some() && held.origin != name {
            return if held.flip {
                self.turned(held.origin, what)
            } else {
                self.id(held.origin, what)
            };
        }
        let id = if held.numbers.is_some() {
            self.parameter(&held, held.flip, name, what)?
        } else {
            let known = held
                .known
                .as_ref()
                .ok_or("it reads what was not computed")?;
            self.constant(known)?
        };
        if let Some(held) = self.names.get_mut(name) {
            held.id = Some(id);
        }
        Ok(id)
    }

    /// The same with the last two axes swapped; for parameters only.
    pub(super) fn turned(&mut self, name: &str, what: &str) -> Result<Id, String> {
        let held = self.held(name)?.clone();
        if let Some(id) = held.turned {
            return Ok(id);
        }
        if held.origin != name {
            return if held.flip {
                self.id(held.origin, what)
            } else {
                self.turned(held.origin, what)
            };
        }
        let id = self.parameter(&held, !held.flip, name, what)?;
        if let Some(held) = self.names.get_mut(name) {
            held.turned = Some(id);
        }
        Ok(id)
    }

    fn parameter(
        &mut self,
        held: &Held<'a>,
        flip: bool,
        name: &str,
        what: &str,
    ) -> Result<Id, String> {
        let numbers = held
            .numbers
            .as_ref()
            .ok_or("it reads what was not computed")?;
        let stored = numbers
            .stored(flip)
            .ok_or("a tensor does not lie within its numbers")?;
        let shape = stored.shape.clone();
        // A few numbers for all places, such as the mean of colours, are no weights.
        let few = numbers.count() <= 3 && !held.has_path();
        let role = if is_real(numbers.kind()) && !few {
            Role::Weight
        } else {
            Role::Constant
        };
        let path = if held.has_path() {
            held.origin.to_owned()
        } else {
            parameter_path(&self.module, what, name)
        };
        let path = unused(path, &self.parameter_names);
        self.parameter_names.insert(path.clone());
        let value = if held.origin == name && !held.flip && !flip {
            self.value(name.to_owned(), Type::of(numbers.kind(), &shape))
        } else {
            self.unnamed(name, Type::of(numbers.kind(), &shape))
        };
        self.graph.parameters.push(Parameter {
            value,
            name: path.clone(),
            shape: shape.iter().map(|&side| side as i64).collect(),
            kind: numbers.kind(),
            role,
        });
        self.tensors.insert(path, stored);
        Ok(value)
    }

    /// Known numbers as a value.
    pub(super) fn constant(&mut self, known: &Known) -> Result<Id, String> {
        let kind = known.kind;
        let numbers: Vec<Number> = match &known.items {
            Items::Ints(_) => known.fixed()?.into_iter().map(Number::Int).collect(),
            Items::Reals(items) => items.iter().copied().map(Number::Real).collect(),
        };
        let sides = |shape: &[usize]| -> Vec<Size> {
            shape.iter().map(|&side| whole(side as i64)).collect()
        };
        let full = |shape: Vec<Size>, number| Op::Full {
            shape,
            number,
            kind,
        };
        let Some((&first, others)) = numbers.split_first() else {
            return self.emit(full(sides(&known.shape), Number::Int(0)), &[]);
        };
        if others.iter().all(|&other| other == first) {
            return self.emit(full(sides(&known.shape), first), &[]);
        }
        let list = if let Some((start, step, end)) =
            progression(&numbers).filter(|_| kind != Kind::Bool)
        {
            let [start, step, end] = [start, step, end].map(Number::Int);
            self.emit(
                Op::Arange {
                    start,
                    end,
                    step,
                    kind,
                },
                &[],
            )?
        } else {
            let mut parts = Vec::new();
            for run in numbers.chunk_by(|one, other| one == other) {
                if let Some(&number) = run.first() {
                    parts.push(self.emit(full(vec![whole(run.len() as i64)], number), &[])?);
                }
            }
            self.emit(Op::Cat { axis: 0 }, &parts)?
        };
        match known.shape[..] {
            [_] => Ok(list),
            _ => self.emit(
                Op::Reshape {
                    shape: sides(&known.shape),
                },
                &[list],
            ),
        }
    }

    /// A node with one result.
    pub(super) fn emit(&mut self, op: Op, inputs: &[Id]) -> Result<Id, String> {
        let found = self.emit_all(op, inputs, 1)?;
        found
            .first()
            .copied()
            .ok_or_else(|| "it gives nothing".to_owned())
    }

    /// A node with so many results.
    pub(super) fn emit_all(
        &mut self,
        op: Op,
        inputs: &[Id],
        count: usize,
    ) -> Result<Vec<Id>, String> {
        self.spare_nodes = self.spare_nodes.checked_sub(1).ok_or(
            "the network has more steps than any classifier of its size: simplify it with onnxsim",
        )?;
        let none = Type::new(Kind::Float, None);
        let read: Vec<&Type> = inputs
            .iter()
            .map(|id| self.types.get(id.0).unwrap_or(&none))
            .collect();
        let types = types::results(&op, &read, count);
        let name = self.output;
        let outputs: Vec<Id> = types
            .into_iter()
            .map(|found| self.unnamed(name, found))
            .collect();
        for id in &outputs {
            if let Some(producer) = self.producers.get_mut(id.0) {
                *producer = Some(self.graph.nodes.len());
            }
        }
        self.graph.nodes.push(Node {
            op,
            inputs: inputs.to_vec(),
            outputs: outputs.clone(),
            module: self.module.clone(),
        });
        Ok(outputs)
    }

    /// The error function of a value: no node gives it, and none remains that reads it, or the file is refused.
    pub(super) fn error_function(&mut self, of: Id, node: &str) -> Id {
        let id = self.unnamed(self.output, self.type_at(of));
        let erf = Erf {
            of,
            node: node.to_owned(),
            module: self.module.clone(),
        };
        self.errors.insert(id, erf);
        id
    }

    /// The node that gives a value.
    pub(super) fn producer(&self, id: Id) -> Option<&Node> {
        let place = *self.producers.get(id.0)?;
        self.graph.nodes.get(place?)
    }

    pub(super) fn value(&mut self, name: String, found: Type) -> Id {
        self.graph.values.push(name);
        self.types.push(found);
        self.producers.push(None);
        Id(self.graph.values.len() - 1)
    }

    /// A value that the file does not name.
    pub(super) fn unnamed(&mut self, like: &str, found: Type) -> Id {
        let name = format!("{like}~{}", self.graph.values.len());
        self.added.insert(name.clone());
        self.value(name, found)
    }

    /// The graph, with the paths of modules that made nothing new among its aliases.
    pub(super) fn finish(mut self) -> (Graph, Tensors<'a>, BTreeMap<Id, Erf>) {
        let mut last = BTreeMap::new();
        for node in &self.graph.nodes {
            if let Some(&value) = node.outputs.last() {
                last.insert(node.module.as_str(), value);
            }
        }
        self.modules
            .retain(|path, value| !path.is_empty() && last.get(path.as_str()) != Some(value));
        self.graph.aliases.append(&mut self.modules);
        (self.graph, self.tensors, self.errors)
    }
}

/// The numbers of a tensor.
fn read(numbers: &Numbers<'_>) -> Option<Known> {
    let shape = numbers.shape.clone();
    let kind = numbers.kind();
    if is_real(kind) {
        return Some(Known::reals(kind, shape, numbers.reals()?));
    }
    let items = numbers.ints()?.into_iter().map(whole).collect();
    Some(Known::ints(kind, shape, items))
}

/// The first of evenly spaced integers, the distance, and the first that is not among them.
fn progression(numbers: &[Number]) -> Option<(i64, i64, i64)> {
    let ints: Option<Vec<i64>> = numbers
        .iter()
        .map(|number| match number {
            Number::Int(number) => Some(*number),
            Number::Real(_) => None,
        })
        .collect();
    let ints = ints?;
    let [first, second, .., last] = ints[..] else {
        return None;
    };
    let step = second.checked_sub(first)?;
    let even = ints
        .windows(2)
        .all(|pair| matches!(pair, [one, other] if one.checked_add(step) == Some(*other)));
    (even && step != 0).then_some((first, step, last.checked_add(step)?))
}

/// A name that is not taken.
fn unused(name: String, taken: &BTreeSet<String>) -> String {
    if !taken.contains(&name) {
        return name;
    }
    let more = (2..).map(|count| format!("{name}_{count}"));
    more.into_iter()
        .find(|name| !taken.contains(name))
        .unwrap_or(name)
}

/// The lengths of a tensor that do not depend on the images.
pub(super) fn lengths(shape: &[i64]) -> Vec<Length> {
    shape.iter().map(|&side| length(side)).collect()
}
