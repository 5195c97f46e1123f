//! The figures, as SVG in one look: one font, one palette that colour-blind readers can tell apart, axis titles with units.
//!
//! A figure is drawn once, in the colours of the light page. Where it is put into the page each colour becomes a CSS variable
//! with that colour as its fallback, so that the figure follows the page into the dark.

mod case;
mod curve;
mod distribution;
mod drawing;
mod labels;
mod lines;
mod paired;
mod parts;
mod ranking;
mod runs;
mod trade_off;

pub(crate) use case::{Case, Frame, Shown, case};
pub(crate) use distribution::{Row, distribution};
pub(crate) use drawing::{Album, Caption, Figure, span};
pub(crate) use lines::{Curve, agreement, experience, ranks};
pub(crate) use paired::{Pair, paired};
pub(crate) use ranking::{Ranked, ranking};
pub(crate) use runs::{Line, auc_over_runs};
pub(crate) use trade_off::{Point, trade_off};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_variables_and_texts_are_not() {
        let row = Row {
            method: "\"#22262B\" <i>".to_owned(),
            series: 7,
            values: vec![1.0, 2.0, 4.0],
        };
        let figure = distribution(Caption::new(&["a"], "a < b"), "AUC", &[row]).unwrap();
        let svg = figure.inline().into_string();
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"a &lt; b\""));
        assert!(
            svg.contains("\"var(--ink,#22262B)\"") && svg.contains("\"var(--series-1,#D55E00)\"")
        );
        assert!(svg.contains("&quot;#22262B&quot; &lt;i&gt;"));
        assert!(!svg.contains("\"#"), "every colour follows the page");
    }

    #[test]
    fn figures_of_equal_or_single_values_are_drawn() {
        let row = |values: &[f64]| Row {
            method: "m".to_owned(),
            series: 0,
            values: values.to_vec(),
        };
        for values in [&[][..], &[0.0], &[3.0, 3.0]] {
            distribution(Caption::default(), "AUC", &[row(values)]).unwrap();
        }
        let line = Line {
            name: "m".to_owned(),
            series: 2,
            deterministic: false,
            values: vec![(0, 1.0), (1, 1.0)],
        };
        auc_over_runs(Caption::default(), "AUC", &[line], 2, 0.0..1.0).unwrap();
    }
}
