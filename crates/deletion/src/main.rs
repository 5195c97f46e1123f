//! The stage `deletion`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Deletion,
        "Removes superpixels in the order of each explanation and asks the network at every step",
        deletion::run,
    )
}
