//! The probability or logit of a class while superpixels are removed.

use plotters::element::Circle;
use plotters::prelude::{ChartBuilder, Color};
use plotters::series::{AreaSeries, LineSeries};

use statistics::Measured;

use super::drawing::{Area, DrawError, GRID, INK, TICK, UNITS, series_color, span, stroke, text};

/// A removal curve with the area below it shaded, and points at the steps of `marks`.
///
/// `answers` has a value for each step from 0.
pub(super) fn paint(
    area: &Area<'_>,
    series: usize,
    measured: Measured,
    answers: &[f32],
    marks: &[usize],
) -> Result<(), DrawError> {
    let range = match measured {
        Measured::Probability => 0.0..1.0,
        Measured::Logit => span(answers.iter().copied().map(f64::from)),
    };
    let steps = answers.len().saturating_sub(1).max(1) as i32;
    let color = series_color(series);
    let mut chart = ChartBuilder::on(area)
        .margin(8 * UNITS)
        .x_label_area_size(38 * UNITS)
        .y_label_area_size(50 * UNITS)
        .build_cartesian_2d(0..steps, range)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(GRID.mix(0.0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc("superpixels removed")
        .y_desc(measured.name())
        .y_labels(6)
        .y_label_formatter(TICK)
        .draw()?;
    let point = |(step, answer): (usize, &f32)| (step as i32, f64::from(*answer));
    let points = || answers.iter().enumerate().map(point);
    chart.draw_series(AreaSeries::new(points(), 0.0, color.mix(0.15)))?;
    chart.draw_series(LineSeries::new(points(), stroke(color, 2)))?;
    let marked = points().filter(|(step, _)| marks.contains(&(*step as usize)));
    chart.draw_series(marked.map(|point| Circle::new(point, 4 * UNITS, color.filled())))?;
    Ok(())
}
