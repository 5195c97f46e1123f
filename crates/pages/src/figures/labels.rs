//! Names beside the marks of a chart, placed so that they do not lie on each other.

use std::ops::Range;

use super::drawing::{TEXT, UNITS};
use super::parts::width;

/// Distance of a name from its mark, in units.
const GAP: i32 = 9 * UNITS as i32;
/// Height of a name, in units.
const HEIGHT: i32 = (TEXT * UNITS) as i32;
/// Where a name may stand, in heights of a name above or below its mark: the nearest first.
const ROWS: [i32; 9] = [0, -1, 1, -2, 2, -3, 3, -4, 4];

/// A rectangle: left, top, right, bottom.
type Box = [i32; 4];

/// What is taken of a chart's area.
pub(super) struct Labels {
    across: Range<i32>,
    down: Range<i32>,
    taken: Vec<Box>,
}

impl Labels {
    /// A chart's area in units, with nothing in it.
    pub(super) fn within(across: Range<i32>, down: Range<i32>) -> Self {
        Self {
            across,
            down,
            taken: Vec::new(),
        }
    }

    /// There is a mark around a point.
    pub(super) fn occupied(&mut self, (x, y): (i32, i32)) {
        let half = GAP / 2;
        self.taken.push([x - half, y - half, x + half, y + half]);
    }

    /// There is an upright line between two points.
    pub(super) fn lined(&mut self, [from, to]: [(i32, i32); 2]) {
        let [top, bottom] = [from.1.min(to.1), from.1.max(to.1)];
        self.taken
            .push([from.0 - GAP / 4, top, from.0 + GAP / 4, bottom]);
    }

    /// There is a text whose lower right corner is here.
    pub(super) fn keep_free(&mut self, text: &str, (right, bottom): (i32, i32)) {
        self.taken
            .push([right - width(text) as i32, bottom - HEIGHT, right, bottom]);
    }

    /// The left end and the middle height of a name for the mark at a point: on its right or left, and above or below where these are taken. A name that
    /// fits nowhere stands on the right.
    pub(super) fn place(&mut self, name: &str, (x, y): (i32, i32)) -> (i32, i32) {
        let wide = width(name) as i32;
        let places = ROWS.iter().flat_map(|row| {
            let middle = y + row * HEIGHT;
            [(x + GAP, middle), (x - GAP - wide, middle)]
        });
        let boxed = |(left, middle): (i32, i32)| {
            [left, middle - HEIGHT / 2, left + wide, middle + HEIGHT / 2]
        };
        let free = |at: &(i32, i32)| {
            let own = boxed(*at);
            let inside = own[0] >= self.across.start
                && own[2] <= self.across.end
                && own[1] >= self.down.start
                && own[3] <= self.down.end;
            inside && !self.taken.iter().any(|other| overlap(own, *other))
        };
        let at = places.into_iter().find(free).unwrap_or((x + GAP, y));
        self.taken.push(boxed(at));
        at
    }
}

fn overlap(a: Box, b: Box) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_marks_at_one_point_do_not_lie_on_each_other() {
        let mut labels = Labels::within(0..1000, 0..1000);
        labels.occupied((500, 500));
        let boxes: Vec<Box> = (0..8)
            .map(|_| {
                let (left, middle) = labels.place("layercam", (500, 500));
                [
                    left,
                    middle - HEIGHT / 2,
                    left + width("layercam") as i32,
                    middle + HEIGHT / 2,
                ]
            })
            .collect();
        for (place, one) in boxes.iter().enumerate() {
            assert!(
                boxes[..place].iter().all(|other| !overlap(*one, *other)),
                "{one:?}"
            );
        }
    }

    #[test]
    fn a_name_stands_within_the_chart() {
        let mut labels = Labels::within(0..200, 0..100);
        let (left, middle) = labels.place("lime", (195, 50));
        assert!(left + width("lime") as i32 <= 200 && middle == 50);
    }
}
