//! A manifest: the images of a study as a table with the columns `path`, `label` and `mask`, in a CSV or a Parquet file.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::classes::Classes;
use crate::labels::unknown_label;
use crate::listing::{self, Listing};
use config::paths::{absent, below, spelling};
use config::{Problem, Problems, SHOWN, Source, listed};

/// The column that every manifest has.
const PATH: &str = "path";
/// The columns that it may have.
const OPTIONAL: [&str; 2] = ["label", "mask"];

/// A row: an existing image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its class, where it has a label.
    pub(crate) class: Option<usize>,
    /// The file with the mask of its object.
    pub(crate) mask: Option<PathBuf>,
}

/// A row as it is written; empty fields are none.
struct Row {
    place: Place,
    path: Option<String>,
    label: Option<String>,
    mask: Option<String>,
}

/// Where a row stands.
enum Place {
    /// In a line of a text.
    Line {
        source: Arc<Source>,
        line: Range<usize>,
    },
    /// In a Parquet file, from 1.
    Row { file: PathBuf, number: usize },
}

impl Place {
    /// Shows a problem with `part` of the row.
    fn show(&self, title: String, part: &str, label: Option<String>) -> Problem {
        let problem = match self {
            Self::Line { source, line } => {
                Problem::new(title).at(source, source.within(line, part))
            }
            Self::Row { file, number } => {
                Problem::new(format!("{}, row {number}: {title}", file.display()))
            }
        };
        match label {
            Some(label) => problem.label(label),
            None => problem,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Line { source, line } => format!("line {}", source.line(line.start)),
            Self::Row { number, .. } => format!("row {number}"),
        }
    }
}

/// Whether the manifest has a column of labels; false of one that cannot be read, which [`read`] reports.
pub(crate) fn has_labels(file: &Path) -> bool {
    let label = |name: &str| name.trim().trim_matches('"') == OPTIONAL[0];
    if is_parquet(file) {
        let reader = File::open(file)
            .ok()
            .and_then(|file| SerializedFileReader::new(file).ok());
        return reader.is_some_and(|reader| {
            let schema = reader.metadata().file_metadata().schema_descr_ptr();
            schema.columns().iter().any(|column| label(column.name()))
        });
    }
    Source::read(file, "the manifest").is_ok_and(|source| {
        let mut lines = source.text.lines();
        let header = lines.find(|line| !line.trim().is_empty());
        header.is_some_and(|header| header.split(',').any(label))
    })
}

fn is_parquet(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// Reads the rows, whose paths are absolute or below `folder`.
///
/// A missing image or mask, an image that is listed twice and a label without a class are problems: all of them are reported, each with
/// its line, or its row in a Parquet file.
pub(crate) fn read(file: &Path, folder: &Path, classes: &Classes) -> Result<Vec<Entry>, Problems> {
    let mut problems = Vec::new();
    let rows = if is_parquet(file) {
        parquet_rows(file)?
    } else {
        csv_rows(file, &mut problems)?
    };
    if rows.is_empty() && problems.is_empty() {
        let title = format!("the manifest `{}` has no rows", file.display());
        problems.push(Problem::new(title).help("write a row for each image"));
    }
    let mut entries = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        let Some(written) = &row.path else {
            problems.push(
                row.place
                    .show("a row without a `path`".to_owned(), "", None),
            );
            continue;
        };
        let path = below(folder, written);
        if let Some(title) = absent("image", &path) {
            problems.push(row.place.show(title, written, Some(STARTS.to_owned())));
        } else if let Some(first) = seen.insert(spelling(&path), row.place.name()) {
            let title = format!("the image `{written}` is listed twice");
            let label = format!("the first is in {first}");
            problems.push(row.place.show(title, written, Some(label)));
        }
        let mask = row.mask.as_ref().map(|mask| below(folder, mask));
        if let (Some(mask), Some(written)) = (&mask, &row.mask)
            && let Some(title) = absent("mask", mask)
        {
            problems.push(row.place.show(title, written, Some(STARTS.to_owned())));
        }
        let class = row.label.as_ref().and_then(|label| {
            let class = classes.class(label);
            if class.is_none() {
                let (title, hint, help) = unknown_label(label, classes, problems.len() < SHOWN);
                problems.push(row.place.show(title, label, Some(hint)).help(help));
            }
            class
        });
        entries.push(Entry { path, class, mask });
    }
    Problems::check(problems, entries)
}

/// What is said beside a path that leads nowhere.
const STARTS: &str = "paths start at the folder of the manifest, or at `folder`";

/// Others are refused, because a misspelt column of labels would otherwise be no labels.
fn is_known(column: &str) -> bool {
    column == PATH || OPTIONAL.contains(&column)
}

fn wrong_columns<'a>(file: &Path, found: impl Iterator<Item = &'a str>) -> Problem {
    let title = format!(
        "the manifest `{}` must have the column `path`, may have `label` and `mask`, and no others",
        file.display()
    );
    Problem::new(title).label(format!("found the columns {}", listed(found)))
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn csv_rows(file: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Row>, Problems> {
    let source = Source::read(file, "the manifest")?;
    let place = |line| Place::Line {
        source: Arc::clone(&source),
        line,
    };
    let listing = Listing::read(&source, |line, title, help| {
        problems.push(place(line).show(title, "", None).help(help));
    });
    let header = || listing.header.iter();
    let Some(path) = listing.column(PATH).filter(|_| header().all(is_known)) else {
        return Err(wrong_columns(file, header()).into());
    };
    let [label, mask] = OPTIONAL.map(|name| listing.column(name));
    let row = |row: &listing::Row| {
        let field = |place: Option<usize>| filled(&row.fields[place?]);
        Row {
            path: field(Some(path)),
            label: field(label),
            mask: field(mask),
            place: place(row.line.clone()),
        }
    };
    Ok(listing.rows.iter().map(row).collect())
}

fn parquet_rows(file: &Path) -> Result<Vec<Row>, Problems> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let title = format!("cannot read the manifest `{}`: {error}", file.display());
        Problems::from(Problem::new(title))
    };
    let opened = File::open(file).map_err(|error| unreadable(&error))?;
    let reader = SerializedFileReader::new(opened).map_err(|error| unreadable(&error))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<&str> = schema
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    // pandas writes its index as a column of such a name.
    let mut written = names.iter().filter(|name| !name.starts_with("__"));
    if !names.contains(&PATH) || !written.all(|name| is_known(name)) {
        return Err(wrong_columns(file, names.into_iter()).into());
    }
    let mut rows = Vec::new();
    let found = reader
        .get_row_iter(None)
        .map_err(|error| unreadable(&error))?;
    for (index, row) in found.enumerate() {
        let row = row.map_err(|error| unreadable(&error))?;
        let field = |wanted: &str| {
            let mut columns = row.get_column_iter();
            let (_, value) = columns.find(|(name, _)| *name == wanted)?;
            match value {
                Field::Null => None,
                Field::Str(text) => filled(text),
                other => filled(&other.to_string()),
            }
        };
        rows.push(Row {
            place: Place::Row {
                file: file.to_path_buf(),
                number: index + 1,
            },
            path: field(PATH),
            label: field(OPTIONAL[0]),
            mask: field(OPTIONAL[1]),
        });
    }
    Ok(rows)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
pub(crate) mod tests {
    use super::*;
    use crate::fixture::Folder;
    use crate::{Images, Sources};

    /// The shipped study with a manifest of this text in place of folder, labels and masks.
    fn folder(name: &str, text: &str) -> Folder {
        let folder = Folder::new();
        folder.write(&format!("photos/{name}"), text);
        for path in ["a/key.png", "b/key.png", "masks/key.png"] {
            folder.write(&format!("photos/{path}"), path);
        }
        set(&folder, name);
        folder
    }

    fn set(folder: &Folder, name: &str) {
        folder.edit(
            "folder = \"data/images\"",
            &format!("manifest = \"photos/{name}\""),
        );
        folder.edit("labels = \"data/labels.csv\"", "#");
        folder.edit("masks = \"data/masks\"", "#");
    }

    /// A study with two images in a manifest of this name, CSV or Parquet.
    pub(crate) fn study(name: &str) -> Folder {
        let folder = folder("photos.csv", "path,label\na/key.png,key\nb/key.png,0\n");
        if name != "photos.csv" {
            folder.edit("photos/photos.csv", &format!("photos/{name}"));
            let file = folder.path("photos").join(name);
            write_parquet(&file, &["a/key.png", "b/key.png"], &[Some(1), Some(0)]);
        }
        folder
    }

    fn problems(folder: &Folder) -> String {
        folder.shown(&Images::read(&folder.study().unwrap()).unwrap_err())
    }

    fn found(folder: &Folder) -> Vec<(String, Option<usize>, bool)> {
        let images = Images::read(&folder.study().unwrap()).unwrap().images;
        let each = images.into_iter();
        each.map(|image| (image.name, image.true_class, image.mask.is_some()))
            .collect()
    }

    #[test]
    fn names_that_repeat_in_different_folders_are_kept_apart() {
        let text = "mask,path,label\nmasks/key.png,a/key.png,key\n,b/key.png,0\n";
        assert_eq!(
            found(&folder("photos.csv", text)),
            [
                ("a__key".to_owned(), Some(1), true),
                ("b__key".to_owned(), Some(0), false)
            ]
        );
    }

    #[test]
    fn all_that_is_missing_is_listed_at_once_with_its_line() {
        let text = "path,label,mask\na/key.png,mugg,\ngone.png,key,lost.png\n\nb/key.png,key,\nb/../b/key.png,key,\nalso.png,mug,\n";
        insta::assert_snapshot!(problems(&folder("photos.csv", text)), @"
        error: no class is called `mugg`
         --> photos/photos.csv:2:11
          |
        2 | a/key.png,mugg,
          |           ^^^^ did you mean `mug`?
          |
          = help: expected a name from the class list, or an index from 0 to 1

        error: there is no image `photos/gone.png`
         --> photos/photos.csv:3:1
          |
        3 | gone.png,key,lost.png
          | ^^^^^^^^ paths start at the folder of the manifest, or at `folder`

        error: there is no mask `photos/lost.png`
         --> photos/photos.csv:3:14
          |
        3 | gone.png,key,lost.png
          |              ^^^^^^^^ paths start at the folder of the manifest, or at `folder`

        error: the image `b/../b/key.png` is listed twice
         --> photos/photos.csv:6:1
          |
        6 | b/../b/key.png,key,
          | ^^^^^^^^^^^^^^ the first is in line 5

        error: there is no image `photos/also.png`
         --> photos/photos.csv:7:1
          |
        7 | also.png,mug,
          | ^^^^^^^^ paths start at the folder of the manifest, or at `folder`
        ");
    }

    #[test]
    fn the_unicode_form_makes_no_difference() {
        let folder = folder(
            "photos.csv",
            "path,label,mask\ngr\u{fc}n.png,key,masks/gru\u{308}n.png\n",
        );
        folder.write("photos/gru\u{308}n.png", "image");
        folder.write("photos/masks/gr\u{fc}n.png", "mask");
        assert_eq!(found(&folder), [("gru\u{308}n".to_owned(), Some(1), true)]);
        folder.write(
            "photos/photos.csv",
            "path,label\ngr\u{fc}n.png,key\ngru\u{308}n.png,key\n",
        );
        let shown = problems(&folder);
        assert!(shown.contains("is listed twice"), "{shown}");
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = folder(
            "photos.csv",
            "path,label,mask\npipe.png,key,\na/key.png,key,a\n",
        );
        let pipe = folder.path("photos/pipe.png");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        insta::assert_snapshot!(problems(&folder), @"
        error: the image `photos/pipe.png` is a pipe, socket or device, not a regular file
         --> photos/photos.csv:2:1
          |
        2 | pipe.png,key,
          | ^^^^^^^^ paths start at the folder of the manifest, or at `folder`

        error: the mask `photos/a` is a folder
         --> photos/photos.csv:3:15
          |
        3 | a/key.png,key,a
          |               ^ paths start at the folder of the manifest, or at `folder`
        ");
    }

    #[test]
    fn a_manifest_without_labels_needs_none() {
        let folder = folder("photos.csv", "path\na/key.png\n");
        folder.edit("require_correct = true", "#");
        assert!(!folder.study().unwrap().images.require_correct);
        assert_eq!(found(&folder), [("a__key".to_owned(), None, false)]);
    }

    #[test]
    fn a_manifest_and_a_folder_of_labels_are_two_ways_to_say_one_thing() {
        let folder = Folder::new();
        folder.write("photos.csv", "path,label\n");
        folder.edit("folder = \"data/images\"", "manifest = \"photos.csv\"");
        let shown = folder.shown(&folder.study().unwrap_err());
        assert!(
            shown.contains("`labels` cannot be used with `manifest`"),
            "{shown}"
        );
    }

    #[test]
    fn other_columns_are_a_problem() {
        let shown = problems(&folder("photos.csv", "file,label\na/key.png,key\n"));
        assert!(
            shown.contains("must have the column `path`") && shown.contains("`file`"),
            "{shown}"
        );
        // A misspelt column of labels is not none.
        let misspelt = folder("photos.csv", "path,labels\na/key.png,key\n");
        misspelt.edit("require_correct = true", "#");
        let shown = problems(&misspelt);
        assert!(shown.contains("`labels`"), "{shown}");
        let shown = problems(&folder("photos.csv", "path,label\n"));
        assert!(shown.contains("has no rows"), "{shown}");
    }

    #[test]
    fn equal_files_are_noticed_with_both_names() {
        let folder = folder("photos.csv", "path,label\na/key.png,key\nb/key.png,key\n");
        folder.write("photos/b/key.png", "a/key.png");
        let sources = Sources::read(&folder.study().unwrap()).unwrap();
        let warnings = sources.images.warnings.join("\n");
        assert!(
            warnings.contains("`a__key` and `b__key` are the same file"),
            "{warnings}"
        );
        assert_eq!(sources.len(), 2, "both are kept");
    }

    /// A Parquet file as other programs write it: text and numbers, with nulls.
    fn write_parquet(path: &Path, paths: &[&str], labels: &[Option<i64>]) {
        use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
        let columns: [(&str, ArrayRef); 2] = [
            ("path", Arc::new(StringArray::from(paths.to_vec()))),
            ("label", Arc::new(Int64Array::from(labels.to_vec()))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = parquet::file::properties::WriterProperties::builder()
            .set_compression(parquet::basic::Compression::SNAPPY)
            .build();
        let file = File::create(path).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn a_parquet_manifest_says_the_same_as_text() {
        let folder = study("photos.parquet");
        let file = folder.path("photos/photos.parquet");
        folder.edit("require_correct = true", "require_correct = false");
        write_parquet(&file, &["a/key.png", "b/key.png"], &[Some(1), None]);
        assert!(has_labels(&file));
        assert_eq!(
            found(&folder),
            [
                ("a__key".to_owned(), Some(1), false),
                ("b__key".to_owned(), None, false)
            ]
        );
        write_parquet(&file, &["gone.png", "b/key.png"], &[Some(1), Some(7)]);
        let shown = problems(&folder);
        assert!(
            shown.contains("row 1: there is no image")
                && shown.contains("row 2: no class is called `7`"),
            "{shown}"
        );
        folder.write("photos/photos.parquet", "not Parquet");
        assert!(problems(&folder).contains("cannot read the manifest"));
    }

    #[test]
    fn the_classes_of_imagenet_are_shipped() {
        let folder = folder(
            "photos.csv",
            "path,label\na/key.png,tench\nb/key.png,toilet tissue\n",
        );
        folder.edit("classes = \"data/classes.txt\"", "classes = \"imagenet\"");
        let classes: Vec<_> = found(&folder)
            .into_iter()
            .map(|(_, class, _)| class)
            .collect();
        assert_eq!(classes, [Some(0), Some(999)]);
    }
}
