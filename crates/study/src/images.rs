//! The images of a study: found, named, and joined with their labels and masks. Nothing is decoded here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use store::digest_file;

use crate::classes::Classes;
use crate::labels::{self, Labels};
use crate::manifest;
use crate::problem::{Problem, Problems, listed};
use crate::settings::images::{Settings, Target};
use crate::study::Study;

/// Endings of files that are images, in lower case.
const ENDINGS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp"];
/// Hexadecimal digits of a file's digest that tell two images of one name apart.
const DIGEST_DIGITS: usize = 8;
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
}

/// The images of a study and its classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// At least one, sorted by name, no two names equal.
    pub images: Vec<Image>,
    /// The names of the classes.
    pub classes: Classes,
    /// What is odd but stops nothing: labels and masks that belong to no image.
    pub warnings: Vec<String>,
}

impl Images {
    /// Finds the images of a study, in its image folder and the folders inside.
    ///
    /// Hidden files and folders are skipped, and the folders of masks and artifacts where they lie inside. A folder
    /// without images, a name that two images share to the last byte, and images without a label where the study
    /// needs one are problems.
    pub fn read(study: &Study) -> Result<Self, Problems> {
        let settings = &study.images;
        if let Some(manifest) = &settings.manifest {
            return Self::listed(settings, manifest);
        }
        let apart = settings.masks.iter().chain([&study.artifacts]);
        let paths = files(
            &settings.folder,
            &apart.map(PathBuf::as_path).collect::<Vec<_>>(),
        )?;
        if paths.is_empty() {
            let title = format!(
                "the image folder `{}` has no images",
                settings.folder.display()
            );
            let help = format!("put files into it that end in {}", ENDINGS.join(", "));
            return Err(Problem::new(title).help(help).into());
        }
        let classes = Classes::of(&settings.classes)?;
        let labels = match &settings.labels {
            Some(file) => labels::read(file, &settings.folder, &paths, &classes)?,
            None => Labels::default(),
        };
        let mut masks = masks(settings.masks.as_deref())?;
        let mut used = BTreeSet::new();
        let named = name_all(&settings.folder, paths)?.into_iter();
        let images: Vec<Image> = named
            .map(|named| {
                let mask = masks.get(&named.base).cloned();
                used.insert(named.base);
                let true_class = labels.classes.get(&named.path).copied();
                Image {
                    name: named.name,
                    path: named.path,
                    true_class,
                    mask,
                }
            })
            .collect();
        require_labels(settings, &images, &labels.unmatched)?;
        masks.retain(|base, _| !used.contains(base));
        let unused = masks
            .values()
            .map(|path| format!("the mask `{}` belongs to no image", path.display()));
        let warnings = labels.unmatched.into_iter().chain(unused).collect();
        Ok(Self {
            images,
            classes,
            warnings,
        })
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
        "`{asks}` needs a label for every image; `{}` has none for {}",
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

/// The masks by the name that their image has before a digest is added.
fn masks(folder: Option<&Path>) -> Result<BTreeMap<String, PathBuf>, Problems> {
    let Some(folder) = folder else {
        return Ok(BTreeMap::new());
    };
    let mut problems = Vec::new();
    let mut masks = BTreeMap::new();
    for path in files(folder, &[])? {
        let base = base_name(folder, &path)?;
        if let Some(other) = masks.insert(base, path.clone()) {
            let (path, other) = (path.display(), other.display());
            problems.push(
                Problem::new(format!("two masks for one image: `{other}` and `{path}`"))
                    .help("remove one"),
            );
        }
    }
    Problems::check(problems, masks)
}

/// An image file with its name, and what that name was before a digest was added.
struct Named {
    name: String,
    base: String,
    path: PathBuf,
}

/// The files with their names, sorted by name, no two equal.
fn name_all(folder: &Path, paths: Vec<PathBuf>) -> Result<Vec<Named>, Problems> {
    let mut problems = Vec::new();
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        match base_name(folder, &path) {
            Ok(base) => groups.entry(base).or_default().push(path),
            Err(problem) => problems.push(problem),
        }
    }
    let mut named: BTreeMap<String, Named> = BTreeMap::new();
    for (base, paths) in groups {
        let shared = paths.len() > 1;
        for path in paths {
            let name = match shared.then(|| with_digest(&base, &path)) {
                None => base.clone(),
                Some(Ok(name)) => name,
                Some(Err(problem)) => {
                    problems.push(problem);
                    continue;
                }
            };
            let entry = Named {
                name: name.clone(),
                base: base.clone(),
                path,
            };
            if let Some(other) = named.insert(name, entry) {
                problems.push(same_name(&other, &named[&other.name].path));
            }
        }
    }
    Problems::check(problems, named.into_values().collect())
}

fn same_name(one: &Named, other: &Path) -> Problem {
    let title = format!(
        "two images have the name `{}`: `{}` and `{}`",
        one.name,
        one.path.display(),
        other.display()
    );
    Problem::new(title).help("rename one, or remove it where the files are equal")
}

fn with_digest(base: &str, path: &Path) -> Result<String, Problem> {
    let digest = digest_file(path).map_err(|error| {
        Problem::new(format!(
            "cannot read the image `{}`: {error}",
            path.display()
        ))
    })?;
    Ok(format!("{base}~{}", &digest.to_hex()[..DIGEST_DIGITS]))
}

/// The path below `folder` without its ending, `/` as `__`.
fn base_name(folder: &Path, path: &Path) -> Result<String, Problem> {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    // An image outside of the folder has its whole path as its name, without the root.
    let names = below.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_str()),
        _ => None,
    });
    let parts: Option<Vec<&str>> = names.collect();
    parts.map(|parts| parts.join("__")).ok_or_else(|| {
        let title = format!(
            "the name of the file `{}` is not UTF-8 text",
            path.display()
        );
        Problem::new(title).help("rename it, because names of images stand in every table")
    })
}

/// All image files in `folder` and below it, sorted by path, without hidden ones and without the folders `apart`.
fn files(folder: &Path, apart: &[&Path]) -> Result<Vec<PathBuf>, Problems> {
    let mut walk = Walk {
        // A folder that is not there yet holds nothing that could be taken for an image.
        apart: apart
            .iter()
            .filter_map(|folder| folder.canonicalize().ok())
            .collect(),
        files: Vec::new(),
        problems: Vec::new(),
    };
    walk.enter(folder, &mut Vec::new());
    walk.files.sort();
    Problems::check(walk.problems, walk.files)
}

struct Walk {
    apart: Vec<PathBuf>,
    files: Vec<PathBuf>,
    problems: Vec<Problem>,
}

impl Walk {
    /// `above` holds the true paths of the folders on the way here, so that a link to one of them ends the walk.
    fn enter(&mut self, folder: &Path, above: &mut Vec<PathBuf>) {
        if let Err(error) = self.try_enter(folder, above) {
            self.unreadable("folder", folder, &error);
        }
    }

    fn try_enter(&mut self, folder: &Path, above: &mut Vec<PathBuf>) -> io::Result<()> {
        let place = folder.canonicalize()?;
        let inside = !above.is_empty();
        if above.contains(&place) || (inside && self.apart.contains(&place)) {
            return Ok(());
        }
        let mut entries: Vec<DirEntry> = folder.read_dir()?.collect::<Result<_, _>>()?;
        // So that all paths come in their order, which takes many looks at each to find out.
        entries.sort_by_cached_key(DirEntry::file_name);
        above.push(place);
        for entry in entries {
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.visit(&entry, above);
            }
        }
        above.pop();
        Ok(())
    }

    fn visit(&mut self, entry: &DirEntry, above: &mut Vec<PathBuf>) {
        let path = entry.path();
        // What the folder says of an entry is enough unless it is a link.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_image(&path) {
            self.files.push(path);
        } else if path.is_dir() {
            self.enter(&path, above);
        } else if is_image(&path) {
            // A link that leads nowhere is a mistake that must not look like a smaller study.
            match path.metadata() {
                Ok(_) => self.files.push(path),
                Err(error) => self.unreadable("image", &path, &error),
            }
        }
    }

    fn unreadable(&mut self, what: &str, path: &Path, error: &io::Error) {
        let title = format!("cannot read the {what} `{}`: {error}", path.display());
        self.problems.push(Problem::new(title));
    }
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending))
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests {
    use super::*;
    use crate::fixture::Folder;

    /// Names of the images of the study, which need no labels.
    fn names(folder: &Folder) -> Vec<String> {
        folder.edit("require_correct = true", "require_correct = false");
        let images = Images::read(&folder.study().unwrap()).unwrap().images;
        images.into_iter().map(|image| image.name).collect()
    }

    fn problems(folder: &Folder) -> String {
        folder.shown(&Images::read(&folder.study().unwrap()).unwrap_err())
    }

    #[test]
    fn a_name_is_the_path_below_the_folder_without_its_ending() {
        let folder = Folder::new();
        for path in [
            "more/b.v2.JPG",
            "more/deep/c.tiff",
            ".hidden/d.png",
            ".e.png",
            "notes.txt",
            "f.webp",
        ] {
            folder.write(&format!("data/images/{path}"), path);
        }
        assert_eq!(
            names(&folder),
            ["f", "more__b.v2", "more__deep__c", "mug-07"]
        );
    }

    #[test]
    fn names_that_would_be_equal_get_eight_digits_of_the_digest() {
        let folder = Folder::new();
        folder.write("data/images/a/b.png", "one");
        folder.write("data/images/a__b.png", "two");
        folder.write("data/images/a__b.jpg", "three");
        let digits = |text: &str| blake3::hash(text.as_bytes()).to_hex()[..8].to_owned();
        let mut expected: Vec<String> = ["one", "two", "three"]
            .map(|text| format!("a__b~{}", digits(text)))
            .into();
        expected.push("mug-07".to_owned());
        expected.sort();
        assert_eq!(names(&folder), expected);
    }

    #[test]
    fn two_images_of_equal_name_and_content_are_a_problem() {
        let folder = Folder::new();
        folder.write("data/images/a.png", "one");
        folder.write("data/images/a.jpg", "one");
        insta::assert_snapshot!(problems(&folder), @"
        error: two images have the name `a~d33fb48a`: `data/images/a.jpg` and `data/images/a.png`
         |
         = help: rename one, or remove it where the files are equal
        ");
    }

    #[test]
    fn masks_and_labels_find_their_images() {
        let folder = Folder::new();
        folder.write("data/images/more/key-01.png", "key");
        folder.write("data/masks/more/key-01.bmp", "mask");
        folder.write("data/masks/lost.png", "mask");
        folder.write(
            "data/labels.csv",
            "path,label\nmug-07.png,mug\nmore/key-01.png,1\ngone.png,1\n",
        );
        let images = Images::read(&folder.study().unwrap()).unwrap();
        let found: Vec<_> = images
            .images
            .iter()
            .map(|image| (image.true_class, image.mask.is_some()))
            .collect();
        assert_eq!(found, [(Some(1), true), (Some(0), false)]);
        insta::assert_snapshot!(folder.plain(&images.warnings.join("\n")), @"
        data/labels.csv:4: there is no image `gone.png`, its label is not used
        the mask `data/masks/lost.png` belongs to no image
        ");
    }

    #[test]
    fn masks_and_artifacts_inside_the_image_folder_are_no_images() {
        let folder = Folder::new();
        folder.write("data/images/masks/mug-07.png", "mask");
        folder.write("data/images/cache/report/figure.png", "figure");
        folder.edit("data/masks", "data/images/masks");
        folder.edit(
            "artifacts = \"artifacts\"",
            "artifacts = \"data/images/cache\"",
        );
        let images = Images::read(&folder.study().unwrap()).unwrap().images;
        assert_eq!(images.len(), 1);
        assert!(images[0].mask.is_some());
    }

    #[test]
    fn two_masks_of_an_image_are_a_problem() {
        let folder = Folder::new();
        folder.write("data/masks/mug-07.png", "mask");
        folder.write("data/masks/mug-07.bmp", "mask");
        insta::assert_snapshot!(problems(&folder), @"
        error: two masks for one image: `data/masks/mug-07.bmp` and `data/masks/mug-07.png`
         |
         = help: remove one
        ");
    }

    #[test]
    fn images_without_a_label_are_named_where_the_study_needs_one() {
        let folder = Folder::new();
        folder.write("data/images/key-01.png", "key");
        folder.write(
            "data/labels.csv",
            "path,label\nmug-07.png,mug\nkey_01.png,key\n",
        );
        insta::assert_snapshot!(problems(&folder), @"
        error: `require_correct = true` needs a label for every image; `data/labels.csv` has none for `key-01`
         |
         = note: data/labels.csv:3: there is no image `key_01.png`, its label is not used; did you mean `key-01.png`?
         = help: add the missing rows, or change that setting in [images]
        ");
        folder.edit("require_correct = true", "require_correct = false");
        assert_eq!(
            Images::read(&folder.study().unwrap()).unwrap().images.len(),
            2
        );
    }

    #[test]
    fn a_folder_without_images_is_a_problem() {
        let folder = Folder::new();
        std::fs::remove_file(folder.path("data/images/mug-07.png")).unwrap();
        insta::assert_snapshot!(problems(&folder), @"
        error: the image folder `data/images` has no images
         |
         = help: put files into it that end in png, jpg, jpeg, webp, tif, tiff, bmp
        ");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_neither_in_circles_nor_into_nothing() {
        let folder = Folder::new();
        folder.write("elsewhere/b.png", "b");
        std::os::unix::fs::symlink(folder.path("elsewhere"), folder.path("data/images/more"))
            .unwrap();
        std::os::unix::fs::symlink(
            folder.path("data/images"),
            folder.path("data/images/circle"),
        )
        .unwrap();
        assert_eq!(names(&folder), ["more__b", "mug-07"]);
        std::os::unix::fs::symlink(folder.path("gone.png"), folder.path("data/images/lost.png"))
            .unwrap();
        insta::assert_snapshot!(problems(&folder), @"error: cannot read the image `data/images/lost.png`: No such file or directory (os error 2)");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_a_problem() {
        use std::os::unix::ffi::OsStrExt;
        let folder = Folder::new();
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
        std::fs::write(folder.path("data/images").join(name), "coffee").unwrap();
        insta::assert_snapshot!(problems(&folder), @"
        error: the name of the file `data/images/caf�.png` is not UTF-8 text
         |
         = help: rename it, because names of images stand in every table
        ");
    }
}
