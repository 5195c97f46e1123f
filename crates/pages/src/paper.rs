//! The published numbers, for reference: another study, on other images and other networks.

use crate::Inputs;
use crate::table::{Cell, Column, Table};

/// Network, method, mean area, standard deviation of the areas (tables 1 to 3 of the paper).
const MEANS: [(&str, &str, f64, f64); 4] = [
    ("AlexNet", "Grad-CAM", 10.772_466, 7.586_148),
    ("AlexNet", "LIME", 10.689_476, 5.835_976),
    ("ResNet-50", "Grad-CAM", 14.792_458, 2.991_967),
    ("ResNet-50", "LIME", 11.851_634, 4.118_034),
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

/// Whether the networks are the published ones at full width, so that numbers may stand beside each other.
pub(crate) fn is_the_published_study(inputs: &Inputs) -> bool {
    let published = |network: &crate::Network| {
        ["alexnet", "resnet50"].contains(&network.architecture.as_str())
            && network.width.total_cmp(&1.0).is_eq()
    };
    !inputs.networks.is_empty() && inputs.networks.iter().all(published)
}

/// Mean area by network and method.
pub(crate) fn mean_auc() -> Table {
    let row = |&(network, method, auc, std): &(&str, &str, f64, f64)| {
        vec![
            Cell::text(network),
            Cell::text(method),
            Cell::Count(20),
            Cell::Count(10),
            Cell::Number(auc),
            Cell::Number(std),
        ]
    };
    Table {
        name: "paper_mean_auc",
        columns: vec![
            Column::text("network", "Network"),
            Column::text("method", "Method"),
            Column::count("images", "Images"),
            Column::count("runs", "Runs"),
            Column::number("auc", "Mean AUC"),
            Column::number("std", "Std"),
        ],
        rows: MEANS.iter().map(row).collect(),
    }
}

/// Standard deviation over runs for three images.
pub(crate) fn std_over_runs() -> Table {
    let row = |&(network, image, gradcam, lime): &(&str, &str, f64, f64)| {
        vec![
            Cell::text(network),
            Cell::text(image),
            Cell::Number(gradcam),
            Cell::Number(lime),
        ]
    };
    Table {
        name: "paper_std_over_runs",
        columns: vec![
            Column::text("network", "Network"),
            Column::text("image", "Image"),
            Column::number("std_over_runs_gradcam", "Grad-CAM"),
            Column::number("std_over_runs_lime", "LIME"),
        ],
        rows: DEVIATIONS.iter().map(row).collect(),
    }
}
