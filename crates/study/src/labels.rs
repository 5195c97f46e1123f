//! The labels: a CSV file with the columns `path` and `label`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::classes::Classes;
use crate::images::LISTED;
use crate::listing::{self, Listing};
use config::paths::{spelling, visible};
use config::{Problem, Problems, SHOWN, Source, listed, nearest};

/// Columns of the file: `path` and `label`, in any order.
const COLUMNS: usize = 2;

/// The true classes of images, by the images' paths.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Labels {
    /// The class for each path in `paths` that has a label.
    pub(crate) classes: BTreeMap<PathBuf, usize>,
    /// Rows that belong to no image: the first ten each as a sentence with file and line, the others counted in one more.
    pub(crate) unmatched: Vec<String>,
}

struct Row {
    line: Range<usize>,
    path: String,
    label: String,
}

/// Reads the labels of `paths`, all of which lie below `folder`.
///
/// A path in the file is absolute, or relative to the file's own folder or to `folder`; links and Unicode's forms make no difference. A label
/// is a class name or a class index. Labels that no class has, and second labels of an image, are problems.
pub(crate) fn read(
    file: &Path,
    folder: &Path,
    paths: &[&Path],
    classes: &Classes,
) -> Result<Labels, Problems> {
    let source = Source::read(file, "the file of labels")?;
    let mut problems = Vec::new();
    let rows = rows(&source, &mut problems);
    let bases = [file.parent().unwrap_or(Path::new("")), folder];
    let (found, without) = matched(&rows, bases, paths);

    let mut labels = Labels::default();
    let mut first_rows: BTreeMap<&Path, &Row> = BTreeMap::new();
    for row in &rows {
        if classes.class(&row.label).is_none() {
            let hint = problems.len() < SHOWN;
            let (title, label, help) = unknown_label(&row.label, classes, hint);
            let problem = Problem::new(title).label(label).help(help);
            problems.push(problem.at(&source, source.within(&row.line, &row.label)));
        }
    }
    for (row, path) in found {
        if let Some(first) = first_rows.insert(path, row) {
            let first = source.line(first.line.start);
            let title = format!("the image `{}` has two labels", row.path);
            let problem = Problem::new(title).label(format!("the first is in line {first}"));
            problems.push(problem.at(&source, source.within(&row.line, &row.path)));
        }
        if let Some(class) = classes.class(&row.label) {
            labels.classes.insert(path.to_path_buf(), class);
        }
    }
    labels.unmatched = unmatched(&source, &without, folder, paths);
    Problems::check(problems, labels)
}

/// The rows that have an image, and the others. A row may lead to its image through links, unless another row names that image.
fn matched<'a>(
    rows: &'a [Row],
    bases: [&Path; 2],
    paths: &[&'a Path],
) -> (Vec<(&'a Row, &'a Path)>, Vec<&'a Row>) {
    let known: BTreeMap<String, &Path> = paths.iter().map(|path| (spelling(path), *path)).collect();
    let (mut found, mut without) = (Vec::new(), Vec::new());
    for row in rows {
        let mut spelled = bases.iter().map(|base| spelling(&base.join(&row.path)));
        match spelled.find_map(|path| known.get(&path)) {
            Some(path) => found.push((row, *path)),
            None => without.push(row),
        }
    }
    if without.is_empty() {
        return (found, without);
    }
    let named: BTreeSet<&Path> = found.iter().map(|(_, path)| *path).collect();
    let others = paths.iter().filter(|path| !named.contains(**path));
    let linked: BTreeMap<PathBuf, &Path> = others
        .filter_map(|path| Some((path.canonicalize().ok()?, *path)))
        .collect();
    without.retain(|row| {
        let mut linking = bases
            .iter()
            .filter_map(|base| base.join(&row.path).canonicalize().ok());
        let path = linking.find_map(|path| linked.get(&path));
        found.extend(path.map(|path| (*row, *path)));
        path.is_none()
    });
    (found, without)
}

/// The rows below the header; what cannot be a row is noted. The labels may be called `class_index`.
fn rows(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Vec<Row> {
    let mut wrong = Vec::new();
    let listing = Listing::read(source, |line, title, help| {
        wrong.push(Problem::new(title).help(help).at(source, line));
    });
    let label = listing.column("label").or(listing.column("class_index"));
    let columns = listing.column("path").zip(label);
    let Some((path, label)) = columns.filter(|_| listing.header.len() == COLUMNS) else {
        let label = if listing.header.is_empty() {
            "the file is empty".to_owned()
        } else {
            format!("found the columns {}", listed(listing.header.iter()))
        };
        let problem =
            Problem::new("the label file must begin with the line `path,label`").label(label);
        problems.push(problem.at(source, 0..source.text.len()));
        return Vec::new();
    };
    problems.extend(wrong);
    let row = |row: listing::Row| Row {
        path: row.fields[path].to_owned(),
        label: row.fields[label].to_owned(),
        line: row.line,
    };
    listing.rows.into_iter().map(row).collect()
}

/// A label that no class has: what is wrong, what was meant, and how to fix it. A hint compares the label with every class, so it is given only
/// where it is asked for.
pub(crate) fn unknown_label(
    label: &str,
    classes: &Classes,
    hint: bool,
) -> (String, String, String) {
    let last = classes.count() - 1;
    let nearest = || classes.nearest(label);
    let meant = if label.parse() == Ok(classes.count()) {
        "do the labels count from 1? The first class has index 0".to_owned()
    } else if let Some(name) = hint.then(nearest).flatten() {
        format!("did you mean `{name}`?")
    } else {
        "there is no such class".to_owned()
    };
    let help = format!("expected a name from the class list, or an index from 0 to {last}");
    (format!("no class is called `{label}`"), meant, help)
}

/// What is said of rows without an image. A hint compares a row with every image, and a file of labels may be that of a data set with
/// thousands of others: so only the first have one.
fn unmatched(source: &Source, rows: &[&Row], folder: &Path, paths: &[&Path]) -> Vec<String> {
    let below: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix(folder).ok()?.to_str())
        .collect();
    let file = source.path.display();
    let sentence = |row: &&Row| {
        let hint = nearest(&row.path, below.iter().copied())
            .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        visible(&format!(
            "{file}:{}: there is no image `{}`, so its label is not used{hint}",
            source.line(row.line.start),
            row.path
        ))
    };
    let mut sentences: Vec<String> = rows.iter().take(LISTED).map(sentence).collect();
    if rows.len() > LISTED {
        let more = rows.len() - LISTED;
        sentences.push(format!(
            "{file}: and {more} more without an image, whose labels are not used"
        ));
    }
    sentences
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests {
    use super::*;

    const IMAGES: [&str; 4] = ["mug-07.png", "more/chair 1.jpg", "key.png", "gr\u{fc}n.png"];

    /// Labels in `data/labels.csv` of images in `data/images`.
    fn read_text(text: &str) -> Result<Labels, String> {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        std::fs::write(data.join("labels.csv"), text).unwrap();
        std::fs::write(data.join("classes.txt"), "mug\nchair\nkey\n").unwrap();
        let classes = Classes::read(&data.join("classes.txt")).unwrap();
        let images = data.join("images");
        let paths: Vec<PathBuf> = IMAGES.iter().map(|name| images.join(name)).collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let shown = format!("{}/", data.display());
        let relative = |path: &Path| path.strip_prefix(&images).unwrap().to_path_buf();
        read(&data.join("labels.csv"), &images, &paths, &classes)
            .map(|labels| Labels {
                classes: labels
                    .classes
                    .iter()
                    .map(|(path, class)| (relative(path), *class))
                    .collect(),
                unmatched: labels
                    .unmatched
                    .iter()
                    .map(|text| text.replace(&shown, ""))
                    .collect(),
            })
            .map_err(|problems| problems.to_string().replace(&shown, ""))
    }

    #[test]
    fn paths_start_at_the_label_file_or_at_the_image_folder() {
        let text = "\u{feff}label,path\r\nmug, mug-07.png\r\n\r\n1,\"images/more/chair 1.jpg\"\r\n";
        let labels = read_text(text).unwrap();
        let expected = [
            (PathBuf::from("more/chair 1.jpg"), 1),
            (PathBuf::from("mug-07.png"), 0),
        ];
        assert_eq!(labels.classes, BTreeMap::from(expected));
        assert_eq!(labels.unmatched, Vec::<String>::new());
    }

    #[test]
    fn a_row_without_an_image_is_a_warning_with_its_line_and_the_nearest_image() {
        let labels = read_text("path,label\n\nmug_07.png,mug\nkey.png,key\n").unwrap();
        insta::assert_snapshot!(labels.unmatched.join("\n"), @"labels.csv:3: there is no image `mug_07.png`, so its label is not used; did you \
            mean `mug-07.png`?");
        assert_eq!(labels.classes.len(), 1);
    }

    #[test]
    fn names_in_another_unicode_form_are_the_same() {
        let labels = read_text("path,label\ngru\u{308}n.png,mug\n").unwrap();
        assert_eq!(
            labels.classes,
            BTreeMap::from([(PathBuf::from("gr\u{fc}n.png"), 0)])
        );
        assert_eq!(labels.unmatched, Vec::<String>::new());
    }

    #[test]
    fn a_label_that_is_the_number_of_classes_may_be_counted_from_1() {
        insta::assert_snapshot!(read_text("path,label\nkey.png,3\nmug-07.png,1\n").unwrap_err(), @"
        error: no class is called `3`
         --> labels.csv:2:9
          |
        2 | key.png,3
          |         ^ do the labels count from 1? The first class has index 0
          |
          = help: expected a name from the class list, or an index from 0 to 2
        ");
    }

    #[test]
    fn of_many_rows_without_an_image_the_first_are_listed_and_the_others_counted() {
        let rows = "mug_07.png,mug\n".repeat(LISTED + 3);
        let labels = read_text(&format!("path,label\n{rows}")).unwrap();
        let unmatched = labels.unmatched;
        assert_eq!(unmatched.len(), LISTED + 1);
        assert!(unmatched[LISTED - 1].starts_with("labels.csv:11: there is no image `mug_07.png`"));
        assert_eq!(
            unmatched[LISTED],
            "labels.csv: and 3 more without an image, whose labels are not used"
        );
    }

    #[test]
    fn all_mistakes_in_labels_are_shown_together() {
        let text = "path,label\nmug-07.png,mugg\n\nkey.png,3\nkey.png,key,1\nkey.png,key\n";
        insta::assert_snapshot!(read_text(text).unwrap_err(), @"
        error: no class is called `mugg`
         --> labels.csv:2:12
          |
        2 | mug-07.png,mugg
          |            ^^^^ did you mean `mug`?
          |
          = help: expected a name from the class list, or an index from 0 to 2

        error: no class is called `3`
         --> labels.csv:4:9
          |
        4 | key.png,3
          |         ^ do the labels count from 1? The first class has index 0
          |
          = help: expected a name from the class list, or an index from 0 to 2

        error: a row must have 2 fields, and this one has 3
         --> labels.csv:5:1
          |
        5 | key.png,key,1
          | ^^^^^^^^^^^^^
          |
          = help: put quotes around a path or label that contains a comma

        error: the image `key.png` has two labels
         --> labels.csv:6:1
          |
        6 | key.png,key
          | ^^^^^^^ the first is in line 4
        ");
    }

    #[test]
    fn other_columns_are_a_problem() {
        insta::assert_snapshot!(read_text("file,label\nmug-07.png,mug\n").unwrap_err(), @"
        error: the label file must begin with the line `path,label`
         --> labels.csv:1:1
          |
        1 | file,label
          | ^^^^^^^^^^ found the columns `file`, `label`
        ");
        insta::assert_snapshot!(read_text("").unwrap_err(), @"
        error: the label file must begin with the line `path,label`
         --> labels.csv:1:1
          |
        1 |
          | ^ the file is empty
        ");
    }

    #[test]
    fn a_quote_that_is_not_closed_is_a_problem() {
        insta::assert_snapshot!(
            read_text("path,label\n\"mug-07.png,mug\nkey.png,key\n").unwrap_err(), @r#"
        error: a row must have 2 fields, and this one has 1
         --> labels.csv:2:1
          |
        2 | "mug-07.png,mug
          | ^^^^^^^^^^^^^^^
          |
          = help: put quotes around a path or label that contains a comma
        "#);
    }
}
