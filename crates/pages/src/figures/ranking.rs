//! The methods by their mean rank, and which of them are not told apart: a critical-difference diagram (Demsar 2006) with a row for each method.

use plotters::prelude::ChartBuilder;

use super::drawing::{Area, Caption, DrawError, Figure, INK, TICK, UNITS};
use super::parts::{axes, line, mark, room_for, row_name};
use crate::ReportError;

const WIDTH: u32 = 460;
const ROW_HEIGHT: u32 = 24;
const AXIS_HEIGHT: u32 = 62;
/// Distance of the bars of two groups, in pixels of the page.
const BAR: u32 = 9;

/// A method.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    pub(crate) name: String,
    pub(crate) series: usize,
    /// Mean rank over images, 1 for the best.
    pub(crate) rank: f64,
    /// Names of the groups of methods that are not told apart.
    pub(crate) groups: Vec<String>,
}

/// A row for each method, which are given by rank, and on the right a bar along the rows of each group.
pub(crate) fn ranking(caption: Caption, methods: &[Ranked]) -> Result<Figure, ReportError> {
    let height = AXIS_HEIGHT + ROW_HEIGHT * methods.len() as u32;
    Figure::draw(caption, [WIDTH, height], |area| paint(area, methods))
}

/// First and last row of each group of several methods.
fn bars(methods: &[Ranked]) -> Vec<[usize; 2]> {
    let mut names: Vec<&String> = methods.iter().flat_map(|method| &method.groups).collect();
    names.dedup();
    let rows = |name: &String| {
        let has = |method: &Ranked| method.groups.contains(name);
        Some([
            methods.iter().position(has)?,
            methods.iter().rposition(has)?,
        ])
    };
    let mut bars: Vec<[usize; 2]> = names.into_iter().filter_map(rows).collect();
    bars.sort_unstable();
    bars.dedup();
    bars.retain(|[first, last]| first < last);
    bars
}

fn paint(area: &Area<'_>, methods: &[Ranked]) -> Result<(), DrawError> {
    let bars = bars(methods);
    let worst = methods.len().max(2) as f64;
    let bottom = methods.len() as f64 - 0.5;
    // The bars stand right of the worst rank, where the axis has no numbers.
    let step = (worst - 0.8) * f64::from(BAR) / f64::from(WIDTH - 160);
    let end = worst + step * (bars.len() as f64 + 2.0);
    let mut chart = ChartBuilder::on(area)
        .margin(10 * UNITS)
        .x_label_area_size(40 * UNITS)
        .y_label_area_size(room_for(methods.iter().map(|method| method.name.as_str())))
        .build_cartesian_2d(0.8..end, bottom..-0.5)?;
    let tick = |value: &f64| {
        if *value > worst {
            String::new()
        } else {
            TICK(value)
        }
    };
    let titles = ["mean rank over images, 1 is best", ""];
    axes(&mut chart, titles, [8, 0], [&tick, &|_| String::new()])?;
    for (place, method) in methods.iter().enumerate() {
        let row = place as f64;
        row_name(area, &chart, [0.8, row], &method.name)?;
        mark(&mut chart, method.series, (method.rank, row), 5)?;
    }
    for (place, [first, last]) in bars.into_iter().enumerate() {
        let x = worst + step * (place as f64 + 1.5);
        let rows = [first as f64 - 0.3, last as f64 + 0.3];
        line(&mut chart, INK, 3, rows.map(|row| (x, row)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(groups: &[&str]) -> Vec<Ranked> {
        let method = |(place, groups): (usize, &&str)| Ranked {
            name: "lime".to_owned(),
            series: place,
            rank: place as f64 + 1.0,
            groups: groups.split(' ').map(str::to_owned).collect(),
        };
        groups.iter().enumerate().map(method).collect()
    }

    #[test]
    fn groups_of_several_methods_have_a_bar() {
        assert_eq!(bars(&ranked(&["a", "a b", "b", "c"])), [[0, 1], [1, 2]]);
        assert_eq!(bars(&ranked(&["a", "b", "c"])), [[0; 2]; 0]);
        for groups in [&["a"][..], &["a", "b"], &["a"; 20]] {
            ranking(Caption::default(), &ranked(groups)).unwrap();
        }
    }
}
