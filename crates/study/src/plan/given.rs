//! Files of other tools in a study: label maps and explanations, what is said of them, and which actions read them.

use std::collections::BTreeSet;

use super::matrix::settle;
use super::{Plan, Subject};
use crate::fixture::Folder;
use crate::plan::State;
use crate::{Kind, Sources, Study};

const STUDY: &str = r#"
[study]
seed = 1
runs = 2
artifacts = "artifacts"

[images]
folder = "images"
classes = "classes.txt"

[networks.one]
architecture = "alexnet"
weights = "one.safetensors"

[networks.two]
architecture = "resnet50"
weights = "two.safetensors"

[partitions.organs]
algorithm = "files"
folder = "organs"

[partitions.squares]
algorithm = "grid"

[methods.lrp]
kind = "external"
files = "answers/lrp-{network}.npz"

[methods.shap]
kind = "external"
files = "answers/{network}/{partition}.parquet"
runs = 3
networks = ["one"]

[sanity]
images = 1
depths = 1
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pipeline.toml", STUDY);
    for file in [
        "images/a.png",
        "images/more/b.jpg",
        "organs/a.png",
        "organs/more/b.npy",
        "one.safetensors",
        "two.safetensors",
        "answers/lrp-one.npz",
        "answers/lrp-two.npz",
        "answers/one/organs.parquet",
        "answers/one/squares.parquet",
    ] {
        folder.write(file, file);
    }
    folder.write("classes.txt", "mug\nkey\n");
    folder
}

/// What is made after a change, by kind, network, partition, method and image.
fn made_after(change: impl Fn(&Folder)) -> BTreeSet<String> {
    let folder = folder();
    settle(&folder, None);
    change(&folder);
    let made = settle(&folder, None);
    let shown = |kind: Kind, subject: &Subject| {
        let names = [&subject.network, &subject.partition, &subject.method];
        let names: Vec<&str> = names
            .into_iter()
            .flatten()
            .map(config::Name::as_str)
            .collect();
        format!("{kind} {} {}", names.join(" "), subject.image.unwrap_or(9))
    };
    let made = made.iter().flat_map(|(kind, subjects)| {
        let kind = *kind;
        subjects.iter().map(move |subject| shown(kind, subject))
    });
    // A file that gives what it gave before changes nothing behind it.
    made.collect()
}

#[test]
fn a_changed_answer_is_read_again_by_its_own_explanations() {
    let made = made_after(|folder| folder.write("answers/lrp-two.npz", "another"));
    let of = |partition: &str, image: u32| format!("relevances two {partition} lrp {image}");
    let images = [0, 1].into_iter();
    let expected = images.flat_map(|image| ["organs", "squares"].map(|name| of(name, image)));
    assert_eq!(made, expected.collect());
    let made = made_after(|folder| folder.write("answers/one/squares.parquet", "another"));
    let expected = [0, 1].map(|image| format!("relevances one squares shap {image}"));
    assert_eq!(made, BTreeSet::from(expected));
}

#[test]
fn a_changed_label_map_cuts_its_own_image_again() {
    let made = made_after(|folder| folder.write("organs/more/b.npy", "another"));
    assert_eq!(made, BTreeSet::from(["segments organs 1".to_owned()]));
    let geometry = "folder = \"organs\"\ngeometry = \"crop\"";
    let made = made_after(|folder| folder.edit("folder = \"organs\"", geometry));
    // The report shows the settings.
    let expected = ["report  9", "segments organs 0", "segments organs 1"];
    assert_eq!(made, expected.map(str::to_owned).into());
}

#[test]
fn an_answer_that_is_not_there_yet_stops_no_other_action_and_is_announced() {
    let folder = folder();
    std::fs::remove_file(folder.path("answers/lrp-two.npz")).unwrap();
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    assert_eq!(
        folder.plain(&sources.images.warnings.join("\n")),
        "the method `lrp` has no answers for the network `two` yet: there is no file `answers/lrp-two.npz`. `pipeline challenge FOLDER` writes the \
         inputs for the tool"
    );
    settle(&folder, None);
    folder.write("answers/lrp-two.npz", "another");
    let made = settle(&folder, None);
    assert_eq!(made[&Kind::Relevances].len(), 4);
}

#[test]
fn other_tools_have_the_runs_of_their_files_and_explain_no_random_networks() {
    let folder = folder();
    settle(&folder, None);
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = store::Store::open(&study.artifacts).unwrap();
    let plan = Plan::new(&study, &sources, &store, Kind::Relevances).unwrap();
    let of = |method: &str| {
        let actions = plan.of(Kind::Relevances);
        let actions = actions.filter(|action| {
            assert!(matches!(action.state, State::Done { .. }));
            assert_eq!(action.subject.depth, None);
            action
                .subject
                .method
                .as_ref()
                .is_some_and(|name| name.as_str() == method)
        });
        actions.count()
    };
    // Images, networks, partitions, runs.
    assert_eq!(of("lrp"), 2 * 2 * 2);
    assert_eq!(of("shap"), 2 * 2 * 3);
    let deterministic = |study: &Study, method: &str| {
        let method = study
            .methods
            .iter()
            .find(|(name, _)| name.as_str() == method);
        method.unwrap().1.deterministic()
    };
    assert!(deterministic(&study, "lrp") && !deterministic(&study, "shap"));
}

#[test]
fn paths_of_answers_that_cannot_be_are_refused() {
    let refused = |new: &str| {
        let folder = folder();
        folder.edit("answers/lrp-{network}.npz", new);
        folder.shown(&folder.study().unwrap_err())
    };
    for (path, said) in [
        (
            "answers/lrp-{net}.npz",
            "expected `{network}` and `{partition}` only",
        ),
        (
            "answers/lrp-{network}.npy",
            "expected an ending .npz, .safetensors or .parquet",
        ),
        (
            "answers/lrp.npz",
            "`files` is one file, but the method explains several networks",
        ),
    ] {
        let shown = refused(path);
        assert_eq!(shown.matches("error:").count(), 1, "{shown}");
        assert!(
            shown.contains(said) && shown.contains("pipeline.toml:28:9"),
            "{shown}"
        );
    }
    let folder = folder();
    folder.edit(
        "answers/lrp-{network}.npz\"",
        "answers/lrp.npz\"\nnetworks = [\"two\"]",
    );
    assert!(folder.study().is_ok());
}

#[test]
fn an_image_without_a_label_map_and_two_maps_of_one_image_are_refused() {
    let folder = folder();
    std::fs::remove_file(folder.path("organs/more/b.npy")).unwrap();
    let refused = || folder.shown(&Sources::read(&folder.study().unwrap()).unwrap_err());
    let shown = refused();
    let title = "the partition `organs` has no label map for `more__b` in `organs`";
    assert!(
        shown.contains(title) && shown.contains("`more/b.png` or `more/b.npy`"),
        "{shown}"
    );
    folder.write("organs/more/b.npy", "b");
    folder.write("organs/more/b.png", "b");
    let shown = refused();
    let title = "two label maps for one image: `organs/more/b.npy` and `organs/more/b.png`";
    assert!(shown.contains(title), "{shown}");
    // Pictures in the folder are no images of the study, wherever it lies.
    std::fs::remove_file(folder.path("organs/more/b.png")).unwrap();
    folder.edit("folder = \"organs\"", "folder = \"images/organs\"");
    folder.write("images/organs/a.png", "a");
    folder.write("images/organs/more/b.npy", "b");
    assert_eq!(Sources::read(&folder.study().unwrap()).unwrap().len(), 2);
}
