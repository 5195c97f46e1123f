//! The stage `lime`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Lime,
        "Explains with LIME: asks about masked images and fits a linear surrogate",
        lime::run,
    )
}
