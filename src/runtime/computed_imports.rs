//! Whether a source file loads a module whose name it computes while it runs: the package is then
//! unknown. The name of a file in the application is not a package.

use crate::runtime::first_argument::{Argument, is_of_path};

/// How a language loads a module by a name that is an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loading {
    /// What precedes the expression.
    pub calls: &'static [&'static str],
    /// What a comment starts with.
    pub comment: &'static str,
}

/// Node's `require` and `import`. (nodejs.org, "Modules: CommonJS modules" and "ECMAScript modules".)
pub(crate) const NODE: Loading = Loading { calls: &["require(", "import("], comment: "//" };

/// Python's `import_module` and `__import__`. (docs.python.org, importlib and "Built-in Functions".)
pub(crate) const PYTHON: Loading = Loading { calls: &["import_module(", "__import__("], comment: "#" };

/// Whether a text loads a module whose package is unknown before it runs, or gives the function that
/// loads one another name.
pub(crate) fn loads_computed_name(text: &str, loading: Loading) -> bool {
    let mut computes = loading.calls.iter().map(|call| {
        Argument::of_calls(text, call).any(|(line, argument)| {
            let is_other_name = line.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'))
                || line.ends_with('.') && !line.ends_with("importlib.") && !line.ends_with("module.");
            let is_comment = line.trim_start().starts_with(['*']) || line.contains(loading.comment);
            !is_other_name && !is_comment && is_computed(argument)
        })
    });
    computes.any(|computes| computes) || has_other_name(text, loading)
}

/// Whether a text assigns a function that loads modules to a variable: `const load = require`. What
/// is loaded under the other name is not looked for.
fn has_other_name(text: &str, loading: Loading) -> bool {
    let is_assigned = |line: &str| {
        let is_comment = line.contains(loading.comment) || line.trim_start().starts_with('*');
        let Some((names, value)) = line.rsplit_once('=').filter(|_| !is_comment) else { return false };
        let value = value.trim().trim_end_matches([';', ',']).trim_end();
        // Node's manual, `module.createRequire()`: it returns a function like `require`.
        if value.strip_prefix("module.").unwrap_or(value).starts_with("createRequire(") {
            return names.split_whitespace().last() != Some("require");
        }
        let is_function = |call: &str| {
            let name = call.trim_end_matches('(');
            let module = value.strip_suffix(name);
            module.is_some_and(|module| matches!(module, "" | "module." | "importlib."))
        };
        !names.ends_with(['=', '!']) && loading.calls.iter().any(|call| is_function(call))
    };
    text.lines().any(is_assigned)
}

/// Whether an argument is neither a text nor the path of a file.
fn is_computed(argument: Argument<'_>) -> bool {
    match argument {
        Argument::Expression(expression) => !expression.trim().is_empty() && !is_of_path(expression),
        Argument::Text { is_whole: true, .. } => false,
        // The text may already say that it is a file, or a module in a known package.
        Argument::Text { text, fixed, is_whole: false } => {
            let is_within =
                fixed.starts_with(['.', '/']) || !fixed.starts_with('@') && fixed.contains(['.', '/']);
            !is_within && !is_of_path(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_computed() {
        for text in [
            "const format = require('m' + 's');",
            "module.require(name)",
            "await import(process.env.LOGGER)",
            "await import(`pino-${kind}`)",
            "const x = require(\n  config.driver,\n)",
            "const load = require;",
            "let load = module.require,",
            "const load = createRequire(import.meta.url);",
            "const load = module.createRequire(__filename)",
        ] {
            assert!(loads_computed_name(text, NODE), "{text}");
        }
        for text in [
            "importlib.import_module(name)",
            "import_module(settings.BACKEND)",
            "__import__(f\"{name}_driver\")",
            "load = importlib.import_module",
            "load = __import__  ",
        ] {
            assert!(loads_computed_name(text, PYTHON), "{text}");
        }
    }

    #[test]
    fn a_package_or_a_file_that_is_named() {
        for text in [
            "const ms = require('ms');",
            "import('./routes/' + name)",
            "require(path.join(__dirname, file))(sequelize)",
            "await import(`./commands/${name}.js`)",
            "await import(`date-fns/locale/${language}`)",
            "await import(pathToFileURL(filePath).href)",
            "type X = typeof import('ms');",
            "// require(name)",
            "this.require(name)",
            "my_require(name)",
            "require()",
            "const require = createRequire(import.meta.url);",
            "if (module.parent == require) {}",
            "const isNode = typeof require === 'function'",
            "// const load = require;",
            "const x = { require: true, other: y.require }",
            "let other = my_require;",
        ] {
            assert!(!loads_computed_name(text, NODE), "{text}");
        }
        for text in [
            "import_module('celery')",
            "import_module('.' + name, package=__name__)",
            "import_module(f\"app.plugins.{name}\")",
            "# import_module(name)",
            "__import__('os').path",
        ] {
            assert!(!loads_computed_name(text, PYTHON), "{text}");
        }
    }
}
