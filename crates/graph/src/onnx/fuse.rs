//! Layers that exporters take apart, put together again, so that they are named, found and computed as in other files: what nobody reads any more is left
//! out later, and the last value keeps its name.

use std::collections::BTreeMap;

use super::builder::Erf;
use crate::graph::{Graph, Id, Node, Role};
use crate::op::{Binary, Kind, Number, Op, Unary};

/// How far constants may be from those of a formula.
const CLOSE: f64 = 1e-4;

/// Puts together linear layers and their bias, GELU, `SiLU`, Hardswish, and layer norms.
pub(super) fn fuse(graph: &mut Graph, errors: &BTreeMap<Id, Erf>) {
    let found = Found::new(graph, errors);
    let mut changes = Vec::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        let fused = found
            .linear(node)
            .or_else(|| found.gelu(node))
            .or_else(|| found.gate(node))
            .or_else(|| found.layer_norm(node));
        changes.extend(fused.map(|fused| (place, fused)));
    }
    for (place, (op, inputs)) in changes {
        if let Some(node) = graph.nodes.get_mut(place) {
            node.op = op;
            node.inputs = inputs;
        }
    }
}

type Fused = Option<(Op, Vec<Id>)>;

/// Where values come from.
struct Found<'g> {
    graph: &'g Graph,
    errors: &'g BTreeMap<Id, Erf>,
    producers: BTreeMap<Id, usize>,
    /// The shapes of parameters.
    shapes: BTreeMap<Id, &'g [i64]>,
}

impl<'g> Found<'g> {
    fn new(graph: &'g Graph, errors: &'g BTreeMap<Id, Erf>) -> Self {
        let nodes = graph.nodes.iter().enumerate();
        let single = nodes.filter_map(|(place, node)| match node.outputs[..] {
            [output] => Some((output, place)),
            _ => None,
        });
        let trained = graph
            .parameters
            .iter()
            .filter(|parameter| parameter.kind == Kind::Float && parameter.role != Role::Constant);
        Self {
            graph,
            errors,
            producers: single.collect(),
            shapes: trained
                .map(|parameter| (parameter.value, &parameter.shape[..]))
                .collect(),
        }
    }

    fn node(&self, id: Id) -> Option<&'g Node> {
        self.graph.nodes.get(*self.producers.get(&id)?)
    }

    /// The two inputs of an operator on two tensors, in both orders where the order does not matter.
    fn pairs(node: &Node, wanted: Binary) -> Vec<(Id, Id)> {
        match (&node.op, &node.inputs[..]) {
            (
                &Op::Binary {
                    operation,
                    alpha: Number::Int(1),
                    rounding: None,
                },
                &[left, right],
            ) if operation == wanted => {
                if matches!(wanted, Binary::Add | Binary::Mul) {
                    vec![(left, right), (right, left)]
                } else {
                    vec![(left, right)]
                }
            }
            _ => Vec::new(),
        }
    }

    /// The input of an operator with a constant.
    fn with(&self, id: Id, wanted: Binary, close_to: f64) -> Option<Id> {
        let node = self.node(id)?;
        let (
            &Op::Scalar {
                operation,
                number,
                left,
                rounding: None,
            },
            &[input],
        ) = (&node.op, &node.inputs[..])
        else {
            return None;
        };
        let number = match number {
            Number::Int(number) => number as f64,
            Number::Real(number) => number,
        };
        let ordered = left && !matches!(wanted, Binary::Add | Binary::Mul);
        (operation == wanted && !ordered && (number - close_to).abs() < CLOSE).then_some(input)
    }

    fn unary(&self, id: Id, wanted: Unary) -> Option<Id> {
        let node = self.node(id)?;
        match (&node.op, &node.inputs[..]) {
            (Op::Unary(unary), &[input]) if *unary == wanted => Some(input),
            _ => None,
        }
    }

    /// A linear layer without a bias, and a vector that is added.
    fn linear(&self, node: &Node) -> Fused {
        Self::pairs(node, Binary::Add)
            .into_iter()
            .find_map(|(product, bias)| {
                let linear = self.node(product)?;
                let (Op::Linear, &[input, weight]) = (&linear.op, &linear.inputs[..]) else {
                    return None;
                };
                let (Some(&[outputs, _]), Some(&[length])) =
                    (self.shapes.get(&weight), self.shapes.get(&bias))
                else {
                    return None;
                };
                (outputs == length).then(|| (Op::Linear, vec![input, weight, bias]))
            })
    }

    /// x · (1 + erf(x / √2)) / 2, in any order.
    fn gelu(&self, node: &Node) -> Fused {
        let half = |id| {
            self.with(id, Binary::Mul, 0.5)
                .or_else(|| self.with(id, Binary::Div, 2.0))
        };
        let shares = |id| {
            let error = self.with(id, Binary::Add, 1.0)?;
            let scaled = self.errors.get(&error)?.of;
            self.with(scaled, Binary::Div, std::f64::consts::SQRT_2)
                .or_else(|| self.with(scaled, Binary::Mul, std::f64::consts::FRAC_1_SQRT_2))
        };
        let of = |x: Id| Some((Op::Gelu { tanh: false }, vec![x]));
        let output = *node.outputs.first()?;
        if let Some(product) = half(output) {
            let product = self.node(product)?;
            return Self::pairs(product, Binary::Mul)
                .into_iter()
                .find_map(|(x, share)| {
                    if shares(share) == Some(x) {
                        of(x)
                    } else {
                        None
                    }
                });
        }
        Self::pairs(node, Binary::Mul)
            .into_iter()
            .find_map(|(left, right)| {
                if let Some(x) = half(left).filter(|&x| shares(right) == Some(x)) {
                    return of(x);
                }
                let share = half(right)?;
                if shares(share) == Some(left) {
                    of(left)
                } else {
                    None
                }
            })
    }

    /// x · sigmoid(x), or with a hard sigmoid.
    fn gate(&self, node: &Node) -> Fused {
        Self::pairs(node, Binary::Mul)
            .into_iter()
            .find_map(|(x, gate)| {
                let fused = [
                    (Unary::Sigmoid, Unary::Silu),
                    (Unary::Hardsigmoid, Unary::Hardswish),
                ];
                let (_, fused) = fused
                    .into_iter()
                    .find(|&(unary, _)| self.unary(gate, unary) == Some(x))?;
                Some((Op::Unary(fused), vec![x]))
            })
    }

    /// (x - mean) / √(variance + ε) · weight + bias over the last axes.
    fn layer_norm(&self, node: &Node) -> Fused {
        Self::pairs(node, Binary::Add)
            .into_iter()
            .find_map(|(scaled, bias)| {
                let shape = *self.shapes.get(&bias)?;
                let scaled = self.node(scaled)?;
                Self::pairs(scaled, Binary::Mul)
                    .into_iter()
                    .find_map(|(normed, weight)| {
                        let (x, epsilon, axes) = self.normed(normed)?;
                        let last = axes == [-1] && shape.len() == 1;
                        let fits = self.shapes.get(&weight) == Some(&shape) && last;
                        fits.then(|| {
                            (
                                Op::LayerNorm {
                                    shape: shape.to_vec(),
                                    epsilon,
                                },
                                vec![x, weight, bias],
                            )
                        })
                    })
            })
    }

    /// (x - mean) / √(variance + ε): x, ε and the axes.
    fn normed(&self, id: Id) -> Option<(Id, f64, &'g [i64])> {
        let quotient = self.node(id)?;
        let &(apart, deviation) = Self::pairs(quotient, Binary::Div).first()?;
        let (x, axes) = self.apart(apart)?;
        let more = self.unary(deviation, Unary::Sqrt)?;
        let (
            &Op::Scalar {
                operation: Binary::Add,
                number: Number::Real(epsilon),
                ..
            },
            &[variance],
        ) = (&self.node(more)?.op, &self.node(more)?.inputs[..])
        else {
            return None;
        };
        let (square, others) = self.mean(variance)?;
        let squared = self.with(square, Binary::Pow, 2.0).or_else(|| {
            let product = self.node(square)?;
            Self::pairs(product, Binary::Mul)
                .first()
                .filter(|(left, right)| left == right)
                .map(|&(left, _)| left)
        })?;
        let (of, _) = self.apart(squared)?;
        (of == x && others == axes).then_some((x, epsilon, axes))
    }

    /// x - mean: x and the axes of the mean.
    fn apart(&self, id: Id) -> Option<(Id, &'g [i64])> {
        let difference = self.node(id)?;
        let &(x, mean) = Self::pairs(difference, Binary::Sub).first()?;
        let (of, axes) = self.mean(mean)?;
        (of == x).then_some((x, axes))
    }

    fn mean(&self, id: Id) -> Option<(Id, &'g [i64])> {
        let node = self.node(id)?;
        match (&node.op, &node.inputs[..]) {
            (Op::Mean { axes, keep: true }, &[input]) => Some((input, axes)),
            _ => None,
        }
    }
}
