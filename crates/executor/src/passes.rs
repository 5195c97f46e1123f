//! Changes of a graph that change no value that is kept, but for rounding. Each file is one; `prepare` says in which order.

pub(crate) mod attention;
pub(crate) mod constants;
pub(crate) mod dropout;
pub(crate) mod layout;
pub(crate) mod norms;
pub(crate) mod pooling;
pub(crate) mod precision;

use graph::{Graph, Id};
use tch::Tensor;

/// A graph that is being changed. Values keep their ids; new ones are appended.
#[derive(Debug)]
pub(crate) struct Draft {
    pub graph: Graph,
    /// By value.
    pub constants: Vec<Option<Tensor>>,
    /// Which values must stay what they are, by value.
    kept: Vec<bool>,
}

impl Draft {
    pub(crate) fn new(graph: Graph, constants: Vec<Option<Tensor>>, keep: &[Id]) -> Self {
        let mut kept = vec![false; graph.values.len()];
        for id in keep {
            kept[id.0] = true;
        }
        Self {
            graph,
            constants,
            kept,
        }
    }

    /// Whether somebody may ask for a value.
    pub(crate) fn is_kept(&self, id: Id) -> bool {
        self.kept[id.0]
    }

    pub(crate) fn constant(&self, id: Id) -> Option<&Tensor> {
        self.constants[id.0].as_ref()
    }

    /// A new value, named after another one.
    pub(crate) fn add_value(&mut self, like: Id, what: &str) -> Id {
        let mut name = format!("{} {what}", self.graph.values[like.0]);
        while self.graph.values.contains(&name) {
            name.push('\'');
        }
        self.graph.values.push(name);
        self.constants.push(None);
        self.kept.push(false);
        Id(self.graph.values.len() - 1)
    }

    /// The places of the nodes that read each value, once for each time.
    pub(crate) fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![Vec::new(); self.graph.values.len()];
        for (place, node) in self.graph.nodes.iter().enumerate() {
            for id in &node.inputs {
                readers[id.0].push(place);
            }
        }
        readers
    }

    /// The place of the node that gives each value.
    pub(crate) fn producers(&self) -> Vec<Option<usize>> {
        let mut producers = vec![None; self.graph.values.len()];
        for (place, node) in self.graph.nodes.iter().enumerate() {
            for id in &node.outputs {
                producers[id.0] = Some(place);
            }
        }
        producers
    }

    /// Without the nodes of these places.
    pub(crate) fn remove(&mut self, gone: &[bool]) {
        let mut gone = gone.iter();
        self.graph
            .nodes
            .retain(|_| !gone.next().copied().unwrap_or_default());
    }

    /// Without what no kept value depends on, parameters too.
    pub(crate) fn drop_dead(&mut self) {
        let mut live = self.kept.clone();
        let mut gone = vec![false; self.graph.nodes.len()];
        for (place, node) in self.graph.nodes.iter().enumerate().rev() {
            if node.outputs.iter().any(|id| live[id.0]) {
                for id in &node.inputs {
                    live[id.0] = true;
                }
            } else {
                gone[place] = true;
            }
        }
        self.remove(&gone);
        for (constant, _) in self
            .constants
            .iter_mut()
            .zip(&live)
            .filter(|(_, live)| !**live)
        {
            *constant = None;
        }
        self.graph
            .parameters
            .retain(|parameter| live[parameter.value.0]);
    }
}
