//! What `--minimize` removes.

use super::reasons;

reasons! {
    "Minimizing", "Why `--minimize` leaves something.";

    /// Which files the checks of the image open is unknown.
    opened_files_unknown() = "the files that the image needs are unknown; use --verify, with a HEALTHCHECK or --smoke, where the checks can be traced";

    /// A check of the original image opens a file of it.
    check_opens(path: &str) = "a check of the original image opens {path}";

    /// Something that starts the image, or a source file, names the program.
    named_by(who: &str, program: &str) = "{who} names `{program}`";

    /// A source file can't be read, so the programs that it calls are unknown.
    source_not_read(path: &str) = "{path} was not read, so the programs that it calls are unknown";

    /// Another stage uses the stage with the packages.
    stage_used_elsewhere() = "another stage uses the stage that installs the packages";

    /// SHELL sets another shell in the stage with the packages.
    stage_has_shell() = "SHELL sets another shell in the stage that installs the packages";
}
