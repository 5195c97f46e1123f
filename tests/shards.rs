//! Several processes, each with a share of the work, over one store.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::LazyLock;

use crate::study_folder::{Finished, StudyFolder, repository};

/// Images beside the two of [`StudyFolder`]; of two shares, both have some.
const MORE: [&str; 3] = ["lamp-00", "chair-00", "goblet-01"];

fn folder() -> StudyFolder {
    let folder = StudyFolder::new();
    let mut labels = fs::read_to_string(folder.path("labels.csv")).unwrap();
    for image in MORE {
        let file = format!("images/{image}.png");
        fs::copy(repository().join("data").join(&file), folder.path(&file)).unwrap();
        let (class, _) = image.split_once('-').unwrap();
        labels.extend([file.as_str(), ",", class, "\n"]);
    }
    fs::write(folder.path("labels.csv"), labels).unwrap();
    folder
}

fn run_share(folder: &StudyFolder, stage: &str, shard: &str) -> Finished {
    let finished = folder.run(stage, &["--shard", shard]);
    finished.expect(0, "");
    finished
}

fn run_all_stages(folder: &StudyFolder, shard: &str) -> Finished {
    let finished = folder.run("pipeline", &["run", "--shard", shard]);
    finished.expect(0, "");
    finished
}

/// Runs shares of a stage at the same time.
fn run_together(folder: &StudyFolder, stage: &str, shards: &[&str]) {
    let start = |shard: &&str| {
        let mut command = folder.command(stage, &["-q", "--shard", shard]);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<_> = shards.iter().map(start).collect();
    for child in children {
        Finished::new(child.wait_with_output().unwrap()).expect(0, "");
    }
}

/// What latest/ shows: each name with the artifact behind it.
fn shown(folder: &StudyFolder) -> BTreeMap<String, String> {
    let tables = fs::read_dir(folder.path("artifacts/latest")).unwrap();
    let mut shown = BTreeMap::new();
    let tables = tables.map(|entry| entry.unwrap().path());
    for table in tables.filter(|table| table.is_dir()) {
        for link in fs::read_dir(&table).unwrap() {
            let link = link.unwrap().path();
            let object = fs::canonicalize(&link).unwrap();
            let name = link.strip_prefix(folder.path("artifacts/latest")).unwrap();
            let object = object.file_name().unwrap().to_str().unwrap();
            shown.insert(name.to_str().unwrap().to_owned(), object.to_owned());
        }
    }
    shown
}

/// The study of a single run.
static WHOLE: LazyLock<StudyFolder> = LazyLock::new(|| {
    let whole = folder();
    whole
        .run("pipeline", &["run", "evaluate", "-q"])
        .expect(0, "");
    whole
});

fn assert_same(shared: &StudyFolder, whole: &StudyFolder) {
    assert_eq!(shared.ids(), whole.ids());
    assert_eq!(shown(shared), shown(whole));
}

#[test]
fn all_shares_in_any_order_and_number_give_the_ids_of_a_single_run() {
    let (shared, whole) = (folder(), &*WHOLE);
    for shard in ["3/3", "1/3", "2/3"] {
        run_share(&shared, "segment", shard);
    }
    run_together(&shared, "infer", &["2/2", "1/2"]);
    for shard in ["2/4", "4/4", "1/4", "3/4"] {
        run_share(&shared, "gradcam", shard);
    }
    run_together(&shared, "lime", &["1/3", "2/3", "3/3"]);
    run_share(&shared, "deletion", "2/2");
    run_share(&shared, "deletion", "1/2");
    assert!(
        run_share(&shared, "evaluate", "2/2")
            .stderr
            .contains("done by shard 1")
    );
    assert!(shared.keys("scores").is_empty());
    run_share(&shared, "evaluate", "1/2");
    assert_same(&shared, whole);
}

#[test]
fn each_share_goes_through_all_stages_by_itself() {
    let (shared, whole) = (folder(), &*WHOLE);
    let first = run_all_stages(&shared, "2/2");
    assert!(
        first.stderr.contains("when all shards are"),
        "{}",
        first.stderr
    );
    let half = shared.keys("curves").len();
    assert!(0 < half && half < whole.keys("curves").len(), "{half}");
    run_all_stages(&shared, "1/2");
    assert_eq!(shared.keys("curves"), whole.keys("curves"));
    shared
        .run("pipeline", &["run", "evaluate", "-q"])
        .expect(0, "");
    assert_same(&shared, whole);
}

#[test]
fn a_share_does_what_it_can_and_names_the_stage_to_finish_first() {
    let folder = folder();
    let finished = folder.run("lime", &["--shard", "1/2"]);
    finished.expect(3, "bring segment up to date in all shards, then rerun lime");
    run_share(&folder, "segment", "1/2");
    // The whole has images whose crops are not made yet.
    let finished = folder.run("infer", &["--shard", "1/1"]);
    finished.expect(3, "wait for results of earlier stages");
    let done = folder.keys("logits").len();
    assert!(0 < done && done < 10, "{done}");
    let finished = folder.run("infer", &["--shard", "2/2"]);
    finished.expect(
        3,
        "bring segment up to date in all shards, then rerun infer",
    );
    run_share(&folder, "segment", "2/2");
    run_share(&folder, "infer", "2/2");
    assert_eq!(folder.keys("logits").len(), 10);
    folder
        .run("evaluate", &["--shard", "1/2"])
        .expect(3, "bring gradcam up to date in all shards");
}

#[test]
fn the_tasks_of_an_array_job_are_shares_unless_the_command_line_says_otherwise() {
    let folder = folder();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = folder.command("segment", arguments);
        Finished::new(command.envs(variables.iter().copied()).output().unwrap())
    };
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "6"),
        ("SLURM_ARRAY_TASK_MIN", "5"),
        ("SLURM_ARRAY_TASK_MAX", "6"),
        ("SLURM_ARRAY_TASK_COUNT", "2"),
    ];
    run(&[], &slurm).expect(0, "shard 2/2");
    let half = folder.keys("crops").len();
    assert!(0 < half && half < 5, "{half}");
    run(&[], &[("JOB_COMPLETION_INDEX", "0")]).expect(2, "Pass --shards N");
    run(&["--shard", "1/1"], &slurm).expect(0, "");
    assert_eq!(folder.keys("crops").len(), 5);
}

#[test]
fn a_share_that_cannot_be_is_refused_with_what_is_expected() {
    let folder = StudyFolder::new();
    for wrong in ["0/2", "3/2", "two"] {
        let finished = folder.run("segment", &["--shard", wrong]);
        finished.expect(2, "expected I/N with I from 1 to N");
    }
    assert!(!folder.path("artifacts").exists());
}
