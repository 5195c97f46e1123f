//! Networks that are graphs: the built-in architectures, and files of `torch.export`.

use executor::layers::TokenLayout;
use executor::{Executor, Mode};
use graph::{Graph, Id};
use tch::{Kind, Tensor};

use crate::device::Form;
use crate::error::NetworkError;
use crate::network::{Features, Layers};

/// Of this file, by which keys know it.
#[cfg(test)]
pub(super) const MODULE: &str = module_path!();

/// Inputs in a batch on the processor of a network whose cost is not known.
pub(crate) const BATCH: usize = 16;

/// A graph that computes, split at a layer.
#[derive(Debug)]
pub(crate) struct Graphed {
    executor: Executor,
    /// None where no value holds positions.
    layer: Option<Layer>,
    /// Attention maps in order of execution, where they are asked for.
    attention: Vec<Id>,
}

/// Where the network is split.
#[derive(Debug)]
struct Layer {
    name: String,
    value: Id,
    /// What the head reads beside it.
    cut: Vec<Id>,
    layout: TokenLayout,
}

impl Graphed {
    /// A graph with a tensor for each of its parameters, split at a layer where it has one.
    pub(crate) fn new(
        graph: Graph,
        parameters: Vec<Tensor>,
        layer: Option<(&str, TokenLayout)>,
    ) -> Result<Self, NetworkError> {
        let executor = Executor::new(graph, parameters)?;
        let layer = layer.map(|(name, layout)| Layer::find(&executor, name, layout));
        let layer = layer.transpose()?;
        Ok(Self {
            executor,
            layer,
            attention: Vec::new(),
        })
    }

    fn at_layer(&self) -> Result<&Layer, NetworkError> {
        self.layer.as_ref().ok_or(NetworkError::NoUsualLayer)
    }

    fn output(&self) -> Id {
        self.executor.graph().outputs[0].1
    }
}

impl Layer {
    fn find(executor: &Executor, name: &str, layout: TokenLayout) -> Result<Self, NetworkError> {
        let found = executor.graph().find(name);
        let value = found.ok_or_else(|| NetworkError::NoLayer {
            layer: name.to_owned(),
            nearest: nearest(executor.graph(), name),
        })?;
        Ok(Self {
            name: name.to_owned(),
            cut: executor.cut(value)?,
            value,
            layout,
        })
    }
}

/// The paths of modules that take the fewest edits of a name, the nearest first, and of equally near ones the later in the network.
pub(crate) fn nearest(graph: &Graph, name: &str) -> Vec<String> {
    let modules = graph.modules().into_iter().rev();
    let mut modules: Vec<&str> = modules.map(|(module, _)| module).collect();
    modules.sort_by_cached_key(|module| strsim::damerau_levenshtein(module, name));
    modules.into_iter().take(3).map(str::to_owned).collect()
}

impl Layers for Graphed {
    fn features(&self, input: &Tensor) -> Result<Features, NetworkError> {
        let layer = self.at_layer()?;
        let wanted = [&[layer.value], &layer.cut[..]].concat();
        let given = [(self.executor.graph().input, input.shallow_clone())];
        let mut values = self.executor.run(&given, &wanted)?;
        let others = values.split_off(1);
        Ok(Features {
            batch: input.size()[0],
            activations: values.swap_remove(0),
            others,
        })
    }

    fn head(&self, features: &Features) -> Result<Tensor, NetworkError> {
        let layer = self.at_layer()?;
        let others = layer.cut.iter().zip(&features.others);
        let others = others.map(|(id, tensor)| (*id, tensor.shallow_clone()));
        let mut given = vec![(layer.value, features.activations.shallow_clone())];
        given.extend(others);
        let run = self
            .executor
            .run_for(features.batch, &given, &[self.output()]);
        Ok(run?.swap_remove(0))
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        let given = [(self.executor.graph().input, input.shallow_clone())];
        Ok(self.executor.run(&given, &[self.output()])?.swap_remove(0))
    }

    fn maps(&self, values: &Tensor) -> Result<Tensor, NetworkError> {
        let layer = self.at_layer()?;
        let maps = layer.layout.to_map(values)?;
        if maps.dim() == 4 {
            return Ok(maps);
        }
        Err(NetworkError::NoMap {
            layer: layer.name.clone(),
            shape: values.size(),
        })
    }

    fn behind_pooling(&self) -> Option<&Tensor> {
        self.executor.behind_pooling(self.layer.as_ref()?.value)
    }

    fn layer(&self) -> &str {
        self.layer.as_ref().map_or("", |layer| &layer.name)
    }

    fn tokens(&self) -> Option<(usize, [usize; 2])> {
        match self.layer.as_ref()?.layout {
            TokenLayout::Tokens { prefix, grid } => {
                Some((prefix as usize, grid.map(|side| side as usize)))
            }
            TokenLayout::ChannelsFirst | TokenLayout::ChannelsLast => None,
        }
    }

    fn attending(self: Box<Self>, input: &Tensor) -> Result<Box<dyn Layers>, NetworkError> {
        let shapes = self.executor.shapes(input)?;
        let (executor, attention) = self.executor.with_attention_maps(&shapes)?;
        if attention.is_empty() {
            return Err(NetworkError::NoAttention {
                found: "it has no attention".to_owned(),
            });
        }
        Ok(Box::new(Self {
            executor,
            attention,
            ..*self
        }))
    }

    fn attention(&self, input: &Tensor) -> Result<(Tensor, Vec<Tensor>), NetworkError> {
        let given = [(self.executor.graph().input, input.shallow_clone())];
        Ok(self
            .executor
            .run_watching(&given, self.output(), &self.attention)?)
    }

    fn input_kind(&self) -> Kind {
        self.executor.input_kind().unwrap_or(Kind::Float)
    }

    fn split_at(self: Box<Self>, layer: &str) -> Result<Box<dyn Layers>, NetworkError> {
        Ok(Box::new(Self {
            layer: Some(Layer::find(
                &self.executor,
                layer,
                TokenLayout::ChannelsFirst,
            )?),
            ..*self
        }))
    }

    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError> {
        let watched = self.layer.iter();
        let watched = watched.flat_map(|layer| [&[layer.value], &layer.cut[..]].concat());
        let watched: Vec<Id> = watched.chain(self.attention.iter().copied()).collect();
        let form = executor::Form {
            device: form.device.tch(),
            kind: form.precision.kind(),
        };
        Ok(Box::new(Self {
            executor: self.executor.prepared(form, &watched)?,
            ..*self
        }))
    }

    fn set_mode(&mut self, mode: Mode) {
        self.executor.set_mode(mode);
    }
}
