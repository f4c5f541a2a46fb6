//! The program: calls `cli` and returns its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    jettison::cli::main()
}
