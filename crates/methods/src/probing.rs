//! Methods that change inputs or activations, and evaluate the network on them.

use cam::Activations;
use parts::ActionError;

/// Makes a map from the activations of a layer and from answers.
pub type Probing = fn(&Activations<'_>, &mut dyn Probe) -> Result<Vec<f32>, ActionError>;

/// Asks about one crop. Every answer is the logit of the explained class.
pub trait Probe {
    /// Height and width of the crop.
    fn size(&self) -> [usize; 2];

    /// The logits of `count` inputs: the crop's normalised input times a mask of [height, width], which `mask` writes.
    fn masked(
        &mut self,
        count: usize,
        mask: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> Result<Vec<f32>, ActionError>;

    /// The logits that the head gives for `count` changed copies of the layer's activations, [channels, height, width]; `change` changes each.
    fn changed(
        &mut self,
        count: usize,
        change: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> Result<Vec<f32>, ActionError>;
}
