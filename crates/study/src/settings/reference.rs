//! `docs/settings.md`, from the declarations of all settings.

use std::fmt::Write;

use config::{Declared, Setting, plain, table};
use methods::kinds;

use super::segment::Partition;
use super::{compute, deletion, evaluate, general, images, infer, report, sanity};

const INTRODUCTION: &str = "# Settings

Every section and key of `pipeline.toml`. Paths start at the folder of the file; a name of a network, partition or method has 1 to 64 of the
characters a-z, 0-9, `_` and `-`. `make docs` writes this page from the declarations in the code.
";

const METHODS: &str = "The methods that explain, and the controls that explanations are compared with. Every method has a `kind`. With
`partitions = [\"NAME\", ...]` the method is judged only on these partitions; with `networks = [\"NAME\", ...]` it explains only these networks.
A method that draws random numbers explains each image `[study] runs` times, or as often as its own `runs` says.
A method that makes a map reads each network's `layer`, or the layer that its own `layer = { NETWORK = \"LAYER\" }` gives for the network.
With `layers = [\"LAYER\", ...]` it becomes several methods, one for each of these layers.
Their names are `METHOD-LAYER` in small letters, with `_` for any other character that a name cannot have.
";

/// The text of `docs/settings.md`.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    of::<general::Settings>(&mut text, "[study]");
    of::<images::Written>(&mut text, "[images]");
    heading(
        &mut text,
        "[partitions.NAME]",
        "Ways to cut a crop into superpixels, at least one.",
    );
    for (name, about, settings) in Partition::described() {
        part(
            &mut text,
            &format!("algorithm = \"{name}\""),
            about,
            &settings,
        );
    }
    of::<infer::Shared>(&mut text, "[networks.NAME]");
    let built_in = "Built-in architectures";
    part(
        &mut text,
        built_in,
        infer::BuiltIn::ABOUT,
        &infer::BuiltIn::settings(),
    );
    let program = "architecture = \"torchscript\"";
    part(
        &mut text,
        program,
        infer::Program::ABOUT,
        &infer::Program::settings(),
    );
    of::<compute::Settings>(&mut text, "[compute]");
    heading(&mut text, "[methods.NAME]", METHODS);
    for family in &kinds::ALL {
        let (title, about, settings) = family.described();
        let about = format!("{title}. {about} It gives {}.", family.needs());
        part(
            &mut text,
            &format!("kind = \"{}\"", family.kind()),
            &about,
            &settings,
        );
    }
    of::<deletion::Settings>(&mut text, "[deletion]");
    of::<evaluate::Settings>(&mut text, "[evaluate]");
    of::<sanity::Settings>(&mut text, "[sanity]");
    of::<report::Settings>(&mut text, "[report]");
    text
}

fn of<T: Declared>(text: &mut String, section: &str) {
    heading(text, section, T::ABOUT);
    let _ = write!(text, "\n{}", table(&T::settings()));
}

fn heading(text: &mut String, section: &str, about: &str) {
    let _ = write!(text, "\n## `{section}`\n\n{}\n", plain(about));
}

fn part(text: &mut String, name: &str, about: &str, settings: &[Setting]) {
    let name = if name.contains('=') {
        format!("`{name}`")
    } else {
        name.to_owned()
    };
    let _ = write!(text, "\n### {name}\n\n{}\n", plain(about));
    if !settings.is_empty() {
        let _ = write!(text, "\n{}", table(settings));
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test writes documentation, and nothing under artifacts/"
)]
mod tests {
    #[test]
    fn docs_of_settings_are_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        let text = super::reference();
        if std::env::var_os("WRITE_DOCS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "docs/settings.md is not what the declarations say: run `make docs`"
        );
    }
}
