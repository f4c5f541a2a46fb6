//! The Dockerfiles in a Compose file: `dockerfile_inline` of the services. (The Compose
//! specification, "Compose Build".)
//!
//! A Dockerfile is read only if its lines in the file are known for sure: a literal block in its
//! service, whose text is the one that the YAML parser returns. New texts are read back: nothing
//! else in the file may have changed.

use serde_json::{Map, Value};

use crate::context::compose::merged;
use crate::embedded::EmbeddedDockerfile;
use crate::embedded::interpolation;
use crate::embedded::scalar::{self, Scan};
use crate::pragma::Pragmas;
use crate::reasons::{self, Reason};
use crate::span::{LineIndex, Place};
use crate::syntax::Dockerfile;
use crate::yaml;

/// The largest number of inline Dockerfiles in a file: each step of each of them keeps a copy of the
/// file.
const MOST: usize = 50;

/// The inline Dockerfiles of a Compose file.
#[derive(Debug, Default)]
pub struct InlineDockerfiles {
    /// Those that can be fixed, in the order of the file.
    pub found: Vec<InlineDockerfile>,
    /// The places of the others, and why they can't be fixed.
    pub refused: Vec<(Place, Reason)>,
    /// The place of a comment at the top which says that the file is generated.
    pub generated: Option<Place>,
}

/// The Dockerfile of a service.
#[derive(Debug)]
pub struct InlineDockerfile {
    /// The service.
    pub service: String,
    /// The build context as written; `None` if there is none.
    pub context: Option<String>,
    /// The text and its lines.
    pub dockerfile: EmbeddedDockerfile,
}

/// Why a file can't be read, and where.
#[derive(Debug)]
pub struct Mistake {
    /// The reason.
    pub reason: Reason,
    /// The place, if it is known.
    pub place: Option<Place>,
}

/// Whether a file has inline Dockerfiles, or may have some.
pub fn has_inline_dockerfile(host: &str) -> bool {
    // The key may be written with escape sequences, but no person does that.
    host.contains("dockerfile_inline")
        && yaml::value(host).map_or(true, |value| services(&value).any(|(_, build)| inline(&build).is_some()))
}

/// Whether a file is valid YAML.
pub fn is_valid(host: &str) -> bool {
    yaml::value(host).is_ok()
}

/// Finds the inline Dockerfiles of a Compose file.
pub fn read(host: &str) -> Result<InlineDockerfiles, Mistake> {
    let value = yaml::value(host).map_err(|error| {
        let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
        Mistake { reason: reasons::invalid_compose_file(&error.to_string()), place }
    })?;
    let scan = scalar::scan(host);
    let mut all = InlineDockerfiles { generated: generated(host), ..InlineDockerfiles::default() };
    for (service, build) in services(&value) {
        if inline(&build).is_none() {
            continue;
        }
        let place = place_of(&scan, service);
        if build.get("dockerfile").and_then(Value::as_str).is_some_and(|file| !file.is_empty()) {
            return Err(Mistake { reason: reasons::two_dockerfiles(service), place: Some(place) });
        }
        if all.found.len() == MOST {
            all.refused.push((place, reasons::too_many_inline_dockerfiles(service, MOST)));
            break;
        }
        match in_service(host, &value, &scan, service) {
            Ok(dockerfile) => {
                let context = build.get("context").and_then(Value::as_str).map(str::to_owned);
                all.found.push(InlineDockerfile { service: service.to_owned(), context, dockerfile });
            }
            Err(reason) => all.refused.push((place, reason)),
        }
    }
    all.found.sort_by_key(|inline| inline.dockerfile.lines_before);
    all.refused.sort_by_key(|(place, _)| place.line);
    Ok(all)
}

/// The Dockerfile that a service contains itself.
fn in_service(
    host: &str,
    value: &Value,
    scan: &Scan<'_>,
    service: &str,
) -> Result<EmbeddedDockerfile, Reason> {
    let own = value["services"][service]["build"]["dockerfile_inline"].as_str();
    let mut values = scan.values.iter().filter(|value| value.service == service);
    let (Some(text), Some(found), None) = (own, values.next(), values.next()) else {
        // It is in a flow mapping, or an alias or a merge key refers to it.
        return Err(reasons::no_literal_block(service));
    };
    let Some(block) = &found.block else { return Err(reasons::no_literal_block(service)) };
    if let Some(anchor) = found.anchors.iter().find(|anchor| host.contains(&format!("*{anchor}"))) {
        return Err(reasons::shared_inline_dockerfile(service, anchor));
    }
    let is_extended = services_of(value).any(|(_, body)| {
        let extends = &body["extends"];
        let name = extends.as_str().or_else(|| extends["service"].as_str());
        name == Some(service) && extends.get("file").is_none() && body.get("build").is_some()
    });
    if is_extended || value["services"][service].get("extends").is_some() {
        return Err(reasons::extended_inline_dockerfile(service));
    }
    if block.text != text {
        return Err(reasons::unclear_lines(service));
    }
    let (text, spelling) = interpolation::unescaped(text)
        .map_err(|variable| reasons::replaced_by_compose(service, &variable))?;
    Ok(EmbeddedDockerfile {
        text,
        lines_before: block.lines_before,
        start: block.start,
        indentation: block.indentation,
        line_break: if block.is_crlf { "\r\n" } else { "\n" },
        spelling,
    })
}

/// Whether a new text of a Compose file differs from the old one in nothing but the lines of its
/// inline Dockerfiles.
pub fn is_same_elsewhere(old: &str, new: &str) -> bool {
    let rest = |text: &str| {
        let (mut rest, mut at) = (Vec::new(), 0);
        for InlineDockerfile { service, dockerfile, .. } in read(text).ok()?.found {
            rest.push(text[at..dockerfile.start].to_owned());
            rest.push(service);
            at = dockerfile.start + dockerfile.lines_in(text).into_iter().map(str::len).sum::<usize>();
        }
        rest.push(text[at..].to_owned());
        Some(rest)
    };
    rest(old).is_some_and(|old| Some(old) == rest(new))
}

/// Whether these services of a new text have these Dockerfiles.
pub(super) fn has_texts(new: &str, expected: &[(String, String)]) -> bool {
    read(new).is_ok_and(|all| {
        expected.iter().all(|(service, text)| {
            let mut found = all.found.iter().filter(|inline| inline.service == *service);
            // The header of the block decides about the last line break.
            let is_same = |inline: &InlineDockerfile| {
                inline.dockerfile.text.trim_end_matches('\n') == text.trim_end_matches('\n')
            };
            found.next().is_some_and(is_same)
        })
    })
}

fn services_of(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value["services"].as_object().into_iter().flatten()
}

/// The services that are built, each with its build, including the keys that they merge.
fn services(value: &Value) -> impl Iterator<Item = (&str, Map<String, Value>)> {
    services_of(value).filter_map(|(name, body)| {
        let build = merged(body.as_object()?).remove("build")?;
        Some((name.as_str(), merged(build.as_object()?)))
    })
}

/// The inline Dockerfile of a build. An empty one is none, as in Compose.
fn inline(build: &Map<String, Value>) -> Option<&str> {
    build.get("dockerfile_inline")?.as_str().filter(|text| !text.is_empty())
}

/// The place of the key `dockerfile_inline` of a service, or else of the service.
fn place_of(scan: &Scan<'_>, service: &str) -> Place {
    let values = scan.values.iter().filter(|value| value.service == service).map(|value| value.place);
    let names =
        scan.services.iter().filter(|(name, ..)| name == service).map(|(_, line, column)| (*line, *column));
    let (line, column) = values.chain(names).next().unwrap_or((1, 1));
    Place { line, column }
}

/// The place of a comment above the first key which says that the file is generated.
fn generated(host: &str) -> Option<Place> {
    let is_above =
        |line: &&str| line.trim().is_empty() || line.trim_start_matches('\u{feff}').starts_with('#');
    let length = host.split_inclusive('\n').take_while(is_above).map(str::len).sum();
    let comments = Dockerfile::parse(&host[..length]);
    let comment = Pragmas::of(&comments, false).generated()?;
    Some(LineIndex::of(host).place(comment.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services_in(text: &str) -> (Vec<String>, Vec<String>) {
        let all = read(text).expect("a Compose file");
        let found = all.found.into_iter().map(|inline| inline.service);
        let refused = all.refused.into_iter().map(|(place, reason)| format!("{place} {}", reason.code()));
        (found.collect(), refused.collect())
    }

    #[test]
    fn a_dockerfile_is_read_if_its_lines_are_known() {
        let block = "dockerfile_inline: |\n        FROM a\n";
        for (build, expected) in [
            (format!("build:\n      {block}"), ""),
            (format!("\"build\":\n      context: .\n      {block}"), ""),
            (format!("build: &b\n      {block}"), ""),
            (
                format!("build: &b\n      {block}  b:\n    build: *b\n"),
                "4:7 shared-inline-dockerfile\n6:3 no-literal-block",
            ),
            (
                format!("build:\n      {block}  b:\n    extends: a\n    build: c\n"),
                "4:7 extended-inline-dockerfile",
            ),
            (
                format!("extends: {{file: x.yaml}}\n    build:\n      {block}"),
                "5:7 extended-inline-dockerfile",
            ),
            ("build:\n      dockerfile_inline: >\n        FROM a\n".into(), "4:7 no-literal-block"),
            ("build:\n      dockerfile_inline: FROM a\n".into(), "4:7 no-literal-block"),
            ("build: {dockerfile_inline: FROM a}\n".into(), "2:3 no-literal-block"),
            (
                block.replace("dockerfile_inline", "build:\n      dockerfile_inline").replace('a', "$A"),
                "4:7 replaced-by-compose",
            ),
            (format!("build:\n      {}", block.replace('a', "a\u{85}        RUN b")), "4:7 unclear-lines"),
        ] {
            let text = format!("services:\n  a:\n    {build}");
            let (found, refused) = services_in(&text);
            assert_eq!(refused.join("\n"), expected, "{text}");
            assert_eq!(found.len(), usize::from(expected.is_empty()), "{text}");
        }
    }

    #[test]
    fn texts_from_merge_keys_are_refused() {
        let text = "x-b: &b\n  dockerfile_inline: |\n    FROM a\nservices:\n  a:\n    build:\n      <<: *b\n      context: a\n  b:\n    build: *b\n";
        assert_eq!(
            services_in(text),
            (vec![], vec!["5:3 no-literal-block".into(), "9:3 no-literal-block".into()])
        );
    }

    #[test]
    fn a_service_has_one_dockerfile() {
        let text =
            "services:\n  a:\n    build:\n      dockerfile: x\n      dockerfile_inline: |\n        FROM a\n";
        let mistake = read(text).expect_err("Compose refuses it");
        assert_eq!(
            (mistake.reason.code(), mistake.place),
            ("two-dockerfiles", Some(Place { line: 5, column: 7 }))
        );
        assert!(read(": [").is_err());
        let many: String = (0..60)
            .map(|n| format!("  s{n}:\n    build:\n      dockerfile_inline: |\n        FROM a\n"))
            .collect();
        let (found, refused) = services_in(&format!("services:\n{many}"));
        assert_eq!((found.len(), refused.len()), (50, 1));
    }

    #[test]
    fn comments_at_the_top_may_say_that_a_file_is_generated() {
        let text = "# a project\n# DO NOT EDIT: generated by x\nservices: {}\n# a\n";
        assert_eq!(read(text).expect("a Compose file").generated, Some(Place { line: 2, column: 1 }));
        assert_eq!(read("services: {}\n# DO NOT EDIT\n").expect("a Compose file").generated, None);
    }

    #[test]
    fn other_parts_of_a_file_stay() {
        let text = "# c\nservices:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a\n    privileged: false\n";
        assert!(is_same_elsewhere(text, &text.replace("FROM a", "FROM b")));
        for (old, new) in [
            ("false", "true"),
            ("# c\n", ""),
            ("inline: |", "inline: |-"),
            ("services", "x-services"),
            ("FROM a", "FROM a\n    x: y"),
        ] {
            assert!(!is_same_elsewhere(text, &text.replace(old, new)), "{old}");
        }
    }
}
