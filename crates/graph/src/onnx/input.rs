//! The input: one batch of images of three colours, its colours before or behind the places.

use super::DOUBLE;
use super::builder::{Builder, lengths};
use super::messages::{Info, Length};
use super::numbers::kind;
use super::refusal::Refusal;
use super::types::Type;
use crate::op::{Kind, Op, Size};

/// Channels of an image.
const CHANNELS: i64 = 3;
/// How a network is exported so that it takes any number of images.
const DYNAMIC: &str = "export it with a dynamic batch: in PyTorch torch.onnx.export(network, images, path, dynamo=True, dynamic_shapes=({0: torch.export.Dim(\"batch\", min=1)},)) \
    with an example of 2 images, in Keras and tf2onnx with an input of shape (None, height, width, 3)";

/// Adds the input of the graph, and what the file's own is made of it; gives the height and width that it must have.
pub(super) fn add<'a>(
    builder: &mut Builder<'a>,
    inputs: &[Info<'a>],
    side: Option<i64>,
) -> Result<[Option<i64>; 2], Refusal> {
    let unfit = |reason: String| Err(Refusal::Unfit(reason));
    let [input] = inputs else {
        let names: Vec<String> = inputs
            .iter()
            .take(8)
            .map(|input| format!("`{}`", input.name))
            .collect();
        return unfit(format!(
            "the network takes {} inputs ({}); expected one, a batch of images: export a network that takes the images alone",
            inputs.len(),
            names.join(", ")
        ));
    };
    match kind(input.data_type) {
        Ok(Kind::Float) => {}
        Ok(Kind::Double) => return unfit(format!("the network's input {DOUBLE}")),
        _ => {
            return unfit("the network's input is not of real numbers: export the part of it that takes normalised images".to_owned());
        }
    }
    let (places, last) = image_like(input.shape.as_deref())?;
    let size = places.map(|length| match length {
        Length::Fixed(fixed) if fixed > 0 => Some(fixed),
        _ => None,
    });
    let [height, width] = size.map(|fixed| fixed.or(side));
    let batch = Some(Size { each: 1, fixed: 0 });
    let place = |fixed: Option<i64>| fixed.map(|fixed| Size { each: 0, fixed });
    let mut shape = vec![batch];
    shape.extend(lengths(&[CHANNELS]));
    shape.extend([place(height), place(width)]);
    let found = Type::new(Kind::Float, Some(shape));
    let held = if last {
        builder.graph.input = builder.unnamed(input.name, found);
        let images = builder.graph.input;
        let turned = builder.emit(
            Op::Permute {
                axes: vec![0, 2, 3, 1],
            },
            &[images],
        );
        turned.and_then(|id| builder.hold_value(input.name, id))
    } else {
        let id = builder.value(input.name.to_owned(), found);
        builder.graph.input = id;
        builder.hold_value(input.name, id)
    };
    held.map_err(Refusal::Damaged)?;
    Ok(size)
}

/// The lengths of height and width, and whether the colours come behind them.
fn image_like<'a>(shape: Option<&[Length<'a>]>) -> Result<([Length<'a>; 2], bool), Refusal> {
    let unfit = |reason: String| Err(Refusal::Unfit(reason));
    let expected = format!(
        "expected images as [batch, {CHANNELS}, height, width] or [batch, height, width, {CHANNELS}]"
    );
    let Some(shape) = shape else {
        return unfit(format!(
            "the network does not state the shape of its input; {expected}: export it with one"
        ));
    };
    let &[batch, first, second, third] = shape else {
        return unfit(format!(
            "the network's input has {} axes; {expected}",
            shape.len()
        ));
    };
    if let Length::Fixed(count) = batch
        && count > 0
    {
        return unfit(format!(
            "the network was exported for batches of exactly {count} images: {DYNAMIC}"
        ));
    }
    let colours = Length::Fixed(CHANNELS);
    if first == colours {
        return Ok(([second, third], false));
    }
    if third == colours {
        return Ok(([first, second], true));
    }
    let few = |length: Length<'_>| match length {
        Length::Fixed(channels @ (1 | 4)) => Some(channels),
        _ => None,
    };
    match few(first).or(few(third)) {
        Some(1) => {
            return unfit(
                "the network takes images of 1 channel (grey); expected 3 (red, green, blue): export a network that makes them grey itself".to_owned(),
            );
        }
        Some(channels) => {
            return unfit(format!(
                "the network takes images of {channels} channels; expected 3 (red, green, blue): export a network that adds the others itself"
            ));
        }
        None => {}
    }
    match first {
        // Exporters with everything dynamic state nothing; images of PyTorch have their colours there.
        Length::Named(_) | Length::Unknown => Ok(([second, third], false)),
        Length::Fixed(channels) => unfit(format!(
            "the network's input has {channels} channels; {expected}"
        )),
    }
}
