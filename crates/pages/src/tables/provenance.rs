//! Where the numbers come from: images, networks, programs, costs and artifacts, and what was left out.

use super::{method, place, sorted};
use crate::results::Results;
use crate::table::{Cell, Column, Table};
use crate::{Artifact, ExplanationCost, Inputs, duckdb};

/// The images that were left out.
pub(crate) fn exclusions(inputs: &Inputs) -> Table {
    let mut excluded: Vec<_> = inputs.exclusions.iter().collect();
    excluded.sort_by_key(|exclusion| (&exclusion.image, &exclusion.network));
    let row = |exclusion: &schema::Exclusion| {
        vec![
            Cell::text(&exclusion.image),
            Cell::text(&exclusion.reason),
            Cell::optional_text(exclusion.network.as_ref(), "no network"),
            Cell::optional_text(exclusion.predicted_label.as_ref(), "not asked"),
            Cell::optional_text(exclusion.true_label.as_ref(), "not known"),
        ]
    };
    Table {
        name: "exclusions",
        columns: vec![
            Column::text("image", "Image"),
            Column::text("reason", "Reason"),
            Column::text("network", "Network"),
            Column::text("predicted_label", "Predicted class"),
            Column::text("true_label", "True class"),
        ],
        rows: excluded.into_iter().map(row).collect(),
    }
}

/// The images and the digests of their files.
pub(crate) fn images(inputs: &Inputs) -> Table {
    let mut crops: Vec<_> = inputs.crops.iter().collect();
    crops.sort_by_key(|crop| &crop.image);
    let row = |crop: &schema::Crop| {
        vec![
            Cell::text(&crop.image),
            Cell::Count(crop.source_height.into()),
            Cell::Count(crop.source_width.into()),
            Cell::text(&crop.image_digest),
        ]
    };
    Table {
        name: "images",
        columns: vec![
            Column::text("image", "Image"),
            Column::count("source_height", "Height, pixels"),
            Column::count("source_width", "Width, pixels"),
            Column::text("image_digest", "BLAKE3 of the file").code(),
        ],
        rows: crops.into_iter().map(row).collect(),
    }
}

/// The networks and the digests of their weights.
pub(crate) fn networks(inputs: &Inputs) -> Table {
    let row = |network: &crate::Network| {
        vec![
            Cell::text(&network.name),
            Cell::text(&network.architecture),
            Cell::Number(network.width),
            Cell::text(&network.digest),
        ]
    };
    Table {
        name: "networks",
        columns: vec![
            Column::text("network", "Network"),
            Column::text("architecture", "Architecture"),
            Column::number("width", "Width, multiple of the published").decimals(2),
            Column::text("digest", "BLAKE3 of the weights").code(),
        ],
        rows: inputs.networks.iter().map(row).collect(),
    }
}

/// Versions and devices.
pub(crate) fn versions(inputs: &Inputs) -> Table {
    let provenance = &inputs.provenance;
    let versions = provenance
        .versions
        .iter()
        .map(|(name, version)| vec![Cell::text(name), Cell::text(version)]);
    let devices = provenance
        .devices
        .iter()
        .map(|device| vec![Cell::text("device"), Cell::text(device)]);
    Table {
        name: "versions",
        columns: vec![
            Column::text("name", "What"),
            Column::text("version", "Version"),
        ],
        rows: versions.chain(devices).collect(),
    }
}

/// What the stages cost.
pub(crate) fn costs(inputs: &Inputs) -> Table {
    let row = |cost: &crate::StageCost| {
        vec![
            Cell::text(&cost.stage),
            Cell::Count(cost.actions),
            Cell::number(Some(cost.wall_seconds), "not measured"),
            Cell::number(cost.images_per_second, "about no image"),
            Cell::Count(cost.forward_passes),
            Cell::Count(cost.own_forward_passes),
            Cell::number(cost.forward_passes_per_second, "no network was asked"),
            Cell::Count(cost.backward_passes),
        ]
    };
    Table {
        name: "costs",
        columns: vec![
            Column::text("stage", "Stage"),
            Column::count("actions", "Actions"),
            Column::number("wall_seconds", "Wall time, seconds").decimals(1),
            Column::number("images_per_second", "Images of the study a second").decimals(2),
            Column::count("forward_passes", "Forward passes, images"),
            Column::count("own_forward_passes", "each by itself, nothing shared"),
            Column::number("forward_passes_per_second", "Forward passes a second").decimals(1),
            Column::count("backward_passes", "Backward passes, images"),
        ],
        rows: inputs.provenance.costs.iter().map(row).collect(),
    }
}

/// How many artifacts of each table the study consists of.
pub(crate) fn artifacts_by_table(inputs: &Inputs) -> Table {
    let mut counts = std::collections::BTreeMap::<&str, [u64; 2]>::new();
    for artifact in &inputs.provenance.artifacts {
        let [artifacts, rows] = counts.entry(&artifact.table).or_default();
        *artifacts += 1;
        *rows += artifact.rows;
    }
    Table {
        name: "artifacts_by_table",
        columns: vec![
            Column::text("table", "Table"),
            Column::count("artifacts", "Artifacts"),
            Column::count("rows", "Rows"),
        ],
        rows: counts
            .iter()
            .map(|(&table, counts)| {
                let counts = counts.map(Cell::Count);
                std::iter::once(Cell::text(table)).chain(counts).collect()
            })
            .collect(),
    }
}

/// Every artifact of the study: its id, where it lies below the folder of artifacts, and what it is about.
pub(crate) fn artifacts(inputs: &Inputs) -> Table {
    let artifacts = sorted(&inputs.provenance.artifacts, |artifact| {
        (
            (&artifact.table, &artifact.network, &artifact.image),
            (&artifact.partition, &artifact.method, artifact.run),
            (&artifact.order, &artifact.replacement, &artifact.id),
        )
    });
    let row = |artifact: &Artifact| {
        let all = |name: &Option<String>| Cell::optional_text(name.as_ref(), "all or none");
        vec![
            Cell::text(&artifact.table),
            all(&artifact.image),
            all(&artifact.network),
            all(&artifact.partition),
            all(&artifact.method),
            Cell::count(artifact.run, "all or none"),
            all(&artifact.order),
            all(&artifact.replacement),
            Cell::Count(artifact.rows),
            Cell::text(&artifact.id),
            Cell::text(duckdb::object(&artifact.id)),
            Cell::text(&artifact.date),
            Cell::text(&artifact.device),
        ]
    };
    Table {
        name: "artifacts",
        columns: vec![
            Column::text("table", "Table"),
            Column::text("image", "Image"),
            Column::text("network", "Network"),
            Column::text("partition", "Partition"),
            Column::text("method", "Method"),
            Column::count("run", "Run"),
            Column::text("order", "Order"),
            Column::text("replacement", "Replacement"),
            Column::count("rows", "Rows"),
            Column::text("id", "Id").code(),
            // The id again, with the folders before it.
            Column::text("path", "File").code().shown(false),
            Column::text("date", "Published, UTC"),
            Column::text("device", "Device"),
        ],
        rows: artifacts.into_iter().map(row).collect(),
    }
}

/// What an explanation of each network and method cost, judging it left out.
pub(crate) fn explanation_costs(inputs: &Inputs, results: &Results<'_>) -> Table {
    let costs = sorted(&inputs.explanation_costs, |cost| {
        (
            place(&results.networks, &cost.network),
            place(&results.methods, &cost.method),
        )
    });
    let row = |cost: &ExplanationCost| {
        let one = |sum: f64| {
            let each = (cost.explanations > 0).then(|| sum / cost.explanations as f64);
            Cell::number(each, "none was made")
        };
        vec![
            Cell::text(&cost.network),
            method(&cost.method, &cost.network, None),
            Cell::Count(cost.explanations),
            one(cost.forward_passes as f64),
            one(cost.backward_passes as f64),
            one(cost.wall_seconds),
            Cell::Count(cost.forward_passes),
            Cell::Count(cost.backward_passes),
            Cell::number(Some(cost.wall_seconds), "not measured"),
        ]
    };
    Table {
        name: "explanation_costs",
        columns: vec![
            Column::text("network", "Network"),
            Column::text("method", "Method"),
            Column::count("explanations", "Explanations"),
            Column::number("forward_passes_of_one", "Forward passes for one, images").decimals(0),
            Column::number("backward_passes_of_one", "Backward passes for one, images").decimals(0),
            Column::number("wall_seconds_of_one", "Wall time for one, seconds"),
            Column::count("forward_passes", "Forward passes of all, images").shown(false),
            Column::count("backward_passes", "Backward passes of all, images").shown(false),
            Column::number("wall_seconds", "Wall time of all, seconds").decimals(1),
        ],
        rows: costs.into_iter().map(row).collect(),
    }
}
