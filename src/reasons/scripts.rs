//! Scripts.

use super::reasons;

reasons! {
    "Scripts", "The script of a RUN, and the account that it runs with.";

    /// The user of the RUN is unknown, so its home directory is too.
    unknown_user() = "the current user is unknown, and so is the home directory";

    /// The UID or the home directory of the RUN's user is not in the file.
    unknown_account(user: &str) = "the UID or the home directory of the user {user} is unknown";

    /// The base image is unknown, and it may set HOME.
    unknown_home_of_image() = "the base image is unknown, and so is its HOME";

    /// HOME names a directory that may not exist before the RUN.
    home_may_not_exist(home: &str) = "HOME is {home}, which may not exist before this RUN";

    /// HOME has a value that is not in the file.
    unknown_home() = "the value of HOME is unknown";

    /// The working directory of a command is unknown.
    unknown_directory(command: &str) = "the working directory of {command} is unknown";

    /// A RUN can't be read, so what it needs is unknown.
    run_not_read() = "a RUN can't be read";

    /// The script of the RUN has no commands.
    empty_script() = "its script is empty";

    /// The script leaves a command in the background, so its end is not the end of the RUN.
    command_left_running() = "its script leaves a command in the background";

    /// The last `&&` or `||` list of the script is too long to be extended.
    too_many_links() = "its last list of commands is too long";

    /// The script sets a trap, which would run at another place.
    sets_trap() = "its script sets a trap";

    /// The script ends before its last line, so an appended command would not run.
    ends_early() = "its script ends before its last line, by exec or exit";

    /// Under `set -e`, an appended command would hide a failure.
    errexit_ignores_failures() = "`set -e` would then ignore failures of its last command";

    /// The script can't be parsed completely, or is a here-document that is not edited.
    uneditable_script() = "its script can't be edited";

    /// A comment follows the last command of the script on the same line.
    comment_after_last_command() = "a comment follows its last command on the same line";

    /// A comment is before the last semicolon of the script.
    comment_before_semicolon() = "a comment is before its last semicolon";

    /// The script is a here-document or can't be parsed completely.
    uneditable_for_mounts() = "its script is a here-document or can't be parsed completely, so it can't be edited";

    /// The shell is not sh, ash, dash or bash.
    foreign_shell() = "the RUN's shell is not sh, ash, dash or bash";

    /// The script of the RUN can't be parsed reliably.
    unreliable_parse() = "the RUN's script can't be parsed reliably";

    /// bash and sh interpret the script differently.
    shells_differ() = "bash and sh interpret the RUN's script differently";

    /// Commands in exec form are never edited.
    exec_form() = "the RUN is in exec form, which is never edited";

    /// The here-document names an interpreter, is not the whole script, or has Windows line breaks.
    here_document() = "the here-document names an interpreter, is not the whole script, or has Windows line breaks";

    /// A line next to the RUN can't be parsed.
    next_to_unreadable_line() = "the RUN is next to a line that can't be read";

    /// The RUN passes its commands to a shell as a string.
    commands_in_string() = "the RUN passes commands to a shell as a string, which is never edited";

    /// An earlier instruction may change the user's account.
    account_changed(user: &str) = "an earlier instruction may change the account of {user}";
}
