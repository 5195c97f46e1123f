//! The spread of a measure over images: a box and a point for each image, a row for each method.

use plotters::coord::types::RangedCoordf64;
use plotters::element::{Circle, PathElement, Text};
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use statistics::five_numbers;

use super::{
    Area, Caption, DrawError, Figure, GRID, INK, TEXT, UNITS, series_color, stroke, text, tick, top,
};
use crate::ReportError;

const WIDTH: u32 = 380;
const ROW_HEIGHT: u32 = 54;
const AXIS_HEIGHT: u32 = 62;
/// Half of a box's height, in rows.
const HALF_BOX: f64 = 0.3;
/// Most characters of a method's name that are shown.
const LONGEST_NAME: usize = 18;

/// A method's values.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) series: usize,
    /// A value for each image.
    pub(crate) values: Vec<f64>,
}

/// Boxes from quartile to quartile with the median, whiskers to the smallest and largest value, and every value as a point.
///
/// `axis` is the measure with its unit, `largest` the largest value of all panels that are to be compared.
pub(crate) fn distribution(
    caption: Caption,
    axis: &str,
    rows: &[Row],
    largest: f64,
) -> Result<Figure, ReportError> {
    let height = AXIS_HEIGHT + ROW_HEIGHT * rows.len() as u32;
    Figure::draw(caption, [WIDTH, height], |area| {
        paint(area, axis, rows, largest)
    })
}

fn paint(area: &Area<'_>, axis: &str, rows: &[Row], largest: f64) -> Result<(), DrawError> {
    let longest = rows
        .iter()
        .map(|row| shown(&row.method).chars().count())
        .max();
    // A character of the page's font is about 0.58 as wide as high.
    let names = longest.unwrap_or(0) as u32 * TEXT * UNITS * 58 / 100 + 8 * UNITS;
    let bottom = rows.len() as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .margin_right(16 * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(names)
        .build_cartesian_2d(0.0..top(largest), bottom..-0.5)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .light_line_style(GRID.mix(0.0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc(axis)
        .x_labels(5)
        .x_label_formatter(&|value| tick(*value))
        .draw()?;
    for (place, row) in rows.iter().enumerate() {
        name(area, &chart, place, &row.method)?;
        draw(&mut chart, place as f64, row)?;
    }
    Ok(())
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn name(
    area: &Area<'_>,
    chart: &Chart<'_, '_>,
    place: usize,
    method: &str,
) -> Result<(), DrawError> {
    let (left, middle) = chart.backend_coord(&(0.0, place as f64));
    let style = text().pos(Pos::new(HPos::Right, VPos::Center));
    let position = (left - 6 * UNITS as i32, middle);
    area.draw(&Text::new(shown(method), position, style))
}

/// The name, cut where it would leave no room for the boxes.
fn shown(method: &str) -> String {
    if method.chars().count() <= LONGEST_NAME {
        return method.to_owned();
    }
    let start: String = method.chars().take(LONGEST_NAME - 1).collect();
    format!("{start}…")
}

fn draw(chart: &mut Chart<'_, '_>, place: f64, row: &Row) -> Result<(), DrawError> {
    let color = series_color(row.series);
    let points = row
        .values
        .iter()
        .enumerate()
        .map(|(image, &value)| (value, place + offset(image)));
    chart.draw_series(points.map(|at| Circle::new(at, 3 * UNITS, color.mix(0.55).filled())))?;
    let Some(five) = five_numbers(&row.values) else {
        return Ok(());
    };
    let path =
        |points: &[(f64, f64)], pixels| PathElement::new(points.to_vec(), stroke(INK, pixels));
    let [above, below] = [place - HALF_BOX, place + HALF_BOX];
    let [low, high] = [five.lower_quartile, five.upper_quartile];
    chart.draw_series([
        path(
            &[
                (low, above),
                (high, above),
                (high, below),
                (low, below),
                (low, above),
            ],
            1,
        ),
        path(&[(five.median, above), (five.median, below)], 2),
        path(&[(five.minimum, place), (low, place)], 1),
        path(&[(high, place), (five.maximum, place)], 1),
    ])?;
    Ok(())
}

/// Spreads points over the height of a box, each always at the same place: multiples of the golden ratio lie evenly.
fn offset(image: usize) -> f64 {
    const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
    ((image as f64 * GOLDEN_RATIO).fract() - 0.5) * 1.6 * HALF_BOX
}
