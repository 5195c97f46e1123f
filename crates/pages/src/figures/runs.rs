//! The areas of one image, run by run.

use plotters::coord::types::{RangedCoordf64, RangedCoordi32};
use plotters::element::{Circle, Cross, TriangleMarker};
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, SVGBackend};
use plotters::series::LineSeries;

use super::{
    Area, Caption, DrawError, Figure, GRID, INK, Mark, UNITS, series_color, stroke, text, tick, top,
};
use crate::ReportError;

const SIZE: [u32; 2] = [360, 260];

/// A method's areas of an image.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) series: usize,
    /// Drawn as a flat line over all runs.
    pub(crate) deterministic: bool,
    /// Run and area.
    pub(crate) values: Vec<(u32, f64)>,
}

/// Area by run, a line for each method; `runs` is at least 2, and `largest` the largest area of all panels that are to be compared.
pub(crate) fn auc_over_runs(
    caption: Caption,
    lines: &[Line],
    runs: u32,
    largest: f64,
) -> Result<Figure, ReportError> {
    Figure::draw(caption, SIZE, |area| paint(area, lines, runs, largest))
}

fn paint(area: &Area<'_>, lines: &[Line], runs: u32, largest: f64) -> Result<(), DrawError> {
    let last = runs.saturating_sub(1).max(1) as i32;
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .x_label_area_size(38 * UNITS)
        .y_label_area_size(50 * UNITS)
        .build_cartesian_2d(0..last, 0.0..top(largest))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(GRID.mix(0.0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc("run")
        .y_desc("AUC (probability × superpixels)")
        .y_labels(5)
        .y_label_formatter(&|value| tick(*value))
        .draw()?;
    lines
        .iter()
        .try_for_each(|line| draw(&mut chart, line, last))
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordi32, RangedCoordf64>>;

fn draw(chart: &mut Chart<'_, '_>, line: &Line, last: i32) -> Result<(), DrawError> {
    let color = series_color(line.series);
    let points: Vec<(i32, f64)> = line
        .values
        .iter()
        .map(|&(run, area)| (run as i32, area))
        .collect();
    if line.deterministic {
        let flat = points.first().map_or(0.0, |point| point.1);
        chart.draw_series(LineSeries::new([(0, flat), (last, flat)], stroke(color, 2)))?;
        return Ok(());
    }
    chart.draw_series(LineSeries::new(points.iter().copied(), stroke(color, 1)))?;
    let size = 4 * UNITS;
    let points = points.into_iter();
    match Mark::of(line.series) {
        Mark::Circle => {
            chart.draw_series(points.map(|at| Circle::new(at, size, color.filled())))?;
        }
        Mark::Triangle => {
            chart
                .draw_series(points.map(|at| TriangleMarker::new(at, size + 1, color.filled())))?;
        }
        Mark::Cross => {
            chart.draw_series(points.map(|at| Cross::new(at, size, stroke(color, 2))))?;
        }
    }
    Ok(())
}
