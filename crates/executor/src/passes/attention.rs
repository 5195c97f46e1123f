//! Fused attention as its parts, so that attention maps are values: softmax(QKᵀ · scale + mask) V.

use graph::{Binary, Id, Kind, Node, Number, Op, Parameter, Role, Unary};
use tch::Tensor;

use crate::error::{During, Error};
use crate::executor::Executor;
use crate::flow::Flow;
use crate::shapes::Shapes;

impl Executor {
    /// The same network with every fused attention in its parts, and its attention maps [batch, heads, tokens, tokens] in order of execution, whether
    /// they were fused or not. To be called before [`Executor::prepared`]; give the maps there as watched values. `shapes` are those of a run.
    pub fn with_attention_maps(mut self, shapes: &Shapes) -> Result<(Self, Vec<Id>), Error> {
        let mut maps = Vec::new();
        let nodes = std::mem::take(&mut self.graph.nodes);
        let multiplied = multiplied(&nodes);
        for node in nodes {
            if let Op::Attention { .. } = node.op {
                maps.push(self.split(&node, shapes)?);
                continue;
            }
            if let (Op::Softmax { log: false, .. }, [map]) = (&node.op, &node.outputs[..])
                && multiplied[map.0]
            {
                maps.push(*map);
            }
            self.graph.nodes.push(node);
        }
        self.styles = vec![crate::executor::Style::default(); self.graph.nodes.len()];
        let constants = &self.constants;
        self.flow = Flow::new(&self.graph, |id| constants[id.0].is_some());
        Ok((self, maps))
    }

    /// Appends the parts of a fused attention, and gives its map.
    fn split(&mut self, node: &Node, shapes: &Shapes) -> Result<Id, Error> {
        let Op::Attention { causal, scale } = node.op else {
            unreachable!("only attention is split");
        };
        let (query, key, value, output) = (
            node.inputs[0],
            node.inputs[1],
            node.inputs[2],
            node.outputs[0],
        );
        let features = shapes.of(query).and_then(|shape| shape.last()).copied();
        let scale = match (scale, features) {
            (Some(scale), _) => scale,
            (None, Some(features)) => 1.0 / (features as f64).sqrt(),
            (None, None) => {
                let value = self.graph.values[query.0].clone();
                return Err(Error::NoShape { value });
            }
        };
        let name = self.graph.values[output.0].clone();
        let part = |executor: &mut Self, op: Op, inputs: &[Id], what: &str| {
            let id = executor.add_value(&format!("{name}.{what}"));
            executor.graph.nodes.push(Node {
                op,
                inputs: inputs.to_vec(),
                outputs: vec![id],
                module: node.module.clone(),
            });
            id
        };
        let keys = part(self, Op::Transpose { axes: [-2, -1] }, &[key], "keys");
        let products = part(self, Op::Matmul, &[query, keys], "products");
        let op = Op::Scalar {
            operation: Binary::Mul,
            number: Number::Real(scale),
            left: false,
            rounding: None,
        };
        let mut scores = part(self, op, &[products], "scores");
        let hide = Op::MaskedFill {
            number: Number::Real(f64::NEG_INFINITY),
        };
        if let Some(&mask) = node.inputs.get(3) {
            scores = if shapes.kind(mask) == Some(tch::Kind::Bool) {
                // True where a token is seen.
                let hidden = part(self, Op::Unary(Unary::BitwiseNot), &[mask], "hidden");
                part(self, hide.clone(), &[scores, hidden], "masked")
            } else {
                let op = Op::Binary {
                    operation: Binary::Add,
                    alpha: Number::Int(1),
                    rounding: None,
                };
                part(self, op, &[scores, mask], "masked")
            };
        }
        if causal {
            let later = self.later(&name, [query, key], shapes, &node.module)?;
            scores = part(self, hide, &[scores, later], "causal");
        }
        let map = part(
            self,
            Op::Softmax {
                axis: -1,
                log: false,
            },
            &[scores],
            "map",
        );
        self.graph.nodes.push(Node {
            op: Op::Matmul,
            inputs: vec![map, value],
            outputs: vec![output],
            module: node.module.clone(),
        });
        Ok(map)
    }

    /// A constant [tokens, tokens] that is true where a key comes after a query.
    fn later(
        &mut self,
        name: &str,
        both: [Id; 2],
        shapes: &Shapes,
        module: &str,
    ) -> Result<Id, Error> {
        let tokens = |id: Id| -> Result<i64, Error> {
            let tokens = shapes
                .of(id)
                .and_then(|shape| shape.iter().nth_back(1).copied());
            tokens.ok_or_else(|| Error::NoShape {
                value: self.graph.values[id.0].clone(),
            })
        };
        let shape = [tokens(both[0])?, tokens(both[1])?];
        let later =
            Tensor::f_ones(shape, (tch::Kind::Bool, self.device)).and_then(|all| all.f_triu(1));
        let value = self.add_value(&format!("{name}.later"));
        self.constants[value.0] = Some(later.during("masking later tokens", module)?);
        self.graph.parameters.push(Parameter {
            value,
            name: format!("{name}.later"),
            shape: shape.to_vec(),
            kind: Kind::Bool,
            role: Role::Constant,
        });
        Ok(value)
    }

    fn add_value(&mut self, name: &str) -> Id {
        let mut name = name.to_owned();
        while self.graph.values.contains(&name) {
            name.push('\'');
        }
        self.graph.values.push(name);
        self.constants.push(None);
        Id(self.graph.values.len() - 1)
    }
}

/// The places of the nodes that compute attention: fused ones, and the softmax of others.
pub(crate) fn maps(nodes: &[Node]) -> Vec<usize> {
    let multiplied = multiplied(nodes);
    let places = nodes.iter().enumerate();
    let attends = places.filter(|(_, node)| match (&node.op, &node.outputs[..]) {
        (Op::Attention { .. }, _) => true,
        (Op::Softmax { log: false, .. }, [map]) => multiplied[map.0],
        _ => false,
    });
    attends.map(|(place, _)| place).collect()
}

/// Which values become the left factor of a product of matrices, perhaps behind a dropout or in another type.
fn multiplied(nodes: &[Node]) -> Vec<bool> {
    let all = nodes
        .iter()
        .flat_map(|node| node.inputs.iter().chain(&node.outputs));
    let mut multiplied = vec![false; all.map(|id| id.0 + 1).max().unwrap_or_default()];
    for node in nodes.iter().rev() {
        let (Some(first), Some(output)) = (node.inputs.first(), node.outputs.first()) else {
            continue;
        };
        multiplied[first.0] |= match node.op {
            Op::Matmul => true,
            Op::Dropout { .. } | Op::To { .. } | Op::Expand { .. } | Op::Reshape { .. } => {
                multiplied[output.0]
            }
            _ => false,
        };
    }
    multiplied
}
