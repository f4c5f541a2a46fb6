//! Ten situations of a first session, as they look on a terminal of 80 and of 120 columns. Colours are
//! written as text: `<bold>`, `<red>`, `</>` for the end.
#![cfg(unix)]

mod support;

use support::folder;
use support::run::{FIXED, NAIVE, assert_snapshot};
use support::terminal::{shown, with_colours};

/// A colour as text.
fn colour(parameters: &str) -> String {
    let name = |parameter: &str| match parameter {
        "" | "0" => "/".to_owned(),
        "1" => "bold".to_owned(),
        "31" | "91" => "red".to_owned(),
        "32" | "92" => "green".to_owned(),
        "33" | "93" => "yellow".to_owned(),
        "34" | "94" => "blue".to_owned(),
        "36" | "96" => "cyan".to_owned(),
        other => other.to_owned(),
    };
    format!("<{}>", parameters.split(';').map(name).collect::<Vec<_>>().join(" "))
}

const APPLICATION: &str = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN apt-get update\nRUN apt-get install -y curl\n\
                           RUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";

#[test]
fn ten_situations_on_a_terminal() {
    let project = folder(&[
        ("Dockerfile", APPLICATION),
        ("requirements.txt", "flask==3.0.0\n"),
        ("app.py", "import flask\n"),
        ("clean/Dockerfile", FIXED),
        ("typo/Dockerfile", &NAIVE.replace("FROM", "FORM")),
        ("wrong/Dockerfile", NAIVE),
        ("wrong/.jettison.yaml", "ignroe: [merge-runs]\n"),
        ("kept/Dockerfile", &format!("# jettison ignore=all\n{NAIVE}")),
        ("README.md", "# Title\n\nSome text.\n"),
        (".git/HEAD", ""),
    ]);
    let situations: [(&str, &[&str]); 10] = [
        ("overview", &["Dockerfile"]),
        ("check", &["check", "Dockerfile"]),
        ("diff", &["diff", "Dockerfile"]),
        ("unsafe", &["check", "--unsafe", "Dockerfile"]),
        ("reasons", &["check", "-v", "Dockerfile"]),
        ("nothing-to-change", &["check", "clean"]),
        ("misspelled-instruction", &["check", "typo"]),
        ("wrong-configuration", &["check", "wrong"]),
        ("misspelled-comment", &["check", "kept"]),
        ("another-file", &["check", "README.md"]),
    ];
    for (name, arguments) in situations {
        for columns in [80, 120] {
            let arguments = if name == "overview" { &[][..] } else { arguments };
            let screen = with_colours(&shown(project.path(), arguments, columns), colour);
            let top = project.path().canonicalize().expect("it is there");
            let screen = screen.replace(&top.display().to_string(), "/project");
            assert_snapshot("screens", &format!("{name}-{columns}"), &screen);
        }
    }
}
