//! The stage `report`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Report, report::run)
}
