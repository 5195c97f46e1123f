//! What networks take their parameters from.

use tch::Tensor;

use crate::error::NetworkError;

/// What a parameter is for; a generator needs it to choose starting values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight of a convolution or a linear layer, followed by a ReLU.
    Weight,
    /// The weight of the last linear layer.
    OutputWeight,
    /// Anything that starts at zero: biases, running means.
    Zeros,
    /// Anything that starts at one: scales, running variances.
    Ones,
}

/// Where a network takes its parameters from, by torchvision's names.
pub trait Parameters {
    /// The parameter `name` with exactly `shape`, as f32.
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError>;

    /// Like [`Self::take`], for running statistics, which are not trained.
    fn take_statistic(
        &mut self,
        name: &str,
        shape: &[i64],
        role: Role,
    ) -> Result<Tensor, NetworkError> {
        self.take(name, shape, role)
    }

    /// The number of classes: the rows of the tensor `name`.
    fn classes(&self, name: &str) -> Result<i64, NetworkError>;
}
