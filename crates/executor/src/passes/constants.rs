//! What depends on parameters only is computed once.

use tch::{Device, Tensor};

use crate::check::{counts_inputs, name};
use crate::error::{During, Error};
use crate::executor::Mode;
use crate::operators::{Setting, apply};
use crate::passes::Draft;

/// Computes every node that reads nothing but constants, in the numbers that these came in.
pub(crate) fn fold(draft: &mut Draft, device: Device) -> Result<(), Error> {
    let setting = Setting {
        // No node that counts inputs is computed here.
        batch: 1,
        device,
        mode: Mode::Inference,
        spent: [false; 2],
    };
    let Draft {
        graph, constants, ..
    } = draft;
    let mut gone = vec![false; graph.nodes.len()];
    for (node, gone) in graph.nodes.iter().zip(&mut gone) {
        if counts_inputs(&node.op) {
            continue;
        }
        let inputs = node
            .inputs
            .iter()
            .map(|id| constants[id.0].as_ref().map(Tensor::shallow_clone));
        let Some(mut inputs) = inputs.collect::<Option<Vec<Tensor>>>() else {
            continue;
        };
        let outputs =
            apply(&node.op, &mut inputs, setting).during(&name(&node.op), &node.module)?;
        if outputs.len() != node.outputs.len() {
            // A run says so.
            continue;
        }
        for (id, tensor) in node.outputs.iter().zip(outputs) {
            constants[id.0] = Some(tensor);
        }
        *gone = true;
    }
    draft.remove(&gone);
    Ok(())
}
