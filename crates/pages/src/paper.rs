//! The published numbers, for reference: another study, on other images and other networks.

use statistics::Measured;

use crate::Inputs;
use crate::table::{Builder, Table, columns};

/// Network, method, images, runs, mean area, standard deviation of the areas (tables 1 to 3 of the paper).
const MEANS: [(&str, &str, u32, u32, f64, f64); 4] = [
    ("AlexNet", "Grad-CAM", 20, 10, 10.772_466, 7.586_148),
    ("AlexNet", "LIME", 20, 10, 10.689_476, 5.835_976),
    ("ResNet-50", "Grad-CAM", 20, 10, 14.792_458, 2.991_967),
    ("ResNet-50", "LIME", 20, 10, 11.851_634, 4.118_034),
];

/// Network, image, standard deviation over 10 runs of Grad-CAM and of LIME.
const DEVIATIONS: [(&str, &str, f64, f64); 6] = [
    ("AlexNet", "tabby", 0.0, 1.789_748),
    ("AlexNet", "Labrador", 0.0, 1.264_012),
    ("AlexNet", "tiger", 0.0, 2.343_777),
    ("ResNet-50", "tabby", 0.0, 0.633_267),
    ("ResNet-50", "Labrador", 0.0, 1.256_239),
    ("ResNet-50", "tiger", 0.0, 2.033_908),
];

/// Whether the networks are the published ones at full width and probabilities were measured, so that numbers may stand beside each other.
pub(crate) fn is_the_published_study(inputs: &Inputs) -> bool {
    let published = |network: &crate::Network| {
        ["alexnet", "resnet50"].contains(&network.architecture.as_str())
            && network.width == Some(1.0)
    };
    !inputs.networks.is_empty()
        && inputs.networks.iter().all(published)
        && inputs.measured == Measured::Probability
}

/// Mean area by network and method.
pub(crate) fn mean_auc() -> Table {
    columns! { Builder::new("paper_mean_auc", MEANS.to_vec()), |row|
        Text network "Network" => row.0;
        Text method "Method" => row.1;
        Count images "Images" => row.2;
        Count runs "Runs" => row.3;
        Number auc "Mean AUC" => row.4;
        Number std "Std" => row.5;
    }
    .build()
}

/// Standard deviation over runs for three images.
pub(crate) fn std_over_runs() -> Table {
    columns! { Builder::new("paper_std_over_runs", DEVIATIONS.to_vec()), |row|
        Text network "Network" => row.0;
        Text image "Image" => row.1;
        Number std_over_runs_gradcam "Grad-CAM" => row.2;
        Number std_over_runs_lime "LIME" => row.3;
    }
    .build()
}
