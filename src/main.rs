//! The program: calls `cli` and returns its exit status.

use std::process::ExitCode;

#[cfg(all(target_os = "linux", feature = "mimalloc"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jettison::cli::main()
}
