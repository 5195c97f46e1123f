//! The stage `gradcam`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Gradcam,
        "Explains with Grad-CAM: which parts of the last convolutional layer speak for the class",
        gradcam::run,
    )
}
