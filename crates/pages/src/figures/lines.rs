//! Values along a number, a line for each method: agreement by samples, ranks by replacement, and what removal does to the network's answer.

use plotters::coord::combinators::IntoLogRange;
use plotters::element::DashedPathElement;
use plotters::prelude::ChartBuilder;

use super::drawing::{Area, Caption, DrawError, Figure, INK, TICK, UNITS, stroke};
use super::parts::{LEGEND, axes, legend, marked_line};
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

fn names(lines: &[Curve]) -> impl Iterator<Item = (usize, &str)> {
    lines.iter().map(|line| (line.series, line.name.as_str()))
}

/// How well runs agree (rank correlation up to 1) by the number of samples, and the level that is asked for.
pub(crate) fn agreement(
    caption: Caption,
    lines: &[Curve],
    level: Option<f64>,
) -> Result<Figure, ReportError> {
    Figure::draw(caption, SIZE, |area| {
        legend(area, names(lines))?;
        let all = || lines.iter().flat_map(|line| &line.points);
        let samples = [
            all().map(|at| at.0).fold(f64::INFINITY, f64::min),
            all().map(|at| at.0).fold(1.0, f64::max),
        ];
        let [first, last] = [samples[0].min(samples[1]), samples[1]];
        let lowest = all().map(|at| at.1).fold(0.0, f64::min);
        let range = (first * 0.9..last * 1.1).log_scale().base(2.0);
        let mut chart = ChartBuilder::on(area)
            .margin(10 * UNITS)
            .margin_top(LEGEND * UNITS)
            .x_label_area_size(40 * UNITS)
            .y_label_area_size(52 * UNITS)
            .build_cartesian_2d(range, lowest..1.0)?;
        let titles = ["samples (masks)", "rank correlation of two runs"];
        axes(&mut chart, titles, [8, 6], [TICK, TICK])?;
        if let Some(level) = level {
            let ends = [(first * 0.9, level), (last * 1.1, level)];
            chart.draw_series([DashedPathElement::new(
                ends,
                6 * UNITS,
                6 * UNITS,
                stroke(INK, 1),
            )])?;
        }
        lines
            .iter()
            .try_for_each(|line| marked_line(&mut chart, line.series, &line.points))
    })
}

/// Mean ranks, 1 for the best and on top, of methods under conditions that have these names; a point's x is a condition's number.
pub(crate) fn ranks(
    caption: Caption,
    conditions: &[&str],
    lines: &[Curve],
) -> Result<Figure, ReportError> {
    let size = [
        (conditions.len() as u32 * CATEGORY + 120).max(SIZE[0]),
        SIZE[1],
    ];
    Figure::draw(caption, size, |area| {
        legend(area, names(lines))?;
        let last = lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|at| at.1)
            .fold(1.0, f64::max);
        let end = conditions.len() as f64 - 0.5;
        let mut chart = ChartBuilder::on(area)
            .margin(10 * UNITS)
            .margin_top(LEGEND * UNITS)
            .x_label_area_size(40 * UNITS)
            .y_label_area_size(52 * UNITS)
            .build_cartesian_2d(-0.5..end, last + 0.3..0.7)?;
        let name = |place: &f64| {
            // A tick between two conditions has no name.
            let whole = place.round();
            let near = (place - whole).abs() < 0.01 && whole >= 0.0;
            let name = conditions.get(whole as usize).filter(|_| near);
            name.copied().unwrap_or_default().to_owned()
        };
        axes(
            &mut chart,
            ["removed superpixels replaced by", "mean rank, 1 is best"],
            [conditions.len(), 6],
            [&name, TICK],
        )?;
        lines
            .iter()
            .try_for_each(|line| marked_line(&mut chart, line.series, &line.points))
    })
}

/// A quantity of the network's answers, from 0, by the share of pixels removed.
pub(crate) fn experience(
    caption: Caption,
    quantity: &str,
    lines: &[Curve],
) -> Result<Figure, ReportError> {
    Figure::draw(caption, SIZE, |area| {
        legend(area, names(lines))?;
        let largest = lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|at| at.1)
            .fold(0.0, f64::max);
        experience_chart(area, quantity, lines, super::drawing::top(largest))
    })
}

fn experience_chart(
    area: &Area<'_>,
    quantity: &str,
    lines: &[Curve],
    top: f64,
) -> Result<(), DrawError> {
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .margin_top(LEGEND * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(52 * UNITS)
        .build_cartesian_2d(0.0..1.0, 0.0..top)?;
    axes(
        &mut chart,
        ["share of pixels removed", quantity],
        [6, 5],
        [TICK, TICK],
    )?;
    lines
        .iter()
        .try_for_each(|line| marked_line(&mut chart, line.series, &line.points))
}
