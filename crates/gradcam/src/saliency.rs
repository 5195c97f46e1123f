//! The action `saliency`: the map of a method that reads a layer of a network.

use actions::{Cam, Saliency};
use cam::{CamError, Layer};
use imaging::Rgb;
use methods::Map as Method;
use networks::{Classifier, Gradients, NetworkError};
use parts::{ActionError, Map, Rows};

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum SaliencyError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Its activations do not fit together.
    #[error(transparent)]
    Cam(#[from] CamError),
}

/// The rows of images in one network by one method. An image that cannot be read keeps no other from its map.
pub fn run(
    inputs: &[&Saliency],
    rows: &Rows<'_>,
    classifier: &Classifier,
) -> Result<Vec<Result<schema::Saliency, ActionError>>, ActionError> {
    let cams: Vec<&Cam> = inputs.iter().map(|inputs| &inputs.cam).collect();
    let maps = maps(&cams, rows, classifier)?;
    let row = |inputs: &Saliency, map: Map| schema::Saliency {
        image: inputs.names.image.clone(),
        network: inputs.names.network.clone(),
        method: inputs.names.method.clone(),
        layer: classifier.layer().to_owned(),
        target_class: inputs.cam.target_class.value,
        height: map.height as u32,
        width: map.width as u32,
        map: map.values,
    };
    let each = inputs.iter().zip(maps);
    Ok(each.map(|(inputs, map)| Ok(row(inputs, map?))).collect())
}

/// The maps that some inputs ask for in one network by one method, each by itself or an error.
pub fn maps(
    cams: &[&Cam],
    rows: &Rows<'_>,
    classifier: &Classifier,
) -> Result<Vec<Result<Map, ActionError>>, ActionError> {
    let [first, ..] = cams else {
        return Ok(Vec::new());
    };
    let crop = |cam: &&Cam| Ok((rows.load(&cam.pixels)?, cam.target_class.value as usize));
    let crops = cams.iter().map(crop).collect();
    together(crops, |asked| {
        saliency(first.method, classifier, asked).map_err(ActionError::failed)
    })
}

/// The maps of the crops that were read, which `ask` is given together, and the errors of the others in their places.
fn together(
    crops: Vec<Result<(Rgb, usize), ActionError>>,
    ask: impl FnOnce(&[(&Rgb, usize)]) -> Result<Vec<Map>, ActionError>,
) -> Result<Vec<Result<Map, ActionError>>, ActionError> {
    let asked: Vec<(&Rgb, usize)> = crops
        .iter()
        .flatten()
        .map(|(rgb, class)| (rgb, *class))
        .collect();
    let mut maps = ask(&asked)?.into_iter();
    let missing = || ActionError::failed("the network gave no map for it");
    let map = |crop: Result<_, _>| crop.and_then(|_| maps.next().ok_or_else(missing));
    Ok(crops.into_iter().map(map).collect())
}

/// The maps of crops of one size, each for a class; the gradients are those of its logit.
pub fn saliency(
    method: &Method,
    classifier: &Classifier,
    asked: &[(&Rgb, usize)],
) -> Result<Vec<Map>, SaliencyError> {
    let map = |found: &Gradients| {
        let layer = Layer::new(&found.activations, &found.gradients, found.shape)?;
        let [_, height, width] = found.shape;
        Ok(Map {
            height,
            width,
            values: (method.run)(&layer),
        })
    };
    classifier.gradients(asked)?.iter().map(map).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_cannot_be_read_fails_alone_and_the_others_are_evaluated_together() {
        let crop = Rgb::new(1, 2, vec![0; 6]).unwrap();
        let crops = (0..5).map(|class| match class {
            3 => Err(ActionError::failed("not a PNG file")),
            class => Ok((crop.clone(), class)),
        });
        let mut calls = Vec::new();
        let maps = together(crops.collect(), |asked| {
            calls.push(asked.len());
            let map = |&(_, class): &(&Rgb, usize)| Map {
                height: 1,
                width: 1,
                values: vec![class as f32],
            };
            Ok(asked.iter().map(map).collect())
        });
        assert_eq!(calls, [4]);
        let values = maps.unwrap().into_iter().map(|map| map.ok()?.values.pop());
        let values: Vec<Option<f32>> = values.collect();
        assert_eq!(values, [Some(0.0), Some(1.0), Some(2.0), None, Some(4.0)]);
    }
}
