//! The stage `segment`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::main(stage::Stage::Segment, segment::run)
}
