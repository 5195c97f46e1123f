//! The stage `report`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(
        stage::Stage::Report,
        "Writes the report: one HTML file and its tables",
        report::run,
    )
}
