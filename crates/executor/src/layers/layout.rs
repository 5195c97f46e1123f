//! Where the places of a picture are in the axes of a value: found from shapes, from the first convolution on.

use std::fmt;

use graph::{Graph, Id, Node, Op};
use tch::{TchError, Tensor};

use crate::error::{During, Error};
use crate::shapes::Shapes;

/// Which axes of a value are height and width, or the tokens of a grid of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLayout {
    /// [batch, channels, height, width].
    ChannelsFirst,
    /// [batch, height, width, channels], as in Swin.
    ChannelsLast,
    /// [batch, tokens, channels]: some tokens that are no places (class, distillation, registers), then those of the grid, row by row.
    Tokens {
        /// How many tokens are before those of the grid.
        prefix: i64,
        /// Height and width of the grid.
        grid: [i64; 2],
    },
}

impl TokenLayout {
    /// An activation or its gradient as [batch, channels, height, width].
    pub fn to_map(self, tensor: &Tensor) -> Result<Tensor, Error> {
        self.map(tensor).during("reading a map", "")
    }

    pub(super) fn map(self, tensor: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Self::ChannelsFirst => Ok(tensor.shallow_clone()),
            Self::ChannelsLast => tensor.f_permute([0, 3, 1, 2]),
            Self::Tokens {
                prefix,
                grid: [height, width],
            } => {
                let places = tensor.f_narrow(1, prefix, height.saturating_mul(width))?;
                places.f_transpose(1, 2)?.f_unflatten(2, [height, width])
            }
        }
    }

    /// Height and width of the maps that a value of such a shape holds.
    pub fn grid(self, shape: &[i64]) -> Option<[i64; 2]> {
        match (self, shape) {
            (Self::ChannelsFirst, [_, _, height, width])
            | (Self::ChannelsLast, [_, height, width, _]) => Some([*height, *width]),
            (Self::Tokens { grid, .. }, _) => Some(grid),
            _ => None,
        }
    }
}

impl fmt::Display for TokenLayout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelsFirst => formatter.write_str("maps"),
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

/// What is known of a value's axes while it is followed through the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axes {
    /// [batch, channels, height, width].
    First,
    /// [batch, height, width, channels].
    Last,
    /// [batch, channels, places] of a grid.
    Flat([i64; 2]),
    /// [batch, tokens, channels], the places of a grid last.
    Tokens([i64; 2]),
    /// [batch · tokens, channels], as a batch norm of tokens reads them.
    Rows([i64; 2]),
}

/// The layout of every value that is a map of more than one place.
pub(super) fn layouts(graph: &Graph, shapes: &Shapes) -> Vec<Option<TokenLayout>> {
    let mut known: Vec<Option<Axes>> = vec![None; graph.values.len()];
    known[graph.input.0] = Some(Axes::First);
    let mut grids: Vec<[i64; 2]> = Vec::new();
    for node in &graph.nodes {
        for (place, &output) in node.outputs.iter().enumerate() {
            let axes =
                follow(node, place, &known, shapes).or_else(|| guessed(node, &grids, shapes));
            if let Some(Axes::Tokens(grid)) = axes
                && grids.last() != Some(&grid)
            {
                grids.push(grid);
            }
            known[output.0] = axes;
        }
    }
    known[graph.input.0] = None;
    let found = known.into_iter().enumerate();
    found
        .map(|(value, axes)| layout(axes?, shapes.of(Id(value))?, shapes.batch()))
        .collect()
}

/// Behind an attention the places are not followed: a residual sum tells them again. Where there is none, a linear layer or a norm over as many tokens
/// as a grid before it had places has the same grid.
fn guessed(node: &Node, grids: &[[i64; 2]], shapes: &Shapes) -> Option<Axes> {
    let wide = matches!(
        node.op,
        Op::Linear | Op::LayerNorm { .. } | Op::Binary { .. } | Op::Reshape { .. }
    );
    let [batch, tokens, _] = shapes.of(*node.outputs.first()?)? else {
        return None;
    };
    let grid = grids
        .iter()
        .rev()
        .find(|[height, width]| height * width == *tokens)?;
    (wide && *batch == shapes.batch()).then_some(Axes::Tokens(*grid))
}

fn layout(axes: Axes, shape: &[i64], batch: i64) -> Option<TokenLayout> {
    let layout = match (axes, shape) {
        (Axes::First, [_, _, _, _]) => TokenLayout::ChannelsFirst,
        (Axes::Last, [_, _, _, _]) => TokenLayout::ChannelsLast,
        (Axes::Tokens(grid), [_, tokens, _]) => TokenLayout::Tokens {
            prefix: tokens - grid[0] * grid[1],
            grid,
        },
        _ => return None,
    };
    let [height, width] = layout.grid(shape)?;
    (shape[0] == batch && height * width > 1).then_some(layout)
}

/// The axes of an output of a node, where they follow from those of what it reads.
fn follow(node: &Node, place: usize, known: &[Option<Axes>], shapes: &Shapes) -> Option<Axes> {
    let output = shapes.of(*node.outputs.get(place)?)?;
    let first = *node.inputs.first()?;
    let (axes, input) = (known[first.0], shapes.of(first)?);
    match &node.op {
        Op::Convolution { .. }
        | Op::MaxPool { .. }
        | Op::AvgPool { .. }
        | Op::AdaptiveAvgPool { .. }
        | Op::Upsample { .. }
            if output.len() == 4 =>
        {
            Some(Axes::First)
        }
        // Norms of four axes are over the second one.
        Op::BatchNorm { .. } | Op::GroupNorm { .. } if output.len() == 4 => Some(Axes::First),
        Op::Unary(_)
        | Op::Gelu { .. }
        | Op::Clamp { .. }
        | Op::Scalar { .. }
        | Op::Dropout { .. }
        | Op::To { .. }
        | Op::Detach
        | Op::BatchNorm { .. }
        | Op::GroupNorm { .. }
        | Op::LayerNorm { .. } => axes,
        Op::Binary { .. } | Op::Addcmul { .. } => {
            let whole = node
                .inputs
                .iter()
                .filter(|id| shapes.of(**id) == Some(output));
            whole.into_iter().find_map(|id| known[id.0])
        }
        Op::Linear => axes.filter(|axes| matches!(axes, Axes::Last | Axes::Tokens(_))),
        Op::Permute { axes: order } => permuted(
            axes?,
            &order
                .iter()
                .map(|axis| positive(*axis, order.len()))
                .collect::<Vec<_>>(),
        ),
        Op::Transpose { axes: [one, other] } if input.len() == 3 => {
            let mut both = [positive(*one, 3), positive(*other, 3)];
            both.sort_unstable();
            (both == [1, 2]).then(|| permuted(axes?, &[0, 2, 1]))?
        }
        Op::Flatten { .. } | Op::Reshape { .. } | Op::Unflatten { .. } => {
            reshaped(axes?, input, output)
        }
        Op::Cat { axis } => joined(node, positive(*axis, output.len()), known),
        Op::Slice { axis, .. } | Op::Split { axis, .. } | Op::Chunk { axis, .. } => {
            let axis = positive(*axis, output.len());
            match axes? {
                // The places come last, so what is cut off before them is other tokens.
                Axes::Tokens(grid) if axis == 1 => {
                    let last = place + 1 == node.outputs.len()
                        && reaches_end(&node.op, input.get(1).copied()?);
                    (last && output[1] >= grid[0] * grid[1]).then_some(Axes::Tokens(grid))
                }
                Axes::Flat(_) if axis == 2 => None,
                axes => Some(axes),
            }
        }
        Op::Roll { .. } | Op::Pad { .. } if output.len() == 4 => axes,
        _ => None,
    }
}

/// Whether a slice goes to the end of an axis of a length; parts of a split are looked at by their place.
fn reaches_end(op: &Op, length: i64) -> bool {
    match op {
        Op::Slice { end, step, .. } => {
            *step == 1 && end.is_none_or(|end| end.each == 0 && end.fixed >= length)
        }
        _ => true,
    }
}

fn positive(axis: i64, count: usize) -> usize {
    let axis = if axis < 0 {
        axis.saturating_add(count as i64)
    } else {
        axis
    };
    usize::try_from(axis).unwrap_or(usize::MAX)
}

fn permuted(axes: Axes, order: &[usize]) -> Option<Axes> {
    match (axes, order) {
        (axes, [0, 1, 2] | [0, 1, 2, 3]) => Some(axes),
        (Axes::First, [0, 2, 3, 1]) => Some(Axes::Last),
        (Axes::Last, [0, 3, 1, 2]) => Some(Axes::First),
        (Axes::Flat(grid), [0, 2, 1]) => Some(Axes::Tokens(grid)),
        (Axes::Tokens(grid), [0, 2, 1]) => Some(Axes::Flat(grid)),
        _ => None,
    }
}

fn reshaped(axes: Axes, input: &[i64], output: &[i64]) -> Option<Axes> {
    if input == output {
        return Some(axes);
    }
    match (axes, input, output) {
        (Axes::First, [b, c, h, w], [b1, c1, places]) if [b, c] == [b1, c1] && h * w == *places => {
            Some(Axes::Flat([*h, *w]))
        }
        (Axes::Last, [b, h, w, c], [b1, places, c1]) if [b, c] == [b1, c1] && h * w == *places => {
            Some(Axes::Tokens([*h, *w]))
        }
        (Axes::Tokens([h, w]), [b, _, c], [b1, h1, w1, c1])
            if [b, c] == [b1, c1] && [h, w] == [*h1, *w1] =>
        {
            Some(Axes::Last)
        }
        (Axes::Tokens(grid), [b, tokens, c], [rows, c1]) if b * tokens == *rows && c == c1 => {
            Some(Axes::Rows(grid))
        }
        (Axes::Rows(grid), [rows, c], [b, tokens, c1]) if b * tokens == *rows && c == c1 => {
            Some(Axes::Tokens(grid))
        }
        (Axes::Flat([h, w]), [b, c, _], [b1, c1, h1, w1])
            if [b, c] == [b1, c1] && [h, w] == [*h1, *w1] =>
        {
            Some(Axes::First)
        }
        _ => None,
    }
}

/// Of tensors that are joined: other tokens may come before those of the grid, and maps may be joined along their channels.
fn joined(node: &Node, axis: usize, known: &[Option<Axes>]) -> Option<Axes> {
    let last = known[node.inputs.last()?.0];
    let any = node.inputs.iter().find_map(|id| known[id.0]);
    match (any?, axis) {
        (Axes::Tokens(_), 1) => {
            let mut before = node.inputs[..node.inputs.len() - 1].iter();
            last.filter(|_| before.all(|id| known[id.0].is_none()))
        }
        (Axes::First, 1) | (Axes::Last, 3) | (Axes::Tokens(_), 2) => any,
        _ => None,
    }
}
