//! Fixes in the words of hadolint: one line for each of its codes that a fix answers, as hadolint
//! itself prints findings, so that its users recognize them. Fixes without a code are left out.

use std::io::{self, Write};

use crate::escape;
use crate::report::{FileReport, Format};

/// `--format hadolint`
pub const FORMAT: Format = Format {
    name: "hadolint",
    alias: None,
    about: "The hadolint codes that the fixes answer, as hadolint prints them",
    write: |out, reports, _| write(out, reports),
};

/// The codes of fixes that hadolint reports as errors; most others are warnings. (hadolint's README,
/// "Rules".)
const ERRORS: [&str; 5] = ["DL3000", "DL3004", "DL3020", "DL4000", "DL4004"];
/// Those that it reports with the level "info".
const REMARKS: [&str; 6] = ["DL3009", "DL3015", "DL3019", "DL3047", "DL3059", "DL3060"];

/// Writes `path:line code level: title`, by place.
fn write(out: &mut dyn Write, reports: &[FileReport]) -> io::Result<()> {
    for report in reports {
        let path = escape::line(report.path.as_deref().unwrap_or_default());
        for (_, fix) in report.fixes_by_place() {
            for code in fix.hadolint.iter().filter(|code| is_code(code)) {
                let (line, title) = (fix.place.line, escape::line(&fix.title));
                writeln!(out, "{path}:{line} {code} {}: {title}", level(code))?;
            }
        }
    }
    Ok(())
}

/// Whether it is a code of hadolint, not the name of a check of BuildKit.
fn is_code(name: &str) -> bool {
    name.strip_prefix("DL").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn level(code: &str) -> &'static str {
    if ERRORS.contains(&code) {
        "error"
    } else if REMARKS.contains(&code) {
        "info"
    } else {
        "warning"
    }
}
