//! What several charts have in common: marks, legends above a chart, names before a row.

use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::element::{
    Circle, Cross, DynElement, IntoDynElement, PathElement, Text, TriangleMarker,
};
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, SVGBackend};
use plotters::series::LineSeries;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::drawing::{Area, DrawError, GRID, INK, TEXT, UNITS, series_color, stroke, text};

/// Most characters of a name before a row.
const LONGEST_NAME: usize = 18;
/// Height of a legend above a chart in pixels of the page.
pub(super) const LEGEND: u32 = 24;

/// An axis of numbers.
pub(super) trait Axis: Ranged<ValueType = f64> + ValueFormatter<f64> {}

impl<A: Ranged<ValueType = f64> + ValueFormatter<f64>> Axis for A {}

pub(super) type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

/// The beginning of a chart with room for titles left of it and below, and `top` pixels of the page above.
pub(super) fn framed<'a, 'b>(area: &'a Area<'b>, top: u32) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart
        .margin(10 * UNITS)
        .margin_top(top * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(52 * UNITS);
    chart
}

/// Width of a text in units: a character of the page's font is about 0.58 as wide as high.
pub(super) fn width(text: &str) -> u32 {
    text.chars().count() as u32 * TEXT * UNITS * 58 / 100
}

/// The name, cut where it would leave no room for the chart.
pub(super) fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST_NAME - 1).collect();
    format!("{start}…")
}

/// Room for the longest of some names before the rows, in units.
pub(super) fn room_for<'n>(names: impl Iterator<Item = &'n str>) -> u32 {
    names.map(|name| width(&short(name))).max().unwrap_or(0) + 8 * UNITS
}

/// A name before the row at height `y`, where the axis is at `left`.
pub(super) fn row_name<X: Axis, Y: Axis>(
    area: &Area<'_>,
    chart: &Chart<'_, '_, X, Y>,
    [left, y]: [f64; 2],
    name: &str,
) -> Result<(), DrawError> {
    let (left, middle) = chart.backend_coord(&(left, y));
    let style = text().pos(Pos::new(HPos::Right, VPos::Center));
    area.draw(&Text::new(
        short(name),
        (left - 6 * UNITS as i32, middle),
        style,
    ))
}

/// A method's mark at a point, `size` in pixels of the page.
pub(super) fn mark<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    series: usize,
    at: (f64, f64),
    size: u32,
) -> Result<(), DrawError> {
    chart.draw_series([sign(series, at, size)])?;
    Ok(())
}

/// The sign that a method's points have beside their colour, `size` in pixels of the page.
fn sign<'b, C: Clone + 'static>(
    series: usize,
    at: C,
    size: u32,
) -> DynElement<'static, SVGBackend<'b>, C> {
    let (color, size) = (series_color(series), size * UNITS);
    match series % 3 {
        0 => Circle::new(at, size, color.filled()).into_dyn(),
        1 => TriangleMarker::new(at, size + 1, color.filled()).into_dyn(),
        _ => Cross::new(at, size, stroke(color, 2)).into_dyn(),
    }
}

/// A straight line between two points.
pub(super) fn line<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    color: RGBColor,
    pixels: u32,
    points: [(f64, f64); 2],
) -> Result<(), DrawError> {
    chart.draw_series([PathElement::new(points.to_vec(), stroke(color, pixels))])?;
    Ok(())
}

/// Points joined by lines, a mark at each.
pub(super) fn marked_line<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    series: usize,
    points: &[(f64, f64)],
) -> Result<(), DrawError> {
    chart.draw_series(LineSeries::new(
        points.iter().copied(),
        stroke(series_color(series), 2),
    ))?;
    points
        .iter()
        .try_for_each(|&point| mark(chart, series, point, 4))
}

/// Marks and names from left to right, above a chart whose area begins at the top of `area`.
pub(super) fn legend<'n>(
    area: &Area<'_>,
    entries: impl Iterator<Item = (usize, &'n str)>,
) -> Result<(), DrawError> {
    let mut left = 12 * UNITS;
    let middle = (LEGEND * UNITS / 2) as i32;
    for (series, name) in entries {
        area.draw(&sign(series, (left as i32, middle), 4))?;
        let style = text().pos(Pos::new(HPos::Left, VPos::Center));
        let position = (left as i32 + 8 * UNITS as i32, middle);
        let entry = 8 * UNITS + width(name) + 22 * UNITS;
        area.draw(&Text::new(name.to_owned(), position, style))?;
        left += entry;
    }
    Ok(())
}

/// Axes with their titles and lines for the ticks; `ticks` in the direction of x and y.
pub(super) fn axes<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    titles: [&str; 2],
    ticks: [usize; 2],
    labels: [&dyn Fn(&f64) -> String; 2],
) -> Result<(), DrawError> {
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(GRID.mix(0.0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc(titles[0])
        .y_desc(titles[1])
        .x_labels(ticks[0])
        .y_labels(ticks[1])
        .x_label_formatter(labels[0])
        .y_label_formatter(labels[1]);
    mesh.draw()
}
