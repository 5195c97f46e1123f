//! Fidelity beside what it takes: area by network passes, and by how much it changes from run to run.

use std::ops::Range;

use plotters::coord::combinators::IntoLogRange;
use plotters::element::{DashedPathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::drawing::{
    Area, Caption, DrawError, Figure, INK, TICK, UNITS, series_color, span, stroke, text,
};
use super::parts::{Axis, Chart, axes, framed, line, mark, width};
use crate::ReportError;

const SIZE: [u32; 2] = [760, 300];
/// Pixels above a chart.
const MARGIN: u32 = 10;

/// A method.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) series: usize,
    /// Mean area and its interval.
    pub(crate) area: f64,
    pub(crate) interval: Option<[f64; 2]>,
    /// Network passes for an explanation, at least 1; none where that is not known.
    pub(crate) passes: Option<f64>,
    /// Standard deviation over runs, mean over images; none for one run.
    pub(crate) deviation: Option<f64>,
}

/// The two charts beside each other; `chance` is the mean area of a random order, and `lower` whether a small area is good.
pub(crate) fn trade_off(
    caption: Caption,
    points: &[Point],
    chance: Option<f64>,
    lower: bool,
) -> Result<Figure, ReportError> {
    let title = if lower {
        "mean AUC, lower is better"
    } else {
        "mean AUC, higher is better"
    };
    Figure::draw(caption, SIZE, |area| {
        let (left, right) = area.split_horizontally((SIZE[0] * UNITS / 2) as i32);
        by_passes(&left, points, chance, title)?;
        by_deviation(&right, points, chance, title)
    })
}

/// The areas to be shown.
fn areas(points: &[Point], chance: Option<f64>) -> Range<f64> {
    let ends = points
        .iter()
        .flat_map(|point| point.interval.unwrap_or([point.area; 2]));
    span(ends.chain(chance))
}

fn by_passes(
    area: &Area<'_>,
    points: &[Point],
    chance: Option<f64>,
    title: &str,
) -> Result<(), DrawError> {
    let passes = points.iter().filter_map(|point| point.passes);
    let most = passes.fold(1.0, f64::max);
    // Whole decades, so that the axis begins and ends with a tick.
    let end = 10_f64.powf(most.log10().floor() + 1.0);
    let areas = areas(points, chance);
    let mut chart = framed(area, MARGIN).build_cartesian_2d((1.0..end).log_scale(), areas)?;
    let titles = ["network passes for an explanation", title];
    let placed = points
        .iter()
        .filter_map(|point| Some((point, point.passes?.max(1.0))));
    let chance = chance.map(|chance| [(1.0, chance), (end, chance)]);
    paint(area, &mut chart, titles, placed, chance)
}

fn by_deviation(
    area: &Area<'_>,
    points: &[Point],
    chance: Option<f64>,
    title: &str,
) -> Result<(), DrawError> {
    let deviations = points.iter().filter_map(|point| point.deviation);
    let most = deviations.fold(0.0, f64::max);
    let end = if most > 0.0 { most * 1.5 } else { 1.0 };
    // Room for the mark of a method that repeats itself exactly.
    let start = -end / 20.0;
    let areas = areas(points, chance);
    let mut chart = framed(area, MARGIN).build_cartesian_2d(start..end, areas)?;
    let titles = ["std of an image's AUC over runs", title];
    let placed = points
        .iter()
        .filter_map(|point| Some((point, point.deviation?)));
    let chance = chance.map(|chance| [(start, chance), (end, chance)]);
    paint(area, &mut chart, titles, placed, chance)
}

fn paint<'p, X: Axis, Y: Axis>(
    area: &Area<'_>,
    chart: &mut Chart<'_, '_, X, Y>,
    titles: [&str; 2],
    points: impl Iterator<Item = (&'p Point, f64)>,
    chance: Option<[(f64, f64); 2]>,
) -> Result<(), DrawError> {
    axes(chart, titles, [5, 5], [TICK, TICK])?;
    let (plot, _) = chart.plotting_area().get_pixel_range();
    if let Some(ends) = chance {
        let size = 6 * UNITS;
        chart.draw_series([DashedPathElement::new(ends, size, size, stroke(INK, 1))])?;
        let (right, above) = chart.backend_coord(&ends[1]);
        let style = text().pos(Pos::new(HPos::Right, VPos::Bottom));
        area.draw(&Text::new(
            "random order".to_owned(),
            (right - offset(area).0, above - offset(area).1 - 4),
            style,
        ))?;
    }
    for (point, x) in points {
        if let Some(interval) = point.interval {
            line(
                chart,
                series_color(point.series),
                2,
                interval.map(|end| (x, end)),
            )?;
        }
        mark(chart, point.series, (x, point.area), 5)?;
        let (right, middle) = chart.backend_coord(&(x, point.area));
        let gap = 10 * UNITS as i32;
        let fits = right + gap + (width(&point.name) as i32) < plot.end;
        let (side, shift) = if fits {
            (HPos::Left, gap)
        } else {
            (HPos::Right, -gap)
        };
        // Beside the mark, or below the line of the random order where that would run through the name.
        let line = chance.map(|ends| chart.backend_coord(&ends[0]).1);
        let crossed = line.is_some_and(|line| (line - middle).abs() < gap);
        let height = if crossed {
            line.unwrap_or(middle) + gap
        } else {
            middle
        };
        let style = text().pos(Pos::new(side, VPos::Center));
        let at = (right + shift - offset(area).0, height - offset(area).1);
        area.draw(&Text::new(point.name.clone(), at, style))?;
    }
    Ok(())
}

/// Where an area begins in the figure: a chart's coordinates are the figure's, an area's its own.
fn offset(area: &Area<'_>) -> (i32, i32) {
    let (x, y) = area.get_pixel_range();
    (x.start, y.start)
}
