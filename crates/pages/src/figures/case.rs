//! A single case: the image, the explanation and the curve beside each other, and below them the image while it loses superpixels.

use maud::html;
use plotters::element::Text;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use statistics::Measured;

use super::curve;
use super::drawing::{Area, Caption, DrawError, Figure, TEXT, UNITS, text};
use crate::ReportError;

const WIDTH: u32 = 760;
/// Side of the crop and the explanation.
const SIDE: u32 = 186;
const GAP: u32 = 10;
/// Height of the upper half: pictures and their words, the curve beside them.
const UPPER: u32 = SIDE + 30;
/// Side of a removal's picture.
const FRAME: u32 = 86;
const LOWER: u32 = FRAME + 40;

/// A picture and what it shows.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) picture: String,
    pub(crate) words: String,
}

/// The image after some superpixels were removed.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) step: u32,
    pub(crate) answer: f32,
    pub(crate) picture: String,
}

/// What the figure is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) series: usize,
    pub(crate) crop: String,
    pub(crate) explanation: Option<Shown>,
    /// None where the replacement is not one image.
    pub(crate) frames: Vec<Frame>,
    pub(crate) measured: Measured,
    /// A value for each step from 0.
    pub(crate) answers: Vec<f32>,
    /// The steps of the frames.
    pub(crate) marks: Vec<usize>,
}

/// The figure of a case.
pub(crate) fn case(caption: Caption, case: &Case) -> Result<Figure, ReportError> {
    let height = UPPER + if case.frames.is_empty() { 0 } else { LOWER };
    let figure = Figure::draw(caption, [WIDTH, height], |area| paint(area, case))?;
    let second = SIDE + GAP;
    let upper = [(0, &case.crop)].into_iter().chain(
        case.explanation
            .iter()
            .map(|shown| (second, &shown.picture)),
    );
    let upper = upper.map(|(left, picture)| image(picture, [left, 0], SIDE));
    let frames = case.frames.iter().enumerate();
    let lower = frames
        .map(|(place, frame)| image(&frame.picture, [place as u32 * (FRAME + GAP), UPPER], FRAME));
    Ok(figure.with(&upper.chain(lower).collect::<String>()))
}

fn paint(area: &Area<'_>, case: &Case) -> Result<(), DrawError> {
    let left = 2 * (SIDE + GAP) * UNITS;
    let (_, right) = area.split_horizontally(left as i32);
    let (plot, _) = right.split_vertically((UPPER * UNITS) as i32);
    curve::paint(
        &plot,
        case.series,
        case.measured,
        &case.answers,
        &case.marks,
    )?;
    below(area, "image, superpixels", [SIDE / 2, SIDE + 6])?;
    if let Some(shown) = &case.explanation {
        below(area, &shown.words, [SIDE + GAP + SIDE / 2, SIDE + 6])?;
    }
    for (place, frame) in case.frames.iter().enumerate() {
        let middle = place as u32 * (FRAME + GAP) + FRAME / 2;
        below(
            area,
            &format!("{:.3}", frame.answer),
            [middle, UPPER + FRAME + 4],
        )?;
        below(
            area,
            &format!("{} removed", frame.step),
            [middle, UPPER + FRAME + 6 + TEXT],
        )?;
    }
    Ok(())
}

/// Words below a point, in pixels of the page.
fn below(area: &Area<'_>, words: &str, [x, y]: [u32; 2]) -> Result<(), DrawError> {
    let style = text().pos(Pos::new(HPos::Center, VPos::Top));
    let at = [x, y].map(|pixels| (pixels * UNITS) as i32);
    area.draw(&Text::new(words.to_owned(), (at[0], at[1]), style))
}

/// A picture within a square, its upper left corner at `[x, y]` in pixels of the page.
fn image(picture: &str, [x, y]: [u32; 2], side: u32) -> String {
    let [x, y, side] = [x, y, side].map(|pixels| pixels * UNITS);
    html! { image x=(x) y=(y) width=(side) height=(side) href=(picture) preserveAspectRatio="xMidYMid meet" {} }.into_string()
}
