//! What is wrong with a file that a person wrote, shown where it is wrong.
//!
//! Readers of `pipeline.toml`, labels and classes collect [`Problem`]s and continue, so that one run reports all of them. The caller gets
//! [`Problems`], which are never empty and are in the order of the files.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::paths::{absent, visible};

/// Mistakes that are shown before the others are only counted.
pub const SHOWN: usize = 100;
/// What some programs write at the beginning of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text file as it was read, kept so that a problem can show its line.
#[derive(Debug)]
pub struct Source {
    /// Where it was read.
    pub path: PathBuf,
    /// Without a byte order mark.
    pub text: String,
    /// The places of all line breaks.
    breaks: Vec<usize>,
}

impl Source {
    /// Reads a whole UTF-8 file, with a byte order mark or without; `role` says what the file is for, such as "the study".
    pub fn read(path: &Path, role: &str) -> Result<Arc<Self>, Problem> {
        let shown = path.display();
        let what = role.strip_prefix("the ").unwrap_or(role);
        if let Some(reason) = absent(what, path) {
            return Err(Problem::new(reason));
        }
        let bytes = std::fs::read(path)
            .map_err(|error| Problem::new(format!("cannot read {role} `{shown}`: {error}")))?;
        let text = text(bytes).map_err(|(found, help)| {
            Problem::new(format!("{role} `{shown}` is {found}")).help(help)
        })?;
        Ok(Arc::new(Self::new(path, text)))
    }

    fn new(path: &Path, text: String) -> Self {
        let breaks = text.match_indices('\n').map(|(place, _)| place);
        Self {
            path: path.to_path_buf(),
            breaks: breaks.collect(),
            text,
        }
    }

    /// The line, from 1, of the byte at `position`.
    pub fn line(&self, position: usize) -> usize {
        self.breaks.partition_point(|place| *place < position) + 1
    }

    /// The last place of `part` on the first line of `span`; that line where it is not written so.
    pub fn within(&self, span: &Range<usize>, part: &str) -> Range<usize> {
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

/// The text of a file without its byte order mark; or what the file is instead, and how to fix it.
fn text(bytes: Vec<u8>) -> Result<String, (String, &'static str)> {
    const SAVE: &str = "save the file as UTF-8";
    // Of a text in Latin letters every second byte is zero, with a mark before it or not.
    let wide = matches!(
        bytes[..],
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]
    );
    if wide {
        let help = "save the file as UTF-8: \"CSV UTF-8\" in Excel, `-Encoding utf8` in PowerShell";
        return Err(("UTF-16 text, but it must be UTF-8".to_owned(), help));
    }
    let line = |end: usize| bytes[..end].split(|byte| *byte == b'\n').count();
    if let Some(zero) = bytes.iter().position(|byte| *byte == 0) {
        let found = format!("not text: line {} contains a zero byte", line(zero));
        return Err((found, SAVE));
    }
    if let Err(error) = std::str::from_utf8(&bytes) {
        let found = format!("not UTF-8 text (line {})", line(error.valid_up_to()));
        return Err((found, SAVE));
    }
    let text = String::from_utf8(bytes).unwrap_or_default();
    let rest = text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned);
    Ok(rest.unwrap_or(text))
}

/// One mistake: what is wrong, where, what was expected, and how to fix it.
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
    /// A mistake that is in no file: what is wrong, in words. Control characters are escaped.
    pub fn new(title: impl AsRef<str>) -> Self {
        Self {
            title: visible(title.as_ref()),
            label: None,
            help: None,
            place: None,
        }
    }

    /// Puts the caret under the bytes `span` of `source`.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> Self {
        let span = source.first_line(&span);
        self.place = Some(Place {
            source: Arc::clone(source),
            span,
        });
        self
    }

    /// The words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = Some(visible(label.as_ref()));
        self
    }

    /// A sentence below the snippet: how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(visible(help.as_ref()));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.title
    }

    /// The file to fix, where the problem lies inside one.
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
            let path = visible(&place.source.path.to_string_lossy());
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
    pub fn check<T>(problems: Vec<Problem>, value: T) -> Result<T, Self> {
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

    /// The first 100 mistakes as text of several lines, each with its source line and a caret, and how many more there are; with terminal
    /// colours or without.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let shown = self.iter().take(SHOWN);
        let mut parts: Vec<String> = shown.map(|one| one.render(&renderer)).collect();
        if self.0.len() > SHOWN {
            let more = format!("{} more mistakes are not shown", self.0.len() - SHOWN);
            parts.push(Problem::new(more).render(&renderer));
        }
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
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = written.chars().count();
    let limit = 1 + length / 4;
    known
        .into_iter()
        // Far cheaper than the distance, which is at least this.
        .filter(|name| name.chars().count().abs_diff(length) <= limit)
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
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
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

    fn read(bytes: &[u8]) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file.as_file(), bytes).unwrap();
        let shown = format!("`{}`", file.path().display());
        Source::read(file.path(), "the study")
            .map(|source| source.text.clone())
            .map_err(|problem| problem.message().replace(&shown, "it"))
    }

    #[test]
    fn a_byte_order_mark_is_dropped_and_other_encodings_are_named() {
        assert_eq!(
            read("\u{feff}a\u{fc}\n".as_bytes()).as_deref(),
            Ok("a\u{fc}\n")
        );
        assert_eq!(read(b"").as_deref(), Ok(""));
        let wide = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
            let text = format!("{mark}path,label\n");
            text.encode_utf16().flat_map(order).collect()
        };
        for mark in ["\u{feff}", ""] {
            for bytes in [wide(u16::to_le_bytes, mark), wide(u16::to_be_bytes, mark)] {
                let said = read(&bytes).unwrap_err();
                assert_eq!(said, "the study it is UTF-16 text, but it must be UTF-8");
            }
        }
        assert_eq!(
            read(b"a\ncaf\xe9\n").unwrap_err(),
            "the study it is not UTF-8 text (line 2)"
        );
        assert_eq!(
            read(b"a\nb\nc\0").unwrap_err(),
            "the study it is not text: line 3 contains a zero byte"
        );
    }

    #[test]
    fn a_pipe_is_not_opened() {
        let said = Source::read(Path::new("/dev/zero"), "the study").unwrap_err();
        assert_eq!(
            said.message(),
            "the study `/dev/zero` is a pipe, socket or device, not a regular file"
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let source = Arc::new(Source::new(
            Path::new("a\nb"),
            "x\u{1b}[2J = 1\n".to_owned(),
        ));
        let problem = Problem::new("one\ntwo\u{7}").label("\u{1b}[31m").help("\r");
        let shown = Problems::from(problem.at(&source, 0..1)).to_string();
        assert!(
            !shown.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{shown:?}"
        );
        assert!(shown.starts_with("error: one\\ntwo\\u{7}\n"), "{shown:?}");
    }

    #[test]
    fn of_many_mistakes_the_first_are_shown_and_the_others_counted() {
        let source = Arc::new(Source::new(Path::new("a"), "x\n".repeat(SHOWN + 3)));
        let problems = (0..SHOWN + 3)
            .map(|line| Problem::new(format!("wrong {line}.")).at(&source, 2 * line..2 * line + 1));
        let shown = Problems::from(problems.collect::<Vec<_>>()).to_string();
        assert!(
            shown.contains("error: wrong 99.") && !shown.contains("wrong 100."),
            "{shown}"
        );
        assert!(
            shown.ends_with("error: 3 more mistakes are not shown"),
            "{shown}"
        );
    }

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let source = Arc::new(Source::new(Path::new("a"), "x\nß = 1\n".to_owned()));
        let problem = Problem::new("wrong").at(&source, 7..8);
        assert_eq!(problem.position(), Some((2, 5)));
    }
}
