//! Signals in the middle of a run.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::study_folder::{Finished, StudyFolder};

fn stop_lime_after_two_results(folder: &StudyFolder, signal: Signal) -> (i32, Duration) {
    let before = folder.keys("perturbations").len();
    let mut child = folder
        .command("lime", &["-q"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while folder.keys("perturbations").len() < before + 2 {
        assert!(start.elapsed() < Duration::from_mins(2), "no result came");
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it could be stopped"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = Instant::now();
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), signal).unwrap();
    let status = child.wait().unwrap();
    (status.code().unwrap_or(-1), told.elapsed())
}

#[test]
fn a_stopped_stage_keeps_what_is_finished_and_goes_on_to_the_same_ids() {
    let (stopped, whole) = (StudyFolder::new(), StudyFolder::new());
    for folder in [&stopped, &whole] {
        folder.change("samples = 32", "samples = 320");
    }
    stopped
        .run("pipeline", &["run", "infer", "-q"])
        .expect(0, "");
    for (signal, expected) in [(Signal::INT, 130), (Signal::TERM, 75)] {
        let finished = stopped.keys("perturbations");
        let (status, took) = stop_lime_after_two_results(&stopped, signal);
        assert_eq!(status, expected);
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert!(stopped.keys("perturbations").is_superset(&finished));
    }
    stopped
        .run("pipeline", &["run", "evaluate", "-q"])
        .expect(0, "");
    whole
        .run("pipeline", &["run", "evaluate", "-q"])
        .expect(0, "");
    assert!(stopped.ids() == whole.ids(), "the ids differ");
}

#[test]
fn a_stage_ends_in_the_middle_of_a_long_action_and_keeps_what_is_finished() {
    let folder = StudyFolder::new();
    // A cut of minutes, which looks at no signal.
    folder.change("[images]", "[images]\nresize = 1500\ncrop = 1500");
    folder.change(
        "algorithm = \"grid\"\nrows = 3\ncolumns = 4",
        "algorithm = \"quickshift\"\nkernel_size = 50.0",
    );
    let child = folder
        .command("segment", &["-q"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while folder.keys("crops").len() < 2 {
        assert!(start.elapsed() < Duration::from_mins(2), "no crop came");
        std::thread::sleep(Duration::from_millis(10));
    }
    // It cuts by now.
    std::thread::sleep(Duration::from_secs(1));
    let told = Instant::now();
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::TERM).unwrap();
    let finished = Finished::new(child.wait_with_output().unwrap());
    let took = told.elapsed();
    finished.expect(75, "stopped by SIGTERM");
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(
        took > Duration::from_secs(5),
        "it was not cutting: {took:?}"
    );
    assert_eq!(folder.keys("crops").len(), 2);
    assert!(folder.keys("segments").is_empty());
}
