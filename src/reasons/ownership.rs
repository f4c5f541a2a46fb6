//! Owners and modes.

use super::reasons;

reasons! {
    "Owners and modes", "Why a chown or chmod is not replaced by a flag of COPY.";

    /// The base image may already have files at the path.
    base_may_have_files(path: &str) = "the base image may have files under {path}";

    /// More instructions precede the copy than Jettison looks at.
    too_far_for_path(most: usize, path: &str) = "more than {most} earlier instructions precede it, and one of them may put files under {path}";

    /// An earlier instruction may put files at the path.
    earlier_copy(keyword: &str, path: &str) = "an earlier {keyword} may put files under {path}";

    /// An earlier WORKDIR may create a directory at the path.
    earlier_workdir(path: &str) = "an earlier WORKDIR may create a directory under {path}";

    /// An earlier VOLUME contains the path.
    earlier_volume() = "an earlier VOLUME contains it";

    /// An earlier RUN may put files at the path.
    earlier_run(path: &str) = "an earlier RUN may put files under {path}";

    /// A copy between the copy and the RUN may add files.
    copy_between(destination: &str, path: &str) = "a copy to {destination} in between may add files under {path}";

    /// A WORKDIR between the copy and the RUN may create a directory.
    workdir_between(path: &str) = "a WORKDIR in between may create a directory under {path}";

    /// A VOLUME contains the path.
    volume_contains_path() = "a VOLUME contains it";

    /// Another RUN is between the copy and the RUN.
    run_between() = "another RUN is between the copy and it";

    /// The command may not run as root.
    may_not_be_root() = "it may not run as root";

    /// The RUN has flags.
    run_has_flags() = "the RUN has flags";

    /// The copy may also create the parent directory, which would get the same owner and mode.
    creates_parent(path: &str) = "the copy may also create {path}, which would get the same owner and mode";

    /// The value of a variable is not in the file.
    value_not_in_file(word: &str) = "the value of {word} is not in the file";

    /// A variable may have another value at the copy.
    value_may_differ(word: &str) = "{word} may have another value at the copy";

    /// The owner can't be used in a flag.
    unusable_owner(owner: &str) = "the owner {owner} can't be used in a flag";

    /// The command sets only the owner or the group, and the other one is unknown.
    half_an_owner() = "it sets only the owner or the group, and a flag can't keep the other one from the stage";

    /// More instructions precede the copy than Jettison looks at.
    too_far_for_name(most: usize, path: &str) = "more than {most} earlier instructions precede it, and one of them may name {path}";

    /// An earlier RUN names the file.
    named_earlier(path: &str) = "an earlier RUN names {path}";

    /// The command can't be removed from its script.
    not_removable() = "it can't be removed from its script";

    /// A comment belongs to the RUN that would be removed.
    comment_of_run() = "a comment belongs to the RUN that would be removed";

    /// The copy already has the flag.
    has_flag_already(keyword: &str, flag: &str) = "the {keyword} already has --{flag}";

    /// The copy has a flag that changes how it copies.
    flag_changes_copy(keyword: &str, flag: &str) = "the {keyword} has --{flag}, which changes how it copies";

    /// ADD may download or unpack its source.
    add_may_unpack() = "ADD may download or unpack its source";

    /// The mode is not a plain number.
    symbolic_mode(mode: &str) = "the mode {mode} is not a plain number";

    /// chmod keeps mode bits of directories that COPY does not keep.
    mode_bits_of_stage() = "directories of another stage may have mode bits that chmod keeps and COPY does not";

    /// The command contains a comment.
    contains_comment() = "it contains a comment";
}
