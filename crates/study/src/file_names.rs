//! Names of files in `latest/` that every file system and every reader of tables takes.

use crate::images::Image;
use crate::plan::Subject;
use crate::study::Study;
use config::Name;
use config::Problem;

/// Bytes of the longest file name, on every common file system.
const LONGEST: usize = 255;
/// What stands behind the name of every file in `latest/`.
const ENDING: &str = ".parquet";

/// The name of a file that readers of a whole folder see: pandas, pyarrow and Spark skip names that begin with `_` or `.`.
///
/// Such a name gets an `x` in front: `_DSC1234` becomes `x_DSC1234`. So does a name that would then look like another one: `x_ray` becomes
/// `xx_ray`. No two names become one.
pub(crate) fn for_readers(name: String) -> String {
    if name.trim_start_matches('x').starts_with(['_', '.']) {
        format!("x{name}")
    } else {
        name
    }
}

/// A problem where an image's name makes a file name in `latest/` that is too long.
pub(crate) fn check(study: &Study, images: &[Image]) -> Result<(), Problem> {
    let subject = longest(study);
    let name = |image: &Image| format!("{}{ENDING}", subject.file_name_of(Some(&image.name)));
    let too_long: Vec<String> = images
        .iter()
        .map(name)
        .filter(|name| name.len() > LONGEST)
        .collect();
    let Some(worst) = too_long.iter().max_by_key(|name| name.len()) else {
        return Ok(());
    };
    let title = format!(
        "the names of {} images are too long: latest/ would hold a file name of {} bytes, and file systems allow {LONGEST}",
        too_long.len(),
        worst.len()
    );
    let help = format!(
        "shorten the names of the images and their folders, or of networks, partitions and methods, by {} bytes",
        worst.len() - LONGEST
    );
    Err(Problem::new(title)
        .label(format!("the longest is `{worst}`"))
        .help(help))
}

/// The subject with the longest file name for any image: that of a removal curve, which has every part that other tables have.
fn longest(study: &Study) -> Subject {
    let of_methods = study.methods.iter().map(|(name, method)| {
        let explained = study.networks.keys();
        let explained = explained.filter(|network| study.explains(name, network));
        let judging = study.partitions.keys();
        let judging = judging.filter(|partition| study.judges(name, partition));
        Subject {
            network: longest_of(explained, Name::as_str).cloned(),
            partition: longest_of(judging, Name::as_str).cloned(),
            method: Some(name.clone()),
            run: Some(method.runs(study.runs).saturating_sub(1)),
            ..Subject::default()
        }
    });
    let length = |subject: &Subject| {
        let names = [&subject.network, &subject.partition, &subject.method];
        let names = names.map(|name| name.as_ref().map_or(0, |name| name.as_str().len()));
        names.iter().sum::<usize>() + subject.run.map_or(0, |run| run.to_string().len().max(2))
    };
    let longest = of_methods.max_by_key(length).unwrap_or_default();
    Subject {
        order: longest_of(&study.deletion.orders, |order| order.name()).copied(),
        replacement: longest_of(&study.deletion.replacements, |one| one.name()).copied(),
        ..longest
    }
}

fn longest_of<'a, T>(
    values: impl IntoIterator<Item = &'a T>,
    name: impl Fn(&T) -> &'static str,
) -> Option<&'a T> {
    values.into_iter().max_by_key(|value| name(value).len())
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::fixture::Folder;
    use crate::{Images, Kind, Sources, plan::Plan};

    /// Every subject has one of these shapes: an image with or before other names.
    fn file_names(image: &str, network: &str) -> [String; 2] {
        let of_image = Subject {
            image: Some(0),
            ..Subject::default()
        };
        let of_network = Subject {
            network: Name::new(network),
            ..of_image.clone()
        };
        [of_image, of_network].map(|subject| subject.file_name_of(Some(image)))
    }

    proptest! {
        #[test]
        fn no_name_in_latest_is_skipped_by_readers_and_no_two_are_one(
            images in proptest::collection::btree_set("[x_.a~\\-]{1,4}", 2..40),
            networks in proptest::collection::btree_set("[x_a\\-]{1,3}", 2..10),
        ) {
            let (mut of_images, mut of_networks) = (BTreeSet::new(), BTreeSet::new());
            for image in &images {
                for network in &networks {
                    let [of_image, of_network] = file_names(image, network);
                    prop_assert!(!of_image.starts_with(['_', '.']) && !of_network.starts_with(['_', '.']));
                    of_images.insert(of_image);
                    of_networks.insert(of_network);
                }
            }
            prop_assert_eq!(of_images.len(), images.len());
            prop_assert_eq!(of_networks.len(), images.len() * networks.len());
        }
    }

    #[test]
    fn only_names_that_readers_skip_are_changed_and_those_that_look_like_one() {
        for (name, shown) in [
            ("_DSC1234", "x_DSC1234"),
            (".hidden", "x.hidden"),
            ("x_DSC1234", "xx_DSC1234"),
            ("xx.ray", "xxx.ray"),
            ("mug-07", "mug-07"),
            ("xylophone_1", "xylophone_1"),
        ] {
            assert_eq!(for_readers(name.to_owned()), shown);
        }
    }

    /// The shipped study with one image of a name of so many bytes.
    fn of_length(length: usize) -> Folder {
        let folder = Folder::new();
        std::fs::remove_file(folder.path("data/images/mug-07.png")).unwrap();
        folder.edit("require_correct = true", "require_correct = false");
        // Umlauts have two bytes each: bytes count, and not letters.
        let name = format!("{}{}", "\u{fc}".repeat(50), "y".repeat(length - 100));
        folder.write(&format!("data/images/{name}.png"), "not decoded here");
        folder
    }

    #[test]
    fn a_name_too_long_for_a_file_system_is_refused_and_one_byte_less_is_not() {
        let names = |folder: &Folder| {
            let study = folder.study().unwrap();
            Images::read(&study)?;
            let store = store::Store::open(&study.artifacts).unwrap();
            let sources = Sources::read(&study)?;
            let plan = Plan::new(&study, &sources, &store, Kind::Report).unwrap();
            let lengths = plan.all().map(|action| {
                let name = action.subject.file_name(&sources);
                name.len() + ENDING.len()
            });
            Ok::<_, crate::Problems>(lengths.max().unwrap())
        };
        let short = names(&of_length(120)).unwrap();
        let fits = 120 + LONGEST - short;
        assert_eq!(names(&of_length(fits)).unwrap(), LONGEST);
        let folder = of_length(fits + 3);
        let shown = folder.shown(&names(&folder).unwrap_err());
        assert!(shown.contains("a file name of 258 bytes"), "{shown}");
        assert!(shown.contains("by 3 bytes"), "{shown}");
    }
}
