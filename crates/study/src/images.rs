//! The images of a study: found, named, and joined with their labels and masks. Nothing is decoded here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use config::paths::{composed, visible};
use config::{Name, Problem, Problems, listed};

use crate::classes::Classes;
use crate::file_names;
use crate::image_names::{base_name, name_all};
use crate::labels::{self, Labels};
use crate::manifest;
use crate::pictures::{ENDINGS, LABEL_MAPS, pictures};
use crate::settings::images::{Settings, Target};
use crate::settings::segment::Partition;
use crate::study::Study;

/// Names that a message lists before it only counts.
pub(crate) const LISTED: usize = 10;

/// One image of the study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The value of the column `image`: the path below the image folder without its ending, `/` as `__`; where two
    /// would be equal, `~` and 8 hexadecimal digits of the file's BLAKE3 follow.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The index of its true class, where it has a label.
    pub true_class: Option<usize>,
    /// The file with the mask of its object, where there is one.
    pub mask: Option<PathBuf>,
    /// The file with its label map, for each partition that is given by files.
    pub label_maps: BTreeMap<Name, PathBuf>,
}

/// The images of a study and its classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// At least one, sorted by name, no two names equal.
    pub images: Vec<Image>,
    /// The names of the classes.
    pub classes: Classes,
    /// What is odd but stops nothing: labels and masks that belong to no image, pictures that are not read.
    pub warnings: Vec<String>,
}

impl Images {
    /// Finds the images of a study, in its image folder and the folders inside.
    ///
    /// Hidden files and folders are skipped, and the folders of masks and artifacts where they lie inside. A folder
    /// without images, a name that two images share or that differs in its Unicode form alone, a name too long for a file in `latest/`, and
    /// images without a label where the study needs one are problems.
    pub fn read(study: &Study) -> Result<Self, Problems> {
        let mut images = match &study.images.manifest {
            Some(manifest) => Self::listed(&study.images, manifest)?,
            None => Self::in_folder(study)?,
        };
        images.find_label_maps(study)?;
        file_names::check(study, &images.images)?;
        for warning in &mut images.warnings {
            *warning = visible(warning);
        }
        Ok(images)
    }

    fn in_folder(study: &Study) -> Result<Self, Problems> {
        let settings = &study.images;
        let apart = settings.masks.iter().chain([&study.artifacts]);
        let apart = apart.chain(label_maps(study).map(|(_, folder)| folder));
        let (paths, left_out) = pictures(
            "image",
            &settings.folder,
            &ENDINGS,
            &apart.map(PathBuf::as_path).collect::<Vec<_>>(),
        )?;
        if paths.is_empty() {
            let title = format!(
                "the image folder `{}` has no images",
                settings.folder.display()
            );
            let help = format!("add files that end in {}", ENDINGS.join(", "));
            let problem = Problem::new(title).help(help);
            return Err(match left_out {
                Some(left_out) => problem.label(left_out).into(),
                None => problem.into(),
            });
        }
        let classes = Classes::of(&settings.classes)?;
        let named = name_all(&settings.folder, paths)?;
        let paths: Vec<&Path> = named.iter().map(|named| &*named.path).collect();
        let labels = match &settings.labels {
            Some(file) => labels::read(file, &settings.folder, &paths, &classes)?,
            None => Labels::default(),
        };
        let (mut masks, masks_left_out) = match &settings.masks {
            Some(folder) => by_name("mask", folder, &ENDINGS)?,
            None => (BTreeMap::new(), None),
        };
        let mut used = BTreeSet::new();
        let images: Vec<Image> = named
            .into_iter()
            .map(|named| {
                let base = composed(&named.base);
                let mask = masks.get(&base).cloned();
                used.insert(base);
                let true_class = labels.classes.get(&named.path).copied();
                Image {
                    name: named.name,
                    path: named.path,
                    true_class,
                    mask,
                    label_maps: BTreeMap::new(),
                }
            })
            .collect();
        require_labels(settings, &images, &labels.unmatched)?;
        masks.retain(|base, _| !used.contains(base));
        let unused = masks
            .values()
            .map(|path| format!("the mask `{}` belongs to no image", path.display()));
        let warnings = left_out
            .into_iter()
            .chain(masks_left_out)
            .chain(labels.unmatched)
            .chain(unused)
            .collect();
        Ok(Self {
            images,
            classes,
            warnings,
        })
    }

    /// Adds the label maps of partitions that are given by files. An image without one is a problem.
    fn find_label_maps(&mut self, study: &Study) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for (partition, folder) in label_maps(study) {
            let (mut maps, _) = by_name("label map", folder, &LABEL_MAPS)?;
            let mut used = BTreeSet::new();
            let mut without = Vec::new();
            for image in &mut self.images {
                let base = composed(&base_name(&study.images.folder, &image.path)?);
                match maps.get(&base) {
                    Some(path) => {
                        let path = path.clone();
                        image.label_maps.insert(partition.clone(), path);
                        used.insert(base);
                    }
                    None => without.push(image.name.as_str()),
                }
            }
            if !without.is_empty() {
                problems.push(no_label_map(partition, folder, &without));
            }
            maps.retain(|base, _| !used.contains(base));
            let unused = maps.into_values();
            self.warnings.extend(
                unused
                    .map(|path| format!("the label map `{}` belongs to no image", path.display())),
            );
        }
        Problems::check(problems, ())
    }

    /// The images of a manifest.
    fn listed(settings: &Settings, file: &Path) -> Result<Self, Problems> {
        let classes = Classes::of(&settings.classes)?;
        let entries = manifest::read(file, &settings.folder, &classes)?;
        let mut entries: BTreeMap<PathBuf, manifest::Entry> = entries
            .into_iter()
            .map(|entry| (entry.path.clone(), entry))
            .collect();
        let named = name_all(&settings.folder, entries.keys().cloned().collect())?;
        let images: Vec<Image> = named
            .into_iter()
            .filter_map(|named| {
                let entry = entries.remove(&named.path)?;
                Some(Image {
                    name: named.name,
                    path: named.path,
                    true_class: entry.class,
                    mask: entry.mask,
                    label_maps: BTreeMap::new(),
                })
            })
            .collect();
        require_labels(settings, &images, &[])?;
        Ok(Self {
            images,
            classes,
            warnings: Vec::new(),
        })
    }
}

/// A partition without a label map for some images.
fn no_label_map(partition: &Name, folder: &Path, without: &[&str]) -> Problem {
    let shown = listed(without.iter().copied().take(LISTED));
    let more = match without.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let title = format!(
        "the partition `{partition}` has no label map for {shown}{more} in `{}`",
        folder.display()
    );
    let example = without[0].replace("__", "/");
    Problem::new(title).help(format!(
        "add a label map for each image, under the image's own path below that folder, such as `{example}.png` or `{example}.npy`"
    ))
}

/// Every image is labelled where the target or the choice of images depends on it.
fn require_labels(
    settings: &Settings,
    images: &[Image],
    unmatched: &[String],
) -> Result<(), Problem> {
    let asks = match (settings.target, settings.require_correct) {
        (Target::True, _) => "target = \"true\"",
        (Target::Predicted, true) => "require_correct = true",
        (Target::Predicted, false) => return Ok(()),
    };
    let without: Vec<&str> = images
        .iter()
        .filter(|image| image.true_class.is_none())
        .map(|image| image.name.as_str())
        .collect();
    if without.is_empty() {
        return Ok(());
    }
    let file = settings.labels.as_deref().or(settings.manifest.as_deref());
    let file = file.unwrap_or(Path::new("labels"));
    let mut title = format!(
        "`{asks}` needs a label for every image, but `{}` has no label for {}",
        file.display(),
        listed(without.iter().copied().take(LISTED))
    );
    if without.len() > LISTED {
        let _ = write!(title, " and {} more", without.len() - LISTED);
    }
    let problem =
        Problem::new(title).help("add the missing rows, or change that setting in [images]");
    Err(match unmatched.first() {
        Some(first) => problem.label(first.clone()),
        None => problem,
    })
}

/// The files of a folder by the composed name that their image has before a digest is added; and what is said of files that are not read. `what` is a
/// "mask" or a "label map".
fn by_name(
    what: &'static str,
    folder: &Path,
    endings: &[&str],
) -> Result<(BTreeMap<String, PathBuf>, Option<String>), Problems> {
    let mut problems = Vec::new();
    let mut files = BTreeMap::new();
    let (paths, left_out) = pictures(what, folder, endings, &[])?;
    for path in paths {
        let base = composed(&base_name(folder, &path)?);
        if let Some(other) = files.insert(base, path.clone()) {
            let (path, other) = (path.display(), other.display());
            problems.push(
                Problem::new(format!("two {what}s for one image: `{other}` and `{path}`"))
                    .help("remove one"),
            );
        }
    }
    Problems::check(problems, (files, left_out))
}

/// The partitions that are given by files, with their folders.
fn label_maps(study: &Study) -> impl Iterator<Item = (&Name, &PathBuf)> {
    let partitions = study.partitions.iter();
    partitions.filter_map(|(name, partition)| match partition {
        Partition::Files(files) => Some((name, &files.folder)),
        _ => None,
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests;
