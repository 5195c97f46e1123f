//! What a report is built from: the rows of a whole study, and where they came from.

use std::sync::Arc;

use schema::{
    Agreement, AnyRows, Comparison, Concordance, Crop, CurveStep, Decision, Exclusion, Gain,
    NeededSamples, Relevance, Saliency, Sanity, Score, Segments, Separation, Stability, Summary,
    Target, VarianceComponents, Weight,
};
use statistics::Measured;

/// A whole study. Rows may come in any order, for any number of networks, partitions, methods, orders and replacements; those of `decisions` come in
/// theirs.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The heading.
    pub title: String,
    /// What curves show of the explained class.
    pub measured: Measured,
    /// Names of the classes, in the order of the networks' outputs.
    pub classes: Vec<String>,
    /// The networks, in the order in which they are shown. One that has scores and is not named here comes last.
    pub networks: Vec<Network>,
    /// The methods, in the order in which they are shown. One that has scores and is not named here comes last.
    pub methods: Vec<Method>,
    /// What removed pixels become, in the order in which they are shown, the main one first.
    pub replacements: Vec<String>,
    /// The crops: one for each image that has scores.
    pub crops: Vec<Crop>,
    /// The partitions: one for each image and partition that has scores.
    pub segments: Vec<Segments>,
    /// The explained classes: one for each image and network that has scores.
    pub targets: Vec<Target>,
    /// Maps of methods that make one; a method with neither maps nor weights is shown without a picture of its explanation.
    pub saliency: Vec<Saliency>,
    /// Weights of methods that make them.
    pub weights: Vec<Weight>,
    /// The removal curves: a whole one for each row of `scores`.
    pub curves: Vec<CurveStep>,
    /// The relevances behind the curves.
    pub relevances: Vec<Relevance>,
    /// The areas under the curves: the numbers that the report is about.
    pub scores: Vec<Score>,
    /// Differences between the areas of both orders; none where a study has one order.
    pub gains: Vec<Gain>,
    /// How alike the runs of a method are.
    pub agreement: Vec<Agreement>,
    /// How many samples each LIME needs for runs that agree.
    pub needed_samples: Vec<NeededSamples>,
    /// The measures of explanations and curves, in the order in which they are shown.
    pub measures: Vec<Measure>,
    /// What is left of explanations when layers are random.
    pub sanity: Vec<Sanity>,
    /// Areas and their spread over runs, by image.
    pub stability: Vec<Stability>,
    /// Means over images with their intervals.
    pub summaries: Vec<Summary>,
    /// Differences between methods with their intervals and tests.
    pub comparisons: Vec<Comparison>,
    /// Where the differences between areas come from.
    pub variance_components: Vec<VarianceComponents>,
    /// Which method the study supports, and what would flip that.
    pub decisions: Vec<Decision>,
    /// How surely measures tell orders of known worth apart.
    pub separations: Vec<Separation>,
    /// How far images, and replacements, agree on the ranking of the methods.
    pub concordance: Vec<Concordance>,
    /// What the explanations of each network and method cost.
    pub explanation_costs: Vec<ExplanationCost>,
    /// The images that were left out.
    pub exclusions: Vec<Exclusion>,
    /// Where the rows came from.
    pub provenance: Provenance,
}

impl Inputs {
    /// The area under a removal curve as the title of an axis, with its unit.
    pub(crate) fn auc_axis(&self) -> String {
        format!("AUC ({} × superpixels)", self.measured.name())
    }

    /// The names of the controls that draw orders at random; each may be limited to some networks.
    pub(crate) fn random(&self) -> impl Iterator<Item = &str> {
        let random = self.methods.iter().filter(|method| method.chance);
        random.map(|method| method.name.as_str())
    }
}

/// A measure of the study.
#[derive(Clone, Debug)]
pub struct Measure {
    /// What it measures, as a heading.
    pub title: String,
    /// Where its formula comes from, and what it says.
    pub about: String,
    /// Its rows.
    pub rows: Arc<dyn AnyRows>,
}

/// A network of the study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Name in pipeline.toml.
    pub name: String,
    /// Architecture, such as `alexnet`.
    pub architecture: String,
    /// Multiple of the published widths; none for a network that is not built in.
    pub width: Option<f64>,
    /// BLAKE3 of the weight file, in lower-case hexadecimal.
    pub digest: String,
    /// Its mean colour in [0, 1], of which the replacement `gray` is made: red, green and blue.
    pub mean: [f64; 3],
}

/// A method of the study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// Name in pipeline.toml.
    pub name: String,
    /// Kind, such as `lime`.
    pub kind: String,
    /// What it is called in texts, such as `LIME`.
    pub title: String,
    /// What it must be allowed to see, such as `queries`.
    pub access: String,
    /// Whether it explains nothing and is there to be compared with, so that it is never the method to choose.
    pub control: bool,
    /// Whether it draws random orders: a method that is no better says nothing about the network.
    pub chance: bool,
    /// Whether its relevances are more than the places in an order.
    pub measured: bool,
    /// The replacement that the explanations were made with, such as `mean`; none for a method that removes nothing.
    pub replacement: Option<String>,
}

/// Where a study's numbers came from. All of it is shown as it is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The text of pipeline.toml.
    pub settings: String,
    /// The folder of the study's tables as a reader of the report would type it, such as `artifacts/latest`.
    pub latest: String,
    /// Names and versions, such as (`libtorch`, `2.11.0`), in the order in which they are shown.
    pub versions: Vec<(String, String)>,
    /// Devices that ran the networks, such as `cpu`.
    pub devices: Vec<String>,
    /// What each stage cost, in the order in which they are shown.
    pub costs: Vec<StageCost>,
    /// Every artifact of the study.
    pub artifacts: Vec<Artifact>,
}

/// An artifact and how it was made. What it is about has the names of pipeline.toml, and none where it is about all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Artifact {
    /// Its table.
    pub table: String,
    /// Content id: BLAKE3, in lower-case hexadecimal.
    pub id: String,
    /// Number of rows.
    pub rows: u64,
    /// Image.
    pub image: Option<String>,
    /// Network.
    pub network: Option<String>,
    /// Partition.
    pub partition: Option<String>,
    /// Method.
    pub method: Option<String>,
    /// Run, from 0.
    pub run: Option<u32>,
    /// Order of removal.
    pub order: Option<String>,
    /// What removed pixels became.
    pub replacement: Option<String>,
    /// When it was published: RFC 3339, UTC.
    pub date: String,
    /// Device that ran the network, such as `cpu`.
    pub device: String,
}

/// What the explanations of a network by a method cost when they were computed, judging them left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExplanationCost {
    /// Network.
    pub network: String,
    /// Method.
    pub method: String,
    /// Number of explanations.
    pub explanations: u64,
    /// Images that went forward through the network for all of them; what another tool declares counts here. None where it does not say.
    pub forward_passes: Option<u64>,
    /// Images that went backward through the network.
    pub backward_passes: u64,
    /// Sum of the wall times in seconds; none where another tool made them and does not say.
    pub wall_seconds: Option<f64>,
    /// Whether another tool made them, so that the costs are what it declares.
    pub declared: bool,
}

/// What the actions of one stage cost when they were computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageCost {
    /// Name of the stage.
    pub stage: String,
    /// Number of actions.
    pub actions: u64,
    /// Sum of the actions' wall times in seconds.
    pub wall_seconds: f64,
    /// Images that went forward through a network.
    pub forward_passes: u64,
    /// Images that went backward through a network.
    pub backward_passes: u64,
    /// Forward passes that the actions would take each by itself, with nothing shared.
    pub own_forward_passes: u64,
    /// Images of the study by second of wall time; none where nothing took time, or where the actions are about no image.
    pub images_per_second: Option<f64>,
    /// Forward passes per second of wall time; none where no network was evaluated.
    pub forward_passes_per_second: Option<f64>,
}
