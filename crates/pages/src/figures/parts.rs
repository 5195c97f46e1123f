//! What several charts have in common: marks, legends above a chart, names before a row.

use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::element::{
    Circle, Cross, DynElement, IntoDynElement, PathElement, Text, TriangleMarker,
};
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, SVGBackend};
use plotters::series::LineSeries;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::drawing::{
    Area, DrawError, GRID, INK, PALETTE, TEXT, UNITS, series_color, stroke, text,
};

/// Most characters of a name before a row.
const LONGEST_NAME: usize = 22;
/// Height of a row of a legend above a chart, in pixels of the page.
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

/// What a mark looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Disc,
    Triangle,
    Cross,
}

impl Shape {
    /// The shape of a thing by its place among others; they repeat after three.
    pub(super) fn of(place: usize) -> Self {
        [Self::Disc, Self::Triangle, Self::Cross][place % 3]
    }
}

/// A mark of this shape in a method's colour.
pub(super) fn mark_as<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    shape: Shape,
    series: usize,
    at: (f64, f64),
    size: u32,
) -> Result<(), DrawError> {
    chart.draw_series([shaped(shape, series_color(series), at, size)])?;
    Ok(())
}

/// A method's mark at a point, `size` in pixels of the page.
pub(super) fn mark<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    series: usize,
    at: (f64, f64),
    size: u32,
) -> Result<(), DrawError> {
    mark_as(chart, own_shape(series), series, at, size)
}

/// The shape that a method's marks have beside their colour. Of methods with one colour, the shapes differ.
fn own_shape(series: usize) -> Shape {
    Shape::of(series + series / PALETTE.len())
}

fn shaped<'b, C: Clone + 'static>(
    shape: Shape,
    color: RGBColor,
    at: C,
    size: u32,
) -> DynElement<'static, SVGBackend<'b>, C> {
    let size = size * UNITS;
    match shape {
        Shape::Disc => Circle::new(at, size, color.filled()).into_dyn(),
        Shape::Triangle => TriangleMarker::new(at, size + 1, color.filled()).into_dyn(),
        Shape::Cross => Cross::new(at, size, stroke(color, 2)).into_dyn(),
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
    legend_of(
        area,
        entries.map(|(series, name)| (own_shape(series), series_color(series), name)),
    )
}

/// The same for shapes, whatever their colour.
pub(super) fn legend_of_shapes<'n>(
    area: &Area<'_>,
    entries: impl Iterator<Item = (Shape, &'n str)>,
) -> Result<(), DrawError> {
    legend_of(area, entries.map(|(shape, name)| (shape, INK, name)))
}

/// Height of a legend of these names above a chart that is `pixels` of the page wide.
pub(super) fn legend_height<'n>(pixels: u32, names: impl Iterator<Item = &'n str>) -> u32 {
    let rows = places(pixels * UNITS, names)
        .last()
        .map_or(1, |at| at.1 + 1);
    rows * LEGEND
}

/// Where the marks of a legend are: units from the left, and the row.
fn places<'n>(width_of_area: u32, names: impl Iterator<Item = &'n str>) -> Vec<(u32, u32)> {
    const MARGIN: u32 = 12 * UNITS;
    let (mut left, mut row) = (MARGIN, 0);
    let place = |name: &str| {
        let entry = 16 * UNITS + width(name);
        if left > MARGIN && left + entry > width_of_area {
            (left, row) = (MARGIN, row + 1);
        }
        let at = (left, row);
        left += entry + 14 * UNITS;
        at
    };
    names.map(place).collect()
}

fn legend_of<'n>(
    area: &Area<'_>,
    entries: impl Iterator<Item = (Shape, RGBColor, &'n str)>,
) -> Result<(), DrawError> {
    let entries: Vec<(Shape, RGBColor, &str)> = entries.collect();
    let places = places(area.dim_in_pixel().0, entries.iter().map(|entry| entry.2));
    for ((shape, color, name), (left, row)) in entries.into_iter().zip(places) {
        let middle = (LEGEND * UNITS / 2 + row * LEGEND * UNITS) as i32;
        area.draw(&shaped(shape, color, (left as i32, middle), 4))?;
        let style = text().pos(Pos::new(HPos::Left, VPos::Center));
        let position = ((left + 8 * UNITS) as i32, middle);
        area.draw(&Text::new(name.to_owned(), position, style))?;
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
