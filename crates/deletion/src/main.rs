//! The stage `deletion`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Deletion, deletion::run)
}
