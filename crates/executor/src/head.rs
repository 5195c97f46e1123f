//! A head that is global average pooling and one linear layer: a logit's gradient is then the layer's weight by the number of positions.

use graph::{Id, Node, Op, Size};
use tch::Tensor;

use crate::executor::Executor;
use crate::flow::Source;

impl Executor {
    /// The weight [classes, channels] of the output layer, where nothing but global average pooling over [batch, channels, height, width] is between
    /// `value` and that layer, and the layer gives the only output. The gradient of logit c at every position is then row c by height · width.
    pub fn behind_pooling(&self, value: Id) -> Option<&Tensor> {
        let [(_, output)] = self.graph.outputs[..] else {
            return None;
        };
        let linear = self.node_of(output)?;
        let (Op::Linear, [pooled, weight, ..]) = (&linear.op, &linear.inputs[..]) else {
            return None;
        };
        let weight = self.constants[weight.0]
            .as_ref()
            .filter(|weight| !weight.is_mkldnn())?;
        let channels = *weight.size().get(1)?;
        // From the layer back to the pooling.
        let mut id = *pooled;
        let pooling = loop {
            let node = self.node_of(id)?;
            if self.node_of(id).is_some_and(pools_all) {
                break node;
            }
            if !keeps_channels(&node.op, channels) {
                return None;
            }
            id = *node.inputs.first()?;
        };
        // What is pooled has to be all that the output sees of the input.
        let (_, missing) = self.flow.needed(&self.graph, &[output], |id| id == value);
        (pooling.inputs.first() == Some(&value) && missing.is_empty()).then_some(weight)
    }

    fn node_of(&self, id: Id) -> Option<&Node> {
        match self.flow.source(id) {
            Source::Node(place) => Some(&self.graph.nodes[place]),
            _ => None,
        }
    }
}

/// Whether a node takes the mean over height and width of [batch, channels, height, width].
fn pools_all(node: &Node) -> bool {
    match &node.op {
        Op::AdaptiveAvgPool { size } => size[..] == [1, 1],
        Op::Mean { axes, .. } => matches!(axes[..], [2, 3] | [3, 2] | [-1, -2] | [-2, -1]),
        _ => false,
    }
}

/// Whether an operator makes [batch, channels] of [batch, channels, 1, 1] or of the same, or does nothing to it.
fn keeps_channels(op: &Op, channels: i64) -> bool {
    match op {
        Op::Flatten { from: 1, to } => [-1, 1, 3].contains(to),
        Op::Squeeze { axes } => axes.iter().all(|axis| [2, 3, -1, -2].contains(axis)),
        Op::Reshape { shape } => {
            let rows = [Size { each: 1, fixed: 0 }, Size { each: 0, fixed: -1 }];
            let all = Size {
                each: 0,
                fixed: channels,
            };
            matches!(shape[..], [row, column] if rows.contains(&row) && (column == all || row.each == 1 && column.fixed == -1))
        }
        Op::Dropout { .. } => true,
        _ => false,
    }
}
