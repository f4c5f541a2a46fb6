//! Whether a source file loads a module whose name it computes while it runs: the package is then
//! unknown. The name of a file in the application is not a package.

use crate::knowledge::lists::files::WORDS_OF_PATHS;

/// How a language loads a module by a name that is an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loading {
    /// What precedes the expression.
    pub calls: &'static [&'static str],
    /// What a comment starts with.
    pub comment: &'static str,
    /// What a part of a text that is computed starts with.
    pub placeholder: &'static str,
}

/// Node's `require` and `import`. (nodejs.org, "Modules: CommonJS modules" and "ECMAScript modules".)
pub(crate) const NODE: Loading =
    Loading { calls: &["require(", "import("], comment: "//", placeholder: "${" };

/// Python's `import_module` and `__import__`. (docs.python.org, importlib and "Built-in Functions".)
pub(crate) const PYTHON: Loading =
    Loading { calls: &["import_module(", "__import__("], comment: "#", placeholder: "{" };

/// Whether a text loads a module whose package is unknown before it runs, or gives the function that
/// loads one another name.
pub(crate) fn loads_computed_name(text: &str, loading: Loading) -> bool {
    let mut computes = loading.calls.iter().map(|call| {
        text.match_indices(call).any(|(at, _)| {
            let line = text[..at].rsplit('\n').next().unwrap_or_default();
            let is_other_name = line.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'))
                || line.ends_with('.') && !line.ends_with("importlib.") && !line.ends_with("module.");
            let is_comment = line.trim_start().starts_with(['*']) || line.contains(loading.comment);
            !is_other_name && !is_comment && is_computed(&text[at + call.len()..], loading)
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

/// Whether an argument, up to the end of its call, is neither a text nor the path of a file.
fn is_computed(argument: &str, loading: Loading) -> bool {
    let argument = argument.trim_start();
    let (prefix, argument) = match argument.split_once(['"', '\'']) {
        Some(("f" | "rf" | "fr", _)) => ("f", &argument[argument.find(['"', '\'']).unwrap_or(0)..]),
        _ => ("", argument),
    };
    let Some(quote) = argument.chars().next().filter(|first| matches!(first, '"' | '\'' | '`')) else {
        let expression = until_closed(argument).to_ascii_lowercase();
        return !expression.trim().is_empty() && !WORDS_OF_PATHS.iter().any(|word| expression.contains(word));
    };
    let Some((text, rest)) = argument[1..].split_once(quote) else { return true };
    let has_placeholder = (quote == '`' || prefix == "f") && text.contains(loading.placeholder);
    let fixed = if has_placeholder { text.split(loading.placeholder).next().unwrap_or(text) } else { text };
    let is_whole = !has_placeholder && matches!(rest.trim_start().chars().next(), Some(')' | ',') | None);
    // The text already says that it is a file, or a module in a known package.
    let is_within = fixed.starts_with(['.', '/']) || !fixed.starts_with('@') && fixed.contains(['.', '/']);
    !is_whole && !is_within && !WORDS_OF_PATHS.iter().any(|word| text.to_ascii_lowercase().contains(word))
}

/// The expression up to the parenthesis that closes the call.
fn until_closed(argument: &str) -> &str {
    let mut depth = 0;
    let end = argument.find(|c: char| {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        false
    });
    &argument[..end.unwrap_or(argument.len())]
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
