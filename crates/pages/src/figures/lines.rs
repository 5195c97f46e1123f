//! Values along a number, a line for each method: agreement by samples, ranks by replacement, and what removal does to the network's answer.

use plotters::coord::combinators::IntoLogRange;
use plotters::coord::ranged1d::AsRangedCoord;
use plotters::element::DashedPathElement;

use super::drawing::{Area, Caption, DrawError, Figure, INK, TICK, UNITS, stroke, top};
use super::parts::{Axis, LEGEND, axes, framed, legend, legend_height, marked_line};
use crate::ReportError;

const SIZE: [u32; 2] = [460, 280];
/// Pixels that a name below the chart needs.
const CATEGORY: u32 = 110;

/// A line: a method or a replacement along some quantity.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) series: usize,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What stands along the axes, x first.
struct Frame<'f, X, Y> {
    ranges: (X, Y),
    titles: [&'f str; 2],
    ticks: [usize; 2],
    labels: [&'f dyn Fn(&f64) -> String; 2],
}

/// How well runs agree (rank correlation up to 1) by the number of samples, and the level that is asked for.
pub(crate) fn agreement(
    caption: Caption,
    lines: &[Curve],
    level: Option<f64>,
) -> Result<Figure, ReportError> {
    let all = || lines.iter().flat_map(|line| &line.points);
    let last = all().map(|at| at.0).fold(1.0, f64::max);
    let first = all().map(|at| at.0).fold(last, f64::min);
    let lowest = all().map(|at| at.1).fold(0.0, f64::min);
    let [start, end] = [first * 0.9, last * 1.1];
    let frame = Frame {
        ranges: ((start..end).log_scale().base(2.0), lowest..1.0),
        titles: ["samples (masks)", "rank correlation of two runs"],
        ticks: [8, 6],
        labels: [TICK, TICK],
    };
    let level = level.map(|level| [(start, level), (end, level)]);
    draw(caption, SIZE, lines, frame, level)
}

/// Mean ranks, 1 for the best and on top, of methods under conditions that have these names; a point's x is a condition's number.
pub(crate) fn ranks(
    caption: Caption,
    conditions: &[&str],
    lines: &[Curve],
) -> Result<Figure, ReportError> {
    let width = conditions.len() as u32 * CATEGORY + 120;
    let size = [width.max(SIZE[0]), SIZE[1]];
    let name = |place: &f64| {
        // A tick between two conditions has no name.
        let whole = place.round();
        let near = (place - whole).abs() < 0.01 && whole >= 0.0;
        let name = conditions.get(whole as usize).filter(|_| near);
        name.copied().unwrap_or_default().to_owned()
    };
    let frame = Frame {
        ranges: (
            -0.5..conditions.len() as f64 - 0.5,
            highest(lines, 1.0) + 0.3..0.7,
        ),
        titles: ["removed superpixels replaced by", "mean rank, 1 is best"],
        ticks: [conditions.len(), 6],
        labels: [&name, TICK],
    };
    draw(caption, size, lines, frame, None)
}

/// A quantity of the network's answers, from 0, by the share of pixels removed.
pub(crate) fn experience(
    caption: Caption,
    quantity: &str,
    lines: &[Curve],
) -> Result<Figure, ReportError> {
    let frame = Frame {
        ranges: (0.0..1.0, 0.0..top(highest(lines, 0.0))),
        titles: ["share of pixels removed", quantity],
        ticks: [6, 5],
        labels: [TICK, TICK],
    };
    draw(caption, SIZE, lines, frame, None)
}

/// The largest value of some lines, and at least this.
fn highest(lines: &[Curve], least: f64) -> f64 {
    let all = lines.iter().flat_map(|line| &line.points);
    all.map(|at| at.1).fold(least, f64::max)
}

/// The lines in their frame, and a dashed line between two points. `size` has room for a legend of one row.
fn draw<X, Y>(
    caption: Caption,
    size: [u32; 2],
    lines: &[Curve],
    frame: Frame<'_, X, Y>,
    dashed: Option<[(f64, f64); 2]>,
) -> Result<Figure, ReportError>
where
    X: AsRangedCoord<Value = f64, CoordDescType: Axis>,
    Y: AsRangedCoord<Value = f64, CoordDescType: Axis>,
{
    let above = legend_height(size[0], lines.iter().map(|line| line.name.as_str()));
    let size = [size[0], size[1] + above - LEGEND];
    Figure::draw(caption, size, |area| {
        paint(area, above, lines, frame, dashed)
    })
}

fn paint<X, Y>(
    area: &Area<'_>,
    above: u32,
    lines: &[Curve],
    frame: Frame<'_, X, Y>,
    dashed: Option<[(f64, f64); 2]>,
) -> Result<(), DrawError>
where
    X: AsRangedCoord<Value = f64, CoordDescType: Axis>,
    Y: AsRangedCoord<Value = f64, CoordDescType: Axis>,
{
    let names = lines.iter().map(|line| (line.series, line.name.as_str()));
    legend(area, names)?;
    let (x, y) = frame.ranges;
    let mut chart = framed(area, above).build_cartesian_2d(x, y)?;
    axes(&mut chart, frame.titles, frame.ticks, frame.labels)?;
    if let Some(ends) = dashed {
        let (size, style) = (6 * UNITS, stroke(INK, 1));
        chart.draw_series([DashedPathElement::new(ends, size, size, style)])?;
    }
    lines
        .iter()
        .try_for_each(|line| marked_line(&mut chart, line.series, &line.points))
}
