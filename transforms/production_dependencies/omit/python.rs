//! The dependency groups of a pyproject.toml that only development needs, and the option of poetry
//! or uv that omits them. (python-poetry.org, "Managing dependencies"; PEP 735; uv's documentation,
//! "Managing dependencies", Development dependencies.)

mod start;

use serde_json::{Map, Value};

use crate::facts::{Call, RunFacts};
use crate::knowledge::Production;
use crate::knowledge::languages::python::{DEVELOPMENT_GROUPS, DEVELOPMENT_TOOLS, IMPORT_NAMES};
use crate::reasons::{self, Reason};
use crate::runtime::computed_imports::{PYTHON, loads_computed_name};
use crate::runtime::dev_files;
use crate::runtime::node_imports::names_in_environment;
use crate::runtime::view::StageView;
use crate::transforms::production_dependencies::omit::later;

/// The option, if a group is for development and nothing needs its packages. The views are those of
/// the stage with the install, and of the last stage.
pub(super) fn option(
    views: (&StageView<'_, '_>, &StageView<'_, '_>),
    run: &RunFacts<'_>,
    call: &Call<'_>,
    text: &str,
    way: &Production,
) -> Result<Option<String>, Reason> {
    let (view, shipped) = views;
    let manifest = toml::from_str(text).map_err(|_| reasons::unreadable_file(&way.manifest))?;
    let groups = if call.manager.name == "uv" { of_uv(&manifest) } else { of_poetry(&manifest) };
    let (dropped, kept): (Vec<Group>, Vec<Group>) =
        groups.into_iter().filter(|group| !group.packages.is_empty()).partition(Group::is_for_development);
    let also_kept = |name: &String| kept.iter().any(|group| group.packages.contains(name));
    let mut packages: Vec<String> = dropped.iter().flat_map(|group| &group.packages).cloned().collect();
    packages.retain(|name| !also_kept(name));
    if packages.is_empty() {
        return Ok(None);
    }
    if call.manager.name == "poetry" && is_poetry_before_groups(view.facts.file.text) {
        return Err(reasons::poetry_too_old());
    }
    start::needs_none(shipped, &call.manager.name, &packages)?;
    is_not_needed(view, run, call, &packages)?;
    Ok(Some(if kept.is_empty() {
        way.option.clone()
    } else {
        let names: Vec<&str> = dropped.iter().map(|group| group.name.as_str()).collect();
        format!("--without={}", names.join(","))
    }))
}

/// Whether a text may install a version of poetry without `--only`: it names one, or a limit or a
/// variable whose value is unknown, or the installer of these versions. (python-poetry.org, "Blog",
/// 1.2.0.)
fn is_poetry_before_groups(text: &str) -> bool {
    let after = |name: &'static str| text.match_indices(name).map(move |(at, name)| &text[at + name.len()..]);
    let is_limit = |c: char| matches!(c, '=' | '~' | '<' | '>' | '!' | '@' | ' ' | '"' | '\'');
    let pins = after("poetry").filter_map(|rest| {
        let version = rest.trim_start_matches(is_limit);
        let limit = &rest[..rest.len() - version.len()];
        (limit.contains(['=', '~', '<', '@']) || rest.contains(",<") && limit.contains('>'))
            .then_some((limit, version))
    });
    let is_old_pin = |(limit, version): (&str, &str)| {
        let requirement = version.split([' ', '"', '\'', '\n', ';']).next().unwrap_or_default();
        limit.contains('<') || requirement.contains('<') || is_old(text, requirement)
    };
    let installed = after("install.python-poetry.org").any(|rest| {
        let line = rest.lines().next().unwrap_or_default();
        line.split_once("--version").is_some_and(|(_, version)| is_old(text, version))
    });
    let by_variable = after("POETRY_VERSION")
        .filter(|rest| rest.starts_with(['=', ' ']))
        .any(|rest| is_old(text, &rest[1..]));
    pins.into_iter().any(is_old_pin) || installed || by_variable || text.contains("get-poetry")
}

/// Whether a version is older than 1.2, or unknown. `text` may set the variable that it is in.
fn is_old(text: &str, version: &str) -> bool {
    let version = version.trim_start_matches(['"', '\'', ' ', '=']);
    if let Some(name) = version.strip_prefix('$') {
        let name = name.trim_start_matches('{');
        let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len())];
        let mut values = text.match_indices(name).filter_map(|(at, _)| {
            let value = text[at + name.len()..].strip_prefix(['=', ' '])?.trim_start_matches(['"', '\'']);
            value.starts_with(|c: char| c.is_ascii_digit()).then_some(value)
        });
        let Some(first) = values.next() else { return true };
        return is_old(text, first) || values.any(|value| is_old(text, value));
    }
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    match (numbers.next(), numbers.next()) {
        (Some("0"), _) => true,
        (Some("1"), Some(minor)) => matches!(minor, "0" | "1"),
        _ => false,
    }
}

fn is_not_needed(
    view: &StageView<'_, '_>,
    run: &RunFacts<'_>,
    call: &Call<'_>,
    packages: &[String],
) -> Result<(), Reason> {
    let is_listed = |name: &str| packages.iter().any(|listed| listed == name);
    if let Some(program) = later(view, run, call, |program, words| {
        matches!(program, "poetry" | "uv" | "uvx")
            && words.first().is_some_and(|word| matches!(word.text(), "run" | "sync"))
            || is_listed(program)
            || words.windows(2).any(|pair| pair[0].raw == "-m" && is_listed(pair[1].text()))
    }) {
        return Err(reasons::later_step_calls(&program));
    }
    let all: Vec<&str> = packages.iter().map(String::as_str).collect();
    if let Some((variable, name)) = names_in_environment(view, &all) {
        return Err(reasons::file_names_dev_dependency(&format!("the variable {variable}"), name));
    }
    packages.iter().try_for_each(|name| dev_files::python(view, name, &modules_of(name)))?;
    let sources = view.sources(&[".py"]).ok_or(reasons::unreadable_source())?;
    if sources.iter().any(|text| loads_computed_name(text, PYTHON)) {
        return Err(reasons::loads_computed_module("a source file"));
    }
    let loaded = packages.iter().filter(|name| {
        !DEVELOPMENT_TOOLS.contains(&name.as_str())
            && !name.starts_with("types-")
            && !name.ends_with("-stubs")
    });
    for name in loaded {
        let modules = modules_of(name);
        if sources.iter().any(|text| modules.iter().any(|module| names(text, module))) {
            return Err(reasons::source_may_load(name));
        }
    }
    Ok(())
}

/// A group of dependencies that an install includes unless an option says otherwise.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    name: String,
    /// The names of its packages, normalized. (PEP 503, "Normalized Names".)
    packages: Vec<String>,
}

impl Group {
    fn is_for_development(&self) -> bool {
        DEVELOPMENT_GROUPS.contains(&self.name.as_str())
    }
}

fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Poetry's groups but `main`, without those that are optional.
fn of_poetry(manifest: &Value) -> Vec<Group> {
    let poetry = &manifest["tool"]["poetry"];
    let of = |name: &str, table: &Value| {
        let names = table.as_object().into_iter().flat_map(Map::keys);
        let packages = names.filter(|name| *name != "python").map(|name| normalized(name)).collect();
        Group { name: name.to_owned(), packages }
    };
    let mut groups = vec![of("dev", &poetry["dev-dependencies"])];
    for (name, group) in poetry["group"].as_object().into_iter().flatten() {
        if name != "main" && group["optional"] != Value::Bool(true) {
            groups.push(of(name, &group["dependencies"]));
        }
    }
    let standard = manifest["dependency-groups"].as_object().into_iter().flatten();
    groups.extend(standard.map(|(name, _)| from_standard(manifest, name)));
    groups
}

/// The group that `--no-dev` of uv leaves out.
fn of_uv(manifest: &Value) -> Vec<Group> {
    let mut dev = from_standard(manifest, "dev");
    dev.packages.extend(requirements(&manifest["tool"]["uv"]["dev-dependencies"]));
    vec![dev]
}

/// A group of the table `dependency-groups`.
fn from_standard(manifest: &Value, name: &str) -> Group {
    Group { name: name.to_owned(), packages: requirements(&manifest["dependency-groups"][name]).collect() }
}

/// The package names of a list of requirements.
fn requirements(list: &Value) -> impl Iterator<Item = String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(|text| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        normalized(text.split(|c| !is_of_name(c)).next().unwrap_or_default())
    })
}

/// The names under which sources may import a package.
fn modules_of(name: &str) -> Vec<String> {
    let module = name.replace('-', "_");
    let mut all: Vec<String> = IMPORT_NAMES
        .iter()
        .filter(|(package, _)| *package == name)
        .map(|(_, module)| (*module).to_owned())
        .collect();
    let short = ["django_", "python_", "pytest_", "py"].iter().find_map(|start| module.strip_prefix(start));
    all.extend(short.filter(|short| short.len() > 1).map(str::to_owned));
    all.extend(module.strip_suffix("_binary").map(str::to_owned));
    all.push(module);
    all
}

/// Whether a text has a name as a whole word.
fn names(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(groups: &[Group]) -> Vec<(&str, Vec<&str>)> {
        let of = |group: &Group| group.packages.iter().map(String::len).sum::<usize>();
        groups
            .iter()
            .filter(|group| of(group) > 0)
            .map(|group| (group.name.as_str(), group.packages.iter().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn groups_are_found() {
        let poetry = "[tool.poetry.dependencies]\npython = \"^3.11\"\nflask = \"*\"\n\
                      [tool.poetry.group.dev.dependencies]\npytest = \"^8\"\nBlack = {version = \"*\"}\n\
                      [tool.poetry.group.db.dependencies]\npsycopg2 = \"*\"\n\
                      [tool.poetry.group.docs]\noptional = true\n\
                      [tool.poetry.group.docs.dependencies]\nmkdocs = \"*\"\n";
        let groups = of_poetry(&toml::from_str(poetry).expect("TOML"));
        assert_eq!(packages(&groups), [("db", vec!["psycopg2"]), ("dev", vec!["black", "pytest"])]);
    }

    #[test]
    fn uv_leaves_out_one_group() {
        let uv = "[project]\ndependencies = [\"flask\"]\n[dependency-groups]\ndev = [\n  \"pytest>=8\",\n  \
                  \"django_debug_toolbar[x]\",\n  {include-group = \"docs\"},\n]\ndocs = [\"x\"]\n";
        let groups = of_uv(&toml::from_str(uv).expect("TOML"));
        assert_eq!(packages(&groups), [("dev", vec!["pytest", "django-debug-toolbar"])]);
    }

    #[test]
    fn modules_have_other_names_than_packages() {
        assert!(modules_of("pyyaml").contains(&"yaml".to_owned()));
        assert!(modules_of("django-debug-toolbar").contains(&"debug_toolbar".to_owned()));
        assert!(names("import yaml\n", "yaml") && !names("import ruamel_yaml", "yaml"));
    }
}
