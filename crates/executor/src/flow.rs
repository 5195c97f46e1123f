//! Where the values of a graph come from, which of them share memory, and what has to be computed to get some from others.

use graph::{Graph, Id};

use crate::check::is_fresh;
use crate::error::Error;

/// What gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Whoever asks.
    Input,
    /// A parameter, or what was computed of parameters alone.
    Constant,
    /// The node of this place.
    Node(usize),
    /// Nothing any more: it was merged with another value.
    Merged,
}

/// What does not change from run to run.
#[derive(Debug)]
pub(crate) struct Flow {
    sources: Vec<Source>,
    /// For each value the one whose memory it may share.
    roots: Vec<usize>,
    /// Whether it is new memory, which nothing outside the graph holds.
    fresh: Vec<bool>,
}

/// What has to be computed, in order.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Places of nodes.
    pub nodes: Vec<usize>,
    /// For each value the last place in `nodes` that reads it; [`KEPT`] for what is wanted.
    last: Vec<usize>,
    /// The same for whatever shares memory with the value of this place.
    shared: Vec<usize>,
}

/// Read by whoever asked, after all nodes.
const KEPT: usize = usize::MAX;

impl Flow {
    /// Of a checked graph; `is_constant` says which values are known before a run.
    pub(crate) fn new(graph: &Graph, is_constant: impl Fn(Id) -> bool) -> Self {
        let count = graph.values.len();
        let mut sources: Vec<Source> = (0..count)
            .map(|value| {
                if is_constant(Id(value)) {
                    Source::Constant
                } else {
                    Source::Merged
                }
            })
            .collect();
        sources[graph.input.0] = Source::Input;
        let mut roots: Vec<usize> = (0..count).collect();
        let mut fresh = vec![false; count];
        for (place, node) in graph.nodes.iter().enumerate() {
            for (output, id) in node.outputs.iter().enumerate() {
                sources[id.0] = Source::Node(place);
                fresh[id.0] = is_fresh(&node.op);
                // Of several inputs only `Meshgrid` gives a view of each, in order.
                let viewed = node.inputs.get(output).or(node.inputs.first());
                if let (false, Some(viewed)) = (fresh[id.0], viewed) {
                    roots[id.0] = roots[viewed.0];
                }
            }
        }
        Self {
            sources,
            roots,
            fresh,
        }
    }

    pub(crate) fn source(&self, id: Id) -> Source {
        self.sources[id.0]
    }

    /// Whether a value in a place is in memory that nothing else looks at once the node in that place of a schedule has read it.
    pub(crate) fn is_spent(&self, schedule: &Schedule, id: Id, place: usize) -> bool {
        self.fresh[id.0] && schedule.shared[self.roots[id.0]] == place
    }

    /// Whether no other input of a node is in the memory of the one in that place: neither the same value nor a view of it.
    pub(crate) fn is_apart(&self, inputs: &[Id], place: usize) -> bool {
        let root = |id: &Id| self.roots[id.0];
        let own = root(&inputs[place]);
        inputs.iter().filter(|id| root(id) == own).count() == 1
    }

    /// Marks the nodes that the `wanted` values need when the values that `is_given` names are there, and tells which values a run starts from
    /// beyond them: the input, or what was merged.
    pub(crate) fn needed(
        &self,
        graph: &Graph,
        wanted: &[Id],
        is_given: impl Fn(Id) -> bool,
    ) -> (Vec<bool>, Vec<Id>) {
        let mut needed = vec![false; graph.nodes.len()];
        let mut missing = Vec::new();
        let mut open: Vec<Id> = wanted.to_vec();
        while let Some(id) = open.pop() {
            match self.sources[id.0] {
                _ if is_given(id) => {}
                Source::Constant => {}
                Source::Node(place) if needed[place] => {}
                Source::Node(place) => {
                    needed[place] = true;
                    open.extend(&graph.nodes[place].inputs);
                }
                Source::Input | Source::Merged => missing.push(id),
            }
        }
        (needed, missing)
    }

    /// What has to be computed, and how long each value is needed.
    pub(crate) fn schedule(
        &self,
        graph: &Graph,
        wanted: &[Id],
        given: &[bool],
    ) -> Result<Schedule, Error> {
        let (needed, missing) = self.needed(graph, wanted, |id| given[id.0]);
        if let Some(&id) = missing.first() {
            let value = graph.values[id.0].clone();
            return Err(match self.sources[id.0] {
                Source::Merged => Error::Merged { value },
                _ => Error::NotGiven {
                    wanted: wanted
                        .first()
                        .map_or_else(String::new, |id| graph.values[id.0].clone()),
                    missing: value,
                },
            });
        }
        let nodes: Vec<usize> = (0..graph.nodes.len())
            .filter(|&place| needed[place])
            .collect();
        let mut last = vec![0; graph.values.len()];
        for (place, &node) in nodes.iter().enumerate() {
            for id in &graph.nodes[node].inputs {
                last[id.0] = place;
            }
        }
        for id in wanted {
            last[id.0] = KEPT;
        }
        let mut shared = vec![0; graph.values.len()];
        for (value, &root) in self.roots.iter().enumerate() {
            shared[root] = shared[root].max(last[value]);
        }
        // Whoever gave a value may look at it afterwards.
        for (value, _) in given.iter().enumerate().filter(|(_, given)| **given) {
            shared[value] = KEPT;
        }
        Ok(Schedule {
            nodes,
            last,
            shared,
        })
    }

    /// The values that have to be given beside `value`, so that the `wanted` ones need nothing that is computed no later than `value`.
    pub(crate) fn cut(&self, graph: &Graph, value: Id, wanted: &[Id]) -> Vec<Id> {
        let (needed, missing) = self.needed(graph, wanted, |id| id == value);
        // Without the input nothing before `value` counts: it is a constant.
        if missing.is_empty() {
            return Vec::new();
        }
        let from_input = depend_on_input(graph);
        let Source::Node(at) = self.sources[value.0] else {
            return missing;
        };
        let mut cut: Vec<Id> = Vec::new();
        let mut is_cut = vec![false; graph.values.len()];
        let after = (at + 1..graph.nodes.len()).filter(|&place| needed[place]);
        let read = after.flat_map(|place| graph.nodes[place].inputs.iter().copied());
        for id in read.chain(wanted.iter().copied()) {
            let before = match self.sources[id.0] {
                Source::Node(place) => place <= at,
                Source::Input => true,
                Source::Constant | Source::Merged => false,
            };
            if before && id != value && from_input[id.0] && !is_cut[id.0] {
                is_cut[id.0] = true;
                cut.push(id);
            }
        }
        cut
    }
}

/// Which values depend on the input.
fn depend_on_input(graph: &Graph) -> Vec<bool> {
    let mut depend = vec![false; graph.values.len()];
    depend[graph.input.0] = true;
    for node in &graph.nodes {
        let any = node.inputs.iter().any(|id| depend[id.0]);
        for id in &node.outputs {
            depend[id.0] = any;
        }
    }
    depend
}

impl Schedule {
    /// Whether nobody reads a value after the node in this place.
    pub(crate) fn ends(&self, id: Id, place: usize) -> bool {
        self.last[id.0] <= place
    }
}
