//! Signals in the middle of a run.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::study_folder::{Finished, StudyFolder, program};

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

/// `pipeline` in a folder of its own: beside it are the other programs of this build, or shell scripts in their places.
struct Programs(PathBuf);

impl Programs {
    fn new(folder: &StudyFolder) -> Self {
        let programs = Self(folder.path("programs"));
        fs::create_dir(&programs.0).unwrap();
        // It finds the others beside itself, wherever a link to it lies.
        fs::copy(program("pipeline"), programs.0.join("pipeline")).unwrap();
        for name in ["segment", "infer", "gradcam", "lime", "look", "tune"] {
            programs.restore(name);
        }
        programs
    }

    fn restore(&self, name: &str) {
        let place = self.0.join(name);
        let _ = fs::remove_file(&place);
        symlink(program(name), place).unwrap();
    }

    fn replace(&self, name: &str, script: &str) {
        let place = self.0.join(name);
        fs::remove_file(&place).unwrap();
        fs::write(&place, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn pipeline(&self, folder: &Path, arguments: &[&str]) -> Finished {
        let mut command = Command::new(self.0.join("pipeline"));
        Finished::new(
            command
                .args(arguments)
                .current_dir(folder)
                .output()
                .unwrap(),
        )
    }
}

#[test]
fn a_stage_that_a_signal_ends_is_named_with_what_it_leaves() {
    let folder = StudyFolder::new();
    let programs = Programs::new(&folder);
    programs.replace("gradcam", "kill -SEGV $$");
    let finished = programs.pipeline(&folder.path("."), &["run"]);
    finished.expect(
        1,
        "the stage gradcam was ended by signal 11 (SIGSEGV): it crashed",
    );
    finished.expect(1, "it loads `alexnet.safetensors`, `resnet50.safetensors`");
    programs.restore("gradcam");
    programs.replace("lime", "kill -KILL $$");
    let finished = programs.pipeline(&folder.path("."), &["run"]);
    finished.expect(
        1,
        "the stage lime was ended by signal 9 (SIGKILL): out of memory?",
    );
    // Of 2 images, 2 networks and 2 runs, the perturbations, the weights and the relevances.
    finished.expect(1, "Not done yet: lime (24 actions), deletion (");
    assert!(!finished.stderr.contains("wait for results"));
    assert!(!folder.keys("saliency").is_empty());
}

#[test]
fn a_program_that_looks_at_networks_and_crashes_is_an_error_with_the_networks_name() {
    let folder = StudyFolder::new();
    let programs = Programs::new(&folder);
    let loading = "echo '{\"loading\": \"resnet50.safetensors\"}'";
    programs.replace("look", &format!("{loading}; kill -SEGV $$"));
    programs.replace("tune", "kill -ABRT $$");
    let pipeline = |arguments: &[&str]| programs.pipeline(&folder.path("."), arguments);
    let crash = "`resnet50.safetensors`: `look`, which tried this network, was ended by signal 11 (SIGSEGV)";
    pipeline(&["check"]).expect(2, crash);
    pipeline(&["plan", "--measure"]).expect(1, crash);
    let init = [
        "init",
        "--network",
        "resnet50.safetensors",
        "--images",
        "images",
    ];
    pipeline(&[&init[..], &["--config", "new.toml"]].concat()).expect(1, crash);
    pipeline(&["tune"]).expect(1, "`tune` was ended by signal 6 (SIGABRT): it crashed");
    programs.replace("look", "exit 1");
    pipeline(&["check"]).expect(2, "`look` ended with exit status 1 and no message");
}
