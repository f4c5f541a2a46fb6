//! What Jettison does about each rule of other tools: one minimal Dockerfile per fix, in
//! `tests/rules/rules.yaml`, and the result as a table in docs/rules.md.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jettison::config::{Caches, Settings};
use jettison::context::{ContextSource, NoBuildContext};
use jettison::pipeline;
use serde::Deserialize;

use support::Written;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    fix: String,
    codes: Vec<String>,
    right: Nature,
    #[serde(default)]
    caches: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, String>,
    before: String,
    #[serde(default)]
    wanted: Vec<String>,
    #[serde(default)]
    wanted_once: Vec<String>,
    #[serde(default)]
    gone: Vec<String>,
    #[serde(default)]
    left: Option<String>,
}

/// Whether the right fix changes what a build that succeeds does.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Nature {
    Safe,
    Unsafe,
    Manual,
    Style,
}

impl Nature {
    fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Manual => "a person's",
            Self::Style => "style",
        }
    }
}

impl Rule {
    fn is_made_in(&self, text: &str) -> bool {
        self.wanted.iter().all(|part| text.contains(part))
            && self.wanted_once.iter().all(|part| text.matches(part.as_str()).count() == 1)
            && !self.gone.iter().any(|part| text.contains(part))
    }

    /// The text after the fixes of both groups.
    fn fixed(&self, is_unsafe: bool) -> String {
        let mut settings = Settings::default();
        settings.config.select = Some(vec!["default".to_owned(), "tidy".to_owned()]);
        settings.config.r#unsafe = is_unsafe;
        if self.caches.as_deref() == Some("mount") {
            settings.config.caches = Caches::Mount;
        }
        let files: String = self
            .context
            .iter()
            .map(|(path, text)| format!("{path} <<EOF\n{}\nEOF\n", text.trim_end()))
            .collect();
        let written;
        let context: &dyn ContextSource = if files.is_empty() {
            &NoBuildContext
        } else {
            written = Written::parse(&files);
            &written
        };
        let outcome = pipeline::fix_within(&self.before, &settings, context);
        assert!(outcome.undone.is_empty(), "{}: {:?}", self.fix, outcome.undone);
        outcome.text().unwrap_or(&self.before).to_owned()
    }

    /// What Jettison does: the word of the table.
    fn answer(&self) -> &'static str {
        assert!(!self.is_made_in(&self.before), "{}: there is nothing to do", self.fix);
        if self.is_made_in(&self.fixed(false)) {
            return if self.caches.is_some() { "safe, with `--caches mount`" } else { "safe" };
        }
        if self.is_made_in(&self.fixed(true)) { "with `--unsafe`" } else { "no" }
    }
}

#[test]
fn the_table_of_rules_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("tests/rules/rules.yaml")).expect("a readable file");
    let rules: Vec<Rule> = serde_yaml::from_str(&text).expect("a list of rules");
    let mut rows = String::new();
    let (mut made, mut made_safely) = (0, 0);
    for rule in &rules {
        let answer = rule.answer();
        let is_made = answer != "no";
        assert_eq!(is_made, rule.left.is_none(), "{}: {answer}\n{}", rule.fix, rule.fixed(true));
        made += usize::from(is_made);
        made_safely += usize::from(rule.right == Nature::Safe && answer.starts_with("safe"));
        let answer = rule.left.as_ref().map_or_else(|| answer.to_owned(), |why| format!("no: {why}"));
        rows += &format!("| {} | {} | {} | {answer} |\n", rule.fix, rule.codes.join(", "), rule.right.name());
    }
    let safe = rules.iter().filter(|rule| rule.right == Nature::Safe).count();
    let page = format!(
        "# Rules of other tools\n\n\
         The {} distinct fixes that linters and rewriters of Dockerfiles make, and what Jettison does about\n\
         each: hadolint, BuildKit's checks, tally, dockerfile-doctor, Parfum, OpenRewrite, dfc and others.\n\
         Jettison makes {made} of them. A right fix preserves what a successful build does for {safe} of them;\n\
         of these, Jettison makes {made_safely} without `--unsafe`.\n\n\
         The codes are those of hadolint and of BuildKit. Each row is a test with a Dockerfile of its own\n\
         (`tests/rules/rules.yaml`). To update this file, run `UPDATE_DOCS=1 cargo test --test rules`.\n\n\
         | fix | codes | the right fix is | Jettison |\n|---|---|---|---|\n{rows}",
        rules.len()
    );
    let path = root.join("docs/rules.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("docs/ is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/rules.md is out of date; run UPDATE_DOCS=1 cargo test --test rules");
}
