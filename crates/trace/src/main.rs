//! `jettison-trace --output FILE -- PROGRAM ARGS…` runs a program and records the files that it and
//! its children use. The README says what is recorded and how; `jettison_trace::Trace` describes
//! the file.

#![cfg_attr(all(supported, not(test)), no_main)]

mod arguments;
#[cfg(supported)]
mod tracer;

/// The exit status when the tracer itself fails, as with `env` and `docker run`.
const FAILED: i32 = 125;

/// The C library's entry point. Rust's own would ignore SIGPIPE and reopen closed standard streams,
/// and the program would inherit both.
#[cfg(all(supported, not(test)))]
#[expect(
    unsafe_code,
    reason = "the C library calls the entry point by its name; no other item is called `main`"
)]
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    run()
}

#[cfg(not(all(supported, not(test))))]
fn main() {
    std::process::exit(run());
}

/// Runs the program, and returns the exit status.
fn run() -> i32 {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments::Task::Run(options)) => trace(&options),
        Ok(arguments::Task::Print(text)) => {
            use std::io::Write as _;
            // A closed pipe is no reason to complain.
            let _ = std::io::stdout().write_all(text.as_bytes());
            0
        }
        Err(message) => complain(&message),
    }
}

#[cfg(supported)]
fn trace(options: &arguments::Options) -> i32 {
    tracer::run(options).unwrap_or_else(|message| complain(&message))
}

#[cfg(not(supported))]
fn trace(_: &arguments::Options) -> i32 {
    complain("only Linux on x86_64 and aarch64 is supported")
}

fn complain(message: &str) -> i32 {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "jettison-trace: {message}");
    FAILED
}
