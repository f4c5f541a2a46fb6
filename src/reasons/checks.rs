//! Checks after a step.

use super::reasons;

reasons! {
    "Checks after a step", "A step was rolled back because a check failed, which is a bug in Jettison.";

    /// The file no longer parses.
    no_longer_parses() = "the file no longer parses";

    /// The parser directives differ.
    directives_differ() = "the parser directives differ";

    /// A step that may change only the ignore file changed the Dockerfile.
    dockerfile_differs() = "the Dockerfile itself differs";

    /// An instruction other than RUN differs.
    instruction_differs() = "an instruction other than RUN differs";

    /// A comment is lost or moved.
    comment_lost_or_moved() = "a comment is lost or moved";

    /// A comment is lost.
    comment_lost() = "a comment is lost";

    /// The stages differ.
    stages_differ() = "the stages differ";

    /// A command is missing or differs.
    command_missing(command: &str) = "the command `{command}` is missing or differs";

    /// A command is new.
    command_new(command: &str) = "the command `{command}` is new";

    /// An instruction does not mean the same to the builder.
    meaning_differs() = "an instruction does not mean the same to the builder";

    /// More than the base image differs.
    more_than_base_differs() = "more than the base image differs";

    /// A stage or a RUN is new or missing.
    stage_or_run_differs() = "a stage or a RUN is new or missing";

    /// An instruction that must not move is changed or moved.
    instruction_moved() = "an instruction that must not move is changed or moved";

    /// An instruction, or a comment above it, is missing.
    instruction_missing(instruction: &str) = "`{instruction}`, or a comment above it, is missing";

    /// An instruction is new.
    instruction_new() = "an instruction is new";

    /// An instruction other than RUN is new or missing.
    instruction_count_differs() = "an instruction other than RUN is new or missing";

    /// An instruction differs.
    instruction_at_byte_differs(byte: usize) = "the instruction at byte {byte} differs";

    /// The file does not have exactly one more stage.
    stage_count_differs() = "the file does not have exactly one more stage";

    /// The text before the last stage differs.
    earlier_text_differs() = "the text before the last stage differs";

    /// A step is missing in the build stage, or out of order.
    build_step_missing(step: &str) = "the step `{step}` is missing in the build stage, or out of order";

    /// An instruction is missing in the final stage, or out of order.
    final_instruction_missing(instruction: &str) = "the instruction `{instruction}` is missing in the final stage, or out of order";

    /// A setting of the final image differs.
    setting_differs(name: &str) = "{name} of the final image differs";

    /// A setting of the final image is new.
    setting_new(name: &str) = "{name} of the final image is new";

    /// The final stage has another name.
    stage_name_differs() = "the final stage has another name";
}
