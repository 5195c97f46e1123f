//! Fidelity beside what it takes: area by network passes, and by how much it changes from run to run.

use std::ops::Range;

use plotters::coord::combinators::IntoLogRange;
use plotters::element::{DashedPathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::drawing::{
    Area, Caption, DrawError, Figure, INK, TICK, UNITS, series_color, span, stroke, text,
};
use super::labels::Labels;
use super::parts::{Axis, Chart, LEGEND, Shape, axes, framed, legend_of_shapes, line, mark_as};
use crate::ReportError;

/// Width and height of both charts together, in pixels of the page.
const SIZE: [u32; 2] = [760, 340];
/// Width of the chart of passes.
const WIDE: u32 = 440;
/// Half the side of a mark, in pixels of the page.
const MARK: u32 = 5;

/// A method.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) series: usize,
    /// What the method must be allowed to see.
    pub(crate) access: String,
    /// Mean area and its interval.
    pub(crate) area: f64,
    pub(crate) interval: Option<[f64; 2]>,
    /// Network passes for an explanation, at least 1; none where that is not known.
    pub(crate) passes: Option<f64>,
    /// Standard deviation over runs, mean over images; none for one run.
    pub(crate) deviation: Option<f64>,
}

/// The two charts beside each other; `chance` is the mean area of a random order, and `lower` whether a small area is good. A shape stands for what a
/// method must be allowed to see. A line joins the methods that no other beats for as many passes or fewer.
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
        let accesses = accesses(points);
        let shapes = accesses.iter().enumerate();
        legend_of_shapes(area, shapes.map(|(place, name)| (Shape::of(place), *name)))?;
        let (left, right) = area.split_horizontally((WIDE * UNITS) as i32);
        by_passes(&left, points, chance, title, lower)?;
        by_deviation(&right, points, chance, title)
    })
}

/// What methods must be allowed to see, each once.
fn accesses(points: &[Point]) -> Vec<&str> {
    let mut accesses: Vec<&str> = points.iter().map(|point| point.access.as_str()).collect();
    accesses.sort_unstable();
    accesses.dedup();
    accesses
}

/// The methods that no other beats for as many passes or fewer, the cheapest first, as passes and area.
fn front(points: &[Point], lower: bool) -> Vec<(f64, f64)> {
    let sign = if lower { 1.0 } else { -1.0 };
    let mut placed: Vec<(f64, f64)> = points
        .iter()
        .filter_map(|point| Some((point.passes?.max(1.0), sign * point.area)))
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut best = f64::INFINITY;
    placed.retain(|&(_, area)| {
        let beats = area < best;
        best = best.min(area);
        beats
    });
    placed
        .into_iter()
        .map(|(passes, area)| (passes, sign * area))
        .collect()
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
    lower: bool,
) -> Result<(), DrawError> {
    let passes = points.iter().filter_map(|point| point.passes);
    let most = passes.fold(1.0, f64::max);
    // Whole decades, so that the axis begins and ends with a tick.
    let end = 10_f64.powf(most.log10().floor() + 1.0);
    let areas = areas(points, chance);
    let mut chart = framed(area, LEGEND).build_cartesian_2d((1.0..end).log_scale(), areas)?;
    let titles = ["network passes for an explanation", title];
    let placed = points
        .iter()
        .filter_map(|point| Some((point, point.passes?.max(1.0))));
    let chance = chance.map(|chance| [(1.0, chance), (end, chance)]);
    axes(&mut chart, titles, [5, 5], [TICK, TICK])?;
    let front = front(points, lower);
    for step in front.windows(2) {
        let corner = (step[1].0, step[0].1);
        line(&mut chart, INK, 1, [step[0], corner])?;
        line(&mut chart, INK, 1, [corner, step[1]])?;
    }
    paint(area, &mut chart, &accesses(points), placed, chance)
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
    let mut chart = framed(area, LEGEND).build_cartesian_2d(start..end, areas)?;
    let titles = ["std of an image's AUC over runs", title];
    axes(&mut chart, titles, [4, 5], [TICK, TICK])?;
    let placed = points
        .iter()
        .filter_map(|point| Some((point, point.deviation?)));
    let chance = chance.map(|chance| [(start, chance), (end, chance)]);
    paint(area, &mut chart, &accesses(points), placed, chance)
}

fn paint<'p, X: Axis, Y: Axis>(
    area: &Area<'_>,
    chart: &mut Chart<'_, '_, X, Y>,
    accesses: &[&str],
    points: impl Iterator<Item = (&'p Point, f64)>,
    chance: Option<[(f64, f64); 2]>,
) -> Result<(), DrawError> {
    let points: Vec<(&Point, f64)> = points.collect();
    let (across, down) = chart.plotting_area().get_pixel_range();
    let mut labels = Labels::within(across, down);
    let offset = offset(area);
    if let Some(ends) = chance {
        let size = 6 * UNITS;
        chart.draw_series([DashedPathElement::new(ends, size, size, stroke(INK, 1))])?;
        let (right, above) = chart.backend_coord(&ends[1]);
        let words = "random order";
        labels.keep_free(words, (right, above));
        let style = text().pos(Pos::new(HPos::Right, VPos::Bottom));
        let at = (right - offset.0, above - offset.1 - 4);
        area.draw(&Text::new(words.to_owned(), at, style))?;
    }
    for &(point, x) in &points {
        if let Some(interval) = point.interval {
            let ends = interval.map(|end| (x, end));
            line(chart, series_color(point.series), 2, ends)?;
            labels.lined(ends.map(|end| chart.backend_coord(&end)));
        }
        let access = accesses.iter().position(|name| *name == point.access);
        let shape = Shape::of(access.unwrap_or_default());
        mark_as(chart, shape, point.series, (x, point.area), MARK)?;
        labels.occupied(chart.backend_coord(&(x, point.area)));
    }
    for (point, x) in points {
        let (left, middle) = labels.place(&point.name, chart.backend_coord(&(x, point.area)));
        let style = text().pos(Pos::new(HPos::Left, VPos::Center));
        let at = (left - offset.0, middle - offset.1);
        area.draw(&Text::new(point.name.clone(), at, style))?;
    }
    Ok(())
}

/// Where an area begins in the figure: a chart's coordinates are the figure's, an area's its own.
fn offset(area: &Area<'_>) -> (i32, i32) {
    let (x, y) = area.get_pixel_range();
    (x.start, y.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(passes: f64, area: f64) -> Point {
        Point {
            name: "lime".to_owned(),
            series: 0,
            access: "queries".to_owned(),
            area,
            interval: None,
            passes: Some(passes),
            deviation: None,
        }
    }

    #[test]
    fn the_front_has_what_nothing_beats_for_as_few_passes() {
        let points = [
            point(2.0, 9.0),
            point(1000.0, 3.0),
            point(150.0, 5.0),
            point(2.0, 8.0),
            point(400.0, 6.0),
        ];
        assert_eq!(
            front(&points, true),
            [(2.0, 8.0), (150.0, 5.0), (1000.0, 3.0)]
        );
        assert_eq!(front(&points, false), [(2.0, 9.0)]);
        let unknown = Point {
            passes: None,
            ..point(1.0, 1.0)
        };
        assert_eq!(front(&[unknown], true), []);
    }

    #[test]
    fn many_methods_are_drawn() {
        let points: Vec<Point> = (0..20)
            .map(|place| point(10.0 + f64::from(place), 5.0))
            .collect();
        trade_off(Caption::default(), &points, Some(6.0), true).unwrap();
    }
}
