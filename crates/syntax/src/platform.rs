//! The operating system that a stage is built for, according to FROM: `--platform`, the image's
//! name with the defaults of build arguments inserted, and the stage that it is based on.
//!
//! This module does not know the content of images. A name without a hint leaves the platform
//! unknown.

use std::collections::HashMap;

use crate::instruction::{Assignment, From, Instruction};

/// The operating system that a stage is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Platform {
    /// The name does not indicate another one.
    #[default]
    Unknown,
    /// `--platform=linux/…`.
    Linux,
    /// Windows, whose default shell is `cmd`.
    Windows,
}

/// The build arguments that FROM can use: those before the first stage, with their defaults.
#[derive(Debug, Default)]
pub(super) struct Arguments(HashMap<String, String>);

/// Alternatives may contain variables; those nested more deeply are not expanded.
const MOST_STEPS: usize = 8;
/// No image name is longer, but values that double each other soon are.
const MOST_BYTES: usize = 4096;

impl Arguments {
    /// Adds an ARG before the first FROM.
    pub(super) fn note(&mut self, all: &[Assignment]) {
        for assignment in all {
            if let Some(value) = &assignment.value {
                let value = self.fill_in(value);
                self.0.insert(assignment.key.clone(), value);
            }
        }
    }

    /// A text with the known variables expanded; others are kept as written.
    pub(super) fn fill_in(&self, text: &str) -> String {
        self.fill_in_within(text.trim_matches(['"', '\'']), MOST_STEPS)
    }

    fn fill_in_within(&self, text: &str, steps: usize) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$').filter(|_| result.len() <= MOST_BYTES) {
            result.push_str(&rest[..at]);
            let (whole, name, alternative) = reference(&rest[at..]);
            rest = &rest[at + whole.len()..];
            // A value was expanded when it was set.
            let value = self.0.get(name).map(String::as_str);
            match alternative {
                // `${NAME:-alternative}` and `${NAME-alternative}`.
                Some(('-', _)) if value.is_some_and(|value| !value.is_empty()) => {
                    result.push_str(value.unwrap_or_default());
                }
                // `${NAME:+alternative}` too: the build may set the variable.
                Some((_, other)) if steps > 0 => result.push_str(&self.fill_in_within(other, steps - 1)),
                _ => result.push_str(value.unwrap_or(whole)),
            }
        }
        result.push_str(rest);
        result
    }
}

/// The variable that a text starts with: its text, its name, and the replacement of `:-` or `:+`.
fn reference(text: &str) -> (&str, &str, Option<(char, &str)>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let inside = text.strip_prefix("${");
    let Some(inside) = inside else {
        let name = &text[1..];
        let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
        return (&text[..=end], &name[..end], None);
    };
    let mut depth = 1;
    let end = inside.char_indices().find(|&(at, c)| {
        depth += usize::from(c == '{' && inside[..at].ends_with('$'));
        depth -= usize::from(c == '}');
        depth == 0
    });
    let Some((end, _)) = end else { return (text, "", None) };
    let (whole, inside) = (&text[..end + 3], &inside[..end]);
    let (name, rest) = inside.split_at(inside.find(|c| !is_name(c)).unwrap_or(inside.len()));
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let mut chars = rest.chars();
    let alternative =
        chars.next().filter(|kind| matches!(kind, '-' | '+')).map(|kind| (kind, chars.as_str()));
    (whole, name, alternative)
}

impl Platform {
    /// The platform according to FROM alone, without the stage that it is based on.
    pub(super) fn of(instruction: &Instruction<'_>, from: &From, arguments: &Arguments) -> Self {
        let image = arguments.fill_in(&from.image);
        // A variable may be named after its content: `$WINDOWS_BASE`.
        if is_windows(&from.image) || is_windows(&image) {
            return Self::Windows;
        }
        let flag = instruction.flag("platform");
        let platform = flag.and_then(|flag| flag.value.as_deref()).map(|value| arguments.fill_in(value));
        match platform.as_deref().map(str::to_ascii_lowercase) {
            Some(platform) if platform.contains("windows") => Self::Windows,
            Some(platform) if platform.starts_with("linux") => Self::Linux,
            _ => Self::Unknown,
        }
    }
}

/// Releases of Windows that tag its images. (Microsoft's manual, "Base image servicing lifecycles",
/// and the tags of windows/servercore, windows/nanoserver and dotnet/framework in its registry.)
const RELEASES: &[&str] =
    &["1607", "1709", "1803", "1809", "1903", "1909", "2004", "2009", "20h2", "21h2", "22h2"];

/// Words that name a Linux distribution: next to one of them, a number is a date or a version.
const LINUX: &[&str] =
    &["linux", "ubuntu", "debian", "alpine", "fedora", "centos", "rocky", "alma", "suse", "ubi"];

/// Whether an image's name indicates Windows.
fn is_windows(image: &str) -> bool {
    let image = image.to_ascii_lowercase();
    // Images of .NET Framework are all for Windows, even if their tag is a plain version.
    if ["windows", "nanoserver", "servercore", "dotnet/framework", "dotnet-framework"]
        .iter()
        .any(|word| image.contains(word))
    {
        return true;
    }
    let name = image.split('@').next().unwrap_or_default();
    let Some((_, tag)) = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else { return false };
    let is_channel = |word: &str| {
        ["ltsc", "sac"].iter().any(|channel| {
            word.strip_prefix(channel)
                .is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    // Builds are versions with a third component of five digits: 10.0.17763.1999.
    let is_build = |word: &str| {
        let build = word.strip_prefix("10.0.").and_then(|rest| rest.split('.').next());
        build.is_some_and(|build| build.len() == 5 && build.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let has_word = |is: &dyn Fn(&str) -> bool| tag.split(['-', '_', '+']).any(is);
    has_word(&is_channel)
        || has_word(&is_build)
        || has_word(&|word| RELEASES.contains(&word)) && !LINUX.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use crate::{Body, Dockerfile, Run};

    /// Whether the last RUN of a text is one that can't be edited.
    fn is_opaque(text: &str) -> bool {
        let text = format!("{text}\nRUN a\n");
        let file = Dockerfile::parse(&text);
        let last = file.instructions().next_back().map(|(_, instruction)| instruction.body.clone());
        matches!(last, Some(Body::Run(Run::Opaque(_))))
    }

    #[test]
    fn windows_is_seen_by_name_argument_and_platform() {
        for text in [
            "FROM mcr.microsoft.com/windows/servercore:ltsc2022",
            "ARG BASE=mcr.microsoft.com/windows/servercore:ltsc2022\nFROM ${BASE}",
            "ARG BASE=\"mcr.microsoft.com/windows/nanoserver:1809\"\nFROM $BASE",
            "ARG V=windows-ltsc2022\nFROM ruby:3-$V",
            "ARG V=ltsc2022\nFROM example.com/base:$V",
            "ARG A=ltsc2022\nARG B=x-${A}\nFROM example.com/base:${B}",
            "FROM example.com/base:${V:-ltsc2019}",
            "ARG V\nFROM golang:1.22${V:+-nanoserver}",
            "ARG V=1\nFROM golang:${A:-${V}-windowsservercore-1809}",
            "FROM $WINDOWS_BASE",
            "FROM --platform=windows/amd64 golang:1.22",
            "ARG PLATFORM=windows/amd64\nFROM --platform=$PLATFORM golang:1.22",
            "FROM --platform=${TARGETPLATFORM:-windows/amd64} golang:1.22",
            "FROM example.com/base:1809",
            "FROM example.com/base:20H2",
            "FROM example.com/base:sac2016-amd64",
            "FROM example.com/base:10.0.17763.1999",
            "FROM mcr.microsoft.com/dotnet/framework/sdk:4.8",
            "FROM mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-1809 AS build\nFROM build",
            "ARG BASE=build\nFROM --platform=windows/amd64 golang:1.22 AS build\nFROM ${BASE}",
            "FROM golang:1-nanoserver AS a\nFROM a AS b\nFROM B",
            "FROM golang:1-nanoserver\nSHELL [\"bash\", \"-c\"]",
        ] {
            assert!(is_opaque(text), "{text}");
        }
    }

    #[test]
    fn values_that_double_each_other_end() {
        let doubling: String = (1..60).map(|n| format!("ARG A{n}=$A{m}$A{m}\n", m = n - 1)).collect();
        assert!(!is_opaque(&format!("ARG A0=xx\n{doubling}FROM $A59")));
    }

    #[test]
    fn other_names_stay_editable() {
        for text in [
            "FROM debian:12",
            "ARG BASE\nFROM ${BASE}",
            "FROM $BASE",
            "FROM ${BASE:-debian:12}",
            "FROM --platform=$BUILDPLATFORM golang:1.22",
            "FROM --platform=linux/amd64 golang:1.22",
            "ARG BASE=debian:12\nFROM ${BASE}",
            "FROM golang:1-nanoserver AS a\nFROM debian:12",
            "FROM example.com/ubuntu:2004",
            "FROM example.com/base:ubuntu-2004",
            "FROM localhost:1809/base",
            "FROM openjdk:10.0.2-13-jre-slim",
            "FROM example.com/base:1.1809",
            "FROM ${",
            "FROM $",
            "ARG A=$\nFROM ${${A}",
        ] {
            assert!(!is_opaque(text), "{text}");
        }
    }
}
