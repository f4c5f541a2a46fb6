//! Arbitrary text: the parser covers all of it, fixing reaches a stable result, and no check rolls
//! a step back. `cargo fuzz run fix`.
#![no_main]

use jettison::config::{Config, Settings};
use jettison::pipeline;
use jettison::syntax::Dockerfile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = Dockerfile::parse(text);
    let joined: String = file.items.iter().map(|item| item.span().of(text)).collect();
    assert_eq!(joined, text, "items must tile the text");
    for r#unsafe in [false, true] {
        let settings = Settings { config: Config { r#unsafe, ..Config::default() }, ..Settings::default() };
        let outcome = pipeline::fix(text, &settings);
        assert!(outcome.undone.is_empty(), "{:?}", outcome.undone);
        if let Some(new) = outcome.text() {
            assert!(pipeline::fix(new, &settings).steps.is_empty(), "a second run must be silent");
        }
    }
});
