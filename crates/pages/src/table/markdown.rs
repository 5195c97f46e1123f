//! Tables for READMEs and issues.

use super::{Format, Table, escaped};

const FORMAT: Format = Format {
    text: escape,
    code,
    negative: escape,
    absent: "–",
};

impl Table {
    /// The table in GitHub's Markdown, as the page shows it: the same columns, headings and decimals, a dash for an absent value.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |&place: &usize| if self.right(place) { "---:" } else { "---" }.to_owned();
        let rules = line(self.shown().iter().map(rule).collect());
        let mut lines = self.written(&FORMAT).map(line);
        let headings = lines.next().unwrap_or_default();
        headings + &rules + &lines.collect::<String>()
    }
}

/// Digests and ids, of which only letters and digits need no escaping within code.
fn code(text: &str) -> String {
    let plain = text.chars().all(|letter| letter.is_ascii_alphanumeric());
    if plain && !text.is_empty() {
        format!("`{text}`")
    } else {
        escape(text)
    }
}

/// A text that Markdown shows as it is, in one line.
fn escape(text: &str) -> String {
    escaped(text, |escaped, letter| match letter {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '$' | '!' | '#' | '@' => {
            escaped.extend(['\\', letter]);
        }
        letter => escaped.push(letter),
    })
}

#[cfg(test)]
mod tests {
    use crate::table::testing::awkward;

    #[test]
    fn cells_stay_in_their_columns_and_names_are_no_signs() {
        assert_eq!(
            awkward().markdown(),
            "| Image | Digest | Samples | Mean AUC | Deterministic |\n\
             | --- | --- | ---: | ---: | --- |\n\
             | &lt;script&gt; | `3fa4` | 12\u{202f}345 | 0.25 | true |\n\
             | a \\| b \\*c\\* d\\_e f | – | – | – | – |\n"
        );
    }
}
