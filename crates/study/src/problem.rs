//! What is wrong with a file that a person wrote, shown where it is wrong.
//!
//! Readers of `pipeline.toml`, labels and classes collect [`Problem`]s and go on, so that one run reports all of
//! them. The caller gets [`Problems`], which are never empty and stand in the order of the files.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A text file as it was read, kept so that a problem can show its line.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// Reads a whole UTF-8 file; `role` says what it is for, such as "the study".
    pub(crate) fn read(path: &Path, role: &str) -> Result<Arc<Self>, Problem> {
        let shown = path.display();
        let bytes = std::fs::read(path)
            .map_err(|error| Problem::new(format!("cannot read {role} `{shown}`: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let position = error.utf8_error().valid_up_to();
            Problem::new(format!(
                "{role} `{shown}` is not UTF-8 text (byte {position})"
            ))
            .help("save the file as UTF-8")
        })?;
        Ok(Arc::new(Self {
            path: path.to_path_buf(),
            text,
        }))
    }

    /// The line, from 1, of the byte at `position`.
    pub(crate) fn line(&self, position: usize) -> usize {
        self.text[..position].matches('\n').count() + 1
    }

    /// The last place of `part` on the first line of `span`; that line where it is not written so.
    pub(crate) fn within(&self, span: &Range<usize>, part: &str) -> Range<usize> {
        let line = self.first_line(span);
        let place = self.text[line.clone()]
            .rfind(part)
            .filter(|_| !part.is_empty());
        place.map_or(line.clone(), |at| {
            line.start + at..line.start + at + part.len()
        })
    }

    /// The part of `span` that lies on its first line; a span of several lines is drawn by its beginning.
    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let end = span.end.min(self.text.len());
        let start = span.start.min(end);
        let length = self.text.get(start..end).map_or(0, |part| {
            part.find('\n')
                .map_or(part.len(), |at| part[..at].trim_end_matches('\r').len())
        });
        start..start + length
    }
}

/// One mistake: what is wrong, where, what was expected, and how to mend it.
#[derive(Clone, Debug)]
pub struct Problem {
    title: String,
    label: Option<String>,
    help: Option<String>,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Problem {
    /// A mistake that is in no file: what is wrong, in words.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            label: None,
            help: None,
            place: None,
        }
    }

    /// Puts the caret under the bytes `span` of `source`.
    pub(crate) fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> Self {
        let span = source.first_line(&span);
        self.place = Some(Place {
            source: Arc::clone(source),
            span,
        });
        self
    }

    /// The words beside the caret.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A sentence below the snippet: how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.title
    }

    /// The file that has to be mended, where the problem lies inside one.
    pub fn path(&self) -> Option<&Path> {
        self.place.as_ref().map(|place| place.source.path.as_path())
    }

    /// Line and column of the mistake, both from 1, the column in characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        let place = self.place.as_ref()?;
        let before = &place.source.text[..place.span.start];
        let line = place.source.line(place.span.start);
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |part| part.chars().count())
            + 1;
        Some((line, column))
    }

    fn render(&self, renderer: &Renderer) -> String {
        let mut group = Level::ERROR
            .primary_title(self.title.as_str())
            .elements(None::<annotate_snippets::Element<'_>>);
        if let Some(place) = &self.place {
            let annotation = AnnotationKind::Primary
                .span(place.span.clone())
                .label(self.label.as_deref());
            let path = place.source.path.to_string_lossy().into_owned();
            group = group.element(
                Snippet::source(place.source.text.as_str())
                    .path(path)
                    .annotation(annotation),
            );
        } else if let Some(label) = &self.label {
            group = group.element(Level::NOTE.message(label.as_str()));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// All the mistakes that were found in one reading, at least one, in the order of file and position.
#[derive(Clone, Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The mistakes, if there are any; `value` otherwise.
    pub(crate) fn check<T>(problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(Self::from(problems))
        }
    }

    /// The mistakes, one after another.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.0.iter()
    }

    /// All mistakes as text of several lines, each with its source line and a caret; with terminal colours or without.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let parts: Vec<String> = self.iter().map(|one| one.render(&renderer)).collect();
        parts.join("\n\n")
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| {
            let place = problem.place.as_ref();
            (
                place.is_none(),
                place.map(|place| (place.source.path.clone(), place.span.start)),
            )
        });
        Self(problems)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// The name among `known` that a person most likely meant by `written`, if any is near.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let limit = 1 + written.chars().count() / 4;
    known
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&lower, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// `a`, `b` and `c`, each in backquotes.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_across_a_swap_a_case_and_a_missing_letter() {
        let known = ["samples", "sampler", "alpha"];
        assert_eq!(nearest("sampels", known), Some("samples"));
        assert_eq!(nearest("Alpha", known), Some("alpha"));
        assert_eq!(nearest("alpa", known), Some("alpha"));
        assert_eq!(nearest("width", known), None);
    }

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let source = Arc::new(Source {
            path: "a".into(),
            text: "x\nß = 1\n".into(),
        });
        let problem = Problem::new("wrong").at(&source, 7..8);
        assert_eq!(problem.position(), Some((2, 5)));
    }
}
