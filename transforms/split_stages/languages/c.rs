//! C and C++: a program runs on the release on which it was built, with the libraries that it
//! links.

use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::c::{
    BUILDERS, COMPILERS, DETECTED_BUILDERS, DIRECTORIES_OF_PROGRAMS, ENDINGS_OF_SOURCES, FILES_OF_BUILDERS,
    IMAGES, LIBRARIES_OF_LIBC, WORDS_BEFORE_A_PREFIX,
};
use crate::knowledge::lists::directories::OF_SOURCES;
use crate::reasons::{self, Reason};
use crate::runtime::assets;
use crate::runtime::outputs::{
    Output, StageOutputs, Step, is_common_directory, is_not_read_at_run_time, is_shared_folder,
};
use crate::runtime::view::StageView;
use crate::syntax::Keyword;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps, program_path};
use crate::transforms::split_stages::{build_texts, distroless};

/// Whether programs are compiled in a stage on a bare distribution.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let mut runs = facts.runs_of(stage.index).iter();
    let compiles = runs.any(|run| {
        run.invocations
            .iter()
            .any(|invocation| COMPILERS.iter().chain(DETECTED_BUILDERS).any(|tool| invocation.is(tool)))
    });
    compiles && IMAGES.contains(&image.repository.as_str())
}

/// The recipe for such a stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, Done::output_of, finish)
}

#[derive(Default)]
struct Done {
    outputs: Vec<String>,
    prefixes: Vec<String>,
    /// The prefix that a later `make install` uses.
    configured: Option<String>,
    is_cpp: bool,
    builds_in: Vec<String>,
    /// The directories of cloned repositories.
    clones: Vec<String>,
}

impl Done {
    fn output_of(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        let program = invocation.program?;
        if COMPILERS.iter().any(|tool| invocation.is(tool)) {
            self.is_cpp |= invocation.is("g++") || invocation.is("c++") || invocation.is("clang++");
            let named = invocation
                .arguments()
                .windows(2)
                .find(|pair| pair[0].raw == "-o")
                .map(|pair| step.path(view.facts, &pair[1]));
            return Some(match named {
                Some(Some(path)) => {
                    self.outputs.push(path.clone());
                    Ok(Output::File(path))
                }
                Some(None) => Err(reasons::unknown_compiler_output()),
                None => {
                    self.outputs
                        .extend(step.directory.as_ref().map(|directory| format!("{directory}/a.out")));
                    Ok(Output::Nothing)
                }
            });
        }
        let is_output = step
            .path(view.facts, &invocation.words[0])
            .is_some_and(|path| invocation.words[0].raw.contains('/') && self.outputs.contains(&path));
        if !BUILDERS.contains(&program) && !is_output {
            return None;
        }
        Some(self.tool(view, step))
    }

    fn tool(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
        let invocation = step.invocation;
        let directory = step.directory.clone().ok_or(reasons::unknown_directory("a step"))?;
        let words: Vec<&str> = invocation.arguments().iter().map(crate::syntax::shell::Word::text).collect();
        let value = |names: &[&str]| {
            names.iter().find_map(|name| {
                words.iter().find_map(|word| word.strip_prefix(name)).or_else(|| {
                    let at = words.iter().position(|word| *word == name.trim_end_matches('='))?;
                    words.get(at + 1).copied()
                })
            })
        };
        if invocation.is("git") {
            // Options of git itself may come before: `git -C /opt clone`.
            if !words.contains(&"clone") {
                return Ok(Output::Folder);
            }
            let address = words.last().copied().unwrap_or_default();
            let path = step.cloned(view.facts).ok_or_else(|| reasons::unknown_path("git clone", address))?;
            self.clones.push(path);
            return Ok(Output::Nothing);
        }
        if let Some(prefix) = value(WORDS_BEFORE_A_PREFIX) {
            self.configured = Some(prefix.to_owned());
        }
        let installs = (invocation.is("make")
            || invocation.is("gmake")
            || invocation.is("ninja")
            || invocation.is("meson"))
            && words.iter().any(|word| word.starts_with("install"))
            || invocation.is("cmake")
                && (words.contains(&"--install")
                    || words.windows(2).any(|pair| pair == ["--target", "install"]));
        if installs {
            if words.iter().any(|word| word.starts_with("DESTDIR=")) {
                return Err(reasons::destdir());
            }
            let prefix = self.configured.clone().unwrap_or_else(|| "/usr/local".to_owned());
            if prefix != "/usr/local" && (is_common_directory(&prefix) || !prefix.starts_with('/')) {
                return Err(reasons::installed_files_mixed(&prefix));
            }
            if view.image.repository == "gcc" {
                return Err(reasons::compiler_in_usr_local());
            }
            if !self.prefixes.contains(&prefix) {
                self.prefixes.push(prefix);
            }
            return Ok(Output::Nothing);
        }
        self.builds_in.push(directory.clone());
        Ok(if paths::within(&directory, &view.folder) { Output::Folder } else { Output::Nothing })
    }
}

fn finish(view: &StageView<'_, '_>, done: &Done, work: StageOutputs) -> Result<Recipe, Reason> {
    let program = view.start.program().ok_or(reasons::unknown_start())?;
    let is_made = |path: &str| {
        done.outputs.iter().any(|output| output == path && !work.is_removed(output))
            || work.paths.iter().any(|(other, _)| other == path)
            || done.prefixes.iter().any(|prefix| paths::within(path, prefix))
    };
    let path = program_path(view, program, DIRECTORIES_OF_PROGRAMS, is_made)
        .ok_or_else(|| reasons::unknown_program_path(program))?;
    let copies = copies(view, done, &work, &path)?;
    let copied = copies.iter().flat_map(|copy| &copy.paths).chain(work.paths.iter().map(|(path, _)| path));
    if !copied.into_iter().any(|copied| paths::within(&path, copied)) {
        return Err(reasons::program_not_built(program));
    }
    let bare = (!done.is_cpp).then(|| distroless::libraries(view, &work, &is_source)).flatten();
    if let Some(libraries) = bare {
        return Ok(Recipe {
            language: "C",
            base: distroless::BASE.into(),
            copies,
            libraries,
            work: StageOutputs { packages: Vec::new(), ..work },
            ..Recipe::default()
        });
    }
    let has_ldconfig = !done.prefixes.is_empty() && view.image.repository != "alpine";
    Ok(Recipe {
        language: "C",
        base: base(view, done, &work)?,
        has_shell: true,
        keeps_fetching: false,
        copies,
        after: has_ldconfig.then(|| "RUN ldconfig".to_owned()).into_iter().collect(),
        work,
        ..Recipe::default()
    })
}

/// Whether the image works in a directory, or an instruction other than RUN or a link names it.
fn is_named(view: &StageView<'_, '_>, directory: &str) -> bool {
    let facts = view.facts;
    let names = |item: usize| {
        facts.instruction_at(item).is_some_and(|instruction| {
            let is_in_text = || instruction.text.of(facts.file.text).contains(directory);
            match instruction.keyword {
                Keyword::Run => instruction.text.of(facts.file.text).contains("ln ") && is_in_text(),
                // The check of named paths refuses these.
                Keyword::Workdir | Keyword::Cmd | Keyword::Entrypoint => false,
                _ => is_in_text(),
            }
        })
    };
    let last = facts.directory_after(view.stage.items.end - 1);
    last.is_some_and(|last| paths::within(&last, directory)) || view.stage.items.clone().any(names)
}

/// The installed and built files, and what the program at this path reads.
fn copies(
    view: &StageView<'_, '_>,
    done: &Done,
    work: &StageOutputs,
    path: &str,
) -> Result<Vec<Copy>, Reason> {
    let mut copies: Vec<Copy> =
        done.prefixes.iter().map(|prefix| Copy::of(prefix.clone(), "installed files")).collect();
    let folder = view.folder.trim_end_matches('/');
    let is_in_folder = |path: &str| paths::within(path, folder) && !folder.is_empty();
    let outputs = done.outputs.iter().filter(|output| !work.is_removed(output)).cloned();
    let (inside, elsewhere): (Vec<String>, Vec<String>) = outputs.partition(|output| is_in_folder(output));
    let elsewhere: Vec<String> =
        elsewhere.into_iter().filter(|output| !output.starts_with("/tmp/")).collect();
    if !elsewhere.is_empty() {
        copies.push(Copy { paths: elsewhere, ..Copy::of("", "the program") });
    }
    let is_known = inside.iter().any(|output| output == path) || !is_in_folder(path);
    // Their files can't be listed, and the program may read some of them.
    let is_kept = |clone: &&String| {
        !work.is_removed(clone)
            && !is_not_read_at_run_time(clone)
            && (!OF_SOURCES.iter().any(|directory| paths::within(clone, directory)) || is_named(view, clone))
    };
    let clones: Vec<&String> = done.clones.iter().filter(is_kept).collect();
    let has_clone = clones.iter().any(|clone| is_in_folder(clone));
    let mut covers_folder = false;
    for clone in clones.into_iter().filter(|clone| !is_in_folder(clone)) {
        covers_folder |= paths::within(&view.folder, clone);
        copies.push(Copy::of(clone.clone(), "the cloned repository"));
    }
    if covers_folder {
        return Ok(copies);
    }
    match if has_clone || work.in_folder && !is_known { None } else { assets::assets(view, &is_source) } {
        Some(found) => {
            if !inside.is_empty() {
                copies.push(Copy { paths: inside, ..Copy::of("", "the program") });
            }
            if !found.is_empty() {
                copies.push(Copy { paths: found, ..Copy::of("", "files read at run time") });
            }
        }
        // The program is elsewhere, and the files in a temporary directory are not part of it.
        None if is_not_read_at_run_time(&view.folder) && !is_in_folder(path) => {}
        None if is_shared_folder(&view.folder) => {
            return Err(reasons::unknown_read_files(&view.folder));
        }
        None => copies.push(Copy::of(view.folder.clone(), "the program and files read at run time")),
    }
    Ok(copies)
}

/// The image with the libraries that the program links.
fn base(view: &StageView<'_, '_>, done: &Done, work: &StageOutputs) -> Result<String, Reason> {
    match view.image.repository.as_str() {
        "debian" => view.debian_slim(),
        "gcc" if done.is_cpp || !done.builds_in.is_empty() => Err(reasons::own_libstdcxx()),
        "buildpack-deps" | "gcc" => match library_of_the_image(view, work) {
            Some(library) => Err(reasons::links_full_image(&library)),
            None => view.debian_slim(),
        },
        _ => Ok(view.written_image()),
    }
}

/// A library that a command or a makefile links and that no installed package brings: the image has
/// it, with its headers.
fn library_of_the_image(view: &StageView<'_, '_>, work: &StageOutputs) -> Option<String> {
    let brought = |library: &str| {
        let all = view.facts.known.libraries().iter();
        let mut installed = all.filter(|entry| entry.dev.iter().any(|dev| work.packages.contains(dev)));
        installed.any(|entry| entry.files.iter().any(|file| file.starts_with(&format!("lib{library}.so"))))
    };
    for word in build_texts::texts(view).flat_map(build_texts::words) {
        match build_texts::library(word) {
            Some(library)
                if !library.is_empty() && !LIBRARIES_OF_LIBC.contains(&library) && !brought(library) =>
            {
                return Some(library.to_owned());
            }
            _ if matches!(word, "-fopenmp" | "pkg-config" | "pkgconf") || word.ends_with("-config") => {
                return Some(word.to_owned());
            }
            _ => {}
        }
    }
    None
}

/// Files that only compilers and build tools read or write.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS_OF_SOURCES.contains(&ending) || FILES_OF_BUILDERS.contains(&name)
}
