//! The areas of one image, run by run.

use std::ops::Range;

use plotters::prelude::ChartBuilder;

use super::drawing::{Area, Caption, DrawError, Figure, TICK, UNITS, series_color};
use super::parts::{Axis, Chart, LEGEND, axes, legend, legend_height, line, marked_line};
use crate::ReportError;

// High enough for the name of the measure beside it.
const SIZE: [u32; 2] = [360, 290];

/// A method's areas of an image.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) series: usize,
    /// Drawn as a flat line over all runs.
    pub(crate) deterministic: bool,
    /// Run and area.
    pub(crate) values: Vec<(u32, f64)>,
}

/// Area by run, a line for each method; `axis` is the measure with its unit, `runs` is at least 2, and `areas` holds those of all panels that are to
/// be compared.
pub(crate) fn auc_over_runs(
    caption: Caption,
    axis: &str,
    lines: &[Line],
    runs: u32,
    areas: Range<f64>,
) -> Result<Figure, ReportError> {
    let above = legend_height(SIZE[0], lines.iter().map(|line| line.name.as_str()));
    let size = [SIZE[0], SIZE[1] + above - LEGEND];
    Figure::draw(caption, size, |area| {
        legend(
            area,
            lines.iter().map(|line| (line.series, line.name.as_str())),
        )?;
        paint(area, above, axis, lines, runs, areas)
    })
}

fn paint(
    area: &Area<'_>,
    above: u32,
    axis: &str,
    lines: &[Line],
    runs: u32,
    areas: Range<f64>,
) -> Result<(), DrawError> {
    let last = f64::from(runs.saturating_sub(1).max(1));
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .margin_top(above * UNITS)
        .x_label_area_size(38 * UNITS)
        .y_label_area_size(50 * UNITS)
        .build_cartesian_2d(0.0..last, areas)?;
    // No more ticks than runs: between two of them there is none.
    let ticks = [runs.min(10) as usize, 5];
    axes(&mut chart, ["run", axis], ticks, [TICK, TICK])?;
    lines
        .iter()
        .try_for_each(|line| draw(&mut chart, line, last))
}

fn draw<X: Axis, Y: Axis>(
    chart: &mut Chart<'_, '_, X, Y>,
    own: &Line,
    last: f64,
) -> Result<(), DrawError> {
    let points: Vec<(f64, f64)> = own
        .values
        .iter()
        .map(|&(run, area)| (f64::from(run), area))
        .collect();
    if own.deterministic {
        let flat = points.first().map_or(0.0, |point| point.1);
        return line(
            chart,
            series_color(own.series),
            2,
            [(0.0, flat), (last, flat)],
        );
    }
    marked_line(chart, own.series, &points)
}
