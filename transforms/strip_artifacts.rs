//! Build programs without symbol tables and debug information (opt-in).
//!
//! # Why
//! Tables that only debuggers and profilers read make up a third of a Go program, and more of a
//! Rust, C or C++ program.
//!
//! # Safety
//! Manual: the fix is shown and never applied, unless `strip: true` in `.jettison.yaml` makes it
//! Unsafe. The program does the same, but core dumps and stack traces contain less, and Go stack
//! traces name files without the directory in which they were built. The options are the compilers'
//! own: `-ldflags="-s -w" -trimpath` for `go build` and `go install` (`go help build`), `-s` for
//! gcc and clang when they link (their manual, "Link Options"),
//! `--config=profile.release.strip=true` for `cargo build --release` (the cargo book, "Profiles").
//!
//! # When it does nothing
//! An option of the command, or a variable in the file, already controls these tables or requests
//! debug information; or the compiler does not link. It refuses if the command passes linker
//! options of its own, to which this one would have to be added.
//!
//! # Examples
//! ```dockerfile before
//! FROM golang:1.22 AS build
//! COPY . .
//! RUN go build -o /clock .
//! FROM scratch
//! COPY --from=build /clock /clock
//! CMD ["/clock"]
//! ```
//! ```dockerfile after
//! FROM golang:1.22 AS build
//! COPY . .
//! RUN go build -ldflags="-s -w" -trimpath -o /clock .
//! FROM scratch
//! COPY --from=build /clock /clock
//! CMD ["/clock"]
//! ```
//! ```dockerfile before
//! FROM gcc:13
//! COPY main.c .
//! RUN gcc -O2 -o /clock main.c
//! CMD ["/clock"]
//! ```
//! ```dockerfile after
//! FROM gcc:13
//! COPY main.c .
//! RUN gcc -s -O2 -o /clock main.c
//! CMD ["/clock"]
//! ```

use crate::edit::Edits;
use crate::facts::Invocation;
use crate::knowledge::languages::{c, go};
use crate::knowledge::lists::variables::DECIDING_ABOUT_SYMBOLS;
use crate::reasons;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "strip-artifacts",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Manual,
    group: Group::Default,
    since: "0.1.0",
    source: include_str!("strip_artifacts.rs"),
    hadolint: &[],
    contract: Contract::ADDS_OPTIONS,
    run,
};

/// One compiler: its options, where to insert them, and the words of a call that already decide.
struct Compiler {
    after: usize,
    option: &'static str,
    decided: &'static [&'static str],
    links_its_own_way: &'static [&'static str],
}

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    if DECIDING_ABOUT_SYMBOLS.iter().any(|name| ctx.file.text.contains(name)) {
        return;
    }
    let applicability = if ctx.settings.config.strip { Applicability::Unsafe } else { Applicability::Manual };
    for run in ctx.facts.runs.iter().filter(|run| run.editable().is_some()) {
        let anchor = run.instruction.text;
        for invocation in &run.invocations {
            let Some(compiler) = compiler(invocation).filter(|_| !invocation.place.in_word) else { continue };
            let has = |starts: &[&str]| {
                invocation
                    .arguments()
                    .iter()
                    .any(|word| starts.iter().any(|start| word.raw.starts_with(start)))
            };
            if has(compiler.decided) {
                continue;
            }
            if has(compiler.links_its_own_way) {
                if ctx.settings.config.strip {
                    let reason = reasons::own_linker_options(compiler.option);
                    fixes.refuse(anchor, reason.undone("symbol tables not removed"));
                }
                continue;
            }
            let mut edits = Edits::new();
            edits.insert(compiler.after, format!(" {}", compiler.option));
            let title = format!("build without symbol tables: {}", compiler.option);
            fixes.propose(applicability, anchor, title, edits);
        }
    }
}

fn compiler(invocation: &Invocation<'_>) -> Option<Compiler> {
    let arguments = invocation.arguments();
    let verb = arguments.first()?;
    let has = |option: &str| arguments.iter().any(|word| word.raw == option);
    if invocation.is("go") && matches!(verb.raw.as_str(), "build" | "install") {
        return Some(Compiler {
            after: verb.span.end,
            option: "-ldflags=\"-s -w\" -trimpath",
            decided: go::OPTIONS_ABOUT_SYMBOLS,
            links_its_own_way: &["-ldflags", "--ldflags"],
        });
    }
    if invocation.is("cargo") && verb.raw == "build" && (has("--release") || has("-r")) {
        return Some(Compiler {
            after: verb.span.end,
            option: "--config=profile.release.strip=true",
            decided: &["--config", "--profile"],
            links_its_own_way: &[],
        });
    }
    let links = ["gcc", "g++", "clang", "clang++"].iter().any(|name| invocation.is(name)) && has("-o");
    links.then(|| Compiler {
        after: invocation.words[0].span.end,
        option: "-s",
        decided: c::OPTIONS_ABOUT_SYMBOLS,
        links_its_own_way: &["-Wl,", "-T"],
    })
}
