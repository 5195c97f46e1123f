//! The kinds of action, and the stages that do them.

use std::fmt;
use std::str::FromStr;

use parts::Part;
use schema::{Description, Table};

use methods::{Makes, Method};

use crate::plan::facet;

/// A program that makes tables, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Crops images and cuts them into superpixels.
    Segment,
    /// Evaluates the networks on the untouched images.
    Infer,
    /// Explains with white-box methods.
    Gradcam,
    /// Explains with black-box methods.
    Lime,
    /// Removes superpixels in the order of each explanation, and each alone.
    Deletion,
    /// Measures explanations and curves, and compares methods.
    Evaluate,
    /// Writes the report.
    Report,
}

impl Stage {
    /// All stages, each after those whose tables it reads.
    pub const ALL: [Self; 7] = [
        Self::Segment,
        Self::Infer,
        Self::Gradcam,
        Self::Lime,
        Self::Deletion,
        Self::Evaluate,
        Self::Report,
    ];

    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Infer => "infer",
            Self::Gradcam => "gradcam",
            Self::Lime => "lime",
            Self::Deletion => "deletion",
            Self::Evaluate => "evaluate",
            Self::Report => "report",
        }
    }

    /// What the program does, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Segment => "Crops the images and cuts them into superpixels",
            Self::Infer => {
                "Evaluates the networks on the untouched images and chooses the class to explain"
            }
            Self::Gradcam => {
                "Explains with white-box methods, such as Grad-CAM, which read layers and gradients of the network"
            }
            Self::Lime => {
                "Explains with black-box methods, such as LIME, which evaluate masked images and fit weights to the answers"
            }
            Self::Deletion => {
                "Removes superpixels in the order of each explanation and control, and each alone, and evaluates the network after each removal"
            }
            Self::Evaluate => "Measures explanations and removal curves, and compares the methods",
            Self::Report => "Writes the report: one HTML file and its tables",
        }
    }

    /// The stage that makes the relevances of a method.
    pub fn of(method: &Method) -> Self {
        match &method.makes {
            Makes::Map(..) => Self::Gradcam,
            Makes::Weights(..) => Self::Lime,
            Makes::External(..) | Makes::Order(_) => Self::Deletion,
        }
    }

    /// Whether it loads networks.
    pub fn loads_networks(self) -> bool {
        matches!(
            self,
            Self::Infer | Self::Gradcam | Self::Lime | Self::Deletion
        )
    }

    /// The stages whose tables this one reads, directly or not, and itself, in the order in which they run.
    pub fn with_needs(self) -> Vec<Self> {
        let needs: &[Self] = match self {
            Self::Segment => &[],
            Self::Infer => &[Self::Segment],
            Self::Gradcam | Self::Lime => &[Self::Segment, Self::Infer],
            Self::Deletion => &[Self::Segment, Self::Infer, Self::Gradcam, Self::Lime],
            Self::Evaluate | Self::Report => &Self::ALL[..Self::ALL.len() - 2],
        };
        let evaluate = (self == Self::Report).then_some(Self::Evaluate);
        needs
            .iter()
            .copied()
            .chain(evaluate)
            .chain([self])
            .collect()
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|stage| stage.name() == name);
        found.ok_or_else(|| format!("`{name}` is not a stage; the stages are {names}"))
    }
}

/// A kind of action: what one unit of work makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The crop of an image.
    Crops,
    /// An image cut by a partition.
    Segments,
    /// A network's answer to an untouched image.
    Logits,
    /// The class that is explained.
    Targets,
    /// A Grad-CAM map.
    Saliency,
    /// Masks and what the network answers to them.
    Perturbations,
    /// The surrogate's coefficients.
    Weights,
    /// The relevance of each superpixel by any method or control.
    Relevances,
    /// What is left of a class's probability as superpixels go.
    Curves,
    /// What is left of a class without each superpixel alone.
    Deletions,
    /// All areas under curves, and the images that were dropped.
    Scores,
    /// How far runs agree, by number of samples.
    Agreement,
    /// What is left of explanations where layers are random.
    Sanity,
    /// A measure of the registry.
    Measure(measures::Kind),
    /// The results of the measures for the methods.
    Comparisons,
    /// The report.
    Report,
}

impl Kind {
    /// All kinds, each after those that it reads.
    pub const ALL: [Self; Self::BEFORE.len() + measures::Kind::COUNT + 2] = {
        let mut all = [Self::Report; Self::BEFORE.len() + measures::Kind::COUNT + 2];
        let mut place = 0;
        while place < Self::BEFORE.len() {
            all[place] = Self::BEFORE[place];
            place += 1;
        }
        let mut measure = 0;
        while measure < measures::Kind::COUNT {
            all[place + measure] = Self::Measure(measures::Kind::ALL[measure]);
            measure += 1;
        }
        all[place + measure] = Self::Comparisons;
        all
    };

    /// The kinds before the measures.
    const BEFORE: [Self; 13] = [
        Self::Crops,
        Self::Segments,
        Self::Logits,
        Self::Targets,
        Self::Saliency,
        Self::Perturbations,
        Self::Weights,
        Self::Relevances,
        Self::Curves,
        Self::Deletions,
        Self::Scores,
        Self::Agreement,
        Self::Sanity,
    ];

    /// The last kind that makes artifacts.
    pub const LAST_TABLE: Self = Self::Comparisons;

    /// The name: that of the table it makes, or of the first of several.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crops => schema::Crop::NAME,
            Self::Segments => schema::Segments::NAME,
            Self::Logits => schema::Logits::NAME,
            Self::Targets => schema::Target::NAME,
            Self::Saliency => schema::Saliency::NAME,
            Self::Perturbations => schema::Perturbations::NAME,
            Self::Weights => schema::Weight::NAME,
            Self::Relevances => schema::Relevance::NAME,
            Self::Curves => schema::CurveStep::NAME,
            Self::Deletions => schema::Deletion::NAME,
            Self::Scores => schema::Score::NAME,
            Self::Agreement => schema::Agreement::NAME,
            Self::Sanity => schema::Sanity::NAME,
            Self::Measure(measure) => measure.name(),
            Self::Comparisons => schema::Comparison::NAME,
            Self::Report => "report",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The stages that do it, in the order in which they run: one, but for relevances, which the stage of the method makes.
    pub fn stages(self) -> &'static [Stage] {
        match self {
            Self::Crops | Self::Segments => &[Stage::Segment],
            Self::Logits | Self::Targets => &[Stage::Infer],
            Self::Saliency => &[Stage::Gradcam],
            Self::Perturbations | Self::Weights => &[Stage::Lime],
            Self::Relevances => &[Stage::Gradcam, Stage::Lime, Stage::Deletion],
            Self::Curves | Self::Deletions => &[Stage::Deletion],
            Self::Scores
            | Self::Agreement
            | Self::Sanity
            | Self::Measure(_)
            | Self::Comparisons => &[Stage::Evaluate],
            Self::Report => &[Stage::Report],
        }
    }

    /// The stage that does it for a method.
    pub(crate) fn stage(self, method: Option<&Method>) -> Stage {
        match (self.stages(), method) {
            ([stage], _) | ([stage, ..], None) => *stage,
            (_, Some(method)) => Stage::of(method),
            ([], None) => unreachable!("every kind has a stage"),
        }
    }

    /// The kinds of action of a stage, in the order in which it does them.
    pub fn of(stage: Stage) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |kind| kind.stages().contains(&stage))
    }

    /// What this kind of action leaves in its record for those that read it.
    pub fn facets(self) -> &'static [&'static str] {
        match self {
            Self::Crops => &[parts::Pixels::FACET],
            Self::Segments => &[parts::Labels::FACET, facet::SUPERPIXELS],
            Self::Logits => &[parts::LogitValues::FACET],
            Self::Targets => &[facet::TARGET_CLASS, facet::CORRECT],
            Self::Saliency => &[parts::Map::FACET],
            Self::Perturbations => &[parts::Answers::FACET],
            Self::Weights => &[parts::SurrogateWeights::FACET],
            Self::Relevances => &[parts::RemovalOrder::FACET, facet::CASCADE],
            Self::Curves
            | Self::Deletions
            | Self::Scores
            | Self::Agreement
            | Self::Sanity
            | Self::Measure(_)
            | Self::Comparisons
            | Self::Report => &[],
        }
    }

    /// What this kind of action makes looks like: names, types and nullability of the columns of its tables, and names of its facets. It is in the
    /// key, so that a new column or facet recomputes the action.
    pub(crate) fn fingerprint(self) -> String {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::Crops => add::<schema::Crop>(&mut hasher),
            Self::Segments => add::<schema::Segments>(&mut hasher),
            Self::Logits => add::<schema::Logits>(&mut hasher),
            Self::Targets => add::<schema::Target>(&mut hasher),
            Self::Saliency => add::<schema::Saliency>(&mut hasher),
            Self::Perturbations => add::<schema::Perturbations>(&mut hasher),
            Self::Weights => add::<schema::Weight>(&mut hasher),
            Self::Relevances => add::<schema::Relevance>(&mut hasher),
            Self::Curves => add::<schema::CurveStep>(&mut hasher),
            Self::Deletions => add::<schema::Deletion>(&mut hasher),
            Self::Scores => {
                add::<schema::Score>(&mut hasher);
                add::<schema::Exclusion>(&mut hasher);
                add::<schema::Gain>(&mut hasher);
            }
            Self::Agreement => {
                add::<schema::Agreement>(&mut hasher);
                add::<schema::NeededSamples>(&mut hasher);
            }
            Self::Sanity => add::<schema::Sanity>(&mut hasher),
            Self::Measure(measure) => add_table(&mut hasher, (measure.declared().table)()),
            Self::Comparisons => {
                add::<schema::Comparison>(&mut hasher);
                add::<schema::Summary>(&mut hasher);
                add::<schema::Stability>(&mut hasher);
                add::<schema::VarianceComponents>(&mut hasher);
                add::<schema::Concordance>(&mut hasher);
                add::<schema::Decision>(&mut hasher);
                add::<schema::Separation>(&mut hasher);
            }
            Self::Report => {}
        }
        for facet in self.facets() {
            hasher.update(format!("{facet}\n").as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn add<T: Table>(hasher: &mut blake3::Hasher) {
    add_table(hasher, Description::of::<T>());
}

fn add_table(hasher: &mut blake3::Hasher, table: Description) {
    hasher.update(format!("{}\n", table.name).as_bytes());
    for column in table.columns {
        hasher.update(
            format!("{} {:?} {}\n", column.name, column.kind, column.nullable()).as_bytes(),
        );
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_comes_after_all_that_it_needs() {
        for stage in Stage::ALL {
            let needs = stage.with_needs();
            assert_eq!(needs.last(), Some(&stage));
            assert!(needs.is_sorted(), "{needs:?}");
            assert_eq!(stage.name().parse(), Ok(stage));
        }
        assert_eq!(Stage::Report.with_needs(), Stage::ALL);
    }

    #[test]
    fn kinds_come_in_the_order_of_their_last_stages() {
        let last = |kind: &Kind| *kind.stages().last().unwrap();
        assert!(Kind::ALL.is_sorted_by_key(last));
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            assert!(kind.stages().is_sorted());
        }
    }
}
