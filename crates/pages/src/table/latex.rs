//! Tables for papers.

use super::{Format, Table, escaped};

/// Rows of a table that may not fit a page any more.
const LONGEST: usize = 40;

const FORMAT: Format = Format {
    text: escape,
    code: |text| format!("\\texttt{{{}}}", escape(text)),
    negative: |number| format!("${number}$"),
    absent: "--",
};

impl Table {
    /// The table for LaTeX with the package booktabs (and longtable where it has more than 40 rows), as the page shows it: the same columns, headings
    /// and decimals, a dash for an absent value. It is meant for `\input`.
    pub(crate) fn latex(&self) -> String {
        let [environment, packages, head] = if self.rows.len() > LONGEST {
            [
                "longtable",
                "packages booktabs and longtable",
                "\\endhead\n",
            ]
        } else {
            ["tabular", "package booktabs", ""]
        };
        let side = |&place: &usize| if self.right(place) { 'r' } else { 'l' };
        let sides: String = self.shown().iter().map(side).collect();
        let mut lines = self
            .written(&FORMAT)
            .map(|cells| format!("{} \\\\\n", cells.join(" & ")));
        let headings = lines.next().unwrap_or_default();
        let rows: String = lines.collect();
        format!(
            "% {}: needs the {packages}.\n\\begin{{{environment}}}{{{sides}}}\n\\toprule\n{headings}\\midrule\n{head}{rows}\\bottomrule\n\\end{{{environment}}}\n",
            self.name,
        )
    }
}

/// A text that LaTeX shows as it is, in one line, whatever the encoding of its fonts is.
fn escape(text: &str) -> String {
    escaped(text, |escaped, letter| match letter {
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
        letter => escaped.push(letter),
    })
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
