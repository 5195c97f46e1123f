//! Computes any values of a graph from any others.

use graph::{Graph, Id, Op};
use tch::{Device, Kind, Tensor};

use crate::check::{self, writes_over};
use crate::error::{During, Error};
use crate::flow::{Flow, Schedule, Source};
use crate::operators::{Setting, apply, is_floating};
use crate::slot::Slot;

/// Whether batch norm and dropout behave as in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses the batch's own statistics and updates its running ones; dropout drops.
    Training,
    /// Batch norm uses its running statistics; dropout does nothing.
    Inference,
}

/// How a node computes when no gradient is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// In oneDNN's own layout, where its inputs allow that.
    pub onednn: bool,
    /// With channels innermost in memory, in whichever layout its inputs come.
    pub innermost: bool,
    /// In these floating-point numbers; with none, in those that it reads.
    pub kind: Option<Kind>,
}

/// A network that computes. Nothing is recorded between two runs, and a run changes nothing but the running statistics of training.
#[derive(Debug)]
pub struct Executor {
    pub(crate) graph: Graph,
    pub(crate) flow: Flow,
    /// The parameters, and what was computed of them, by value.
    pub(crate) constants: Vec<Option<Tensor>>,
    /// By node.
    pub(crate) styles: Vec<Style>,
    /// In which numbers the input is read; with none, in those that it has.
    pub(crate) input_kind: Option<Kind>,
    pub(crate) device: Device,
    /// Whether channels are innermost in the memory of the first layers' activations.
    pub(crate) channels_last: bool,
    pub(crate) mode: Mode,
}

impl Executor {
    /// A network as its parameters come: one tensor for each of the graph's parameters, in the graph's order. They are not copied, so an optimiser
    /// may change them.
    pub fn new(graph: Graph, parameters: Vec<Tensor>) -> Result<Self, Error> {
        check::check(&graph)?;
        if parameters.len() != graph.parameters.len() {
            return Err(Error::Parameters {
                expected: graph.parameters.len(),
                found: parameters.len(),
            });
        }
        let device = parameters.first().map_or(Device::Cpu, Tensor::device);
        let mut constants: Vec<Option<Tensor>> = graph.values.iter().map(|_| None).collect();
        for (parameter, tensor) in graph.parameters.iter().zip(parameters) {
            if tensor.size() != parameter.shape {
                return Err(Error::Parameter {
                    name: parameter.name.clone(),
                    found: tensor.size(),
                    expected: parameter.shape.clone(),
                });
            }
            constants[parameter.value.0] = Some(tensor);
        }
        Ok(Self {
            flow: Flow::new(&graph, |id| constants[id.0].is_some()),
            styles: vec![Style::default(); graph.nodes.len()],
            graph,
            constants,
            input_kind: None,
            device,
            channels_last: false,
            mode: Mode::Inference,
        })
    }

    /// The graph that is computed: after [`Executor::prepared`] with fewer nodes, but every value that is still there has its former id.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// In which numbers the input is read; others are converted. `None` before [`Executor::prepared`]: as it comes.
    pub fn input_kind(&self) -> Option<Kind> {
        self.input_kind
    }

    /// Sets how batch norm and dropout behave.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// The wanted values, computed from the given ones: only what the wanted ones need and the given ones do not supply is computed.
    ///
    /// The first axis of the input, or else of the first given value, is that of the batch; where it is not, [`Executor::run_for`] says it. The values
    /// come in the ordinary layout, and in f32 where they were computed in bfloat16. To get a gradient, give a detached value that requires one.
    pub fn run(&self, given: &[(Id, Tensor)], wanted: &[Id]) -> Result<Vec<Tensor>, Error> {
        self.run_for(self.batch_of(given)?, given, wanted)
    }

    fn batch_of(&self, given: &[(Id, Tensor)]) -> Result<i64, Error> {
        let input = given.iter().find(|(id, _)| *id == self.graph.input);
        let (_, first) = input.or(given.first()).ok_or(Error::NoBatch)?;
        first.size().first().copied().ok_or(Error::NoBatch)
    }

    /// Like [`Executor::run`] for `wanted`, with `watched` values on the way to it. A gradient of `wanted` reaches the watched values, which are given as
    /// they are computed: in bfloat16 where they are computed in that.
    pub fn run_watching(
        &self,
        given: &[(Id, Tensor)],
        wanted: Id,
        watched: &[Id],
    ) -> Result<(Tensor, Vec<Tensor>), Error> {
        let mut recorded: Vec<Option<Tensor>> = watched.iter().map(|_| None).collect();
        let mut look = |id: Id, tensor: &Tensor| {
            if let Some(place) = watched.iter().position(|watched| *watched == id)
                && tensor.requires_grad()
            {
                recorded[place] = Some(tensor.shallow_clone());
            }
        };
        let all = [&[wanted], watched].concat();
        let batch = self.batch_of(given)?;
        let mut values = self
            .run_observed(batch, given, &all, &mut look)?
            .into_iter();
        let value = values.next().ok_or(Error::NoBatch)?;
        let watched = values
            .zip(recorded)
            .map(|(value, recorded)| recorded.unwrap_or(value));
        Ok((value, watched.collect()))
    }

    /// Like [`Executor::run`], for so many inputs.
    pub fn run_for(
        &self,
        batch: i64,
        given: &[(Id, Tensor)],
        wanted: &[Id],
    ) -> Result<Vec<Tensor>, Error> {
        self.run_observed(batch, given, wanted, &mut |_, _| ())
    }

    /// Like [`Executor::run_for`]; `look` sees every value that is given or computed.
    pub(crate) fn run_observed(
        &self,
        batch: i64,
        given: &[(Id, Tensor)],
        wanted: &[Id],
        look: &mut dyn FnMut(Id, &Tensor),
    ) -> Result<Vec<Tensor>, Error> {
        let values = self.graph.values.len();
        let asked = given.iter().map(|(id, _)| id).chain(wanted);
        if let Some(id) = asked.map(|id| id.0).find(|&id| id >= values) {
            return Err(Error::NoValue { id, values });
        }
        let mut is_given = vec![false; values];
        for (id, _) in given {
            is_given[id.0] = true;
        }
        let schedule = self.flow.schedule(&self.graph, wanted, &is_given)?;
        let mut run = Run {
            executor: self,
            schedule,
            batch,
            records: self.records(given),
            slots: self.graph.values.iter().map(|_| None).collect(),
        };
        for (id, tensor) in given {
            look(*id, tensor);
            run.slots[id.0] = Some(Slot::dense(self.given(*id, tensor)?));
        }
        for place in 0..run.schedule.nodes.len() {
            run.compute(place, look)?;
        }
        wanted.iter().map(|&id| run.result(id)).collect()
    }

    /// The other values to give with `value`, so that the outputs are computed from there on and nothing before `value` is computed again. There are
    /// some where other ways lead around `value`, as inside a residual block.
    pub fn cut(&self, value: Id) -> Result<Vec<Id>, Error> {
        let values = self.graph.values.len();
        if value.0 >= values {
            return Err(Error::NoValue {
                id: value.0,
                values,
            });
        }
        Ok(self.flow.cut(&self.graph, value, &self.outputs()))
    }

    /// The values that the network gives.
    pub(crate) fn outputs(&self) -> Vec<Id> {
        self.graph.outputs.iter().map(|(_, id)| *id).collect()
    }

    /// Whether libtorch may keep what is computed for a gradient.
    fn records(&self, given: &[(Id, Tensor)]) -> bool {
        let constants = self.constants.iter().flatten();
        given
            .iter()
            .map(|(_, tensor)| tensor)
            .chain(constants)
            .any(Tensor::requires_grad)
    }

    /// A value from outside, where and as the nodes want it.
    fn given(&self, id: Id, tensor: &Tensor) -> Result<Tensor, Error> {
        let (kind, innermost) = match self.flow.source(id) {
            // On a GPU gradients through a pooling of the other layout may add up in any order.
            Source::Node(place) => (
                self.styles[place].kind,
                self.styles[place].innermost && self.device == Device::Cpu,
            ),
            _ => (
                self.input_kind,
                self.channels_last && id == self.graph.input,
            ),
        };
        let convert = || {
            let tensor = tensor.f_to_device(self.device)?;
            let tensor = match kind {
                Some(kind) if is_floating(tensor.f_kind()?) => tensor.f_to_kind(kind)?,
                _ => tensor,
            };
            if innermost && tensor.dim() == 4 {
                return channels_last(&tensor);
            }
            Ok(tensor)
        };
        convert().during("laying out an input", "")
    }
}

/// The same values with channels innermost in memory.
pub(crate) fn channels_last(tensor: &Tensor) -> Result<Tensor, tch::TchError> {
    let innermost = tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    innermost.f_permute([0, 3, 1, 2])
}

/// One run.
struct Run<'a> {
    executor: &'a Executor,
    schedule: Schedule,
    batch: i64,
    /// Whether a gradient may be recorded.
    records: bool,
    /// By value.
    slots: Vec<Option<Slot>>,
}

impl Run<'_> {
    /// Computes the node in a place of the schedule, and lets go what nothing reads any more.
    fn compute(&mut self, place: usize, look: &mut dyn FnMut(Id, &Tensor)) -> Result<(), Error> {
        let executor = self.executor;
        let index = self.schedule.nodes[place];
        let (node, mut style) = (&executor.graph.nodes[index], executor.styles[index]);
        style.onednn &= !self.records && self.suits_onednn(&node.op, &node.inputs);
        let fail = |source| Error::Operator {
            operator: check::name(&node.op),
            module: node.module.clone(),
            source,
        };
        let mut spent = [false; 2];
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (at, &id) in node.inputs.iter().enumerate() {
            let again = node.inputs[at + 1..].contains(&id);
            let ends = self.schedule.ends(id, place) && !again;
            if at < 2 && !self.records {
                spent[at] = executor.flow.is_apart(&node.inputs, at)
                    && writes_over(&node.op, at)
                    && executor.flow.is_spent(&self.schedule, id, place);
            }
            inputs.push(self.read(id, style, ends).map_err(fail)?);
        }
        let setting = Setting {
            batch: self.batch,
            device: executor.device,
            mode: executor.mode,
            spent,
        };
        let outputs = apply(&node.op, &mut inputs, setting).map_err(fail)?;
        drop(inputs);
        if outputs.len() != node.outputs.len() {
            let (found, expected) = (outputs.len(), node.outputs.len());
            let message = format!("it gives {found} values, where the graph has {expected}");
            return Err(fail(tch::TchError::Shape(message)));
        }
        for (&id, tensor) in node.outputs.iter().zip(outputs) {
            look(id, &tensor);
            if !self.schedule.ends(id, place) {
                self.slots[id.0] = Some(Slot::new(tensor));
            }
        }
        Ok(())
    }

    /// What a node reads, in the layout and the numbers that it computes in; `ends` where nothing reads it afterwards.
    fn read(&mut self, id: Id, style: Style, ends: bool) -> Result<Tensor, tch::TchError> {
        let constant = self.executor.constants[id.0].as_ref();
        let tensor = match (&mut self.slots[id.0], constant) {
            (Some(slot), _) => slot.read(style.onednn, !ends)?,
            (None, Some(constant)) => {
                Slot::new(constant.shallow_clone()).read_constant(style.onednn)?
            }
            (None, None) => {
                return Err(tch::TchError::Shape(format!("value {} is not there", id.0)));
            }
        };
        if ends {
            self.slots[id.0] = None;
        }
        let found = tensor.f_kind()?;
        match style.kind {
            Some(kind) if kind != found && is_floating(found) && tensor.is_mkldnn() => tensor
                .f_to_dense(None, false)?
                .f_to_kind(kind)?
                .f_to_mkldnn(None),
            Some(kind) if is_floating(found) => tensor.f_to_kind(kind),
            _ => Ok(tensor),
        }
    }

    /// Whether oneDNN takes what a node would give it: it adds only what has one shape.
    fn suits_onednn(&self, op: &Op, inputs: &[Id]) -> bool {
        let Op::Binary { .. } = op else {
            return true;
        };
        let mut shapes = inputs
            .iter()
            .map(|id| self.slots[id.0].as_ref().map(Slot::size));
        let first = shapes.next().flatten();
        first.is_some() && shapes.all(|shape| shape == first)
    }

    /// A wanted value, for outside.
    fn result(&mut self, id: Id) -> Result<Tensor, Error> {
        let tensor = self.read(id, Style::default(), false);
        let read = || {
            let tensor = tensor?.f_contiguous()?;
            match self.executor.input_kind {
                Some(_) if tensor.f_kind()? == Kind::BFloat16 => tensor.f_to_kind(Kind::Float),
                _ => Ok(tensor),
            }
        };
        read().during("reading a value", "")
    }
}
