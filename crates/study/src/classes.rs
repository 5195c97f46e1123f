//! The class names: one a line, in the order of the networks' outputs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::settings::images::ClassList;
use config::paths::composed;
use config::{Problem, Problems, Source, nearest};

/// The classes of `ImageNet` in the order of torchvision's networks: `torchvision.models._meta._IMAGENET_CATEGORIES` of torchvision 0.26,
/// BSD-3-Clause, copyright Soumith Chintala 2016.
const IMAGENET: &str = include_str!("classes/imagenet.txt");

/// The names of the classes, each different from the others, whatever Unicode form they are written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    names: Vec<String>,
    /// By composed name.
    indices: BTreeMap<String, usize>,
}

impl Classes {
    /// The list that a study names.
    pub(crate) fn of(list: &ClassList) -> Result<Self, Problems> {
        match list {
            ClassList::File(path) => Self::read(path),
            ClassList::ImageNet => Ok(Self::imagenet()),
        }
    }

    /// The 1000 classes of `ImageNet`, as torchvision names them.
    pub fn imagenet() -> Self {
        let names: Vec<String> = IMAGENET.lines().map(str::to_owned).collect();
        let indices = (0..).zip(&names);
        let indices = indices.map(|(index, name)| (composed(name), index));
        Self {
            indices: indices.collect(),
            names,
        }
    }

    /// Reads a text file with one class name a line, trimmed of spaces; the first line is class 0.
    ///
    /// An empty line, a name that stands twice, control characters in a name, and a file without names are problems.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let source = Source::read(path, "the list of classes")?;
        let mut problems = Vec::new();
        let (mut names, mut indices) = (Vec::new(), BTreeMap::new());
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            let span = start..start + line.len();
            start = span.end;
            let name = line.trim();
            if name.is_empty() {
                let problem = Problem::new("a line of the class list is empty");
                let label = format!("expected the name of class {}", names.len());
                problems.push(problem.label(label).at(&source, span));
            } else if name.contains(|letter: char| letter.is_control() && letter != '\t') {
                let problem = Problem::new(format!(
                    "the name of class {} has control characters",
                    names.len()
                ));
                let label = "expected one name on each line, and lines that end in a line feed";
                problems.push(problem.label(label).at(&source, span));
            } else if let Some(first) = indices.insert(composed(name), names.len()) {
                let problem = Problem::new(format!("two classes are called `{name}`"));
                let label = format!("class {first} already has this name");
                let help = "add what distinguishes them, such as `crane (134)`";
                problems.push(problem.label(label).help(help).at(&source, span));
            }
            names.push(name.to_owned());
        }
        if names.is_empty() {
            let title = format!("the class list `{}` is empty", path.display());
            problems.push(Problem::new(title).help("write one class name on each line"));
        }
        Problems::check(problems, Self { names, indices })
    }

    /// What to do where a network tells `found` classes apart and its list names `named`.
    pub fn remedy(found: usize, named: usize) -> &'static str {
        if (found, named) == (2, 1) {
            "a network with one logit counts as two classes: name the class of negative logits first, then that of positive ones"
        } else {
            "use the class list of this network"
        }
    }

    /// How many classes there are, at least 1.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The name of a class, if there are so many.
    pub fn name(&self, class: usize) -> Option<&str> {
        self.names.get(class).map(String::as_str)
    }

    /// The class that a label means: the one of that name, else the one of that index.
    pub fn class(&self, label: &str) -> Option<usize> {
        let by_index = || label.parse().ok().filter(|class| *class < self.count());
        self.indices
            .get(&composed(label))
            .copied()
            .or_else(by_index)
    }

    /// The class name that a misspelt label most likely means.
    pub(crate) fn nearest(&self, label: &str) -> Option<&str> {
        nearest(label, self.names.iter().map(String::as_str))
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Classes, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classes.txt");
        std::fs::write(&path, text).unwrap();
        let shown = format!("{}/", folder.path().display());
        Classes::read(&path).map_err(|problems| problems.to_string().replace(&shown, ""))
    }

    #[test]
    fn a_label_is_a_name_first_and_an_index_second() {
        let classes = read("mug\r\n7\nchair").unwrap();
        assert_eq!(classes.count(), 3);
        assert_eq!(classes.class("chair"), Some(2));
        assert_eq!(classes.class("7"), Some(1));
        assert_eq!(classes.class("0"), Some(0));
        assert_eq!(classes.class("3"), None);
        assert_eq!(classes.name(0), Some("mug"));
    }

    #[test]
    fn empty_and_repeated_names_are_shown_together() {
        insta::assert_snapshot!(read("mug\n\nkey\nmug\n").unwrap_err(), @"
        error: a line of the class list is empty
         --> classes.txt:2:1
          |
        2 |
          | ^ expected the name of class 1

        error: two classes are called `mug`
         --> classes.txt:4:1
          |
        4 | mug
          | ^^^ class 0 already has this name
          |
          = help: add what distinguishes them, such as `crane (134)`
        ");
    }

    #[test]
    fn a_byte_order_mark_and_the_unicode_form_make_no_difference() {
        let classes = read("\u{feff}cat\r\nGr\u{f6}\u{df}e\r\n").unwrap();
        assert_eq!(classes.name(0), Some("cat"));
        assert_eq!(classes.class("cat"), Some(0));
        assert_eq!(classes.class("Gro\u{308}\u{df}e"), Some(1));
        let shown = read("Gr\u{f6}\u{df}e\nGro\u{308}\u{df}e\n").unwrap_err();
        assert!(shown.contains("two classes are called"), "{shown}");
    }

    #[test]
    fn lines_that_end_in_a_carriage_return_alone_are_a_problem() {
        insta::assert_snapshot!(read("cat\rdog\rkey").unwrap_err(), @"
        error: the name of class 0 has control characters
         --> classes.txt:1:1
          |
        1 | cat␍dog␍key
          | ^^^^^^^^^^^ expected one name on each line, and lines that end in a line feed
        ");
    }

    #[test]
    fn an_empty_list_is_a_problem() {
        insta::assert_snapshot!(read("").unwrap_err(), @"
        error: the class list `classes.txt` is empty
         |
         = help: write one class name on each line
        ");
    }
}
