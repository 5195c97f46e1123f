//! One figure: what it is called, how it is painted, and the colours, signs and sizes that all have.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    DrawingArea, IntoDrawingArea, IntoFont, RGBColor, SVGBackend, ShapeStyle, TextStyle,
};

use crate::ReportError;

/// Colours of the methods, by Okabe and Ito (2008), without yellow, which is too light for lines on white.
pub(super) const PALETTE: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x8c, 0x6d, 0x1f),
];
/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x26, 0x2b);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
/// The plotting library places everything at whole units: this many to a pixel of the page keep curves smooth.
pub(super) const UNITS: u32 = 2;
/// Size of the text in pixels of the page.
pub(super) const TEXT: u32 = 13;
/// What the SVG backend divides a font's size by.
pub(super) const FONT_DIVISOR: f64 = 1.24;

/// The figures of a report, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Album {
    pub(crate) figures: Vec<Figure>,
}

impl Album {
    /// Keeps the figure for the files beside the page, and shows it there.
    pub(crate) fn show(&mut self, figure: Figure) -> Markup {
        let shown = figure.inline();
        self.figures.push(figure);
        shown
    }
}

/// What a figure is called and what it shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caption {
    /// Name of its files without an ending: full words, lower case, with hyphens; no two figures of a report share it.
    pub(crate) name: String,
    /// What it shows, for who cannot see it.
    pub(crate) label: String,
}

impl Caption {
    /// The name is made of these parts, each without what does not belong into a file's name.
    pub(crate) fn new(name: &[&str], label: impl Into<String>) -> Self {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                letter
            } else {
                '-'
            }
        };
        let parts: Vec<String> = name
            .iter()
            .map(|part| part.chars().map(plain).collect())
            .collect();
        Self {
            name: parts.join("."),
            label: label.into(),
        }
    }

    /// The figure cannot be drawn, for this reason.
    pub(crate) fn undrawn(&self, reason: &dyn std::fmt::Display) -> ReportError {
        ReportError::unwritten(
            format!("the figure {:?} cannot be drawn", self.label),
            reason,
        )
    }
}

/// A drawn figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) caption: Caption,
    /// Width and height in pixels of the page.
    size: [u32; 2],
    /// The elements inside the SVG.
    body: String,
}

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type DrawError = DrawingAreaErrorKind<std::io::Error>;

impl Figure {
    /// Paints on an area of `size` (width and height in pixels of the page); inside, [`UNITS`] units are a pixel.
    pub(super) fn draw(
        caption: Caption,
        size: [u32; 2],
        paint: impl FnOnce(&Area<'_>) -> Result<(), DrawError>,
    ) -> Result<Self, ReportError> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, (size[0] * UNITS, size[1] * UNITS))
            .into_drawing_area();
        let painted = paint(&area).and_then(|()| area.present());
        drop(area);
        painted.map_err(|error| caption.undrawn(&error))?;
        let inner = svg.split_once('>').map_or("", |(_, rest)| rest);
        let body = inner.rsplit_once("</svg>").map_or(inner, |(body, _)| body);
        Ok(Self {
            caption,
            size,
            body: body.to_owned(),
        })
    }

    /// With elements of SVG above what is drawn.
    pub(super) fn with(mut self, elements: &str) -> Self {
        self.body += elements;
        self
    }

    /// Width and height in pixels of the page.
    pub(crate) fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Width and height in the units of [`Figure::body`].
    pub(crate) fn units(&self) -> [u32; 2] {
        self.size.map(|side| side * UNITS)
    }

    /// The elements inside the SVG, in plain colours.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// The figure within a page that defines the variables `--ink`, `--grid` and `--series-0` to `--series-5`.
    pub(crate) fn inline(&self) -> Markup {
        let [width, height] = self.size.map(|side| side * UNITS);
        html! {
            svg role="img" aria-label=(self.caption.label) width=(self.size[0]) height=(self.size[1])
                viewBox={ "0 0 " (width) " " (height) } { (PreEscaped(self.with_variables())) }
        }
    }

    fn with_variables(&self) -> String {
        let series = (0..PALETTE.len()).map(|series| (PALETTE[series], series_variable(series)));
        let fixed = [(INK, "--ink".to_owned()), (GRID, "--grid".to_owned())];
        // A quotation mark within a text is written as &quot;, so that only attributes are found.
        fixed
            .into_iter()
            .chain(series)
            .fold(self.body.clone(), |body, (color, variable)| {
                let RGBColor(red, green, blue) = color;
                let hex = format!("#{red:02X}{green:02X}{blue:02X}");
                body.replace(&format!("\"{hex}\""), &format!("\"var({variable},{hex})\""))
            })
    }
}

/// The CSS variable of a method's colour.
pub(crate) fn series_variable(series: usize) -> String {
    format!("--series-{}", series % PALETTE.len())
}

pub(super) fn series_color(series: usize) -> RGBColor {
    PALETTE[series % PALETTE.len()]
}

pub(super) fn text() -> TextStyle<'static> {
    let size = f64::from(TEXT * UNITS) * FONT_DIVISOR;
    TextStyle::from(("sans-serif", size).into_font()).color(&INK)
}

pub(super) fn stroke(color: RGBColor, pixels: u32) -> ShapeStyle {
    ShapeStyle::from(color).stroke_width(pixels * UNITS)
}

/// A tick's number without zeros that say nothing.
pub(super) fn tick(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// [`tick`] as the label of an axis.
pub(super) const TICK: &dyn Fn(&f64) -> String = &|value| tick(*value);

/// Upper end of an axis from 0 that shows `largest` with room above it.
pub(super) fn top(largest: f64) -> f64 {
    if largest > 0.0 { largest * 1.08 } else { 1.0 }
}

/// An axis that shows 0 and all values, with room beyond them.
pub(crate) fn span(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let (mut smallest, mut largest) = (0.0, 0.0);
    for value in values {
        smallest = f64::min(smallest, value);
        largest = f64::max(largest, value);
    }
    smallest * 1.08..if smallest < 0.0 && largest == 0.0 {
        0.0
    } else {
        top(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_no_empty_decimals() {
        let ticks = [0.0, -0.0, 0.25, 10.0, 1.5, 100.0].map(tick);
        assert_eq!(ticks, ["0", "0", "0.25", "10", "1.5", "100"]);
    }
}
