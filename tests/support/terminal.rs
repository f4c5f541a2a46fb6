//! A terminal of a chosen width, on which the program runs.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};

use super::run::command;

/// What the program prints on a terminal with this many columns, with its escape sequences.
pub fn shown(folder: &Path, arguments: &[&str], columns: u16) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
    let end = || Stdio::from(pty.slave.try_clone().expect("a handle"));
    let mut child = command(folder, arguments)
        .env("TERM", "xterm")
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(end())
        .stderr(end())
        .spawn()
        .expect("the program starts");
    drop(pty.slave);
    let mut bytes = Vec::new();
    // Reading fails when the program has closed the terminal.
    let _ = File::from(pty.master).read_to_end(&mut bytes);
    child.wait().expect("it ends");
    String::from_utf8(bytes).expect("UTF-8").replace('\r', "")
}

/// A screen in which `name` writes each escape sequence: it gets the parameters of a colour
/// (`ESC [ … m`). Links (`ESC ] … ESC \`) are left out.
pub fn with_colours(screen: &str, name: impl Fn(&str) -> String) -> String {
    let mut parts = screen.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.as_bytes().first() {
        Some(b'[') => {
            let (colour, rest) = part[1..].split_once('m').unwrap_or(("", ""));
            text + &name(colour) + rest
        }
        Some(b'\\') => text + &part[1..],
        _ => text,
    })
}
