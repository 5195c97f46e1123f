//! Where the numbers come from: images, networks, programs, costs and artifacts, and what was left out.

use std::collections::BTreeMap;

use super::common::{method, rank, sorted};
use crate::results::Results;
use crate::table::{Builder, Table, columns};
use crate::{ExplanationCost, Inputs, duckdb};

/// The images that were left out.
pub(crate) fn exclusions(inputs: &Inputs) -> Table {
    let rows = sorted(&inputs.exclusions, |row| (&row.image, &row.network));
    columns! { Builder::new("exclusions", rows), |row|
        Text image "Image" => &row.image;
        Text reason "Reason" => &row.reason;
        Text network "Network" => (row.network.as_ref(), "no network");
        Text predicted_label "Predicted class" => (row.predicted_label.as_ref(), "not evaluated");
        Text true_label "True class" => (row.true_label.as_ref(), "not known");
    }
    .build()
}

/// The images and the digests of their files.
pub(crate) fn images(inputs: &Inputs) -> Table {
    columns! { Builder::new("images", sorted(&inputs.crops, |crop| &crop.image)), |crop|
        Text image "Image" => &crop.image;
        Count source_height "Height, pixels" => crop.source_height;
        Count source_width "Width, pixels" => crop.source_width;
        Text image_digest "BLAKE3 of the file".code() => &crop.image_digest;
    }
    .build()
}

/// The networks and the digests of their weights.
pub(crate) fn networks(inputs: &Inputs) -> Table {
    columns! { Builder::new("networks", inputs.networks.iter().collect()), |network|
        Text network "Network" => &network.name;
        Text architecture "Architecture" => &network.architecture;
        Number width "Width, multiple of the published".decimals(2) => (network.width, "not built in");
        Text digest "BLAKE3 of the weights".code() => &network.digest;
    }
    .build()
}

/// Versions and devices.
pub(crate) fn versions(inputs: &Inputs) -> Table {
    let provenance = &inputs.provenance;
    let versions = provenance
        .versions
        .iter()
        .map(|(name, version)| (name.as_str(), version));
    let devices = provenance.devices.iter().map(|device| ("device", device));
    columns! { Builder::new("versions", versions.chain(devices).collect()), |row|
        Text name "What" => row.0;
        Text version "Version" => row.1;
    }
    .build()
}

/// What the stages cost.
pub(crate) fn costs(inputs: &Inputs) -> Table {
    columns! { Builder::new("costs", inputs.provenance.costs.iter().collect()), |cost|
        Text stage "Stage" => &cost.stage;
        Count actions "Actions" => cost.actions;
        Number wall_seconds "Wall time, seconds".decimals(1) => (Some(cost.wall_seconds), "not measured");
        Number images_per_second "Images of the study per second".decimals(2) => (cost.images_per_second, "not about images");
        Count forward_passes "Forward passes, images" => cost.forward_passes;
        Count own_forward_passes "if nothing were shared" => cost.own_forward_passes;
        Number forward_passes_per_second "Forward passes per second".decimals(1) => (cost.forward_passes_per_second, "no network evaluated");
        Count backward_passes "Backward passes, images" => cost.backward_passes;
    }
    .build()
}

/// How many artifacts of each table the study consists of.
pub(crate) fn artifacts_by_table(inputs: &Inputs) -> Table {
    let mut counts = BTreeMap::<&str, [u64; 2]>::new();
    for artifact in &inputs.provenance.artifacts {
        let [artifacts, rows] = counts.entry(&artifact.table).or_default();
        *artifacts += 1;
        *rows += artifact.rows;
    }
    columns! { Builder::new("artifacts_by_table", counts.into_iter().collect()), |row|
        Text table "Table" => row.0;
        Count artifacts "Artifacts" => row.1[0];
        Count rows "Rows" => row.1[1];
    }
    .build()
}

/// Every artifact of the study: its id, where it lies below the folder of artifacts, and what it is about.
pub(crate) fn artifacts(inputs: &Inputs) -> Table {
    const ALL: &str = "all or none";
    let artifacts = sorted(&inputs.provenance.artifacts, |artifact| {
        (
            (&artifact.table, &artifact.network, &artifact.image),
            (&artifact.partition, &artifact.method, artifact.run),
            (&artifact.order, &artifact.replacement, &artifact.id),
        )
    });
    columns! { Builder::new("artifacts", artifacts), |artifact|
        Text table "Table" => &artifact.table;
        Text image "Image" => (artifact.image.as_ref(), ALL);
        Text network "Network" => (artifact.network.as_ref(), ALL);
        Text partition "Partition" => (artifact.partition.as_ref(), ALL);
        Text method "Method" => (artifact.method.as_ref(), ALL);
        Count run "Run" => (artifact.run, ALL);
        Text order "Order" => (artifact.order.as_ref(), ALL);
        Text replacement "Replacement" => (artifact.replacement.as_ref(), ALL);
        Count rows "Rows" => artifact.rows;
        Text id "Id".code() => &artifact.id;
        // The id again, with the folders before it.
        Text path "File".code().shown(false) => duckdb::object(&artifact.id);
        Text date "Published, UTC" => &artifact.date;
        Text device "Device" => &artifact.device;
    }
    .build()
}

/// Why a cost is missing.
const NOT_DECLARED: &str = "not declared by its tool";

/// What an explanation of each network and method cost, judging it left out.
pub(crate) fn explanation_costs(inputs: &Inputs, results: &Results<'_>) -> Table {
    let costs = sorted(&inputs.explanation_costs, |cost| {
        (
            rank(&results.networks, &cost.network),
            rank(&results.methods, &cost.method),
        )
    });
    let of_one = |cost: &ExplanationCost, sum: Option<f64>| {
        let sum = sum.filter(|_| cost.explanations > 0);
        let each = sum.map(|sum| sum / cost.explanations as f64);
        let none = if cost.explanations > 0 {
            NOT_DECLARED
        } else {
            "no explanation"
        };
        (each, none)
    };
    let forward = |cost: &ExplanationCost| cost.forward_passes.map(|passes| passes as f64);
    let backward = |cost: &ExplanationCost| (!cost.declared).then_some(cost.backward_passes as f64);
    columns! { Builder::new("explanation_costs", costs), |cost|
        Text network "Network" => &cost.network;
        Text method "Method" => method(&cost.method, &cost.network, None);
        Count explanations "Explanations" => cost.explanations;
        Number forward_passes_of_one "Forward passes for one, images".decimals(0) => of_one(cost, forward(cost));
        Number backward_passes_of_one "Backward passes for one, images".decimals(0) => of_one(cost, backward(cost));
        Number wall_seconds_of_one "Wall time for one, seconds" => of_one(cost, cost.wall_seconds);
        Count forward_passes "Forward passes of all, images".shown(false) => (cost.forward_passes, NOT_DECLARED);
        Count backward_passes "Backward passes of all, images".shown(false) => cost.backward_passes;
        Number wall_seconds "Wall time of all, seconds".decimals(1) => (cost.wall_seconds, NOT_DECLARED);
        Text source "Source" => if cost.declared { "as declared" } else { "measured" };
    }
    .build()
}
