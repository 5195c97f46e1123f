//! Draws labelled pictures and their masks into a folder.

use clap::Parser;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use scenes::{Class, Drawing, Quality, Size, draw_many};
use std::error::Error;
use std::fs::{File, create_dir_all};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Draws synthetic photographs of ten classes: `images/`, `masks/` and `labels.csv`.
#[derive(Parser)]
#[command(name = "scenes", version, args_override_self = true)]
struct Options {
    /// Folder to write into.
    #[arg(long)]
    out: PathBuf,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Pictures of each class.
    #[arg(long, default_value_t = 2)]
    per_class: u32,
    /// Rows of each picture.
    #[arg(long, default_value_t = 300)]
    height: u32,
    /// Columns of each picture.
    #[arg(long, default_value_t = 360)]
    width: u32,
    /// Draw at training quality.
    #[arg(long)]
    draft: bool,
    /// Also write all pictures on one sheet, a class a row.
    #[arg(long)]
    sheet: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let size = Size {
        height: options.height,
        width: options.width,
    };
    let quality = if options.draft {
        Quality::DRAFT
    } else {
        Quality::FINAL
    };
    let numbers = 0..u64::from(options.per_class);
    let jobs: Vec<(Class, u64)> = Class::ALL
        .iter()
        .flat_map(|&class| {
            numbers
                .clone()
                .map(move |number| (class, options.seed + number))
        })
        .collect();
    let drawings = draw_many(&jobs, size, quality);
    write_set(&options.out, &drawings, options.per_class)?;
    if let Some(path) = &options.sheet {
        write_sheet(path, &drawings, options.per_class, size)?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "drawn pictures go into a folder of the caller's, never below artifacts/"
)]
fn write_set(out: &Path, drawings: &[Drawing], per_class: u32) -> Result<(), Box<dyn Error>> {
    create_dir_all(out.join("images"))?;
    create_dir_all(out.join("masks"))?;
    let mut labels = csv::Writer::from_path(out.join("labels.csv"))?;
    labels.write_record(["path", "label"])?;
    for (index, drawing) in drawings.iter().enumerate() {
        let label = drawing.class.name();
        let name = format!("{label}-{:02}.png", index % per_class as usize);
        let mask: Vec<u8> = drawing
            .object_mask
            .iter()
            .map(|&object| u8::from(object) * 255)
            .collect();
        let size = Size {
            height: drawing.height,
            width: drawing.width,
        };
        write_png(
            &out.join("images").join(&name),
            &drawing.rgb,
            size,
            ExtendedColorType::Rgb8,
        )?;
        write_png(
            &out.join("masks").join(&name),
            &mask,
            size,
            ExtendedColorType::L8,
        )?;
        labels.write_record([format!("images/{name}").as_str(), label])?;
    }
    Ok(labels.flush()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "drawn pictures go into a folder of the caller's, never below artifacts/"
)]
fn write_png(
    path: &Path,
    bytes: &[u8],
    size: Size,
    colour: ExtendedColorType,
) -> Result<(), Box<dyn Error>> {
    let file = BufWriter::new(File::create(path)?);
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
    Ok(encoder.write_image(bytes, size.width, size.height, colour)?)
}

/// Writes all pictures side by side, a class a row.
fn write_sheet(
    path: &Path,
    drawings: &[Drawing],
    per_class: u32,
    size: Size,
) -> Result<(), Box<dyn Error>> {
    let (height, width) = (size.height as usize, size.width as usize);
    let mut bytes = Vec::with_capacity(drawings.len() * height * width * 3);
    for class in drawings.chunks(per_class as usize) {
        for row in 0..height {
            for drawing in class {
                bytes.extend_from_slice(&drawing.rgb[row * width * 3..(row + 1) * width * 3]);
            }
        }
    }
    let whole = Size {
        height: size.height * Class::ALL.len() as u32,
        width: size.width * per_class,
    };
    write_png(path, &bytes, whole, ExtendedColorType::Rgb8)
}
