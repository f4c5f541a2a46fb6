//! Tests of the comparison itself: images that differ on purpose. Every kind of difference must be
//! found.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::allowed::{Trees, rewritten};
use crate::build::{self, Image};
use crate::compare::differences;
use crate::filesystem::{self, Tree};
use crate::{proof, support};

/// A tiny image. Everything that differs is in one layer.
fn image(name: &str, script: &str) -> Result<Image> {
    let directory = tempfile::tempdir()?;
    let text = format!("FROM debian:bookworm-slim\nRUN mkdir /it && cd /it && {script}\n");
    std::fs::write(directory.path().join("Dockerfile"), text)?;
    build::build(directory.path(), &build::tag("harm", name), false)
}

#[test]
fn real_images_that_differ_are_told_apart() -> Result<()> {
    if !support::has_engine("real_images_that_differ_are_told_apart") {
        return Ok(());
    }
    let before = image(
        "before",
        "touch gone mode owner same && echo one > content && ln -s content link && mkdir changes && touch -d @1 time",
    )?;
    let after = image(
        "after",
        "touch mode owner same new && echo two > content && ln -s same link && touch changes && touch -d @2 time \
         && chmod 600 mode && chown 1:7654321 owner",
    )?;
    let (before, after) = (filesystem::of(&before)?, filesystem::of(&after)?);
    let harm = Trees { before: &before, again: &before, after: &after }.harm(&[]);
    let found: Vec<String> = harm.iter().map(ToString::to_string).collect();
    let expected = [
        "/it/changes is another kind of file",
        "/it/changes had mode 755, has 644",
        "/it/content has other content",
        "/it/gone is missing",
        "/it/link links elsewhere",
        "/it/mode had mode 644, has 600",
        "/it/new is new",
        "/it/owner belonged to 0:0, belongs to 1:7654321",
    ];
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn another_configuration_is_noticed() -> Result<()> {
    if !support::has_engine("another_configuration_is_noticed") {
        return Ok(());
    }
    let directory = tempfile::tempdir()?;
    let mut seen = Vec::new();
    for (name, line) in
        [("plain", ""), ("user", "USER 1\n"), ("variable", "ENV A=1\n"), ("place", "WORKDIR /x\n")]
    {
        std::fs::write(directory.path().join("Dockerfile"), format!("FROM debian:bookworm-slim\n{line}"))?;
        let image = build::build(directory.path(), &build::tag("harm", name), false)?;
        seen.push(proof::configuration(&image)?);
    }
    for (index, configuration) in seen.iter().enumerate() {
        assert!(!seen[index + 1..].contains(configuration), "{configuration} comes twice");
    }
    Ok(())
}

/// An archive like those that the engine exports, from paths, modes, owners and contents.
fn tree(files: &[(&str, u32, u64, &str)]) -> Result<Tree> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode, user, content) in files {
        let mut header = tar::Header::new_gnu();
        let kind = if path.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular };
        header.set_entry_type(kind);
        header.set_mode(*mode);
        header.set_uid(*user);
        header.set_gid(*user);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content.as_bytes())?;
    }
    filesystem::read(&builder.into_inner()?[..])
}

fn harm(before: &Tree, again: &Tree, after: &Tree) -> Vec<String> {
    Trees { before, again, after }.harm(&[]).iter().map(ToString::to_string).collect()
}

#[test]
fn what_differs_anyway_may_have_other_content_and_nothing_else() -> Result<()> {
    let before = tree(&[("log", 0o644, 0, "monday"), ("app", 0o644, 0, "one")])?;
    let again = tree(&[("log", 0o644, 0, "tuesday"), ("app", 0o644, 0, "one")])?;
    let after = tree(&[("log", 0o644, 0, "friday"), ("app", 0o644, 0, "one")])?;
    assert!(harm(&before, &again, &after).is_empty());
    let after = tree(&[("log", 0o600, 0, "friday"), ("app", 0o644, 0, "two")])?;
    assert_eq!(harm(&before, &again, &after), ["/app has other content", "/log had mode 644, has 600"]);
    let after = tree(&[("app", 0o644, 5, "one")])?;
    assert_eq!(harm(&before, &again, &after), ["/app belonged to 0:0, belongs to 5:5", "/log is missing"]);
    Ok(())
}

#[test]
fn the_day_of_a_build_in_a_password_file_does_not_count_but_all_else_does() -> Result<()> {
    let shadow = |line: &str| tree(&[("etc/shadow", 0o640, 0, line)]);
    let before = shadow("root:*:20783:0:99999:7:::\nuser:!:20784:0:99999:7:::\n")?;
    let next_day = shadow("root:*:20783:0:99999:7:::\nuser:!:20785:0:99999:7:::\n")?;
    assert!(harm(&before, &before, &next_day).is_empty());
    let locked = shadow("root:!:20783:0:99999:7:::\nuser:!:20784:0:99999:7:::\n")?;
    assert_eq!(harm(&before, &before, &locked), ["/etc/shadow has other content"]);
    let fewer = shadow("root:*:20783:0:99999:7:::\n")?;
    assert_eq!(harm(&before, &before, &fewer), ["/etc/shadow has other content"]);
    Ok(())
}

#[test]
fn caches_may_go_and_their_empty_homes_but_not_what_lies_beside_them() -> Result<()> {
    let cache = ("root/.cache/pip/http/a", 0o644, 0, "wheel");
    let home = [("root/.cache/", 0o755, 0, ""), ("root/.cache/pip/", 0o755, 0, ""), cache];
    let empty = tree(&[("etc/", 0o755, 0, "")])?;
    let before = tree(&[&home[..], &[("etc/", 0o755, 0, "")]].concat())?;
    assert!(harm(&before, &before, &empty).is_empty());
    // A cache may be removed, but not added.
    assert!(!harm(&empty, &empty, &before).is_empty());
    let beside =
        tree(&[&home[..], &[("root/.cache/torch", 0o644, 0, "model"), ("etc/", 0o755, 0, "")]].concat())?;
    assert_eq!(harm(&beside, &beside, &empty), ["/root/.cache is missing", "/root/.cache/torch is missing"]);
    // An empty directory is not a cache.
    let folder = tree(&[("srv/", 0o755, 0, ""), ("etc/", 0o755, 0, "")])?;
    assert_eq!(harm(&folder, &folder, &empty), ["/srv is missing"]);
    Ok(())
}

#[test]
fn only_the_very_text_that_jettison_wrote_may_stand_in_for_the_old() -> Result<()> {
    let context = |text: &str| BTreeMap::from([("Dockerfile".to_owned(), text.as_bytes().to_vec())]);
    let own = rewritten(&context("FROM a"), &context("FROM b"))?;
    let image = |text| tree(&[("app/Dockerfile", 0o644, 0, text)]);
    let (before, after, other) = (image("FROM a")?, image("FROM b")?, image("FROM c")?);
    assert!(Trees { before: &before, again: &before, after: &after }.harm(&own).is_empty());
    assert_eq!(Trees { before: &before, again: &before, after: &other }.harm(&own).len(), 1);
    Ok(())
}

#[test]
fn links_owners_and_attributes_are_read_from_an_archive() -> Result<()> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o4755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(2);
    builder.append_pax_extensions([
        ("SCHILY.xattr.security.capability", &b"\x01\x00"[..]),
        ("uid", &b"3000000"[..]),
    ])?;
    builder.append_data(&mut header, "bin/ping", &b"hi"[..])?;
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    builder.append_link(&mut header, "bin/ping6", "bin/ping")?;
    let archive = filesystem::read(&builder.into_inner()?[..])?;
    assert_eq!(archive["/bin/ping"].user, 3_000_000);
    assert_eq!(archive["/bin/ping"].mode, 0o4755);
    assert_eq!(archive["/bin/ping"].attributes["security.capability"], [1, 0]);
    assert_eq!(archive["/bin/ping"], archive["/bin/ping6"]);
    let mut without = archive.clone();
    without.get_mut("/bin/ping").expect("it is there").attributes.clear();
    let found = differences(&archive, &without);
    assert_eq!(found[0].to_string(), "/bin/ping has other extended attributes");
    Ok(())
}
