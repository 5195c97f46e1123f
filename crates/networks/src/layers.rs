//! Which values of a graph a CAM can read, how they become maps, and which of them is the usual one.

use std::fmt;

use executor::{Executor, Shapes};
use graph::{Graph, Id, Node, Op};
use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::channels_first;

/// How a value holds a vector for each position of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// [batch, channels, height, width].
    Map,
    /// [batch, height, width, channels], as in a Swin transformer.
    ChannelsLast,
    /// [batch, tokens, channels]: tokens that stand for no position, such as a class token, then one for each position, row by row.
    Tokens {
        /// Tokens that stand for no position.
        prefix: i64,
        /// Rows and columns of the positions.
        grid: [i64; 2],
    },
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map => formatter.write_str("maps"),
            Self::ChannelsLast => formatter.write_str("maps, channels last"),
            Self::Tokens { prefix: 0, .. } => formatter.write_str("tokens, one for each patch"),
            Self::Tokens { prefix, .. } => {
                write!(
                    formatter,
                    "tokens, one for each patch behind {prefix} others"
                )
            }
        }
    }
}

/// A value that a CAM can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name: the path of the outermost module that gives it, or its own.
    pub name: String,
    /// How it holds positions.
    pub layout: Layout,
    /// Channels, height and width of its maps.
    pub shape: [usize; 3],
    pub(crate) value: Id,
}

impl Layout {
    /// A value, or a gradient there, as maps [batch, channels, height, width].
    pub(crate) fn maps(self, values: &Tensor) -> Result<Tensor, NetworkError> {
        match self {
            Self::Map => Ok(values.shallow_clone()),
            Self::ChannelsLast => channels_first(values),
            Self::Tokens {
                prefix,
                grid: [height, width],
            } => {
                let tokens = values
                    .f_narrow(1, prefix, height * width)
                    .and_then(|tokens| {
                        let [batch, _, channels] = tokens.size()[..] else {
                            return Ok(tokens);
                        };
                        tokens.f_reshape([batch, height, width, channels])
                    });
                channels_first(&tokens.during("laying out tokens")?)
            }
        }
    }
}

/// The values that a CAM can read, in the order of execution.
pub(crate) fn candidates(executor: &Executor, shapes: &Shapes) -> Vec<Candidate> {
    let graph = executor.graph();
    let names = names(graph);
    let mut grids = Vec::new();
    let mut found = Vec::new();
    for node in &graph.nodes {
        for &value in &node.outputs {
            let Some((layout, shape)) = layout(node, value, shapes, &mut grids) else {
                continue;
            };
            found.push(Candidate {
                name: names[value.0].clone(),
                layout,
                shape,
                value,
            });
        }
    }
    found
}

/// The shortest name of each value.
fn names(graph: &Graph) -> Vec<String> {
    let mut names: Vec<Option<&str>> = vec![None; graph.values.len()];
    for module in graph.modules() {
        if let Some(value) = graph.find(module) {
            let name = &mut names[value.0];
            if name.is_none_or(|known| module.len() < known.len()) {
                *name = Some(module);
            }
        }
    }
    let own = names.into_iter().zip(&graph.values);
    own.map(|(name, own)| name.unwrap_or(own).to_owned())
        .collect()
}

/// How a value holds positions, and the shape of its maps; nothing where it holds none, or one. `grids` are those of the maps before it.
fn layout(
    node: &Node,
    value: Id,
    shapes: &Shapes,
    grids: &mut Vec<[i64; 2]>,
) -> Option<(Layout, [usize; 3])> {
    let shape = shapes.of(value)?;
    let floats = matches!(shapes.kind(value), Some(Kind::Float | Kind::Double));
    if !floats || shape.first() != Some(&shapes.batch()) {
        return None;
    }
    let (layout, [channels, height, width]) = match *shape {
        [_, channels, height, width] if is_map(node, shape) => {
            grids.push([height, width]);
            (Layout::Map, [channels, height, width])
        }
        [_, height, width, channels] if height == width => {
            (Layout::ChannelsLast, [channels, height, width])
        }
        [_, tokens, channels] => {
            let fitting = grids.iter().filter(|[height, width]| {
                let positions = height * width;
                positions <= tokens && tokens - positions < positions
            });
            let grid = *fitting.max_by_key(|[height, width]| height * width)?;
            let prefix = tokens - grid[0] * grid[1];
            (
                Layout::Tokens { prefix, grid },
                [channels, grid[0], grid[1]],
            )
        }
        _ => return None,
    };
    (height * width > 1 && channels > 0)
        .then(|| (layout, [channels, height, width].map(|side| side as usize)))
}

/// Whether a value of four axes has its channels before height and width. Pictures are square, and so are maps of them.
fn is_map(node: &Node, shape: &[i64]) -> bool {
    match node.op {
        Op::LayerNorm { .. } | Op::Linear => false,
        Op::Convolution { .. } | Op::BatchNorm { .. } => true,
        _ => shape[2] == shape[3],
    }
}

/// The value that a CAM reads unless another is named.
///
/// Where a convolution or a batch norm comes after the last attention, or there is none: the last map that is not the result of a pooling. Else the
/// last norm before the last attention whose positions have a gradient, because behind that attention often a class token alone is read.
pub(crate) fn usual(
    executor: &Executor,
    candidates: &[Candidate],
    picture: &Tensor,
) -> Result<Option<Candidate>, NetworkError> {
    let nodes = &executor.graph().nodes;
    let attention = (0..nodes.len()).rev().find(|&place| attends(nodes, place));
    let convolves = |node: &Node| matches!(node.op, Op::Convolution { .. } | Op::BatchNorm { .. });
    let attention = attention.filter(|&place| !nodes[place..].iter().any(convolves));
    if let Some(attention) = attention {
        for node in nodes[..attention].iter().rev().filter(|node| is_norm(node)) {
            let given = candidates
                .iter()
                .find(|it| node.outputs.contains(&it.value));
            if let Some(candidate) = given
                && has_gradient(executor, candidate, picture)?
            {
                return Ok(Some(candidate.clone()));
            }
        }
    }
    let pooled = |value: Id| {
        let node = nodes.iter().find(|node| node.outputs.contains(&value));
        node.is_some_and(|node| {
            matches!(
                node.op,
                Op::MaxPool { .. } | Op::AvgPool { .. } | Op::AdaptiveAvgPool { .. }
            )
        })
    };
    let mut last = candidates.iter().rev();
    Ok(last.find(|it| !pooled(it.value)).cloned())
}

/// Whether a node is attention: fused, or the softmax of a product that weights another product.
fn attends(nodes: &[Node], place: usize) -> bool {
    let node = &nodes[place];
    match node.op {
        Op::Attention { .. } => true,
        Op::Softmax { log: false, .. } => {
            let mut weights = node.outputs.clone();
            nodes[place + 1..].iter().any(|later| {
                let reads = later.inputs.iter().any(|id| weights.contains(id));
                if reads
                    && matches!(
                        later.op,
                        Op::Dropout { .. } | Op::Expand { .. } | Op::Reshape { .. }
                    )
                {
                    weights.extend(&later.outputs);
                }
                reads && matches!(later.op, Op::Matmul | Op::Einsum { .. })
            })
        }
        _ => false,
    }
}

fn is_norm(node: &Node) -> bool {
    matches!(
        node.op,
        Op::LayerNorm { .. } | Op::GroupNorm { .. } | Op::BatchNorm { .. }
    )
}

/// Whether the largest logit of a picture has a gradient at any position of a value.
fn has_gradient(
    executor: &Executor,
    candidate: &Candidate,
    picture: &Tensor,
) -> Result<bool, NetworkError> {
    let graph = executor.graph();
    let around = executor.cut(candidate.value)?;
    let wanted = [&[candidate.value], &around[..]].concat();
    let given = [(graph.input, picture.shallow_clone())];
    let mut values = tch::no_grad(|| executor.run(&given, &wanted))?;
    let leaf = values[0]
        .f_detach()
        .and_then(|value| value.f_set_requires_grad(true))
        .during("the backward pass")?;
    values[0] = leaf.shallow_clone();
    let given: Vec<(Id, Tensor)> = wanted.into_iter().zip(values).collect();
    let batch = picture.size()[0];
    let logits = executor.run_for(batch, &given, &[graph.outputs[0].1])?;
    let largest = logits[0].f_max().during("the backward pass")?;
    if !largest.requires_grad() {
        return Ok(false);
    }
    let gradient = Tensor::f_run_backward(&[largest], &[&leaf], false, false)
        .during("the backward pass")?
        .remove(0);
    if !gradient.defined() {
        return Ok(false);
    }
    let largest = candidate
        .layout
        .maps(&gradient)?
        .f_abs()
        .and_then(|gradient| gradient.f_max())
        .and_then(|largest| f64::try_from(&largest));
    Ok(largest.during("the backward pass")? > 0.0)
}
