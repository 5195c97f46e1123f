//! The stage `lime`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Lime, lime::run)
}
