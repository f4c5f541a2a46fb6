//! Real Dockerfiles: parsed as BuildKit parses them, and fixed without losing anything.

mod support;

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use jettison::config::{Config, Settings};
use jettison::pipeline;
use jettison::syntax::shell::CommandKind;
use jettison::syntax::{Body, Dockerfile, Form, Instruction, Item, Keyword, Run};
use serde_json::{Value, json};

#[test]
fn items_tile_every_file() {
    for real in support::corpus("items_tile_every_file").unwrap_or_default() {
        let Some(text) = &real.text else { continue };
        let file = Dockerfile::parse(text);
        let joined: String = file.items.iter().map(|item| item.span().of(text)).collect();
        assert_eq!(&joined, text, "{}", real.name);
    }
}

/// An instruction in the form of BuildKit's records.
fn record(text: &str, instruction: &Instruction<'_>) -> Value {
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let heredocs: Vec<Value> = instruction
        .heredocs
        .iter()
        .map(|doc| json!({"name": doc.name, "expand": doc.expand, "chomp": doc.chomp, "content": doc.content.of(text)}))
        .collect();
    let is_json = matches!(
        &instruction.body,
        Body::Run(Run::Exec(_)) | Body::Cmd(Form::Exec(_)) | Body::Entrypoint(Form::Exec(_)) | Body::Shell(_)
    );
    json!({
        "keyword": instruction.keyword.name(),
        "start": line(instruction.text.start),
        "end": line(instruction.full.end - 1),
        "flags": instruction.flags.iter().map(|flag| &flag.name).collect::<Vec<_>>(),
        "json": is_json,
        "heredocs": heredocs,
    })
}

/// BuildKit's record of an instruction, converted to the same form.
fn expected(known: &Value) -> Value {
    let keyword = known["keyword"].as_str().expect("a keyword").to_uppercase();
    let flag = |flag: &Value| {
        flag.as_str().expect("a flag").trim_start_matches("--").split('=').next().map(str::to_owned)
    };
    let flags: Vec<_> = known["flags"].as_array().into_iter().flatten().map(flag).collect();
    // The records mark JSON in every instruction that may have it; it is compared only for
    // instructions where the two forms differ in meaning.
    let compared = Keyword::parse(&keyword).is_some_and(|keyword| {
        matches!(keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell)
    });
    let heredocs = known["heredocs"].as_array().into_iter().flatten().map(|doc| {
        json!({"name": doc["name"], "expand": doc["expand"], "chomp": doc["chomp"], "content": doc["content"].as_str().unwrap_or_default()})
    });
    json!({
        "keyword": keyword,
        "start": known["start"],
        "end": known["end"],
        "flags": flags,
        "json": compared && known["json"].as_bool().unwrap_or(false),
        "heredocs": heredocs.collect::<Vec<_>>(),
    })
}

#[test]
fn instructions_are_those_that_buildkit_sees() {
    for real in support::corpus("instructions_are_those_that_buildkit_sees").unwrap_or_default() {
        let (Some(text), None) = (&real.text, real.buildkit.get("error")) else { continue };
        let file = Dockerfile::parse(text);
        assert_eq!(real.buildkit["escape"], file.escape.to_string(), "{}", real.name);
        let ours: Vec<Value> =
            file.instructions().map(|(_, instruction)| record(text, instruction)).collect();
        let theirs: Vec<Value> =
            real.buildkit["instructions"].as_array().into_iter().flatten().map(expected).collect();
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{}", real.name);
        }
        assert_eq!(ours.len(), theirs.len(), "{}", real.name);
    }
}

/// Whether BuildKit rejects a file for a reason that has nothing to do with the grammar of lines:
/// no FROM, no instructions, or a here-document that its older lexer sees and the newer one does
/// not.
fn is_beyond_grammar(error: &str) -> bool {
    ["no build stage", "no instructions", "unterminated heredoc"].iter().any(|known| error.contains(known))
}

#[test]
fn what_buildkit_refuses_has_an_error_item() {
    for real in support::corpus("what_buildkit_refuses_has_an_error_item").unwrap_or_default() {
        let (Some(text), Some(error)) = (&real.text, real.buildkit["error"].as_str()) else { continue };
        if !is_beyond_grammar(error) {
            let file = Dockerfile::parse(text);
            assert!(file.items.iter().any(|item| matches!(item, Item::Error(..))), "{}: {error}", real.name);
        }
    }
}

#[test]
fn nearly_every_script_is_understood_and_its_words_lie_in_the_file() {
    let mut understood = 0;
    let mut opaque = BTreeMap::new();
    for real in support::corpus("nearly_every_script_is_understood").unwrap_or_default() {
        let (Some(text), None) = (&real.text, real.buildkit.get("error")) else { continue };
        let file = Dockerfile::parse(text);
        for (_, instruction) in file.instructions() {
            match &instruction.body {
                Body::Run(Run::Opaque(why)) => *opaque.entry(format!("{why:?}")).or_insert(0) += 1,
                Body::Run(Run::Shell(script)) => {
                    understood += 1;
                    script.list.walk(&mut |command| {
                        for word in command.words().filter(|word| !word.raw.is_empty()) {
                            let first = word.raw.chars().next().expect("a word is not empty");
                            let last = word.raw.chars().next_back().expect("a word is not empty");
                            let found = word.span.of(text);
                            assert!(
                                found.starts_with(first) && found.ends_with(last),
                                "{}: {found:?} is not {:?}",
                                real.name,
                                word.raw
                            );
                        }
                        let (found, end) = (command.span.of(text), command.redirects.is_empty());
                        let brackets = match &command.kind {
                            CommandKind::Subshell(_) => Some(('(', ')')),
                            CommandKind::Group(_) => Some(('{', '}')),
                            _ => None,
                        };
                        if let (Some((open, close)), true) = (brackets, end) {
                            assert!(
                                found.starts_with(open) && found.ends_with(close),
                                "{}: {found:?}",
                                real.name
                            );
                        }
                        if let (CommandKind::Branching(_), true) = (&command.kind, end) {
                            let ends_well = ["fi", "done", "esac"].iter().any(|word| found.ends_with(word));
                            assert!(ends_well, "{}: {found:?}", real.name);
                        }
                    });
                }
                _ => {}
            }
        }
    }
    let strange = opaque.get("Unparsed").copied().unwrap_or(0) + opaque.get("Bashism").copied().unwrap_or(0);
    println!("{understood} scripts understood; not: {opaque:?}");
    assert!(strange * 1000 <= understood, "{strange} of {understood} scripts are not understood");
}

#[test]
fn fixing_settles_and_keeps_what_it_must() {
    let Some(all) = support::corpus("fixing_settles_and_keeps_what_it_must") else { return };
    for (r#unsafe, select) in [(false, None), (true, None), (false, Some(vec!["tidy".to_owned()]))] {
        // Without Jettison's own comments, so that the comments of the file can be compared.
        let what = format!("{:?}", (r#unsafe, &select));
        let config = Config { r#unsafe, select, comments: false, ..Config::default() };
        let settings = Settings { config, ..Settings::default() };
        let (mut changed, mut refused) = (0, 0);
        for real in &all {
            let Some(text) = &real.text else { continue };
            let outcome = catch_unwind(|| pipeline::fix(text, &settings))
                .unwrap_or_else(|_| panic!("{} makes it panic", real.name));
            // A check that undoes a step shows a defect in a transform, which this test finds
            // before a user does.
            assert!(outcome.undone.is_empty(), "{}: {:?}", real.name, outcome.undone);
            refused += outcome.refused.len();
            let Some(new) = outcome.text() else { continue };
            changed += 1;
            assert!(
                pipeline::fix(new, &settings).steps.is_empty(),
                "{}: a second run is not silent",
                real.name
            );
            let errors = |text: &str| {
                Dockerfile::parse(text).items.iter().filter(|item| matches!(item, Item::Error(..))).count()
            };
            assert_eq!(errors(text), errors(new), "{}", real.name);
            let (were, are) = (sorted(support::comments(text)), sorted(support::comments(new)));
            // The comment about a removed instruction is removed, too.
            if outcome.steps.iter().any(|step| step.transform.contract.may_remove_comments) {
                assert!(are.iter().all(|comment| were.contains(comment)), "{}", real.name);
            } else {
                assert_eq!(were, are, "{}", real.name);
            }
        }
        println!("{what}: {changed} of {} files changed, {refused} refusals", all.len());
        assert!(changed * 4 > all.len(), "only {changed} files changed: something has stopped working");
    }
}

/// Sorted, since a comment moves with the instruction below it.
fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}
