//! The stage `evaluate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Evaluate, evaluate::run)
}
