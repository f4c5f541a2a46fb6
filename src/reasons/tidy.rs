//! Tidying.

use super::reasons;

reasons! {
    "Tidying", "Why an instruction keeps the form that a linter advises against.";

    /// The value of an ENV or LABEL can't be read with certainty.
    unclear_value(name: &str) = "the value of {name} can't be read with certainty";

    /// A comment belongs to an instruction that would be removed.
    comment_about_it(keyword: &str) = "a comment belongs to the {keyword} that a later one replaces";

    /// A failure of the command may be ignored, so an option that lets it succeed would change what the build does.
    failure_may_be_ignored(command: &str) = "a failure of `{command}` may be ignored, or it has its own input";

    /// `apt` has a command that `apt-get` lacks, or that means something else there.
    other_meaning_for_apt_get(verb: &str) = "`apt {verb}` has no equivalent in apt-get";

    /// A package is given by a pattern, which apt and apt-get treat in different ways.
    pattern_for_apt(pattern: &str) = "apt and apt-get treat the pattern {pattern} in different ways";

    /// The program `wget` may be BusyBox's, which lacks the option.
    another_wget() = "wget may be BusyBox's, which lacks --progress=dot:giga";

    /// The directory in which a relative path starts is unknown.
    unknown_start_of_path(path: &str) = "the directory in which {path} starts is unknown";

    /// A source of ADD is given by a variable or a pattern, so what it names is unknown.
    sources_not_named(source: &str) = "{source} does not name a file or a directory of the build context";

    /// The content of a source of ADD is an archive, or can't be read.
    may_be_archive(source: &str) = "{source} is or may be an archive, which ADD unpacks";

    /// A source of ADD is not in the build context.
    not_in_context(source: &str) = "{source} is not in the build context";
}
