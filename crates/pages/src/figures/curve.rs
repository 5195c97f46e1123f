//! The probability of a class while superpixels are removed.

use plotters::element::Circle;
use plotters::prelude::{ChartBuilder, Color};
use plotters::series::{AreaSeries, LineSeries};

use super::drawing::{Area, DrawError, GRID, INK, TICK, UNITS, series_color, stroke, text};

/// A removal curve with the area below it shaded, and points at the steps of `marks`.
///
/// `probabilities` has a value from 0 to 1 for each step from 0.
pub(super) fn paint(
    area: &Area<'_>,
    series: usize,
    probabilities: &[f32],
    marks: &[usize],
) -> Result<(), DrawError> {
    let steps = probabilities.len().saturating_sub(1).max(1) as i32;
    let color = series_color(series);
    let mut chart = ChartBuilder::on(area)
        .margin(8 * UNITS)
        .x_label_area_size(38 * UNITS)
        .y_label_area_size(50 * UNITS)
        .build_cartesian_2d(0..steps, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(GRID.mix(0.0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc("superpixels removed")
        .y_desc("probability")
        .y_labels(6)
        .y_label_formatter(TICK)
        .draw()?;
    let point = |(step, probability): (usize, &f32)| (step as i32, f64::from(*probability));
    let points = || probabilities.iter().enumerate().map(point);
    chart.draw_series(AreaSeries::new(points(), 0.0, color.mix(0.15)))?;
    chart.draw_series(LineSeries::new(points(), stroke(color, 2)))?;
    let marked = points().filter(|(step, _)| marks.contains(&(*step as usize)));
    chart.draw_series(marked.map(|point| Circle::new(point, 4 * UNITS, color.filled())))?;
    Ok(())
}
