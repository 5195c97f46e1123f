//! Tables for READMEs and issues.

use super::{Cell, Column, Table};

impl Table {
    /// The table in GitHub's Markdown, as the page shows it: the same columns, headings and decimals, a dash for an absent value.
    pub(crate) fn markdown(&self) -> String {
        let shown = self.shown();
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let headings = shown
            .iter()
            .map(|&place| escape(self.columns[place].heading));
        let rules = shown.iter().map(|&place| {
            let rule = if self.right(place) { "---:" } else { "---" };
            rule.to_owned()
        });
        let mut text = line(headings.collect()) + &line(rules.collect());
        for row in &self.rows {
            let cells = shown
                .iter()
                .map(|&place| cell(&row[place], &self.columns[place]));
            text += &line(cells.collect());
        }
        text
    }
}

fn cell(cell: &Cell, column: &Column) -> String {
    match cell {
        // Digests and ids: nothing within code is a sign, and only hexadecimal digits are put there.
        Cell::Text(text)
            if column.code
                && text.chars().all(|letter| letter.is_ascii_alphanumeric())
                && !text.is_empty() =>
        {
            format!("`{text}`")
        }
        Cell::Absent(_) => "–".to_owned(),
        _ => escape(&cell.rounded(column)),
    }
}

/// A text that Markdown shows as it is, in one line.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '$' | '!' | '#' | '@' => {
                escaped.extend(['\\', letter]);
            }
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
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
