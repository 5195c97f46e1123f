//! What computes networks, one file each. No file that a code digest covers names this one: inputs name the plug-in of their network.

pub(crate) mod graphed;
pub(crate) mod script;

use architectures::Architecture;
use executor::layers::TokenLayout;
use graph::{Graph, builders};
use tch::Kind;

use crate::device::Device;
use crate::error::NetworkError;
use crate::input::Batch;
use crate::network::Network;
use crate::parameters::{self, Parameters, Role};
use crate::width::Width;
use graphed::Graphed;

/// The name of the last layer's weight, [classes, inputs].
pub(crate) fn output(architecture: Architecture) -> String {
    let graph = builders::build(architecture, 1.0, 1);
    let mut parameters = graph.parameters.into_iter();
    let output = parameters.find(|parameter| parameter.role == Role::OutputWeight);
    output.map_or_else(String::new, |parameter| parameter.name)
}

/// The graph of an architecture, and what is known of it besides.
pub(crate) fn plan(
    parameters: &dyn Parameters,
    architecture: Architecture,
    width: Width,
) -> Result<Plan, NetworkError> {
    let classes = parameters.classes(&output(architecture))?;
    Ok(Plan {
        graph: builders::build(architecture, width.get(), classes),
        layer: Some((architecture.layer().to_owned(), TokenLayout::ChannelsFirst)),
        batch: architecture.batch(),
        classes: classes as usize,
        attending: None,
    })
}

/// A graph, and what a network of it needs besides parameters.
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    /// At which it is split, and how that holds positions.
    pub(crate) layer: Option<(String, TokenLayout)>,
    /// Inputs in a batch on the processor.
    pub(crate) batch: usize,
    /// Logits.
    pub(crate) classes: usize,
    /// The side of the pictures for which it is to be asked for its attention, if it is.
    pub(crate) attending: Option<usize>,
}

impl Plan {
    /// The network with parameters as they come.
    pub(crate) fn network(self, parameters: &mut dyn Parameters) -> Result<Network, NetworkError> {
        let tensors = parameters::all(&self.graph, parameters)?;
        let layer = self.layer.as_ref();
        let layer = layer.map(|(name, layout)| (name.as_str(), *layout));
        let layers = Graphed::new(self.graph, tensors, layer)?;
        // One logit tells two classes apart.
        let classes = self.classes.max(2);
        let network = Network::of(Box::new(layers), Device::CPU, self.batch, classes);
        let Some(side) = self.attending else {
            return Ok(network);
        };
        let picture = Batch::new(1, [side, side], Kind::Float)?;
        network.attending(&picture.tensor(1)?)
    }
}

/// A network as its parameters come, not folded: for training, and to compare with.
pub fn build(
    parameters: &mut dyn Parameters,
    architecture: Architecture,
    width: Width,
) -> Result<Network, NetworkError> {
    plan(parameters, architecture, width)?.network(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_code_that_computes() {
        assert_eq!(architectures::GRAPH, graphed::MODULE);
        assert_eq!(architectures::PROGRAM, script::MODULE);
    }
}
