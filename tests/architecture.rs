//! House rules that the compiler does not check: dependencies between modules, access to files and
//! processes, and that every file starts with a description.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args as _;
use jettison::knowledge::model::Language;
use jettison::transform::Group;
use jettison::{config, reasons, transforms};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All sources of the program.
fn program() -> impl Iterator<Item = PathBuf> {
    ["src", "transforms"].into_iter().flat_map(|directory| sources(&root().join(directory)))
}

/// The path within the project, with slashes.
fn name(path: &Path) -> String {
    let inner = path.strip_prefix(root()).expect("within the project");
    inner.to_string_lossy().replace('\\', "/")
}

/// The top-level module of a file: `facts` for `src/facts/dependents.rs`.
fn module(path: &Path) -> String {
    match name(path).split('/').collect::<Vec<_>>()[..] {
        ["transforms", ..] => "transforms".to_owned(),
        [_, part, ..] => part.trim_end_matches(".rs").to_owned(),
        _ => panic!("{} is not below src", path.display()),
    }
}

/// The code of a file without its unit tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable file");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The first names of all paths that start with `prefix`, also of those in braces: `a` and `b` for
/// `crate::{a::{c, d}, b}`.
fn first_names(code: &str, prefix: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = Vec::new();
    for rest in code.split(prefix).skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        let mut depth = 0_usize;
        let mut starts = true;
        for (at, c) in group.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => starts = true,
                c if starts && !c.is_whitespace() => {
                    names.push(word(&group[at..]));
                    starts = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn names_in_braces_are_found() {
    let code = "use crate::{a::{self, x}, b,\n    c::Y,\n};\nuse crate::d;\nlet z = crate::e::f(crate::{g});";
    assert_eq!(first_names(code, "crate::"), ["a", "b", "c", "d", "e", "g"]);
}

/// The modules that each module may depend on, from the outside in.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "digest",
            "edit",
            "escape",
            "forge",
            "git",
            "config",
            "context",
            "debug",
            "embedded",
            "measure",
            "inspect",
            "image",
            "report",
            "pipeline",
            "transforms",
            "transform",
            "verification",
            "knowledge",
            "syntax",
            "span",
            "spelling",
            "yaml",
            "reasons",
        ],
    ),
    (
        "report",
        &[
            "pipeline",
            "transform",
            "measure",
            "inspect",
            "config",
            "context",
            "digest",
            "edit",
            "escape",
            "span",
            "reasons",
        ],
    ),
    (
        "embedded",
        &["pipeline", "transforms", "context", "pragma", "edit", "syntax", "span", "yaml", "reasons"],
    ),
    ("verification", &["pipeline", "config", "context", "span", "reasons"]),
    ("measure", &["image", "context", "knowledge"]),
    ("inspect", &["image", "knowledge", "syntax", "span"]),
    (
        "pipeline",
        &[
            "transforms",
            "transform",
            "config",
            "context",
            "pragma",
            "facts",
            "edit",
            "syntax",
            "knowledge",
            "span",
            "reasons",
        ],
    ),
    (
        "transforms",
        &[
            "transform",
            "config",
            "context",
            "pragma",
            "runtime",
            "facts",
            "edit",
            "syntax",
            "knowledge",
            "span",
            "spelling",
            "reasons",
        ],
    ),
    ("contract", &["facts", "syntax", "knowledge", "reasons"]),
    ("debug", &["context", "escape", "facts", "knowledge", "span", "syntax"]),
    ("runtime", &["context", "facts", "syntax", "knowledge", "reasons"]),
    ("pragma", &["edit", "syntax", "knowledge", "span"]),
    (
        "transform",
        &[
            "config",
            "context",
            "contract",
            "facts",
            "pragma",
            "edit",
            "syntax",
            "knowledge",
            "span",
            "reasons",
        ],
    ),
    ("facts", &["context", "syntax", "knowledge", "span", "yaml", "reasons"]),
    ("config", &["span", "spelling", "yaml"]),
    ("context", &["yaml", "reasons", "knowledge"]),
    ("forge", &["escape"]),
    ("git", &["knowledge"]),
    ("reasons", &["span"]),
    ("escape", &[]),
    ("spelling", &["syntax"]),
    ("digest", &[]),
    ("knowledge", &[]),
    ("yaml", &[]),
];

#[test]
fn dependencies_point_inwards() {
    let mut found = BTreeSet::new();
    for path in program() {
        let own = module(&path);
        let Some((own, known)) = MAY_KNOW.iter().find(|(name, _)| *name == own) else {
            panic!("{own} has no place in the order")
        };
        for other in first_names(&code(&path), "crate::").into_iter().filter(|other| other != own) {
            assert!(known.contains(&other.as_str()), "{}: {own} must not depend on {other}", name(&path));
            found.insert((*own, other));
        }
    }
    // An unused rule would allow the dependency to come back.
    let allowed = MAY_KNOW.iter().flat_map(|(own, known)| known.iter().map(move |other| (*own, *other)));
    let idle: Vec<_> = allowed.filter(|(own, other)| !found.contains(&(*own, (*other).to_owned()))).collect();
    // `main` uses the library by its name.
    assert_eq!(idle, [("main", "cli")], "allowed, but not needed");
}

#[test]
fn only_the_command_line_touches_the_world() {
    let forbidden = ["std::fs", "std::env", "std::process", "std::net", "SystemTime", "Instant"];
    for path in program() {
        if matches!(module(&path).as_str(), "cli" | "main" | "measure" | "forge" | "git") {
            continue;
        }
        for word in forbidden {
            assert!(!code(&path).contains(word), "{} uses {word}", path.display());
        }
    }
}

/// Every place that starts a program, and which one. Each of them removes the tokens from the
/// environment.
const STARTS: &[(&str, &str)] = &[
    // The container engine: the value of JETTISON_ENGINE, or `docker`.
    ("src/measure/engine.rs", "Command::new(program)"),
    // The user's editor, started through a shell as git does it.
    ("src/cli/interactive.rs", r#"Command::new("sh")"#),
    ("src/git/start.rs", r#"Command::new("git")"#),
];

#[test]
fn programs_are_started_in_three_places() {
    let mut found = Vec::new();
    for path in program() {
        let text = code(&path);
        let name = name(&path);
        let starts = ["Command::new(", ".spawn()", ".exec()", "CommandExt"];
        for line in text.lines().filter(|line| starts.iter().any(|start| line.contains(start))) {
            if let Some(at) = line.find("Command::new(") {
                let call = &line[at..line[at..].find(')').map_or(line.len(), |end| at + end + 1)];
                found.push((name.clone(), call.to_owned()));
                assert!(text.contains("WITH_SECRETS"), "{name} passes tokens on");
            } else {
                let may = ["src/git/start.rs", "src/measure/process.rs"];
                assert!(may.contains(&name.as_str()), "{name} starts a program: {line}");
            }
        }
    }
    let mut expected: Vec<(String, String)> =
        STARTS.iter().map(|(name, call)| ((*name).to_owned(), (*call).to_owned())).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// Errors below the command line have types, so that callers can tell the cases apart and each
/// message is written in one place.
#[test]
fn only_the_command_line_has_errors_of_any_type() {
    for path in program().chain(sources(&root().join("crates"))) {
        let is_outermost = name(&path).starts_with("src/cli");
        assert!(is_outermost || !code(&path).contains("anyhow"), "{} uses anyhow", path.display());
    }
}

/// Files by other people are read with a size limit, and only in one place.
#[test]
fn yaml_is_parsed_in_one_place() {
    for path in program() {
        let parses = code(&path).contains("serde_yaml::from_");
        assert!(!parses || path.ends_with("src/yaml.rs"), "{} parses YAML by itself", path.display());
    }
}

/// The files outside of a transform's folder that may use the modules in it.
const MAY_LOOK_INTO: &[(&str, &str)] = &[
    // A cache in a mount is neither cleaned nor disabled.
    ("transforms/support/caches.rs", "cache_mounts"),
];

#[test]
fn the_folder_of_a_transform_is_private() {
    let mut found = BTreeSet::new();
    let folders: Vec<String> =
        transforms::ALL.iter().map(|transform| transform.id.replace('-', "_")).collect();
    for path in program() {
        let file = name(&path);
        let own = file.strip_prefix("transforms/").and_then(|rest| rest.split(['/', '.']).next());
        for used in first_names(&code(&path), "crate::transforms::") {
            if folders.contains(&used) && own != Some(&used) {
                found.insert((file.clone(), used));
            }
        }
    }
    let expected =
        MAY_LOOK_INTO.iter().map(|(file, used)| ((*file).to_owned(), (*used).to_owned())).collect();
    assert_eq!(found, expected);
}

/// Facts and the needs of the running image answer questions; only transforms write instructions.
#[test]
fn only_transforms_write_instructions() {
    let starts = ["RUN ", "COPY ", "ADD ", "ENV ", "FROM ", "USER ", "WORKDIR "];
    for room in ["src/facts", "src/runtime"] {
        let own = sources(&root().join(room)).into_iter().filter(|path| !path.ends_with("tests.rs"));
        for path in own {
            let text = code(&path);
            for start in starts {
                let found = text.contains(&format!("\"{start}"));
                assert!(!found, "{} writes an instruction: {start}", name(&path));
            }
        }
    }
}

/// A method can be called without an import, so it would hide what facts depend on.
#[test]
fn methods_of_facts_are_in_facts() {
    for path in program().filter(|path| module(path) != "facts") {
        let text = code(&path);
        let found = text.lines().find(|line| {
            let rest = line.strip_prefix("impl").map(|rest| rest.trim_start_matches("<'a>").trim_start());
            rest.is_some_and(|rest| rest.starts_with("Facts<") || rest.starts_with("RunFacts<"))
        });
        assert_eq!(found, None, "{} adds methods to facts", name(&path));
    }
}

/// The modules next to the transforms, which the transforms share.
const SHARED: &[&str] = &["mod", "support", "ordering"];

#[test]
fn every_transform_is_a_file_of_its_name() {
    let mut files: Vec<String> = fs::read_dir(root().join("transforms"))
        .expect("a readable directory")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| !SHARED.contains(&name.as_str()))
        .map(|name| name.replace('_', "-"))
        .collect();
    let mut ids: Vec<String> = transforms::ALL.iter().map(|transform| transform.id.to_owned()).collect();
    files.sort();
    ids.sort();
    assert_eq!(files, ids);
}

#[test]
fn every_file_says_what_it_is() {
    let all = ["src", "transforms", "crates", "tests", "benches"]
        .iter()
        .flat_map(|directory| sources(&root().join(directory)));
    for path in all.chain([root().join("build.rs")]) {
        let text = fs::read_to_string(&path).expect("a readable file");
        assert!(text.starts_with("//! "), "{} does not start with a //! comment", path.display());
    }
}

/// The places that apply edits to a text: the pipeline, and `jettison apply` with edits that it
/// received.
const APPLIES: &[(&str, &str)] = &[
    ("src/cli/commands/apply.rs", "apply_received("),
    ("src/embedded/outcome.rs", ".apply("),
    ("src/pipeline/step_builder.rs", ".apply("),
    ("src/pipeline.rs", ".apply("),
];

#[test]
fn edits_are_applied_in_four_places() {
    let mut found = Vec::new();
    for path in program() {
        let text = code(&path);
        for call in
            ["apply_received(", ".apply(", "Edits::apply("].iter().filter(|call| text.contains(**call))
        {
            found.push((name(&path), *call));
        }
    }
    assert!(
        found.iter().map(|(name, call)| (name.as_str(), *call)).eq(APPLIES.iter().copied()),
        "{found:#?}"
    );
}

/// The checks of `cargo deny check` that need no network, for everyone who does not have that
/// program.
#[test]
fn dependencies_have_the_licences_and_the_source_of_deny_toml() {
    let deny = fs::read_to_string(root().join("deny.toml")).expect("a file");
    let list =
        deny.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).expect("a list of licences");
    let allowed: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    let cargo = || std::process::Command::new(env!("CARGO"));
    let version = cargo().arg("-vV").output().expect("cargo starts");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its machine");
    // Dependencies of other systems may be missing on this one.
    let output = cargo()
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = all["packages"].as_array().expect("a list");
    assert!(packages.len() > 50);
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        if name.starts_with("jettison") {
            continue;
        }
        assert_eq!(package["source"], "registry+https://github.com/rust-lang/crates.io-index", "{name}");
        // One of several licences joined by "or" is enough; all of those joined by "and" are
        // needed. The older way to write "or" is a slash.
        let licence = package["license"].as_str().unwrap_or("none").replace('/', " OR ");
        let licence = licence.replace(['(', ')'], "");
        let fits =
            licence.split(" AND ").all(|part| part.split(" OR ").any(|name| allowed.contains(&name.trim())));
        assert!(fits, "{name} has the licence {licence}");
    }
}

/// The page in the documentation is generated from the transforms' manual pages.
#[test]
fn the_page_of_transforms_is_up_to_date() {
    let mut page = String::from(
        "# Transforms\n\n\
         Generated from the manual pages in `transforms/`, which `jettison explain ID` also shows. To update\n\
         this file, run `UPDATE_DOCS=1 cargo test --test architecture`.\n",
    );
    for transform in transforms::ALL {
        page += &format!(
            "\n## {}\n\n*{}, {}since {}*\n\n",
            transform.id,
            transform.safety(),
            if transform.group == Group::Tidy { "group `tidy`, " } else { "" },
            transform.since
        );
        // Headings move two levels down. In an example, such a line is a comment.
        let mut in_example = false;
        for line in transform.manual().lines() {
            in_example ^= line.starts_with("```");
            page += if line.starts_with("# ") && !in_example { "##" } else { "" };
            page += &format!("{line}\n");
        }
    }
    is_up_to_date("docs/transforms.md", &page);
}

/// The page in the documentation is made from the tables in `src/reasons/`.
#[test]
fn the_page_of_reasons_is_up_to_date() {
    let mut page = String::from(
        "# Reasons\n\n\
         Why Jettison leaves something as it is. `jettison fix -v` shows the codes in parentheses,\n\
         `jettison explain CODE` shows the meaning of one, and the member `code` of the JSON format has\n\
         them too. Generated from the tables in `src/reasons/`. To update this file, run\n\
         `UPDATE_DOCS=1 cargo test --test architecture`.\n",
    );
    for group in reasons::GROUPS {
        page += &format!("\n## {}\n\n{}\n\n| code | meaning |\n|---|---|\n", group.title, group.about);
        for kind in group.kinds {
            page += &format!("| `{}` | {} |\n", kind.code, kind.meaning.replace('|', "\\|"));
        }
    }
    is_up_to_date("docs/reasons.md", &page);
}

/// The schema of the configuration is made from the definitions of the options.
#[test]
fn the_schema_of_the_configuration_is_up_to_date() {
    is_up_to_date("schemas/config.schema.json", &config::schema());
}

/// The options on the page about the configuration are made from the schema and the flags.
#[test]
fn the_page_of_the_configuration_is_up_to_date() {
    let schema: serde_json::Value = serde_json::from_str(&config::schema()).expect("JSON");
    let texts = |values: &serde_json::Value| -> Vec<String> {
        let values = values.as_array().into_iter().flatten();
        values.map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
    };
    let flags = config::Flags::augment_args(clap::Command::new("jettison"));
    let flags: Vec<&str> = flags.get_arguments().filter_map(clap::Arg::get_long).collect();
    let mut part = String::new();
    for (key, since) in config::versions() {
        let option = &schema["properties"][&key];
        let about = option["description"].as_str().expect("a description");
        let values = texts(&option["enum"]);
        let is_list = texts(&option["type"]).contains(&"array".to_owned());
        let form = match option["type"].as_str() {
            _ if !values.is_empty() => "one of the values below",
            Some("boolean") => "`true` or `false`",
            Some("integer") => "a number",
            _ if is_list => "a list of strings, or one string",
            _ => panic!("{key} has no known form"),
        };
        let default = match &option["default"] {
            serde_json::Value::Null => "not set".to_owned(),
            serde_json::Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        part += &format!("### {key}\n\n{}\n\n- Value: {form}\n- Default: {default}\n", wrapped(about));
        let flag = [key.clone(), format!("no-{key}")].into_iter().find(|name| flags.contains(&name.as_str()));
        part += &flag.map_or(String::new(), |flag| format!("- On the command line: `--{flag}`\n"));
        part += &format!("- Since {since}\n\n");
        if !values.is_empty() {
            part += "| value | meaning |\n|---|---|\n";
            for (value, about) in values.iter().zip(texts(&option["enumDescriptions"])) {
                part += &format!("| `{value}` | {} |\n", about.trim_end_matches('.'));
            }
            part.push('\n');
        }
    }
    let overrides = &schema["properties"]["overrides"];
    let about = overrides["description"].as_str().expect("a description");
    let files = &overrides["items"]["properties"]["files"]["description"];
    part += &format!(
        "### overrides\n\n{}\n\n- `files`: {}\n- Every other option except `search` and `exclude`\n- Since 0.1.0\n",
        wrapped(about),
        files.as_str().expect("a description").to_lowercase().trim_end_matches('.')
    );
    let name = "docs/configuration.md";
    let page = fs::read_to_string(root().join(name)).expect("a page");
    let (start, rest) = page.split_once("cargo test --test architecture`. -->\n").expect("the start");
    let (_, end) = rest.split_once("<!-- End of").expect("the end");
    is_up_to_date(name, &format!("{start}cargo test --test architecture`. -->\n\n{part}\n<!-- End of{end}"));
    // The example has every option, and is right.
    let example =
        page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    config::Config::parse(example).expect("a configuration");
    for (key, _) in config::versions() {
        assert!(example.contains(&format!("{key}: ")), "the example lacks {key}");
    }
}

/// Every version that a transform or an option is said to be from is in the changelog, or is the
/// next one.
#[test]
fn versions_are_in_the_changelog() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("a file");
    let is_known = |version: &str| {
        changelog.contains(&format!("\n## [{version}]"))
            || (version == env!("CARGO_PKG_VERSION") && changelog.contains("\n## [Unreleased]"))
    };
    for transform in transforms::ALL {
        assert!(is_known(transform.since), "{} is since {}", transform.id, transform.since);
    }
    for (key, since) in config::versions() {
        assert!(is_known(since), "{key} is since {since}");
    }
}

/// A text in lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= 100 {
            *line += &format!(" {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// The list of languages is made from the knowledge about them: a new one is a module and a
/// knowledge file.
#[test]
fn the_list_of_languages_is_up_to_date() {
    let mut languages = BTreeSet::new();
    for entry in fs::read_dir(root().join("knowledge/languages")).expect("a readable directory") {
        let path = entry.expect("a readable entry").path();
        let text = fs::read_to_string(&path).expect("a readable file");
        let language: Language = serde_yaml::from_str(&text).expect("a language");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name != "general" {
            languages.insert((language.tried_last, name));
        }
    }
    let names: BTreeSet<&str> = languages.iter().map(|(_, name)| name.as_str()).collect();
    let mut code = String::from(
        "//! The languages that split-stages knows.\n\
         //!\n\
         //! Made from the files in `knowledge/languages/`. To update this file, run `UPDATE_DOCS=1 cargo test\n\
         //! --test architecture`.\n\n",
    );
    code.extend(names.iter().map(|name| format!("mod {name};\n")));
    code += "\nuse crate::transforms::split_stages::recipe::Language;\n\n\
             /// All languages. The first one that matches a stage is used.\n\
             pub(super) const LANGUAGES: &[Language] = &[\n";
    for (_, name) in &languages {
        code += &format!("    Language {{ detects: {name}::detects, recipe: {name}::recipe }},\n");
    }
    is_up_to_date("transforms/split_stages/languages.rs", &(code + "];\n"));
}

/// Compares a page with its file, or writes it.
fn is_up_to_date(name: &str, page: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).expect("the file is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let run = "UPDATE_DOCS=1 cargo test --test architecture";
    assert!(found == page, "{name} is out of date; run {run}");
}
