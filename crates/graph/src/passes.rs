//! Pure functions of graphs: what can be left out, and what things are called.

use std::collections::BTreeMap;

use crate::graph::{Graph, Id, Node, Parameter, Role};
use crate::op::Op;

/// Leaves out nodes and parameters on which neither an output nor a value of `watched` depends.
pub fn remove_dead(graph: &mut Graph, watched: &[Id]) {
    let mut needed = vec![false; graph.values.len()];
    for &Id(value) in watched
        .iter()
        .chain(graph.outputs.iter().map(|(_, value)| value))
    {
        needed[value] = true;
    }
    let mut kept = vec![false; graph.nodes.len()];
    for (node, kept) in graph.nodes.iter().zip(&mut kept).rev() {
        *kept = node.outputs.iter().any(|&Id(value)| needed[value]);
        if *kept {
            for &Id(value) in &node.inputs {
                needed[value] = true;
            }
        }
    }
    let mut kept = kept.into_iter();
    graph.nodes.retain(|_| kept.next().unwrap_or(false));
    graph
        .parameters
        .retain(|parameter| needed[parameter.value.0]);
}

/// Says what parameters are for, by the operators that read them; buffers that no norm reads stay constants.
pub(crate) fn assign_roles(graph: &mut Graph) {
    let mut roles = BTreeMap::new();
    let mut last_linear = None;
    for node in &graph.nodes {
        for (place, &value) in node.inputs.iter().enumerate().skip(1) {
            let role = match (&node.op, place) {
                (Op::Convolution { .. } | Op::Linear, 1) => Role::Weight,
                (Op::BatchNorm { .. }, 1) => Role::Mean,
                (Op::BatchNorm { .. }, 2) => Role::Variance,
                (Op::LayerNorm { .. } | Op::GroupNorm { .. }, 1) | (Op::BatchNorm { .. }, 3) => {
                    Role::Ones
                }
                (
                    Op::Convolution { .. }
                    | Op::Linear
                    | Op::LayerNorm { .. }
                    | Op::GroupNorm { .. },
                    2,
                )
                | (Op::BatchNorm { .. }, 4) => Role::Zeros,
                _ => continue,
            };
            roles.insert(value, role);
        }
        if node.op == Op::Linear {
            last_linear = node.inputs.get(1);
        }
    }
    roles.extend(last_linear.map(|&weight| (weight, Role::OutputWeight)));
    for parameter in &mut graph.parameters {
        let role = roles.get(&parameter.value).copied();
        let statistic = matches!(role, Some(Role::Mean | Role::Variance));
        if let Some(role) = role.filter(|_| statistic || parameter.role != Role::Constant) {
            parameter.role = role;
        }
    }
}

/// A module and its own parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trained<'g> {
    /// The path of the module; empty for the network itself.
    pub module: &'g str,
    /// Places of its parameters in [`Graph::parameters`].
    pub parameters: Vec<usize>,
}

impl Graph {
    /// The value of a name: what a module or those in it gave last, by the module's path, or else a value of that name.
    pub fn find(&self, name: &str) -> Option<Id> {
        let given = || {
            let named = |node: &&Node| is_within(&node.module, name);
            let node = self.nodes.iter().rev().find(named)?;
            node.outputs.last().copied()
        };
        let all = self.computed();
        let computed = |value: &Id| all.get(value.0) == Some(&true);
        let alias = self.aliases.get(name).copied().filter(computed);
        alias.or_else(given).or_else(|| {
            let value = self.values.iter().position(|value| value == name);
            value.map(Id).filter(computed)
        })
    }

    /// Which values are the input, a parameter, or given by a node.
    fn computed(&self) -> Vec<bool> {
        let mut computed = vec![false; self.values.len()];
        let parameters = self.parameters.iter().map(|parameter| &parameter.value);
        let given = self.nodes.iter().flat_map(|node| &node.outputs);
        for id in parameters.chain(given).chain([&self.input]) {
            computed[id.0] = true;
        }
        computed
    }

    /// The paths of all modules that gave a value, in the order in which they gave their last one, and the values that [`Graph::find`] has for them.
    pub fn modules(&self) -> Vec<(&str, Id)> {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, node) in self.nodes.iter().enumerate() {
            let mut path = node.module.as_str();
            // Each module and those that it lies in.
            while !path.is_empty() {
                last.insert(path, place);
                path = path.rsplit_once('.').map_or("", |(outer, _)| outer);
            }
        }
        let mut modules: Vec<(usize, &str)> = last
            .into_iter()
            .map(|(path, place)| (place, path))
            .collect();
        // Of modules that end together, the inner ones come first.
        modules.sort_by_key(|&(place, path)| (place, std::cmp::Reverse(path.len())));
        let computed = self.computed();
        let found = modules.into_iter().filter_map(|(place, path)| {
            let alias = self.aliases.get(path).copied();
            let alias = alias.filter(|value| computed.get(value.0) == Some(&true));
            let given = || self.nodes[place].outputs.last().copied();
            Some((path, alias.or_else(given)?))
        });
        found.collect()
    }

    /// The modules that have trained parameters, in the order in which the network first uses one of them.
    pub fn trained(&self) -> Vec<Trained<'_>> {
        let by_value: BTreeMap<Id, usize> = self
            .parameters
            .iter()
            .enumerate()
            .filter(|(_, parameter)| is_trained(parameter))
            .map(|(place, parameter)| (parameter.value, place))
            .collect();
        let mut modules: Vec<Trained<'_>> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut seen = vec![false; self.parameters.len()];
        let used = self.nodes.iter().flat_map(|node| &node.inputs);
        for place in used.filter_map(|value| by_value.get(value).copied()) {
            if std::mem::replace(&mut seen[place], true) {
                continue;
            }
            let name = &self.parameters[place].name;
            let module = name.rsplit_once('.').map_or("", |(module, _)| module);
            let at = *places.entry(module).or_insert(modules.len());
            if at == modules.len() {
                modules.push(Trained {
                    module,
                    parameters: Vec::new(),
                });
            }
            modules[at].parameters.push(place);
        }
        modules
    }

    /// What a softmax or log-softmax takes, if an output is the result of one; and whether it gives logarithms.
    pub fn before_softmax(&self, output: Id) -> Option<(Id, bool)> {
        let node = self
            .nodes
            .iter()
            .rev()
            .find(|node| node.outputs.contains(&output))?;
        match (&node.op, &node.inputs[..]) {
            (Op::Softmax { axis: -1 | 1, log }, &[input]) => Some((input, *log)),
            _ => None,
        }
    }
}

fn is_trained(parameter: &Parameter) -> bool {
    !matches!(parameter.role, Role::Constant | Role::Mean | Role::Variance)
}

/// Whether `module` is `path` or lies in it.
fn is_within(module: &str, path: &str) -> bool {
    let below = module.strip_prefix(path);
    below.is_some_and(|below| !path.is_empty() && (below.is_empty() || below.starts_with('.')))
}
