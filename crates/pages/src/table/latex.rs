//! Tables for papers.

use super::{Cell, Column, Table};

/// Rows of a table that may not fit a page any more.
const LONGEST: usize = 40;

impl Table {
    /// The table for LaTeX with the package booktabs (and longtable where it has more than 40 rows), as the page shows it: the same columns, headings
    /// and decimals, a dash for an absent value. It is meant for `\input`.
    pub(crate) fn latex(&self) -> String {
        let shown = self.shown();
        let long = self.rows.len() > LONGEST;
        let (environment, packages) = if long {
            ("longtable", "booktabs and longtable")
        } else {
            ("tabular", "booktabs")
        };
        let sides: String = shown
            .iter()
            .map(|&place| if self.right(place) { 'r' } else { 'l' })
            .collect();
        let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
        let headings = shown
            .iter()
            .map(|&place| escape(self.columns[place].heading));
        let mut text = format!(
            "% {}: needs the {} {packages}.\n\\begin{{{environment}}}{{{sides}}}\n\\toprule\n{}\\midrule\n{}",
            self.name,
            if long { "packages" } else { "package" },
            line(headings.collect()),
            if long { "\\endhead\n" } else { "" },
        );
        for row in &self.rows {
            let cells = shown
                .iter()
                .map(|&place| cell(&row[place], &self.columns[place]));
            text += &line(cells.collect());
        }
        text + "\\bottomrule\n\\end{" + environment + "}\n"
    }
}

fn cell(cell: &Cell, column: &Column) -> String {
    match cell {
        Cell::Absent(_) => "--".to_owned(),
        Cell::Text(text) if column.code => format!("\\texttt{{{}}}", escape(text)),
        Cell::Number(number) if *number < 0.0 => format!("${}$", cell.rounded(column)),
        _ => escape(&cell.rounded(column)),
    }
}

/// A text that LaTeX shows as it is, in one line, whatever the encoding of its fonts is.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            // As numbers, because babel makes them active and ligatures join them.
            '"' => escaped.push_str("\\char34{}"),
            '`' => escaped.push_str("\\char96{}"),
            '-' => escaped.push_str("-{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => escaped.extend(['\\', letter]),
            '\u{202f}' => escaped.push_str("\\,"),
            '−' => escaped.push_str("$-$"),
            '×' => escaped.push_str("$\\times$"),
            '≤' => escaped.push_str("$\\leq$"),
            '≥' => escaped.push_str("$\\geq$"),
            // At the start of a row it would be taken for an argument of the row before.
            '[' | ']' => escaped.extend(['{', letter, '}']),
            '*' => escaped.push_str("{*}"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::awkward;

    #[test]
    fn what_latex_takes_for_signs_is_escaped() {
        assert_eq!(
            awkward().latex(),
            "% awkward: needs the package booktabs.\n\\begin{tabular}{llrrl}\n\\toprule\nImage & Digest & Samples & Mean AUC & Deterministic \\\\\n\\midrule\n\
             \\textless{}script\\textgreater{} & \\texttt{3fa4} & 12\\,345 & 0.25 & true \\\\\n\
             a \\textbar{} b {*}c{*} d\\_e f & -- & -- & -- & -- \\\\\n\
             \\bottomrule\n\\end{tabular}\n"
        );
        assert_eq!(
            escape("50% of {$x^2} & #1~\\ [a] \"b\""),
            "50\\% of \\{\\$x\\textasciicircum{}2\\} \\& \\#1\\textasciitilde{}\\textbackslash{} {[}a{]} \\char34{}b\\char34{}"
        );
    }

    #[test]
    fn a_table_of_many_rows_goes_over_pages() {
        let mut table = awkward();
        table.rows = vec![table.rows[0].clone(); LONGEST + 1];
        let text = table.latex();
        assert!(text.contains("\\begin{longtable}{llrrl}") && text.contains("\\endhead\n"));
        assert!(text.ends_with("\\end{longtable}\n"));
    }
}
