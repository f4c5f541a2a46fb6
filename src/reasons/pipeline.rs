//! The pipeline: fixes that are held back, files that are left out, and comments without an effect.

use super::reasons;

reasons! {
    "Options, comments and limits", "A fix was found and is not applied, or a comment has no effect.";

    /// The fix is unsafe: `--unsafe` applies it.
    needs_unsafe(title: &str) = "{title}";

    /// The fix is only shown, and never applied.
    only_shown(title: &str) = "{title}";

    /// A comment in the Dockerfile suppresses the fix.
    suppressed() = "suppressed by a comment";

    /// hadolint's configuration ignores the code that the fix resolves.
    ignored_by_hadolint(code: &str) = "hadolint's configuration ignores {code}";

    /// The configuration or `--ignore` names the code that the fix resolves.
    ignored_by_configuration(code: &str) = "the configuration ignores {code}";

    /// A comment says that the file is generated: `edit-generated` in the configuration allows fixes.
    generated_file(line: usize) = "not done, because line {line} says that this file is not to be edited";

    /// The file ends in a line continuation, so the next line would become part of the instruction.
    open_line_continuation() =
        "the file ends in a line continuation, so the next line would become part of it";

    /// A container engine built the image with the fix, and the image does not work.
    fails_with_fix(evidence: &str) = "held back: with it, {evidence}";

    /// The transforms undo each other's changes, so Jettison left them out.
    never_finished(transforms: &str) = "these transforms never finish and are left out: {transforms}";

    /// The file took longer than `time-limit` in the configuration allows.
    out_of_time(seconds: usize) =
        "takes longer than {seconds} s to fix and was not changed; raise --time-limit, or time-limit in .jettison.yaml";

    /// A line starts with no instruction, so the file can't be built.
    unknown_instruction(word: &str) = "unknown instruction `{word}`";

    /// A line starts with no instruction, but with a similar word, so the file can't be built.
    misspelled_instruction(word: &str, near: &str) =
        "unknown instruction `{word}`; did you mean `{near}`?";

    /// A line starts with a command, because the line before has no line continuation.
    missing_continuation(word: &str, line: usize) =
        "unknown instruction `{word}`; is a line continuation missing at the end of line {line}?";

    /// A Compose or Bake file was named as a Dockerfile.
    build_file(kind: &str, advice: &str) = "is a {kind} file, not a Dockerfile; {advice}";

    /// A file that is not named like a Dockerfile does not start with an instruction.
    not_a_dockerfile(line: usize) =
        "is not a Dockerfile: line {line} does not start with an instruction; pass a Dockerfile, or a directory to search";

    /// A line can't be parsed.
    syntax_error(problem: &str) = "{problem}";

    /// A comment names a transform that does not exist.
    unknown_transform(id: &str) = "there is no transform `{id}`; this comment does nothing";

    /// A comment names a transform that does not exist, and another one has a similar name.
    misspelled_transform(id: &str, near: &str) =
        "there is no transform `{id}`; did you mean `{near}`?; this comment does nothing";

    /// A comment suppresses nothing.
    unused_comment(id: &str) =
        "unused ignore comment: it suppresses no fix of `{id}`; move it right above its instruction, or remove it";

    /// A comment has wrong syntax.
    misspelled_comment(correction: &str) = "this comment does nothing; write it as `{correction}`";
}
