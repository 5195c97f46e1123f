//! The images of a study: found, named, and joined with their labels and masks. Nothing is decoded here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use store::digest_file;

use crate::classes::Classes;
use crate::file_names;
use crate::labels::{self, Labels};
use crate::manifest;
use crate::settings::images::{Settings, Target};
use crate::study::Study;
use config::paths::{absent, absolute, composed, plain, visible};
use config::{Problem, Problems, listed};

/// Endings of files that are images, in lower case.
const ENDINGS: [&str; 10] = [
    "png", "jpg", "jpeg", "jpe", "jif", "jfif", "webp", "tif", "tiff", "bmp",
];
/// Endings of pictures that are not read, in lower case.
const OTHERS: [&str; 35] = [
    "apng", "arw", "avif", "cr2", "cr3", "dcm", "dng", "exr", "gif", "hdr", "heic", "heif", "hif",
    "ico", "j2c", "j2k", "jp2", "jpf", "jpx", "jxl", "nef", "orf", "pbm", "pcx", "pef", "pgm",
    "pnm", "ppm", "psd", "raf", "raw", "rw2", "srw", "svg", "tga",
];
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
        file_names::check(study, &images.images)?;
        for warning in &mut images.warnings {
            *warning = visible(warning);
        }
        Ok(images)
    }

    fn in_folder(study: &Study) -> Result<Self, Problems> {
        let settings = &study.images;
        let apart = settings.masks.iter().chain([&study.artifacts]);
        let (paths, left_out) = files(
            "image",
            &settings.folder,
            &apart.map(PathBuf::as_path).collect::<Vec<_>>(),
        )?;
        if paths.is_empty() {
            let title = format!(
                "the image folder `{}` has no images",
                settings.folder.display()
            );
            let help = format!("put files into it that end in {}", ENDINGS.join(", "));
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
        let (mut masks, masks_left_out) = masks(settings.masks.as_deref())?;
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

/// The masks by the composed name that their image has before a digest is added; and what is said of masks that are not read.
fn masks(folder: Option<&Path>) -> Result<(BTreeMap<String, PathBuf>, Option<String>), Problems> {
    let Some(folder) = folder else {
        return Ok((BTreeMap::new(), None));
    };
    let mut problems = Vec::new();
    let mut masks = BTreeMap::new();
    let (paths, left_out) = files("mask", folder, &[])?;
    for path in paths {
        let base = composed(&base_name(folder, &path)?);
        if let Some(other) = masks.insert(base, path.clone()) {
            let (path, other) = (path.display(), other.display());
            problems.push(
                Problem::new(format!("two masks for one image: `{other}` and `{path}`"))
                    .help("remove one"),
            );
        }
    }
    Problems::check(problems, (masks, left_out))
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
    problems.extend(same_letters(&groups));
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

/// A problem for each two images whose names a person cannot tell apart.
fn same_letters(groups: &BTreeMap<String, Vec<PathBuf>>) -> Vec<Problem> {
    let mut letters: BTreeMap<String, &Path> = BTreeMap::new();
    let mut problems = Vec::new();
    for (base, paths) in groups.iter().filter(|(base, _)| !base.is_ascii()) {
        let path = &*paths[0];
        if let Some(other) = letters.insert(composed(base), path) {
            let title = format!(
                "the names of the images `{}` and `{}` have the same letters: only their Unicode forms differ (NFC and NFD)",
                other.display(),
                path.display()
            );
            problems.push(
                Problem::new(title).help("rename one, or remove it where the files are equal"),
            );
        }
    }
    problems
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

/// The path without the folder that it is in, where it is in there.
fn below(folder: &Path, path: &Path) -> PathBuf {
    let spelled = path.strip_prefix(folder).ok();
    if let Some(below) = spelled.filter(|below| below.is_relative()) {
        return below.to_path_buf();
    }
    // A manifest may give absolute paths of images in a folder whose own path is relative.
    let (folder, whole) = (plain(&absolute(folder)), plain(&absolute(path)));
    whole.strip_prefix(folder).unwrap_or(path).to_path_buf()
}

/// The path below `folder` without its ending, `/` as `__`.
fn base_name(folder: &Path, path: &Path) -> Result<String, Problem> {
    let below = below(folder, path).with_extension("");
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

/// All image files in `folder` and below it, sorted by path, without hidden ones and without the folders `apart`; and what is said of
/// pictures that are not read. `what` is an "image" or a "mask".
fn files(
    what: &'static str,
    folder: &Path,
    apart: &[&Path],
) -> Result<(Vec<PathBuf>, Option<String>), Problems> {
    let mut walk = Walk {
        what,
        // A folder that is not there yet holds nothing that could be taken for an image.
        apart: apart
            .iter()
            .filter_map(|folder| folder.canonicalize().ok())
            .collect(),
        files: Vec::new(),
        others: Vec::new(),
        problems: Vec::new(),
    };
    walk.enter(folder, &mut Vec::new());
    walk.files.sort();
    walk.others.sort();
    let left_out = walk.left_out(folder);
    Problems::check(walk.problems, (walk.files, left_out))
}

struct Walk {
    what: &'static str,
    apart: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// Pictures of formats that are not read.
    others: Vec<PathBuf>,
    problems: Vec<Problem>,
}

impl Walk {
    fn left_out(&self, folder: &Path) -> Option<String> {
        let first = self.others.first()?;
        let endings: BTreeSet<String> =
            self.others.iter().filter_map(|path| ending(path)).collect();
        Some(format!(
            "the {} folder `{}` has pictures that are not read: {} that end in {}, such as `{}`; save them as PNG or JPEG",
            self.what,
            folder.display(),
            self.others.len(),
            Vec::from_iter(endings).join(", "),
            first.display()
        ))
    }

    /// `above` holds the true paths of the folders on the way here, so that a link to one of them ends the walk.
    fn enter(&mut self, folder: &Path, above: &mut Vec<PathBuf>) {
        if let Err(error) = self.try_enter(folder, above) {
            let title = format!("cannot read the folder `{}`: {error}", folder.display());
            self.problems.push(Problem::new(title));
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
        if !is_file && path.is_dir() {
            self.enter(&path, above);
            return;
        }
        let ending = ending(&path).unwrap_or_default();
        if OTHERS.contains(&&*ending) {
            self.others.push(path);
        } else if ENDINGS.contains(&&*ending) {
            // A link that leads nowhere is a mistake that must not look like a smaller study, and so is a pipe.
            match (!is_file).then(|| absent(self.what, &path)).flatten() {
                None => self.files.push(path),
                Some(reason) => self.problems.push(Problem::new(reason)),
            }
        }
    }
}

/// The ending of a file's name, in lower case.
fn ending(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?;
    Some(ending.to_ascii_lowercase())
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
    fn absolute_paths_are_found_however_the_study_is_named() {
        let folder = Folder::new();
        folder.write("data/images/more/key-01.png", "key");
        folder.write("data/masks/more/key-01.png", "mask");
        let image = |name: &str| folder.path("data/images").join(name).display().to_string();
        let (mug, key) = (image("mug-07.png"), image("more/key-01.png"));
        folder.write(
            "data/labels.csv",
            format!("path,label\n{mug},mug\n{key},key\n"),
        );
        let mask = folder.path("data/masks/more/key-01.png");
        let manifest = format!(
            "path,label,mask\nmug-07.png,mug,\n{key},key,{}\n",
            mask.display()
        );
        folder.write("data/photos.csv", manifest);
        let text = std::fs::read_to_string(folder.path("pipeline.toml")).unwrap();
        let text = text.replace(
            "folder = \"data/images\"",
            "folder = \"data/images\"\nmanifest = \"data/photos.csv\"",
        );
        let text = text.replace("labels = ", "# ").replace("masks = ", "# ");
        folder.write("listed.toml", text);
        let read = |file: &Path| Images::read(&Study::read(file).unwrap()).unwrap();
        for file in ["pipeline.toml", "listed.toml"] {
            let [absolute, relative] =
                [folder.path(file), folder.relative(file)].map(|file| read(&file));
            let shown = |images: &Images| {
                assert_eq!(images.warnings, Vec::<String>::new());
                let images = images.images.iter();
                images
                    .map(|image| (image.name.clone(), image.true_class, image.mask.is_some()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(shown(&absolute), shown(&relative), "{file}");
            let expected = [
                ("more__key-01".to_owned(), Some(1), true),
                ("mug-07".to_owned(), Some(0), false),
            ];
            assert_eq!(shown(&relative), expected, "{file}");
        }
    }

    #[test]
    fn labels_find_images_through_links() {
        let folder = Folder::new();
        folder.write("store/key-01.png", "key");
        std::os::unix::fs::symlink(
            folder.path("store/key-01.png"),
            folder.path("data/images/key-01.png"),
        )
        .unwrap();
        std::os::unix::fs::symlink(folder.path("data"), folder.path("other")).unwrap();
        let [key, mug] = ["store/key-01.png", "other/images/mug-07.png"]
            .map(|path| folder.path(path).display().to_string());
        for more in ["", "images/mug-07.png,mug\n"] {
            folder.write(
                "data/labels.csv",
                format!("path,label\n{key},key\n{mug},mug\n{more}"),
            );
            let images = Images::read(&folder.study().unwrap()).unwrap();
            let classes = images.images.iter().map(|image| image.true_class);
            assert_eq!(classes.collect::<Vec<_>>(), [Some(1), Some(0)]);
            // Another row names the image itself.
            assert_eq!(images.warnings.is_empty(), more.is_empty());
        }
    }

    #[test]
    fn masks_and_labels_find_images_in_another_unicode_form() {
        let folder = Folder::new();
        folder.write("data/images/gru\u{308}n.png", "key");
        folder.write("data/masks/gr\u{fc}n.png", "mask");
        folder.write(
            "data/labels.csv",
            "path,label\nmug-07.png,mug\ngr\u{fc}n.png,key\n",
        );
        let images = Images::read(&folder.study().unwrap()).unwrap();
        assert_eq!(images.warnings, Vec::<String>::new());
        assert_eq!(
            (images.images[0].true_class, images.images[0].mask.is_some()),
            (Some(1), true)
        );
        folder.write("data/images/gr\u{fc}n.jpg", "key");
        let shown = problems(&folder);
        assert!(shown.contains("have the same letters"), "{shown}");
    }

    #[test]
    fn pictures_of_other_formats_are_counted() {
        let folder = Folder::new();
        for name in [
            "a.jfif",
            "b.JPE",
            "c.jif",
            "d.TIF",
            "e.gif",
            "f.HEIC",
            "g.avif",
            "h.heic",
            "notes.txt",
        ] {
            folder.write(&format!("data/images/{name}"), name);
        }
        folder.write("data/masks/mug-07.gif", "mask");
        assert_eq!(names(&folder), ["a", "b", "c", "d", "mug-07"]);
        let images = Images::read(&folder.study().unwrap()).unwrap();
        insta::assert_snapshot!(folder.plain(&images.warnings.join("\n")), @"
        the image folder `data/images` has pictures that are not read: 4 that end in avif, gif, heic, such as `data/images/e.gif`; save them as PNG or JPEG
        the mask folder `data/masks` has pictures that are not read: 1 that end in gif, such as `data/masks/mug-07.gif`; save them as PNG or JPEG
        ");
        for name in ["a.jfif", "b.JPE", "c.jif", "d.TIF", "mug-07.png"] {
            std::fs::remove_file(folder.path("data/images").join(name)).unwrap();
        }
        insta::assert_snapshot!(problems(&folder), @"
        error: the image folder `data/images` has no images
         |
         = note: the image folder `data/images` has pictures that are not read: 4 that end in avif, gif, heic, such as `data/images/e.gif`; save them as PNG or JPEG
         = help: put files into it that end in png, jpg, jpeg, jpe, jif, jfif, webp, tif, tiff, bmp
        ");
    }

    #[test]
    fn a_pipe_among_the_images_is_a_problem_and_not_opened() {
        let folder = Folder::new();
        for name in ["pipe.png", "pipe"] {
            let pipe = folder.path("data/images").join(name);
            let made = std::process::Command::new("mkfifo").arg(pipe).status();
            assert!(made.unwrap().success());
        }
        insta::assert_snapshot!(problems(&folder), @"error: the image `data/images/pipe.png` is a pipe, socket or device, and not a regular file");
    }

    #[test]
    fn a_line_break_in_a_name_is_a_part_of_the_name_and_escaped_in_messages() {
        let folder = Folder::new();
        folder.write("data/images/a\nb.png", "one");
        folder.write("data/images/copy.png", "one");
        folder.write("data/images/more\r/b.gif", "two");
        folder.write("data/masks/lost\u{1b}.png", "mask");
        folder.write(
            "data/labels.csv",
            "path,label\n\"a\nb.png\",key\nmug-07.png,mug\n\"gone\n.png\",0\n",
        );
        assert_eq!(names(&folder), ["a\nb", "copy", "mug-07"]);
        let sources = crate::Sources::read(&folder.study().unwrap()).unwrap();
        assert_eq!(sources.image(0).true_class, Some(1));
        let warnings = &sources.images.warnings;
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        assert!(
            !warnings.concat().contains(char::is_control),
            "{warnings:?}"
        );
        let subject = crate::plan::Subject {
            image: Some(0),
            ..Default::default()
        };
        assert_eq!(subject.describe(&sources), "a\\nb");
        folder.edit("require_correct = false", "require_correct = true");
        assert!(problems(&folder).contains("has none for `copy`"));
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
         = help: put files into it that end in png, jpg, jpeg, jpe, jif, jfif, webp, tif, tiff, bmp
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
        insta::assert_snapshot!(problems(&folder), @"error: the image `data/images/lost.png` is a link to a file that is not there");
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
