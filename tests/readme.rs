//! What the documents show is true: output is the real output of the program, commands are accepted,
//! and links lead to files and headings.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::run::{jettison, run, stderr, stdout};

/// The documents for users and contributors: path and text.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = [root.to_owned(), root.join("docs")].into_iter().flat_map(|directory| {
        fs::read_dir(directory).expect("readable").map(|entry| entry.expect("an entry").path())
    });
    let mut all: Vec<_> = pages
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("readable");
            (path, text)
        })
        .collect();
    all.sort();
    all
}

/// The lines of a document outside of its code blocks.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut lines = String::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            lines += &format!("{line}\n");
        }
    }
    lines
}

/// The names of the headings in links, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept =
            title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    headings.map(name).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut number = 0;
    for (path, text) in documents() {
        for rest in prose(&text).split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            if target.contains("://") {
                continue;
            }
            number += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = path.parent().expect("a parent").join(file);
            let linked = if file.is_empty() { path.clone() } else { linked };
            assert!(linked.exists(), "{}: no file {target}", path.display());
            if !heading.is_empty() {
                let text = fs::read_to_string(&linked).expect("readable");
                assert!(
                    anchors(&text).contains(&heading.to_owned()),
                    "{}: no heading {target}",
                    path.display()
                );
            }
        }
    }
    assert!(number > 100, "only {number} links");
}

/// Every command in the documents has options that exist.
#[test]
fn commands_in_documents_are_accepted() {
    let mut number = 0;
    for (path, text) in documents() {
        let shown = text.lines().filter_map(|line| line.strip_prefix("$ jettison").map(str::to_owned));
        let prose = prose(&text).replace('\n', " ");
        let inline = prose.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("jettison "));
        let inline = inline.map(|command| command.replace(['[', ']', '…', '|'], ""));
        for command in shown.chain(inline) {
            // Comments, what goes to the build, and where the output goes.
            let ends = [" #", " -- ", " <", " >", " \\"];
            let end = ends.iter().filter_map(|end| command.find(end)).min().unwrap_or(command.len());
            number += 1;
            let output = Command::new("sh")
                .args(["-c", &format!("\"$0\" {} --help", &command[..end])])
                .arg(jettison())
                .output()
                .expect("sh starts");
            assert!(output.status.success(), "{}: jettison {command}: {}", path.display(), stderr(&output));
        }
    }
    assert!(number > 50, "only {number} commands");
}

/// The picture in the README is the real output; `UPDATE_DOCS=1` draws it again.
#[test]
fn the_picture_in_the_readme_is_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = run(root, &["diff", "examples/flask"]);
    let text = format!("$ jettison diff examples/flask\n{}{}", stdout(&output), stderr(&output));
    let drawn = picture(&text);
    let path = root.join("docs/diff.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &drawn).expect("docs/ is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == drawn, "docs/diff.svg is out of date; run UPDATE_DOCS=1 cargo test --test readme");
    let readme = fs::read_to_string(root.join("README.md")).expect("readable");
    assert!(readme.contains("](docs/diff.svg)"));
}

/// A line as it fills the rows of a terminal of 80 columns, broken at a blank.
fn on_screen(line: &str) -> Vec<&str> {
    let (mut rows, mut rest) = (Vec::new(), line);
    while let Some((limit, _)) = rest.char_indices().nth(80) {
        let at = rest[..limit].rfind(' ').filter(|at| *at > 0).unwrap_or(limit);
        rows.push(&rest[..at]);
        rest = rest[at..].trim_start();
    }
    rows.push(rest);
    rows
}

/// A terminal with a diff as SVG, light or dark as its reader prefers.
fn picture(text: &str) -> String {
    let (line_height, margin) = (19, 16);
    let lines: Vec<&str> = text.lines().flat_map(on_screen).collect();
    let columns = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let (width, height) = (columns * 8 + 2 * margin, lines.len() * line_height + 2 * margin);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>jettison diff examples/flask</title>\n<style>\n\
         text{{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;fill:#24292f}}\n\
         .paper{{fill:#fff;stroke:#d0d7de}}.gone{{fill:#ffebe9}}.new{{fill:#dafbe1}}\n\
         .head,.place{{fill:#57606a}}.bold{{font-weight:bold}}\n\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.paper{{fill:#0d1117;stroke:#30363d}}\
         .gone{{fill:#4b1f1d}}.new{{fill:#12382a}}.head,.place{{fill:#8d96a0}}}}\n</style>\n\
         <rect class=\"paper\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
        width - 1,
        height - 1
    );
    let mut is_diff = false;
    for (number, line) in lines.iter().enumerate() {
        is_diff |= line.starts_with("@@");
        is_diff &= line.starts_with(['+', '-', ' ', '@']);
        let top = margin + number * line_height;
        let (row, class) = match line.as_bytes() {
            [b'$', ..] => ("", "bold"),
            [b'@', ..] => ("", "place"),
            [b'-', ..] if is_diff => ("gone", ""),
            [b'+', ..] if is_diff => ("new", ""),
            [b'-' | b'+', ..] => ("", "head"),
            _ if is_diff => ("", ""),
            _ => ("", "bold"),
        };
        if !row.is_empty() {
            svg += &format!(
                "<rect class=\"{row}\" x=\"1\" y=\"{top}\" width=\"{}\" height=\"{line_height}\"/>\n",
                width - 2
            );
        }
        let shown = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        svg += &format!("<text{class} x=\"{margin}\" y=\"{}\">{shown}</text>\n", top + 14);
    }
    svg + "</svg>\n"
}

#[test]
fn every_example_has_something_to_gain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = stdout(&run(root, &["fix", "-q", "--check", "examples"]));
    for entry in fs::read_dir(root.join("examples")).expect("readable") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            // A Compose application has its Dockerfiles one level down.
            let path = format!("examples/{}/", entry.file_name().to_string_lossy());
            assert!(said.contains(&path), "{path} has nothing to fix");
        }
    }
}
