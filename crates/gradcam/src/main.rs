//! The stage `gradcam`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Gradcam, gradcam::run)
}
