//! The action `saliency`: Grad-CAM (Selvaraju et al. 2017).

use actions::{Cam, Saliency};
use cam::{CamError, Dims};
use imaging::Rgb;
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

/// The rows of images in one network by one method.
pub fn run(
    inputs: &[&Saliency],
    rows: &Rows<'_>,
    classifier: &Classifier,
) -> Result<Vec<schema::Saliency>, ActionError> {
    let cams: Vec<&Cam> = inputs.iter().map(|inputs| &inputs.cam).collect();
    let maps = maps(&cams, rows, classifier)?;
    let row = |(inputs, map): (&&Saliency, Map)| schema::Saliency {
        image: inputs.names.image.clone(),
        network: inputs.names.network.clone(),
        method: inputs.names.method.clone(),
        layer: inputs.cam.layer.clone(),
        target_class: inputs.cam.target_class.value,
        height: map.height as u32,
        width: map.width as u32,
        map: map.values,
    };
    Ok(inputs.iter().zip(maps).map(row).collect())
}

/// The maps that some inputs ask for in one network: eq. 1 for the channels' weights, eq. 2 for the map; y^c is the logit.
pub fn maps(
    cams: &[&Cam],
    rows: &Rows<'_>,
    classifier: &Classifier,
) -> Result<Vec<Map>, ActionError> {
    let load = |cam: &&Cam| rows.load(&cam.pixels);
    let crops = cams.iter().map(load).collect::<Result<Vec<Rgb>, _>>()?;
    let classes = cams.iter().map(|cam| cam.target_class.value as usize);
    let asked: Vec<(&Rgb, usize)> = crops.iter().zip(classes).collect();
    saliency(classifier, &asked).map_err(ActionError::failed)
}

/// The maps of crops of one size, each for a class.
pub fn saliency(
    classifier: &Classifier,
    asked: &[(&Rgb, usize)],
) -> Result<Vec<Map>, SaliencyError> {
    let map = |layer: &Gradients| {
        let [channels, height, width] = layer.shape;
        let dims = Dims {
            channels,
            height,
            width,
        };
        let weights = cam::channel_weights(&layer.gradients, dims)?;
        let values = cam::map(&layer.activations, &weights, dims)?;
        Ok(Map {
            height,
            width,
            values,
        })
    };
    classifier.gradients(asked)?.iter().map(map).collect()
}
