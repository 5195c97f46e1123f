//! Whether images have more superpixels than a study can use, which shows once they are cut.

use std::collections::BTreeMap;

use methods::Samples;

use crate::plan::Plan;
use crate::settings::segment::Partition;
use crate::{Kind, Name, Study};

/// More superpixels than this take long: LIME needs samples for each, and a removal curve asks once for each.
const MANY: u64 = 1000;

/// A warning for each partition that is too fine, and for each method with fewer samples than superpixels; none before images are cut, except on
/// grids.
pub fn warnings(study: &Study, plan: &Plan) -> Vec<String> {
    let counts = counts(study, plan);
    let mut warnings = Vec::new();
    for (name, counts) in &counts {
        warnings.extend(too_many(name, &study.partitions[*name], counts));
        let judged = study.methods.iter();
        let judged = judged.filter(|(method, _)| study.judges(method, name));
        warnings.extend(judged.filter_map(|(method, settings)| {
            let samples = settings.asking()?.samples;
            // A number for each superpixel is enough for any partition.
            let samples = match samples {
                Samples::ForEach { .. } => return None,
                Samples::Fixed(_) | Samples::Until { .. } => samples.most(0),
            };
            too_few(method, name, samples, counts)
        }));
    }
    warnings
}

/// The numbers of superpixels of the images that each partition has cut; of a grid that of all images.
fn counts<'a>(study: &'a Study, plan: &Plan) -> BTreeMap<&'a Name, Vec<u64>> {
    let mut counts: BTreeMap<&Name, Vec<u64>> = BTreeMap::new();
    for action in plan.of(Kind::Segments) {
        let partition = action.subject.partition.as_ref();
        let partition = partition.and_then(|name| study.partitions.get_key_value(name));
        let Some((name, partition)) = partition else {
            continue;
        };
        let known = plan.superpixels(&action.subject).or(partition.exact());
        counts.entry(name).or_default().extend(known);
    }
    counts
}

fn too_many(name: &Name, partition: &Partition, counts: &[u64]) -> Option<String> {
    let Above { images, most } = above(MANY, counts)?;
    let cure = partition.coarser();
    Some(format!(
        "partition `{name}` cuts {images} of {} images into more than {MANY} superpixels, up to {most}: fits and curves of so many superpixels \
         take long. Set {cure} in [partitions.{name}]",
        counts.len()
    ))
}

fn too_few(method: &Name, partition: &Name, samples: u64, counts: &[u64]) -> Option<String> {
    let Above { images, most } = above(samples, counts)?;
    Some(format!(
        "method `{method}` has {samples} samples, fewer than the superpixels of {images} of {} images on partition `{partition}` (up to {most}): \
         such weights are unreliable. Set `samples` in [methods.{method}] to ten for each superpixel, or make the partition coarser",
        counts.len()
    ))
}

/// Images that have more superpixels than a limit.
struct Above {
    images: usize,
    /// The superpixels of the image that has most.
    most: u64,
}

fn above(limit: u64, counts: &[u64]) -> Option<Above> {
    let above = counts.iter().copied().filter(|count| *count > limit);
    Some(Above {
        images: above.clone().count(),
        most: above.max()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;
    use crate::fixture::Folder;
    use crate::settings::segment::Felzenszwalb;

    #[test]
    fn a_grid_is_too_fine_before_images_are_cut() {
        let folder = Folder::new();
        let fine = "algorithm = \"grid\"\nrows = 40\ncolumns = 30\n";
        let text = std::fs::read_to_string(folder.path("pipeline.toml")).unwrap();
        let start = text.find("algorithm = \"quickshift\"").unwrap();
        let end = text.find("[partitions.coarse]").unwrap();
        folder.edit(&text[start..end], fine);
        let warnings = || {
            let study = folder.study().unwrap();
            let sources = Sources::read(&study).unwrap();
            let store = store::Store::open(&study.artifacts).unwrap();
            let plan = Plan::new(&study, &sources, &store, Kind::Segments).unwrap();
            warnings(&study, &plan)
        };
        insta::assert_snapshot!(warnings().join("\n"), @"
        partition `quickshift` cuts 1 of 1 images into more than 1000 superpixels, up to 1200: fits and curves of so many superpixels take long. Set fewer `rows` and `columns` in [partitions.quickshift]
        method `lime` has 192 samples, fewer than the superpixels of 1 of 1 images on partition `quickshift` (up to 1200): such weights are unreliable. Set `samples` in [methods.lime] to ten for each superpixel, or make the partition coarser
        ");
        folder.edit("samples = 192", "samples = 1200");
        folder.edit("columns = 30", "columns = 25");
        assert_eq!(warnings(), Vec::<String>::new());
    }

    #[test]
    fn the_cure_is_a_setting_of_the_partition() {
        let partition = Partition::Felzenszwalb(Felzenszwalb {
            scale: 1.0,
            sigma: 0.0,
            min_size: 1,
        });
        let name = Name::new("fine").unwrap();
        let warning = too_many(&name, &partition, &[1000, 4096, 1001]).unwrap();
        assert!(
            warning.contains("cuts 2 of 3 images into more than 1000 superpixels, up to 4096")
                && warning.contains("a larger `scale` or `min_size` in [partitions.fine]"),
            "{warning}"
        );
        assert_eq!(too_many(&name, &partition, &[1000]), None);
    }
}
