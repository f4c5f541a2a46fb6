//! Node: what compiles the sources and tests them are development dependencies, which the running program does without.
//!
//! The application's folder goes as a whole, with production dependencies only where what is started is known to need no
//! others. (npm, yarn 1 and pnpm documentation: `npm prune`, `yarn install --production`, `pnpm prune`.)

use serde_json::Value;

use crate::facts::base_image::ImageName;
use crate::facts::commands::Invocation;
use crate::facts::split::work::{Own, Step, Work, is_common_directory, is_shared_folder};
use crate::facts::split::{Answer, Copy, Look, Made, Recipe, called, is_full};
use crate::facts::{Facts, Stage, paths};
use crate::syntax::shell::Word;

/// Managers of packages, and what enables them.
const MANAGERS: &[&str] = &["npm", "yarn", "yarnpkg", "pnpm", "npx", "pnpx", "corepack"];

/// Work on the sources of the folder, and leave what they make in it.
const BUILDERS: &[&str] = &[
    "node",
    "tsc",
    "tsc-alias",
    "vite",
    "webpack",
    "rollup",
    "esbuild",
    "ng",
    "next",
    "nuxt",
    "nest",
    "parcel",
    "gulp",
    "grunt",
    "babel",
    "swc",
    "tsup",
    "turbo",
    "nx",
    "lerna",
    "eslint",
    "prettier",
    "jest",
    "mocha",
    "vitest",
    "sass",
    "ncc",
    "ts-node",
    "tsx",
    "svelte-kit",
    "astro",
    "gatsby",
    "vue-cli-service",
    "react-scripts",
    "prisma",
    "lessc",
    "postcss",
    "husky",
    "rimraf",
];

/// Whether packages are installed in a stage on Node that has more than running takes: an image with compilers, compilers that are installed,
/// or sources that are compiled.
pub(super) fn is_it(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    image.repository == "node" && installs(facts, stage) && (is_full(image) || builds(facts, stage))
}

fn installs(facts: &Facts<'_>, stage: &Stage) -> bool {
    let mut all = facts.runs.iter().filter(|run| run.stage == stage.index).flat_map(|run| &run.invocations);
    all.any(|one| {
        let verbs = verbs(one);
        let verb = verbs.first().copied();
        let global = one.arguments().iter().any(|word| matches!(word.raw.as_str(), "-g" | "--global"));
        !global
            && (one.is("npm") || one.is("pnpm"))
            && matches!(verb, Some("ci" | "install" | "i" | "clean-install"))
            || one.is("yarn") && matches!(verb, None | Some("install"))
    })
}

/// The first two words that are no options.
fn verbs<'w>(one: &'w Invocation<'_>) -> Vec<&'w str> {
    one.arguments().iter().filter(|word| !word.is_option()).map(Word::text).take(2).collect()
}

/// Whether sources are compiled, or native modules with compilers that the stage installs.
fn builds(facts: &Facts<'_>, stage: &Stage) -> bool {
    let runs = || facts.runs.iter().filter(|run| run.stage == stage.index);
    let builds = runs().flat_map(|run| &run.invocations).any(|one| {
        let verbs = verbs(one);
        let is_build = |verb: &&str| {
            verb.contains("build") || verb.contains("compile") || matches!(*verb, "tsc" | "bundle")
        };
        (one.is("npm") || one.is("pnpm") || one.is("yarn") || one.is("npx")) && verbs.iter().any(is_build)
            || ["tsc", "vite", "webpack", "ng", "nest", "next"].iter().any(|tool| one.is(tool))
    });
    let compiles = runs().flat_map(|run| &run.calls).flat_map(|call| &call.packages);
    let compiles = compiles
        .into_iter()
        .any(|word| matches!(word.text(), "make" | "g++" | "gcc" | "build-essential" | "build-base"));
    builds || compiles
}

/// What is known of a Node stage.
pub(super) fn recipe(look: &Look<'_, '_>) -> Answer {
    is_it(look.facts, look.stage, look.image).then(|| {
        let anchor = look.facts.start_of(look.stage);
        let mut done = Done::default();
        let work = Work::of(look.facts, look.stage, &mut |step| done.own(look, step))?;
        finish(look, &done, work).map_err(|reason| (anchor, reason))
    })
}

#[derive(Default)]
struct Done {
    /// Directories with dependencies installed in them, and by which manager.
    installed: Vec<(String, &'static str)>,
    /// Calls that install programs for everybody: their text and the packages.
    global: Vec<(String, Vec<String>)>,
}

impl Done {
    fn own(&mut self, look: &Look<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Own, String>> {
        let one = step.one;
        let program = one.program?;
        if BUILDERS.contains(&program) {
            return Some(Self::in_directory(look, step));
        }
        if !MANAGERS.contains(&program) {
            return None;
        }
        let words: Vec<&str> = step.operands().map(crate::syntax::shell::Word::text).collect();
        let verb = words.first().copied().unwrap_or("install");
        let is_global = one
            .arguments()
            .iter()
            .any(|word| matches!(word.raw.as_str(), "-g" | "--global" | "--location=global"))
            || verb == "global";
        let text = one.command.span.of(look.facts.file.text).to_owned();
        Some(match (program, verb) {
            ("corepack", _) => {
                self.global.push((text, vec!["yarn".into(), "pnpm".into()]));
                Ok(Own::Nothing)
            }
            (
                "npm" | "yarn" | "pnpm",
                "config" | "set" | "cache" | "version" | "audit" | "fund" | "view" | "ls",
            ) => Ok(Own::Nothing),
            (_, _) if is_global => {
                let packages =
                    words.iter().skip(1).filter(|word| **word != "add").map(|word| bare(word).to_owned());
                self.global.push((text, packages.collect()));
                Ok(Own::Nothing)
            }
            ("npm" | "pnpm", "ci" | "install" | "i" | "clean-install" | "add")
            | ("yarn" | "yarnpkg", "install" | "add") => {
                let manager = match program {
                    "npm" => "npm",
                    "pnpm" => "pnpm",
                    _ => "yarn",
                };
                self.installed.extend(step.directory.clone().map(|directory| (directory, manager)));
                Self::in_directory(look, step)
            }
            _ => Self::in_directory(look, step),
        })
    }

    fn in_directory(look: &Look<'_, '_>, step: &Step<'_, '_>) -> Result<Own, String> {
        let directory = step.directory.clone().ok_or("the directory of a step can't be told")?;
        if paths::within(&directory, &look.folder) {
            Ok(Own::Folder)
        } else if is_common_directory(&directory) {
            Err(format!("what `{}` leaves in {directory} can't be told", step.one.words[0].raw))
        } else {
            Ok(Own::Path(directory))
        }
    }
}

/// A package's name without version.
fn bare(package: &str) -> &str {
    package.rfind('@').filter(|&at| at > 0).map_or(package, |at| &package[..at])
}

/// Packages that link libraries of the system's, or call its programs, unless they come prebuilt. (Each package's own notes on installing.)
const LINKED: &[&str] = &[
    "canvas",
    "gdal",
    "ibm_db",
    "imagemagick-native",
    "kerberos",
    "libxmljs",
    "libxmljs2",
    "mapnik",
    "node-rdkafka",
    "odbc",
    "opencv4nodejs",
    "oracledb",
    "zeromq",
];

fn finish(look: &Look<'_, '_>, done: &Done, mut work: Work) -> Result<Recipe, String> {
    if is_shared_folder(&look.folder) {
        return Err(format!(
            "the application lies in {}, together with other things; give it a WORKDIR of its own",
            look.folder
        ));
    }
    let manifest = look.context.and_then(|context| {
        look.text_at(context, &format!("{}/package.json", look.folder))
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
    });
    let started = Started::of(look, manifest.as_ref());
    if let Some(name) = ["puppeteer", "playwright", "@playwright/test", "cypress", "electron"]
        .into_iter()
        .find(|name| has(manifest.as_ref(), "dependencies", name))
    {
        return Err(format!("{name} brings a browser that needs more than its folder"));
    }
    if is_full(look.image)
        && let Some(name) = LINKED.iter().find(|name| has(manifest.as_ref(), "dependencies", name))
    {
        return Err(format!("{name} links libraries that only the full image has"));
    }
    let full = look.written_image();
    let slim = look.slim();
    let scripts = look.scripts();
    // What the full image has on top can be missed only by what is not known.
    let needs_slim = is_full(look.image) && !builds(look.facts, look.stage);
    let (base, base_is_other) = match (&manifest, &scripts) {
        (Some(_), Some(_)) => (slim.clone(), slim != full),
        (None, _) if needs_slim => {
            return Err(format!(
                "{}/package.json can't be read, so what the program needs of the full image is not known",
                look.folder.trim_end_matches('/')
            ));
        }
        (_, None) if needs_slim => {
            return Err("a script that the image starts is not in the build context, and may call what only the full image has".into());
        }
        _ => (full, false),
    };
    let mut packages = Vec::new();
    if base_is_other {
        for (dependency, package) in [
            ("gm", "imagemagick"),
            ("imagemagick", "imagemagick"),
            ("pg-native", "libpq5"),
            ("simple-git", "git"),
            ("@prisma/client", "openssl"),
            ("python-shell", "python3"),
            ("node-libcurl", "libcurl4"),
        ] {
            if has(manifest.as_ref(), "dependencies", dependency) {
                packages.push(package.to_owned());
            }
        }
        packages.extend(look.time_zones());
        packages.extend(called::by_scripts(scripts.as_deref().unwrap_or_default()));
        packages.extend(called::by_sources(look));
    }
    let compiles = work
        .packages
        .iter()
        .any(|name| matches!(name.as_str(), "make" | "g++" | "gcc" | "build-essential" | "build-base"));
    work.packages.retain(|name| {
        !compiles
            || !matches!(name.as_str(), "python3" | "python" | "python2" | "py3-pip")
            || look.start.names(name)
    });
    let runtime =
        done.global.iter().filter(|(_, packages)| packages.iter().any(|package| started.calls(package)));
    let runtime = runtime.map(|(text, _)| format!("RUN {text}")).collect();
    let at_end =
        if started.needs_production_only(manifest.as_ref()) { prune(look, done) } else { Vec::new() };
    let reason = if at_end.is_empty() {
        "the application as it was built"
    } else {
        "the application as it was built, with production dependencies"
    };
    let mut copies = vec![Copy::of(look.folder.clone(), reason)];
    copies.extend(
        work.paths
            .iter()
            .filter(|(path, _)| {
                done.installed.iter().any(|(directory, _)| directory == path)
                    && !paths::within(path, &look.folder)
            })
            .map(|(path, _)| Copy::of(path.clone(), "what was built beside it")),
    );
    Ok(Recipe {
        language: "Node",
        base,
        has_shell: true,
        packages,
        keeps_fetching: true,
        copies,
        runtime,
        at_end,
        work,
        ..Recipe::default()
    })
}

/// The steps that take development dependencies out again.
fn prune(look: &Look<'_, '_>, done: &Done) -> Vec<Made> {
    let sends = |path: &str| look.context.is_some_and(|context| context.sends_file(path));
    let modern_yarn = sends(".yarnrc.yml")
        || look.context.is_some_and(|context| {
            context.texts.get("package.json").is_some_and(|text| text.contains("\"yarn@"))
                && !context.texts.get("package.json").is_some_and(|text| text.contains("\"yarn@1"))
        });
    let mut steps: Vec<Made> = Vec::new();
    for (directory, manager) in
        done.installed.iter().filter(|(directory, _)| paths::within(directory, &look.folder))
    {
        let command = match *manager {
            "npm" => "npm prune --omit=dev",
            "pnpm" if !sends("pnpm-workspace.yaml") => "CI=true pnpm prune --prod",
            "yarn" if !modern_yarn => "yarn install --production --ignore-scripts --prefer-offline",
            _ => continue,
        };
        let text = if *directory == look.end_of_build() {
            format!("RUN {command}")
        } else {
            format!("RUN cd {directory} && {command}")
        };
        if !steps.iter().any(|step| step.text == text) {
            let comment = if steps.is_empty() { "what only the build needed" } else { "" };
            steps.push(Made { comment: comment.into(), text });
        }
    }
    steps
}

fn has(manifest: Option<&Value>, section: &str, name: &str) -> bool {
    manifest.and_then(|manifest| manifest.get(section)).and_then(|all| all.get(name)).is_some()
}

/// The commands that start the application, seen through package.json's scripts.
struct Started {
    /// The words of each; none where a script can't be found.
    commands: Option<Vec<Vec<String>>>,
}

impl Started {
    fn of(look: &Look<'_, '_>, manifest: Option<&Value>) -> Self {
        let words: Vec<String> = look.start.words().iter().map(|word| (*word).to_owned()).collect();
        let health = look.start.all.iter().filter(|one| one.keyword == crate::syntax::Keyword::Healthcheck);
        let mut texts = vec![words.join(" ")];
        texts.extend(health.map(|one| one.words.join(" ")));
        texts.extend(
            look.scripts()
                .into_iter()
                .flatten()
                .flat_map(|script| script.lines())
                .filter(|line| !line.starts_with('#'))
                .map(str::to_owned),
        );
        Self { commands: resolve(&texts, manifest, 4) }
    }

    /// Whether something that is started is this program.
    fn calls(&self, program: &str) -> bool {
        let name = program.rsplit('/').next().unwrap_or(program);
        let is_it = |word: &String| word.rsplit('/').next() == Some(name);
        self.commands.as_ref().is_none_or(|all| all.iter().any(|words| words.iter().any(is_it)))
    }

    /// Whether all that is started comes with Node, the system or production dependencies.
    fn needs_production_only(&self, manifest: Option<&Value>) -> bool {
        let Some(commands) = &self.commands else { return false };
        if has(manifest, "devDependencies", "prisma") || has(manifest, "dependencies", "@prisma/client") {
            // Its client is generated into node_modules.
            return false;
        }
        commands.iter().all(|words| {
            let mut words = words.iter().filter(|word| !word.contains('=') || word.starts_with('-'));
            let mut first = words.next().map(String::as_str);
            while matches!(
                first,
                Some("exec" | "npx" | "cross-env" | "env" | "dotenv" | "-y" | "--yes" | "--")
            ) {
                first = words.next().map(String::as_str);
            }
            let Some(first) = first else { return true };
            // `node -r ts-node/register` asks for a package, too.
            let required = words.clone().any(|word| {
                DEV_LOADERS
                    .iter()
                    .any(|loader| word.contains(loader) && !has(manifest, "dependencies", loader))
            });
            let first = first.trim_matches(['"', '\'']);
            let is_system = SYSTEM.contains(&first)
                || first.starts_with(['/', '$', '-', '.']) && !first.contains("node_modules");
            !required && (is_system || has(manifest, "dependencies", package_of(first)))
        })
    }
}

/// What runs sources that were not compiled.
const DEV_LOADERS: &[&str] =
    &["ts-node", "tsx", "@babel/register", "@babel/node", "tsconfig-paths", "nodemon", "@swc-node/register"];

/// Programs that come with Node, the shell or the system.
const SYSTEM: &[&str] = &[
    "node",
    "npm",
    "yarn",
    "pnpm",
    "sh",
    "bash",
    "echo",
    "cd",
    "sleep",
    "export",
    "set",
    "exit",
    "if",
    "then",
    "else",
    "fi",
    "while",
    "do",
    "done",
    "true",
    "false",
    "test",
    "[",
    "curl",
    "wget",
    "tini",
    "dumb-init",
    "nginx",
    "docker-entrypoint.sh",
    "mkdir",
    "cp",
    "rm",
    "cat",
    "chown",
    "pm2-runtime",
    "pm2",
    "serve",
    "http-server",
    "until",
    "for",
    "case",
    "esac",
    "nc",
    "su-exec",
    "gosu",
    "",
];

fn package_of(program: &str) -> &str {
    match program {
        "nest" => "@nestjs/cli",
        "ng" => "@angular/cli",
        "tsc" => "typescript",
        "sequelize" => "sequelize-cli",
        "remix-serve" => "@remix-run/serve",
        other => other.rsplit("node_modules/.bin/").next().unwrap_or(other),
    }
}

/// Divides texts into commands, and puts package.json's scripts in the place of what calls them.
fn resolve(texts: &[String], manifest: Option<&Value>, depth: usize) -> Option<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for text in texts {
        for command in text.split(['&', '|', ';', '\n']).map(str::trim).filter(|command| !command.is_empty())
        {
            let words: Vec<String> = command
                .split_whitespace()
                .map(|word| word.trim_matches(['"', '\'', '(', ')']).to_owned())
                .collect();
            match script_of(&words) {
                Some(name) => {
                    let depth = depth.checked_sub(1)?;
                    let scripts = manifest?.get("scripts")?;
                    let of = |name: &str| scripts.get(name).and_then(Value::as_str).map(str::to_owned);
                    // npm's documentation: without a script, `npm start` runs server.js.
                    let main =
                        of(&name).or_else(|| (name == "start").then(|| "node server.js".to_owned()))?;
                    let around = [format!("pre{name}"), format!("post{name}")];
                    let texts: Vec<String> =
                        around.iter().filter_map(|name| of(name)).chain([main]).collect();
                    all.push(words);
                    all.extend(resolve(&texts, manifest, depth)?);
                }
                None => all.push(words),
            }
        }
    }
    Some(all)
}

/// The script that a command calls by its package manager.
fn script_of(words: &[String]) -> Option<String> {
    let mut words = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| word.contains('=') || *word == "exec")
        .filter(|word| !word.starts_with('-'));
    let manager = words.next().filter(|word| matches!(*word, "npm" | "yarn" | "pnpm"))?;
    match (manager, words.next()?) {
        (_, "run" | "run-script") => words.next().map(str::to_owned),
        (_, "start" | "test" | "stop" | "restart") => Some("start".to_owned()),
        ("yarn" | "pnpm", verb)
            if !matches!(verb, "install" | "add" | "exec" | "dlx" | "global" | "node") =>
        {
            Some(verb.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(manifest: &str, start: &str) -> Option<bool> {
        let manifest = serde_json::from_str(manifest).ok();
        let commands = resolve(&[start.to_owned()], manifest.as_ref(), 4);
        commands.is_some().then(|| Started { commands }.needs_production_only(manifest.as_ref()))
    }

    #[test]
    fn scripts_are_looked_through() {
        let manifest = r#"{"scripts":{"start":"npm run serve","serve":"NODE_ENV=production node dist/x.js","dev":"tsx watch x","up":"next start","pre":"node -r ts-node/register x.ts"},
            "dependencies":{"next":"1"},"devDependencies":{"tsx":"1"}}"#;
        assert_eq!(needs(manifest, "npm start"), Some(true));
        assert_eq!(needs(manifest, "yarn up"), Some(true));
        assert_eq!(needs(manifest, "npm run dev"), Some(false));
        assert_eq!(needs(manifest, "npm run pre"), Some(false));
        assert_eq!(needs(manifest, "npm run missing"), None);
        assert_eq!(needs(manifest, "npx vite preview"), Some(false));
    }
}
