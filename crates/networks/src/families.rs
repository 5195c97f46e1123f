//! The families of networks, one file each. No file that a code digest covers names this one: inputs name the family of their network.

mod alexnet;
mod resnet;
pub(crate) mod script;
mod vgg;

use architectures::{Architecture, Family};

use crate::error::NetworkError;
use crate::network::{Layers, Network};
use crate::parameters::Parameters;
use crate::width::Width;
use alexnet::AlexNet;
use resnet::ResNet;
use vgg::Vgg;

/// The last layer's weight, [classes, inputs].
pub(crate) fn output(family: Family) -> &'static str {
    match family {
        Family::AlexNet => AlexNet::OUTPUT,
        Family::Vgg(_) => Vgg::OUTPUT,
        Family::ResNet(_) => ResNet::OUTPUT,
    }
}

/// A network as its parameters come, not folded: for training, and to compare with.
pub fn build(
    parameters: &mut dyn Parameters,
    architecture: Architecture,
    width: Width,
) -> Result<Network, NetworkError> {
    let family = architecture.family();
    let classes = parameters.classes(output(family))? as usize;
    let layers: Box<dyn Layers> = match family {
        Family::AlexNet => Box::new(AlexNet::new(parameters, width)?),
        Family::Vgg(size) => Box::new(Vgg::new(parameters, size, width)?),
        Family::ResNet(size) => Box::new(ResNet::new(parameters, size, width)?),
    };
    let (names, batch) = (architecture.layers(), architecture.batch());
    Ok(Network::of(layers, names, batch, classes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_code_of_the_family_that_is_built() {
        for architecture in Architecture::ALL {
            let module = match architecture.family() {
                Family::AlexNet => alexnet::MODULE,
                Family::Vgg(_) => vgg::MODULE,
                Family::ResNet(_) => resnet::MODULE,
            };
            assert_eq!(architecture.family().module(), module);
        }
        assert_eq!(architectures::PROGRAM, script::MODULE);
    }
}
