//! The stage `infer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Infer, infer::run)
}
