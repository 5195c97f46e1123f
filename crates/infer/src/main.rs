//! The stage `infer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Infer,
        "Asks the networks about the untouched images and chooses the class to explain",
        infer::run,
    )
}
