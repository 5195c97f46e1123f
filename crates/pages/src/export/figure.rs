//! A figure as a file of its own: SVG and PNG, in the colours of the light page.
//!
//! plotters draws SVG, and PNG only through `font-kit` and the machine's fonts; so the PNG is that SVG, drawn by resvg with the font that the program brings.

use std::sync::Arc;

use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use maud::{PreEscaped, html};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::ReportError;
use crate::figures::Figure;

/// The font of the PNG first, because it is about as wide as the sans-serif fonts of browsers, for which the figures leave room.
const FONTS: &str = "DejaVu Sans Condensed, DejaVu Sans, sans-serif";
/// The family by which the font is found: widths are not part of it.
const FAMILY: &str = "DejaVu Sans";

/// The fonts of all PNGs: those in the program and no others, so that every machine draws the same.
pub(super) fn fonts() -> Arc<Database> {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans_condensed::regular().to_vec());
    fonts.load_font_data(dejavu::sans_condensed::bold().to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
}

/// The figure as an SVG file on white, as large as in the page.
pub(super) fn svg(figure: &Figure) -> String {
    let [width, height] = figure.size();
    let [columns, rows] = figure.units();
    // A quotation mark within a text is written as &quot;, so that only attributes are found.
    let body = figure
        .body()
        .replace("\"sans-serif\"", &format!("\"{FONTS}\""));
    let file = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(figure.caption.label) width=(width) height=(height)
            viewBox={ "0 0 " (columns) " " (rows) } {
            rect width="100%" height="100%" fill="#ffffff" {}
            (PreEscaped(body))
        }
    };
    // A name may hold what XML does not take.
    let text = file.into_string();
    text.chars()
        .filter(|&letter| in_xml(letter))
        .chain(['\n'])
        .collect()
}

/// Whether XML 1.0 takes a letter (production 2).
fn in_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An SVG of [`svg`] as PNG without transparency, two pixels for each of the page.
pub(super) fn png(
    figure: &Figure,
    svg: &str,
    fonts: &Arc<Database>,
) -> Result<Vec<u8>, ReportError> {
    let caption = &figure.caption;
    let options = Options {
        fontdb: Arc::clone(fonts),
        font_family: FAMILY.to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| caption.undrawn(&error))?;
    let [width, height] = figure.size().map(|side| side * 2);
    let mut picture = Pixmap::new(width, height)
        .ok_or_else(|| caption.undrawn(&format!("no picture has {width} x {height} pixels")))?;
    picture.fill(Color::WHITE);
    resvg::render(
        &tree,
        Transform::from_scale(2.0, 2.0),
        &mut picture.as_mut(),
    );
    let pixels = picture.data().as_chunks::<4>().0;
    let colours: Vec<u8> = pixels
        .iter()
        .flat_map(|&[red, green, blue, _]| [red, green, blue])
        .collect();
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(&colours, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|error| caption.undrawn(&error))?;
    Ok(bytes)
}
