//! The program that looks at the whole study: what is done, what has to run and why; and that runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::main()
}
