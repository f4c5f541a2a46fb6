//! The program: reads the arguments, calls `cli`, and turns its answer into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    jettison::cli::main()
}
