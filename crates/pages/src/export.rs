//! The files beside the page: every table and every figure, in the formats that programs, papers and slides take.

mod figure;

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::ReportError;
use crate::figures::{Album, Figure};
use crate::table::Table;

/// Most bytes of a figure's name; file systems take 255 with the ending.
const LONGEST_NAME: usize = 120;

type File = (String, Vec<u8>);

/// `tables/NAME` as `.csv`, `.md`, `.tex` and `.parquet`.
pub(crate) fn tables(tables: &[Table]) -> Result<Vec<File>, ReportError> {
    let formats = |table: &Table| {
        let file = |ending: &str, bytes| (format!("tables/{}.{ending}", table.name), bytes);
        Ok([
            file("csv", table.csv()?),
            file("md", table.markdown().into_bytes()),
            file("tex", table.latex().into_bytes()),
            file("parquet", table.parquet()?),
        ])
    };
    let files: Vec<[File; 4]> = tables
        .par_iter()
        .map(formats)
        .collect::<Result<_, ReportError>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// `figures/NAME` as `.svg` and `.png`.
pub(crate) fn figures(album: &Album) -> Result<Vec<File>, ReportError> {
    let fonts = figure::fonts();
    let named: Vec<(String, &Figure)> = names(album).into_iter().zip(&album.figures).collect();
    let formats = |(name, figure): &(String, &Figure)| {
        let svg = figure::svg(figure);
        let png = figure::png(figure, &svg, &fonts)?;
        let file = |ending: &str, bytes| (format!("figures/{name}.{ending}"), bytes);
        Ok([file("svg", svg.into_bytes()), file("png", png)])
    };
    let files: Vec<[File; 2]> = named
        .par_iter()
        .map(formats)
        .collect::<Result<_, ReportError>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// A name for each figure: its own, shortened where it is too long, with a number where another has it; upper and lower case are one, because some
/// file systems hold them to be.
fn names(album: &Album) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut free = |figure: &Figure| {
        // Names are ASCII, so any place is one between letters.
        let own = &figure.caption.name[..figure.caption.name.len().min(LONGEST_NAME)];
        let own = if own.is_empty() { "figure" } else { own };
        let numbered = |number: usize| match number {
            1 => own.to_owned(),
            number => format!("{own}-{number}"),
        };
        let mut name = (1..).map(numbered);
        name.find(|name| taken.insert(name.to_ascii_lowercase()))
            .unwrap_or_default()
    };
    album.figures.iter().map(&mut free).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Caption, Row, distribution};

    fn album(names: &[&str]) -> Album {
        let row = Row {
            method: "lime <b>".to_owned(),
            series: 1,
            values: vec![1.0, 2.0, 4.0],
        };
        let figure = |name: &&str| {
            let caption = Caption::new(&[name], "a < b");
            distribution(caption, "AUC (×)", std::slice::from_ref(&row)).unwrap()
        };
        Album {
            figures: names.iter().map(figure).collect(),
        }
    }

    #[test]
    fn no_two_figures_share_a_file() {
        let long = "x".repeat(300);
        let found = names(&album(&["a b", "a-b", "A-B", "a-b-2", "", &long]));
        assert_eq!(found[..5], ["a-b", "a-b-2", "A-B-3", "a-b-2-2", "figure"]);
        assert_eq!(found[5].len(), LONGEST_NAME);
    }

    #[test]
    fn a_figure_is_a_whole_file_in_plain_colours_of_one_font() {
        let files = figures(&album(&["a"])).unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["figures/a.svg", "figures/a.png"]);
        let svg = std::str::from_utf8(&files[0].1).unwrap();
        assert!(svg.starts_with(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"a &lt; b\""
        ));
        assert!(!svg.contains("var(") && svg.contains("lime &lt;b&gt;"));
        for font in svg.split("font-family=\"").skip(1) {
            assert!(font.starts_with("DejaVu Sans Condensed,"), "{font}");
        }
    }

    #[test]
    fn a_picture_has_two_pixels_for_each_of_the_page_and_shows_the_text() {
        let files = figures(&album(&["a"])).unwrap();
        let picture = image::load_from_memory(&files[1].1).unwrap();
        let svg = std::str::from_utf8(&files[0].1).unwrap();
        assert!(svg.contains("viewBox=\"0 0 760 232\""), "{}", &svg[..200]);
        assert_eq!((picture.width(), picture.height()), (760, 232));
        let picture = picture.into_rgb8();
        assert_eq!(picture.get_pixel(0, 0).0, [255, 255, 255]);
        // The method's name, left of the axis.
        let dark = (0..100).flat_map(|x| (0..232).map(move |y| (x, y)));
        let dark = dark.filter(|&(x, y)| picture.get_pixel(x, y).0[0] < 100);
        assert!(
            dark.count() > 100,
            "text is drawn without any font of the machine"
        );
    }
}
