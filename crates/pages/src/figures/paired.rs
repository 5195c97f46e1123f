//! The same images by several methods: a row for each image, the methods' areas joined by a line.

use plotters::prelude::ChartBuilder;

use super::drawing::{Area, Caption, DrawError, Figure, GRID, TICK, UNITS, series_color, span};
use super::parts::{axes, legend, legend_height, line, mark, room_for, row_name};
use crate::ReportError;

const WIDTH: u32 = 620;
const ROW_HEIGHT: u32 = 22;
const AXIS_HEIGHT: u32 = 62;

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) image: String,
    /// Number of the method, mean over runs, smallest and largest value of a run.
    pub(crate) methods: Vec<(usize, f64, [f64; 2])>,
}

/// Areas of images, in the order of `pairs` from above; `methods` are numbers and names for the legend.
pub(crate) fn paired(
    caption: Caption,
    axis: &str,
    methods: &[(usize, &str)],
    pairs: &[Pair],
) -> Result<Figure, ReportError> {
    let above = legend_height(WIDTH, methods.iter().map(|method| method.1));
    let height = above + AXIS_HEIGHT + ROW_HEIGHT * pairs.len() as u32;
    Figure::draw(caption, [WIDTH, height], |area| {
        legend(area, methods.iter().copied())?;
        paint(area, above, axis, pairs)
    })
}

fn paint(area: &Area<'_>, above: u32, axis: &str, pairs: &[Pair]) -> Result<(), DrawError> {
    let values = pairs
        .iter()
        .flat_map(|pair| &pair.methods)
        .flat_map(|method| [method.1, method.2[0], method.2[1]]);
    let values = span(values);
    let start = values.start;
    let bottom = pairs.len() as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(8 * UNITS)
        .margin_right(16 * UNITS)
        .margin_top(above * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(room_for(pairs.iter().map(|pair| pair.image.as_str())))
        .build_cartesian_2d(values, bottom..-0.5)?;
    axes(&mut chart, [axis, ""], [6, 0], [TICK, &|_| String::new()])?;
    for (place, pair) in pairs.iter().enumerate() {
        let row = place as f64;
        row_name(area, &chart, [start, row], &pair.image)?;
        let means = || pair.methods.iter().map(|method| method.1);
        let ends = [
            means().fold(f64::INFINITY, f64::min),
            means().fold(f64::NEG_INFINITY, f64::max),
        ];
        if !pair.methods.is_empty() {
            line(&mut chart, GRID, 3, ends.map(|end| (end, row)))?;
        }
        for &(series, mean, range) in &pair.methods {
            line(
                &mut chart,
                series_color(series),
                1,
                range.map(|end| (end, row)),
            )?;
            mark(&mut chart, series, (mean, row), 4)?;
        }
    }
    Ok(())
}
