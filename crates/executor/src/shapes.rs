//! The shapes that values have in a run.

use graph::Id;
use tch::{Kind, Tensor};

use crate::error::Error;
use crate::executor::Executor;

/// The shape of every value that the outputs of a network depend on, as found by a run.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// By value.
    found: Vec<Option<(Vec<i64>, Option<Kind>)>>,
    batch: i64,
}

impl Shapes {
    /// The length of each axis of a value; nothing where no output depends on it.
    pub fn of(&self, id: Id) -> Option<&[i64]> {
        let (shape, _) = self.found.get(id.0)?.as_ref()?;
        Some(shape)
    }

    /// The type of its numbers.
    pub fn kind(&self, id: Id) -> Option<Kind> {
        self.found.get(id.0)?.as_ref()?.1
    }

    /// Inputs in the batch of the run.
    pub fn batch(&self) -> i64 {
        self.batch
    }
}

impl Executor {
    /// Runs the network on an input, and gives the shape of every value that the outputs depend on.
    pub fn shapes(&self, input: &Tensor) -> Result<Shapes, Error> {
        let mut found: Vec<_> = self
            .constants
            .iter()
            .map(|constant| constant.as_ref().map(shape))
            .collect();
        let batch = input.size().first().copied().ok_or(Error::NoBatch)?;
        let given = [(self.graph.input, input.shallow_clone())];
        let mut look = |id: Id, tensor: &Tensor| found[id.0] = Some(shape(tensor));
        tch::no_grad(|| self.run_observed(batch, &given, &self.outputs(), &mut look))?;
        Ok(Shapes { found, batch })
    }
}

fn shape(tensor: &Tensor) -> (Vec<i64>, Option<Kind>) {
    (tensor.size(), tensor.f_kind().ok())
}
