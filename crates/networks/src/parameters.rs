//! What networks take their parameters from.

pub use graph::Role;
use tch::Tensor;

use crate::error::NetworkError;

/// Where a network takes its parameters from, by the names that its graph has for them.
pub trait Parameters {
    /// The parameter `name` with exactly `shape`.
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError>;

    /// The number of classes: the rows of the tensor `name`.
    fn classes(&self, name: &str) -> Result<i64, NetworkError>;
}

/// The parameters of a graph, in its order.
pub(crate) fn all(
    graph: &graph::Graph,
    parameters: &mut dyn Parameters,
) -> Result<Vec<Tensor>, NetworkError> {
    let each = graph.parameters.iter();
    each.map(|it| parameters.take(&it.name, &it.shape, it.role))
        .collect()
}
