//! Merging RUN instructions.

use super::reasons;

reasons! {
    "Merging RUN instructions", "Why two RUN instructions are not merged.";

    /// The two RUNs have too many commands.
    too_many_commands(most: usize) = "together they have more than {most} commands";

    /// The two RUNs have different flags.
    different_flags() = "the two have different flags";

    /// The first RUN writes to a mount that the second one would see.
    mount_keeps_files() = "the second would see files that the first writes to its mount";

    /// A comment between the two RUNs is a directive for a tool.
    directive_between() = "the comment between them is a directive for a tool";

    /// The first script ends in a shell comment.
    comment_at_end() = "the first ends in a shell comment that would swallow the second";

    /// A command runs in the background.
    background_command() = "a command runs in the background";

    /// One of the scripts defines a function.
    defines_function() = "one of them defines a function";

    /// `set` or `trap` would apply to both scripts.
    set_or_trap() = "`set` or `trap` would apply to both scripts";

    /// The shell reads startup files that the first RUN may change.
    startup_files() = "the shell reads startup files that the first may change";

    /// Under `-e`, the shell would ignore failures of the first script.
    errexit_in_list() = "`-e` would ignore failures of the first within an `&&` list";

    /// The first RUN may install another version of a program that both use.
    moved_program(program: &str) = "the first may install another {program}, which the second wouldn't find in the same shell";

    /// The first script changes the shell's directory or variables.
    changes_shell_state() = "the first changes the shell's directory or variables, which would affect the second";

    /// The second script ends in a comment, and needs brackets.
    second_ends_in_comment() = "the second ends in a comment";

    /// A program may leave a process running.
    daemon(program: &str) = "{program} may leave a process running, which now ends with its RUN";

    /// A program that can't be read may leave a process running.
    unreadable_program_may_stay(program: &str) = "the first runs {program}, which can't be read and may leave a process running";

    /// The first script may end early, so the second would not run.
    first_may_end_early() = "the first may end early, by exit, exec or return";

    /// The first RUN changes files that the builder mounts for each RUN.
    files_of_builder() = "the first changes files that the builder mounts again for each RUN";

    /// The first RUN changes accounts that the second may use.
    changes_accounts() = "the first changes accounts, and the second may run as one of them";

    /// The first RUN may change the account that the second runs as.
    changes_own_account() = "the first may change the account that the second runs as";

    /// The first RUN replaces the shell of the second.
    replaces_shell() = "the first replaces the shell that runs the second";

    /// The first RUN may remove the working directory, which a separate RUN would create again.
    removes_working_directory() = "the first may remove the second's working directory, which a separate RUN would create again";
}
