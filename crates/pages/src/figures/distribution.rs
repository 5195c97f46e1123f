//! The spread of a measure over images: a box and a point for each image, a row for each method.

use plotters::coord::types::RangedCoordf64;
use plotters::element::{Circle, PathElement};
use plotters::prelude::{ChartBuilder, Color};
use statistics::five_numbers;

use super::drawing::{
    Area, Caption, DrawError, Figure, INK, TICK, UNITS, series_color, span, stroke,
};
use super::parts::{self, axes, room_for, row_name};
use crate::ReportError;

const WIDTH: u32 = 380;
const ROW_HEIGHT: u32 = 54;
const AXIS_HEIGHT: u32 = 62;
/// Half of a box's height, in rows.
const HALF_BOX: f64 = 0.3;

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
/// `axis` is the measure with its unit.
pub(crate) fn distribution(
    caption: Caption,
    axis: &str,
    rows: &[Row],
) -> Result<Figure, ReportError> {
    let height = AXIS_HEIGHT + ROW_HEIGHT * rows.len() as u32;
    Figure::draw(caption, [WIDTH, height], |area| paint(area, axis, rows))
}

fn paint(area: &Area<'_>, axis: &str, rows: &[Row]) -> Result<(), DrawError> {
    let values = span(rows.iter().flat_map(|row| row.values.iter().copied()));
    let start = values.start;
    let bottom = rows.len() as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .margin_right(16 * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(room_for(rows.iter().map(|row| row.method.as_str())))
        .build_cartesian_2d(values, bottom..-0.5)?;
    axes(&mut chart, [axis, ""], [5, 0], [TICK, &|_| String::new()])?;
    for (place, row) in rows.iter().enumerate() {
        row_name(area, &chart, [start, place as f64], &row.method)?;
        draw(&mut chart, place as f64, row)?;
    }
    Ok(())
}

type Chart<'a, 'b> = parts::Chart<'a, 'b, RangedCoordf64, RangedCoordf64>;

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
