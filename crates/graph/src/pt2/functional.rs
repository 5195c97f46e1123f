//! From operators that may change tensors in place to a graph in which every value stays what it is.
//!
//! PyTorch's tensors share memory: a slice is a view of what it was cut from, and writing to one of them changes all. Here, a write makes a new value.
//! The write also reaches the tensor that the written one is a view of. Other views of that tensor are recomputed when they are next read.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::operators::{Meaning, Operand};
use super::schema::Text;
use super::values::Values;
use crate::graph::{Graph, Id, Node, Parameter, Role};
use crate::op::{Kind, Op, Size};

/// Nodes that writes to views may add, beside as many as the file has: shifted windows of Swin add one for each of theirs.
const SPARE_NODES: usize = 64;

type Place = usize;

/// A tensor of PyTorch. Several names may mean one.
struct Tensor<'a> {
    /// What it holds, as of a version of its storage.
    value: Id,
    version: u32,
    storage: usize,
    view: Option<Box<View<'a>>>,
}

/// How a tensor is read from another that it shares memory with: as a result of a node.
struct View<'a> {
    parent: Place,
    /// A name of the parent.
    of: Text<'a>,
    node: usize,
    result: usize,
    /// Where it begins, along the axis that was split; not known where a length before it is not.
    start: Option<Size>,
}

/// Memory that tensors share.
struct Storage {
    /// Writes until now.
    version: u32,
    /// Whether it outlives a call of the network.
    kept: bool,
}

pub(super) struct Builder<'a> {
    pub(super) values: Rc<Values<'a>>,
    pub(super) graph: Graph,
    names: BTreeMap<Text<'a>, Place>,
    tensors: Vec<Tensor<'a>>,
    storages: Vec<Storage>,
    /// Nodes that writes to views may still add.
    spare: usize,
    /// The last value of each module, where the module made nothing new.
    modules: BTreeMap<String, Id>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(values: Values<'a>, nodes: usize) -> Self {
        Self {
            values: Rc::new(values),
            graph: Graph::default(),
            names: BTreeMap::new(),
            tensors: Vec::new(),
            storages: Vec::new(),
            spare: nodes + SPARE_NODES,
            modules: BTreeMap::new(),
        }
    }

    /// A value that is there before the first node.
    fn given(&mut self, name: &Text<'a>, kept: bool) -> Result<Id, String> {
        let value = self.value(name.to_string());
        self.fresh(name, value, kept)?;
        Ok(value)
    }

    pub(super) fn input(&mut self, name: &Text<'a>) -> Result<(), String> {
        self.graph.input = self.given(name, false)?;
        Ok(())
    }

    pub(super) fn parameter(
        &mut self,
        value: &Text<'a>,
        name: &str,
        role: Role,
    ) -> Result<(), String> {
        let shape = self.values.shape(value);
        let shape = shape.ok().and_then(|shape| {
            let fixed = |size: &Size| (size.each == 0).then_some(size.fixed);
            shape.iter().map(fixed).collect()
        });
        let shape =
            shape.ok_or_else(|| format!("the shape of its parameter `{name}` is not fixed"))?;
        // Some are not read, such as counters of batches, and may then be of any type.
        let kind = self.values.kind(value).unwrap_or(Kind::Float);
        let value = self.given(value, true)?;
        let name = name.to_owned();
        self.graph.parameters.push(Parameter {
            value,
            name,
            shape,
            kind,
            role,
        });
        Ok(())
    }

    /// Adds what an operator means. `outputs` are the names of its tensors; in place, `changed` is the one that it writes to.
    pub(super) fn apply(
        &mut self,
        meaning: Meaning<'_>,
        outputs: &[&Text<'a>],
        changed: Option<&str>,
        module: &str,
    ) -> Result<(), String> {
        match meaning {
            Meaning::Nothing => return Ok(()),
            Meaning::Same { of, copy } => {
                let place = self.place(of)?;
                let value = self.read(place, module)?;
                for &output in outputs {
                    if copy {
                        self.fresh(output, value, false)?;
                    } else {
                        self.call(output, place)?;
                    }
                    self.graph.aliases.insert(output.to_string(), value);
                }
            }
            Meaning::View(of, op, others) => {
                let detaches = op == Op::Detach;
                if changed.is_some() && !detaches {
                    return Err("it changes the shape of a tensor in place".to_owned());
                }
                self.view(of, op, &others, outputs, module)?;
                if let (Some(name), [output]) = (changed, outputs) {
                    // From here on, both names mean the detached tensor.
                    let place = self.place(output)?;
                    if let Some(known) = self.names.get_mut(name) {
                        *known = place;
                    }
                }
            }
            Meaning::Steps(steps) => {
                let Some((first, _)) = outputs.split_first() else {
                    return Err("it gives no tensor".to_owned());
                };
                // Before anything is read: what is written to must be known.
                let changed = changed.map(|name| self.place(name)).transpose()?;
                let values = self.steps(steps, outputs, module)?;
                if let Some(changed) = changed {
                    self.read(changed, module)?;
                    self.write(changed, values[0], module)?;
                    self.call(first, changed)?;
                } else {
                    for (output, value) in outputs.iter().zip(values) {
                        self.fresh(output, value, false)?;
                    }
                }
            }
        }
        if let [.., last] = outputs {
            // Of operators with several results, only the first may be known.
            let known = self
                .names
                .get(&***last)
                .or_else(|| self.names.get(&**outputs[0]));
            if let Some(&place) = known {
                let value = self.tensors[place].value;
                match self.modules.get_mut(module) {
                    Some(last) => *last = value,
                    None => drop(self.modules.insert(module.to_owned(), value)),
                }
            }
        }
        Ok(())
    }

    /// The value that a name means at the end.
    pub(super) fn output(&mut self, name: &str) -> Result<Id, String> {
        let place = self.place(name)?;
        self.read(place, "")
    }

    /// The graph, with the paths of modules that made nothing new among its aliases.
    pub(super) fn finish(mut self) -> Graph {
        let mut last = BTreeMap::new();
        for node in &self.graph.nodes {
            if let Some(&value) = node.outputs.last() {
                last.insert(node.module.as_str(), value);
            }
        }
        self.modules
            .retain(|path, value| !path.is_empty() && last.get(path.as_str()) != Some(value));
        self.graph.aliases.append(&mut self.modules);
        self.graph
    }

    fn value(&mut self, name: String) -> Id {
        self.graph.values.push(name);
        Id(self.graph.values.len() - 1)
    }

    fn place(&self, name: &str) -> Result<Place, String> {
        let place = self.names.get(name).copied();
        place.ok_or_else(|| format!("it reads `{name}`, which nothing before it gives"))
    }

    fn call(&mut self, name: &Text<'a>, place: Place) -> Result<(), String> {
        // The names of values that are added have a dot.
        if name.contains('.') || self.names.insert(name.clone(), place).is_some() {
            return Err(format!(
                "the name `{}` is given twice, or has a dot",
                &**name
            ));
        }
        Ok(())
    }

    /// A tensor with memory of its own.
    fn fresh(&mut self, name: &Text<'a>, value: Id, kept: bool) -> Result<(), String> {
        self.call(name, self.tensors.len())?;
        self.tensors.push(Tensor {
            value,
            version: 0,
            storage: self.storages.len(),
            view: None,
        });
        self.storages.push(Storage { version: 0, kept });
        Ok(())
    }

    fn node(&mut self, op: Op, inputs: Vec<Id>, outputs: Vec<Id>, module: &str) {
        let module = module.to_owned();
        self.graph.nodes.push(Node {
            op,
            inputs,
            outputs,
            module,
        });
    }

    /// A node with one result, which the file does not have.
    fn added(&mut self, op: Op, inputs: Vec<Id>, module: &str) -> Result<Id, String> {
        let Some(spare) = self.spare.checked_sub(1) else {
            return Err(
                "the network writes to parts of tensors too often: call exported.run_decompositions() before saving"
                    .to_owned(),
            );
        };
        self.spare = spare;
        let last = self.graph.nodes.last().and_then(|node| node.outputs.last());
        let name = last.map_or("value", |&Id(last)| self.graph.values[last].as_str());
        let name = name.split('.').next().unwrap_or_default();
        let name = format!("{name}.{}", self.graph.values.len());
        let value = self.value(name);
        self.node(op, inputs, vec![value], module);
        Ok(value)
    }

    fn steps(
        &mut self,
        mut steps: Vec<(Op, Vec<Operand<'_>>)>,
        outputs: &[&Text<'a>],
        module: &str,
    ) -> Result<Vec<Id>, String> {
        let final_step = steps.pop();
        let mut last = None;
        for (op, operands) in steps {
            let inputs = self.operands(&operands, last, module)?;
            last = Some(self.added(op, inputs, module)?);
        }
        let (op, operands) = final_step.ok_or("it computes nothing")?;
        let inputs = self.operands(&operands, last, module)?;
        // Further results of other operators, such as the places of largest numbers, are left out.
        let count = if matches!(op, Op::Meshgrid { .. }) {
            outputs.len()
        } else {
            1
        };
        let values: Vec<Id> = outputs[..count]
            .iter()
            .map(|name| self.value(name.to_string()))
            .collect();
        self.node(op, inputs, values.clone(), module);
        Ok(values)
    }

    fn operands(
        &mut self,
        operands: &[Operand<'_>],
        last: Option<Id>,
        module: &str,
    ) -> Result<Vec<Id>, String> {
        let mut values = Vec::with_capacity(operands.len());
        for operand in operands {
            values.push(match operand {
                Operand::Named(name) => {
                    let place = self.place(name)?;
                    self.read(place, module)?
                }
                Operand::Last => last.ok_or("it computes nothing")?,
            });
        }
        Ok(values)
    }

    /// A node whose results share memory with `of`.
    fn view(
        &mut self,
        of: &str,
        op: Op,
        others: &[Operand<'_>],
        outputs: &[&Text<'a>],
        module: &str,
    ) -> Result<(), String> {
        let parent = self.place(of)?;
        let mut inputs = vec![self.read(parent, module)?];
        inputs.extend(self.operands(others, None, module)?);
        let Some((of, _)) = self.names.get_key_value(of) else {
            return Err("it reads a tensor that was lost".to_owned());
        };
        let of = of.clone();
        let node = self.graph.nodes.len();
        let mut values = Vec::with_capacity(outputs.len());
        let mut start = Some(Size { each: 0, fixed: 0 });
        for (result, &output) in outputs.iter().enumerate() {
            let value = self.value(output.to_string());
            values.push(value);
            self.call(output, self.tensors.len())?;
            let Tensor {
                version, storage, ..
            } = self.tensors[parent];
            let view = View {
                parent,
                of: of.clone(),
                node,
                result,
                start,
            };
            if let Op::Split { axis, .. } | Op::Chunk { axis, .. } = op {
                let end = |start| plus(start, self.length(output, axis)?);
                start = start.and_then(end);
            }
            self.tensors.push(Tensor {
                value,
                version,
                storage,
                view: Some(Box::new(view)),
            });
        }
        self.node(op, inputs, values, module);
        Ok(())
    }

    /// The operator with one result that gives a view of its parent; none where the view repeats numbers.
    fn viewed(&self, view: &View<'_>) -> Result<Option<Op>, String> {
        let node = &self.graph.nodes[view.node];
        Ok(match &node.op {
            Op::Expand { .. } | Op::ExpandAs => None,
            &Op::Unbind { axis } => Some(Op::Select {
                axis,
                index: Size {
                    each: 0,
                    fixed: view.result as i64,
                },
            }),
            &Op::Split { axis, .. } | &Op::Chunk { axis, .. } => {
                let Id(part) = node.outputs[view.result];
                let length = self.length(&self.graph.values[part], axis);
                let bounds = view.start.zip(length);
                let bounds = bounds.and_then(|(start, length)| Some((start, plus(start, length)?)));
                let (start, end) = bounds.ok_or("it has a length that is not known")?;
                Some(Op::Slice {
                    axis,
                    start: Some(start),
                    end: Some(end),
                    step: 1,
                })
            }
            op => Some(op.clone()),
        })
    }

    /// The length of a tensor along an axis, where the file states it.
    fn length(&self, name: &str, axis: i64) -> Option<Size> {
        let shape = self.values.shape(name).ok()?;
        on(axis, shape.len()).map(|axis| shape[axis])
    }

    /// The value of a tensor after all writes until now.
    fn read(&mut self, place: Place, module: &str) -> Result<Id, String> {
        let version = self.storages[self.tensors[place].storage].version;
        let mut stale = Vec::new();
        let mut at = place;
        while self.tensors[at].version != version {
            stale.push(at);
            match &self.tensors[at].view {
                Some(view) => at = view.parent,
                None => return Err("it reads a tensor that was lost".to_owned()),
            }
        }
        while let Some(child) = stale.pop() {
            let op = match &self.tensors[child].view {
                Some(view) => self.viewed(view)?,
                None => None,
            };
            let op = op.ok_or("it reads a repeated tensor whose original was written to")?;
            let value = self.added(op, vec![self.tensors[at].value], module)?;
            self.tensors[child].value = value;
            self.tensors[child].version = version;
            at = child;
        }
        Ok(self.tensors[place].value)
    }

    /// Gives a tensor, which was just read, another value; and so all that it is a view of.
    fn write(&mut self, place: Place, value: Id, module: &str) -> Result<(), String> {
        let storage = &mut self.storages[self.tensors[place].storage];
        if storage.kept {
            return Err("the network changes its own parameters or buffers: call network.eval() before exporting it".to_owned());
        }
        storage.version += 1;
        let version = storage.version;
        let (mut at, mut value) = (place, value);
        loop {
            self.tensors[at].value = value;
            self.tensors[at].version = version;
            let Some(view) = &self.tensors[at].view else {
                return Ok(());
            };
            let parent = view.parent;
            let (op, reads_parent) = self.written(view)?;
            let inputs = if reads_parent {
                vec![self.tensors[parent].value, value]
            } else {
                vec![value]
            };
            value = self.added(op, inputs, module)?;
            at = parent;
        }
    }

    /// How a parent's value is made from that of its view, and whether it takes the parent's former value too.
    fn written(&self, view: &View<'_>) -> Result<(Op, bool), String> {
        let Some(op) = self.viewed(view)? else {
            return Err("it writes to a tensor that repeats numbers of another".to_owned());
        };
        Ok(match op {
            Op::Select { axis, index } => (Op::SelectScatter { axis, index }, true),
            Op::Slice {
                axis,
                start,
                end,
                step,
            } => {
                let op = Op::SliceScatter {
                    axis,
                    start,
                    end,
                    step,
                };
                (op, true)
            }
            Op::Detach => {
                return Err(
                    "it writes to a detached tensor, which changes the original without its gradient: detach a copy (x.detach().clone())"
                        .to_owned(),
                );
            }
            Op::Transpose { axes } => (Op::Transpose { axes }, false),
            Op::Permute { axes } => {
                let mut back = vec![0; axes.len()];
                for (to, from) in axes.iter().enumerate() {
                    let from = on(*from, axes.len()).ok_or("it has an axis that is not there")?;
                    back[from] = to as i64;
                }
                (Op::Permute { axes: back }, false)
            }
            _ => {
                let shape = self.values.shape(&view.of)?;
                (Op::Reshape { shape }, false)
            }
        })
    }
}

pub(super) fn plus(left: Size, right: Size) -> Option<Size> {
    Some(Size {
        each: left.each.checked_add(right.each)?,
        fixed: left.fixed.checked_add(right.fixed)?,
    })
}

/// An axis, which may be counted from the end, of so many.
pub(super) fn on(axis: i64, count: usize) -> Option<usize> {
    let axis = if axis < 0 {
        axis.checked_add(count as i64)?
    } else {
        axis
    };
    usize::try_from(axis).ok().filter(|&axis| axis < count)
}
