//! Properties of any text, whether a real Dockerfile or not.

use jettison::config::{Config, MergeRuns, Settings};
use jettison::pipeline;
use jettison::syntax::Dockerfile;
use proptest::prelude::*;

/// Pieces of texts: everything that has broken a Dockerfile tool before.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "FROM debian:12",
        "FROM a AS b",
        "RUN ",
        "RUN apt-get update",
        "&& apt-get install -y curl",
        "apk add x",
        "pip install y",
        "RUN mkdir /a",
        "RUN chmod 700 /a",
        "# comment",
        "# escape=`",
        "# syntax=x",
        "ENV A=1 B=$A",
        "COPY <<EOF /x",
        "EOF",
        "RUN <<-'E'",
        "E",
        "SHELL [\"/bin/bash\", \"-e\", \"-c\"]",
        "ONBUILD RUN x",
        "HEALTHCHECK NONE",
        "rm -rf /x",
        "cd /x",
        "set -e;",
        "|| true",
        "; ",
        "&",
        "{ a; }",
        "( b )",
        "if a; then b; fi",
        "for x in 1 2; do",
        "done",
        "$(date)",
        "`date`",
        "'quoted",
        "\"double",
        "--mount=type=cache,target=/x ",
        "\\",
        "`",
        "\n",
        "\r\n",
        "\\\n",
        " \\\n\t",
        "`\n",
        "\n\n",
        "\t",
        " ",
        "\u{feff}",
        "é",
        "\u{1F600}",
        "<<",
        "[\"a\"]",
        "CMD",
        "USER x",
    ];
    prop_oneof![
        8 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn items_tile_any_text(text in text()) {
        let file = Dockerfile::parse(&text);
        let joined: String = file.items.iter().map(|item| item.span().of(&text)).collect();
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn fixing_any_text_settles_without_a_mistake(text in text(), all in any::<bool>(), r#unsafe in any::<bool>()) {
        let merge_runs = if all { MergeRuns::All } else { MergeRuns::WhereItHelps };
        let settings = Settings { config: Config { merge_runs, r#unsafe, ..Config::default() }, ..Settings::default() };
        let outcome = pipeline::fix(&text, &settings);
        prop_assert!(outcome.undone.is_empty(), "{:?}", outcome.undone);
        if let Some(new) = outcome.text() {
            prop_assert!(pipeline::fix(new, &settings).steps.is_empty(), "not settled:\n{}", new);
        }
    }

    /// Lines that no transform changes stay the same.
    #[test]
    fn other_lines_never_change(label in "[a-z]{1,8}", value in "[ -~&&[^\\\\\"'`$]]{0,20}") {
        let line = format!("LABEL {label}=\"{value}\"  ");
        let text = format!("FROM debian:12\n{line}\nRUN apt-get update && apt-get install -y curl\n\t# {value}\n{line}");
        let outcome = pipeline::fix(&text, &Settings::default());
        let new = outcome.text().unwrap_or(&text);
        prop_assert_eq!(new.matches(&line).count(), 2);
        let comment = format!("\t# {value}\n");
        prop_assert!(new.contains(&comment));
    }
}

/// A script nested more deeply than any stack allows must be left unchanged and not cause a crash.
#[test]
fn deep_nesting_is_borne() {
    for depth in [50, 500, 5_000, 50_000] {
        for (open, close) in [
            ("(", ")"),
            ("{ ", ";}"),
            ("$(", ")"),
            ("if ", "; then a; fi"),
            ("a && ", ""),
            ("a | ", ""),
            ("a; ", ""),
        ] {
            let text = format!("FROM debian:12\nRUN {}true{}\n", open.repeat(depth), close.repeat(depth));
            assert!(pipeline::fix(&text, &Settings::default()).undone.is_empty());
        }
    }
}
