//! The action `saliency`: Grad-CAM (Selvaraju et al. 2017).

use cam::{CamError, Dims};
use imaging::Rgb;
use networks::{Classifier, Gradients, NetworkError};

/// A Grad-CAM map at its layer's own size.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Row-major, after the ReLU, not normalised.
    pub values: Vec<f32>,
}

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

/// The maps of crops of one size, each for a class: eq. 1 for the channels' weights, eq. 2 for the map; y^c is the logit.
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
