//! The stage `segment`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Segment,
        "Crops the images and cuts them into superpixels",
        segment::run,
    )
}
