//! The token is sent to its own server and nowhere else: two servers record what they receive.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::server::{Likeness, PASSWORD, Scripted, Server};
use super::{BRANCH, Place, git, text};

/// Whether the server received the token in a header.
fn has_token(server: &Server) -> bool {
    use base64::Engine as _;
    let users = ["x-access-token", "oauth2"]
        .map(|user| base64::engine::general_purpose::STANDARD.encode(format!("{user}:{PASSWORD}")));
    server
        .all_asked()
        .iter()
        .flat_map(|asked| &asked.headers)
        .any(|(_, value)| value.contains(PASSWORD) || users.iter().any(|user| value.contains(user.as_str())))
}

fn other_server(place: &Place, likeness: Likeness) -> Server {
    Server::start(likeness, place.folder.path().to_owned())
}

#[test]
fn an_api_that_redirects_elsewhere_gets_no_company() {
    for likeness in [Likeness::GitHub, Likeness::GitLab, Likeness::Gitea] {
        for status in [301, 302, 307, 308] {
            let place = Place::new(likeness);
            let other = other_server(&place, likeness);
            // The same machine under another name counts as another server.
            let target = other.address.replace("127.0.0.1", "localhost");
            let location = format!("location: {target}/elsewhere\r\n");
            let script = Scripted { method: "GET", status, headers: location.leak(), body: "" };
            place.server.script(script);
            place.fails(place.command(&[]), &[&status.to_string(), "another server", "--api-url"]);
            assert!(other.all_asked().is_empty(), "{likeness:?} {status}");
            assert!(has_token(&place.server));
        }
    }
}

#[test]
fn an_api_may_redirect_within_itself() {
    let place = Place::new(Likeness::GitHub);
    let headers = "location: /repositories/1/pulls?head=owner%3Ajettison%2Fdockerfiles&state=all\r\n";
    place.server.script(Scripted { method: "GET", status: 301, headers, body: "" });
    place.server.script(Scripted { method: "POST", status: 307, headers, body: "" });
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(place.server.requests().len(), 1);
}

#[test]
fn an_api_that_redirects_for_ever_is_left() {
    let place = Place::new(Likeness::GitHub);
    for _ in 0..5 {
        let headers = "location: /again\r\n";
        place.server.script(Scripted { method: "GET", status: 302, headers, body: "" });
    }
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(place.server.asked().len(), 4);
}

/// A place with a remote that uses HTTP.
fn over_http() -> Place {
    let place = Place::new(Likeness::GitHub);
    let bare = place.folder.path().join("owner/name.git");
    git(&bare, &["config", "http.receivepack", "true"]);
    let url = format!("{}/git/owner/name.git", place.server.address);
    git(&place.work(), &["remote", "set-url", "origin", &url]);
    place
}

#[test]
fn a_repository_that_redirects_elsewhere_is_not_followed() {
    let place = over_http();
    let other = other_server(&place, Likeness::GitHub);
    let target = other.address.replace("127.0.0.1", "localhost");
    place.server.redirect_git(&target);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(other.all_asked().is_empty());
    assert!(!text(&output.stderr).contains(PASSWORD));
    assert!(text(&output.stderr).contains("git remote set-url"), "{}", text(&output.stderr));
}

#[test]
fn an_address_for_pushes_alone_is_refused() {
    let place = over_http();
    let other = other_server(&place, Likeness::GitHub);
    let elsewhere = format!("{}/git/owner/name.git", other.address.replace("127.0.0.1", "localhost"));
    git(&place.work(), &["remote", "set-url", "--push", "origin", &elsewhere]);
    place.fails(place.command(&[]), &["pushes to another repository", "localhost", "--remote"]);
    // Another repository on the same server counts as another remote.
    let elsewhere = format!("{}/git/owner/other.git", place.server.address);
    git(&place.work(), &["remote", "set-url", "--push", "origin", &elsewhere]);
    place.fails(place.command(&[]), &["pushes to another repository", "other.git"]);
    git(&place.work(), &["config", "url.http://localhost:9/.pushInsteadOf", &place.server.address]);
    git(&place.work(), &["config", "--unset", "remote.origin.pushurl"]);
    place.fails(place.command(&[]), &["pushes to another repository", "localhost:9"]);
    assert!(other.all_asked().is_empty());
}

#[test]
fn a_remote_of_another_server_than_the_api_gets_no_token() {
    let place = over_http();
    // This server asks for a password, but the token is meant for the API's server.
    let url = format!("{}/git/owner/name.git", place.server.address.replace("127.0.0.1", "localhost"));
    git(&place.work(), &["remote", "set-url", "origin", &url]);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(!has_token(&place.server), "git would have sent it");
}

#[test]
fn nothing_is_sent_in_the_clear() {
    let place = Place::new(Likeness::GitHub);
    place.fails(
        place.command_to("http://git.example.org/api", &[]),
        &["http://git.example.org/api", "not encrypted"],
    );
    place.fails(place.command_to("ftp://git.example.org", &[]), &["not the URL of an API"]);
    let command = place.command_to(&format!("https://me:{PASSWORD}@git.example.org"), &[]);
    place.fails(command, &["must not contain a user name or password"]);
    git(&place.work(), &["remote", "set-url", "origin", "http://me:hidden@git.example.org/owner/name.git"]);
    let command = place.command(&[]);
    place.fails(command, &["http://***@git.example.org", "not encrypted", "git remote set-url"]);
    assert!(place.server.all_asked().is_empty());
}

/// No program that git starts finds a token, except git's own credential helpers while it talks to
/// a server.
#[test]
fn programs_of_the_user_get_no_token() {
    let place = over_http();
    let log = place.folder.path().join("log");
    let helper = place.folder.path().join("helper.sh");
    fs::write(&helper, format!("#!/bin/sh\nenv | grep -v JETTISON_PUSH >>'{}'\n", log.display()))
        .expect("a file");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("a mode");
    git(&place.work(), &["config", "credential.helper", &helper.display().to_string()]);
    let bare = place.folder.path().join("owner/name.git");
    let output = place.run(&["--signoff"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(place.there(BRANCH).is_some());
    let log = fs::read_to_string(&log).expect("the helper was asked");
    assert!(!log.contains(PASSWORD), "{log}");
    // git's own messages must not contain the token either.
    git(&bare, &["branch", "--quiet", "-D", BRANCH]);
    place.server.change("state", "closed");
    place.server.change("body", "no mark");
    let mut loud: Command = place.command(&[]);
    loud.env("GIT_TRACE", "1").env("GIT_TRACE_CURL", "1").env("GIT_CURL_VERBOSE", "1");
    let output = loud.output().expect("the program starts");
    let said = text(&output.stderr) + &text(&output.stdout);
    assert!(!said.contains(PASSWORD), "{said}");
}
