//! How a message names an instruction: by its first line.

/// The first line of an instruction, without the operators and the backslash that continue it.
pub(crate) fn first_line(instruction: &str) -> &str {
    let line = instruction.lines().next().unwrap_or_default();
    line.trim_end_matches(['\\', '`', '&', '|', ';', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn what_continues_the_line_is_left_out() {
        assert_eq!(first_line("RUN apt-get update && \\\n    apt-get install -y curl"), "RUN apt-get update");
        assert_eq!(first_line("RUN set -eux; \\\n    make"), "RUN set -eux");
        assert_eq!(first_line("RUN a || b"), "RUN a || b");
    }
}
