//! Changes of a text: of its characters, words, lines and instructions, with pieces of other texts
//! and pieces that have broken tools before.

use std::ops::Range;

use crate::random::Random;
use crate::seeds::Ring;

/// Pieces for any place.
const PIECES: &[&str] = &[
    "\\",
    "\\\n",
    " \\\n\t",
    "\\\r\n",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "`",
    "`\n",
    "'",
    "\"",
    "\"\"",
    "''",
    "$",
    "$(",
    ")",
    "(",
    "{",
    "}",
    "${",
    "$x",
    "${x}",
    "${x:-y}",
    "$(date)",
    "`date`",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "<",
    ">",
    ">>",
    "<<",
    "<<<",
    "<<EOF",
    "<<-'E'",
    "2>&1",
    ">/dev/null",
    "#",
    " # ",
    "\\\n# a comment\n",
    " \\\n\n",
    "!",
    "*",
    "?",
    "~",
    "=",
    ":",
    "/",
    "//",
    "..",
    "[",
    "]",
    "[\"a\"]",
    "[\"a\", \"b\"]",
    "\u{feff}",
    "\u{a0}",
    "\u{2028}",
    "é",
    "\u{1F600}",
    "\u{1b}[1m",
    "\u{200b}",
    "\u{202e}",
    "0",
    "-1",
    "18446744073709551616",
    "if true; then ",
    "; fi",
    "for x in 1 2; do ",
    "; done",
    "case x in x) ",
    ";; esac",
    "while :; do ",
    "{ ",
    "; }",
    "( ",
    " )",
    "set -e; ",
    "set -ex && ",
    "set +e; ",
    "cd /x && ",
    "cd .. ; ",
    "export A=b && ",
    "A=b ",
    "exec ",
    "eval ",
    "sudo ",
    "env -i ",
    "time ",
    "! ",
    "function f() { ",
    " || true",
    " || exit 1",
    " && :",
    "trap x EXIT; ",
    "sh -c '",
    "bash -c \"",
    "-- ",
    "--no-cache ",
    "--no-cache-dir ",
    "-y ",
    "-r ",
    "--mount=type=cache,target=/root/.cache ",
    "--mount=type=bind,source=.,target=/x ",
    "--mount=type=secret,id=x ",
    "--mount=type=tmpfs,target=/tmp ",
    "--network=none ",
    "--security=insecure ",
    "--chown=1000:1000 ",
    "--chmod=755 ",
    "--from=build ",
    "--from=0 ",
    "--link ",
    "--parents ",
    "--exclude=x ",
    "--platform=$BUILDPLATFORM ",
    "--start-period=1s ",
    " AS build",
    " as final",
    "rm -rf /var/lib/apt/lists/* ",
    "rm -rf /tmp/* ",
    "rm -rf ~/.cache ",
    "apt-get clean ",
];

/// Lines to insert between others.
const LINES: &[&str] = &[
    "",
    "# a comment",
    "  # a comment",
    "# syntax=docker/dockerfile:1",
    "# escape=`",
    "# check=skip=all",
    "# hadolint ignore=DL3008",
    "# hadolint ignore=DL3009,DL3015",
    "# jettison: ignore=merge-runs",
    "# jettison: ignore",
    "FROM debian:12",
    "FROM alpine",
    "FROM scratch",
    "FROM node:20 AS build",
    "FROM build",
    "FROM python:3.12 AS b",
    "FROM --platform=linux/amd64 ubuntu:22.04",
    "FROM ${BASE}",
    "ARG BASE=debian:12",
    "ARG VERSION",
    "ARG A=1 B=2",
    "ENV A=1",
    "ENV A 1",
    "ENV PATH=/x:$PATH",
    "ENV HOME=/x",
    "ENV DEBIAN_FRONTEND=noninteractive",
    "ENV NODE_ENV=production",
    "ENV PIP_NO_CACHE_DIR=1",
    "WORKDIR /app",
    "WORKDIR sub",
    "WORKDIR $A",
    "USER node",
    "USER 1000:1000",
    "USER root",
    "SHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]",
    "SHELL [\"powershell\"]",
    "SHELL [\"/bin/sh\", \"-c\"]",
    "ONBUILD RUN make",
    "ONBUILD COPY . .",
    "HEALTHCHECK CMD curl -f http://localhost/",
    "HEALTHCHECK NONE",
    "VOLUME /data",
    "VOLUME [\"/app\"]",
    "EXPOSE 80",
    "LABEL a=b",
    "LABEL a=\"b c\" d",
    "MAINTAINER x",
    "STOPSIGNAL 9",
    "CMD [\"x\"]",
    "CMD x && y",
    "ENTRYPOINT [\"/entrypoint.sh\"]",
    "ENTRYPOINT x",
    "COPY . .",
    "COPY . /app",
    "COPY --from=build /app /app",
    "COPY --from=alpine /etc/os-release /",
    "COPY package*.json ./",
    "COPY requirements.txt .",
    "COPY <<EOF /x",
    "EOF",
    "E",
    "COPY a b c/",
    "ADD https://example.com/x.tar.gz /tmp/",
    "ADD x.tar.gz /",
    "RUN <<EOF",
    "RUN <<-'E' bash",
    "RUN",
    "RUN \\",
    "RUN [\"a\", \"b\"]",
    "RUN apt-get update",
    "RUN apt-get update && apt-get install -y curl",
    "RUN apt-get install -y gcc git",
    "RUN apt-get update \\\n    && apt-get install -y \\\n    # why\n    curl \\\n    git \\\n    && rm -rf /var/lib/apt/lists/*",
    "RUN apt-get purge -y gcc && apt-get autoremove -y",
    "RUN apk add --no-cache curl",
    "RUN apk add curl && rm -rf /var/cache/apk/*",
    "RUN apk add --virtual .build gcc && make && apk del .build",
    "RUN dnf install -y x && dnf clean all",
    "RUN yum -y install x",
    "RUN microdnf install x",
    "RUN zypper -n in x",
    "RUN pacman -Syu --noconfirm x",
    "RUN pip install -r requirements.txt",
    "RUN pip install flask",
    "RUN pip3 install --upgrade pip",
    "RUN npm ci",
    "RUN npm install",
    "RUN npm ci --omit=dev",
    "RUN npm run build",
    "RUN npm cache clean --force",
    "RUN yarn install --frozen-lockfile",
    "RUN pnpm i --frozen-lockfile",
    "RUN corepack enable",
    "RUN bun install",
    "RUN poetry install",
    "RUN uv sync --frozen",
    "RUN composer install",
    "RUN bundle install",
    "RUN gem install rails",
    "RUN go build -o /app .",
    "RUN go mod download",
    "RUN cargo build --release",
    "RUN mvn package",
    "RUN gradle build",
    "RUN dotnet publish -c Release -o /out",
    "RUN conda install -y x",
    "RUN make",
    "RUN chown -R node:node /app",
    "RUN chmod +x /entrypoint.sh",
    "RUN mkdir -p /app/data",
    "RUN rm -rf /app/x",
    "RUN rm x.tar.gz",
    "RUN curl -fsSL https://example.com/x.tar.gz | tar xz",
    "RUN wget https://example.com/x.tar.gz && tar xf x.tar.gz",
    "RUN curl -o x.sh https://example.com/x.sh && sh x.sh && rm x.sh",
    "RUN useradd -m app",
    "RUN adduser -D app",
    "RUN git clone https://x/y",
    "RUN ln -s /a /b",
    "RUN . /etc/profile && x",
    "RUN set -eux; apt-get update; apt-get install -y x; rm -rf /var/lib/apt/lists/*",
    "RUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y x",
    "RUN echo $VERSION > /v",
];

const KEYWORDS: &[&str] = &[
    "FROM",
    "RUN",
    "COPY",
    "ADD",
    "ENV",
    "ARG",
    "WORKDIR",
    "USER",
    "SHELL",
    "ONBUILD",
    "HEALTHCHECK",
    "VOLUME",
    "EXPOSE",
    "LABEL",
    "CMD",
    "ENTRYPOINT",
    "STOPSIGNAL",
    "MAINTAINER",
    "run",
    "Run",
    "RUMM",
    "ONBUILD RUN",
];

/// A single change of a text.
type Change = fn(&mut Random, &mut String, &Ring<String>);

/// Changes for any text with lines.
const ANYWHERE: &[Change] = &[
    drop_lines,
    copy_lines,
    swap_lines,
    drop_characters,
    put_piece,
    put_piece,
    put_word,
    put_word,
    drop_word,
    copy_word,
    put_into_word,
    turn_line_ends,
    cut,
    take_lines,
];

/// Changes for Dockerfiles.
const IN_DOCKERFILES: &[Change] = &[
    put_line,
    put_line,
    take_lines,
    take_lines,
    splice,
    break_line,
    join_lines,
    turn_keyword,
    make_heredoc,
    repeat,
    put_first,
];

/// Changes a Dockerfile a number of times.
pub fn dockerfile(random: &mut Random, text: &mut String, others: &Ring<String>, times: usize) {
    for _ in 0..times {
        let change = random.below(ANYWHERE.len() + IN_DOCKERFILES.len());
        let change = ANYWHERE.iter().chain(IN_DOCKERFILES).nth(change).expect("it is below the sum");
        change(random, text, others);
        bound(text);
    }
}

/// Changes any other text a number of times, with lines of other texts.
pub fn any(random: &mut Random, text: &mut String, others: &Ring<String>, times: usize) {
    for _ in 0..times {
        ANYWHERE[random.below(ANYWHERE.len())](random, text, others);
        bound(text);
    }
}

/// Limits the length of a text after repeated copies.
fn bound(text: &mut String) {
    const MOST: usize = 24 << 10;
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The numbers of some consecutive lines.
fn some(random: &mut Random, count: usize, most: usize) -> Range<usize> {
    let start = random.below(count.max(1));
    start.min(count)..(start + random.between(1, most)).min(count)
}

fn drop_lines(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let mut all = lines(text);
    let range = some(random, all.len(), 4);
    all.drain(range);
    *text = all.concat();
}

fn copy_lines(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let mut all = lines(text);
    let copied = all[some(random, all.len(), 4)].to_vec();
    let at = random.below(all.len() + 1);
    all.splice(at..at, copied);
    *text = all.concat();
}

fn swap_lines(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let mut all = lines(text);
    if !all.is_empty() {
        let (a, b) = (random.below(all.len()), random.below(all.len()));
        all.swap(a, b);
    }
    *text = all.concat();
}

/// Inserts lines of another text.
fn take_lines(random: &mut Random, text: &mut String, others: &Ring<String>) {
    let theirs = lines(others.pick(random));
    let theirs = theirs[some(random, theirs.len(), 6)].concat();
    put_at_line(random, text, &theirs);
}

fn put_line(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let line = format!("{}\n", random.pick(LINES));
    put_at_line(random, text, &line);
}

fn put_at_line(random: &mut Random, text: &mut String, new: &str) {
    let mut all = lines(text);
    let at = random.below(all.len() + 1);
    all.insert(at, new);
    *text = all.concat();
}

/// The start of this text, and the end of another one.
fn splice(random: &mut Random, text: &mut String, others: &Ring<String>) {
    let other = others.pick(random);
    let (ours, theirs) = (lines(text), lines(other));
    let (end, start) = (random.below(ours.len() + 1), random.below(theirs.len() + 1));
    *text = ours[..end].concat() + &theirs[start..].concat();
}

/// A place between two characters.
fn place(random: &mut Random, text: &str) -> usize {
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn drop_characters(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let start = place(random, text);
    let length = random.between(1, 6);
    let end = text[start..].char_indices().nth(length).map_or(text.len(), |(at, _)| start + at);
    text.replace_range(start..end, "");
}

fn put_piece(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let at = place(random, text);
    text.insert_str(at, random.pick(PIECES));
}

/// The words, by their places.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, character.is_whitespace()) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                all.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    all
}

fn word(random: &mut Random, text: &str) -> Option<Range<usize>> {
    let all = words(text);
    (!all.is_empty()).then(|| all[random.below(all.len())].clone())
}

/// Replaces a word with a word of a text or a piece, or inserts one before it.
fn put_word(random: &mut Random, text: &mut String, others: &Ring<String>) {
    let source = if random.chance(50) { &*text } else { others.pick(random) };
    let new = match word(random, source) {
        Some(range) if random.chance(70) => source[range].to_owned(),
        _ => random.pick(PIECES).to_owned(),
    };
    let Some(range) = word(random, text) else { return };
    if random.chance(50) {
        text.replace_range(range, &new);
    } else {
        text.insert_str(range.start, &format!("{new} "));
    }
}

fn drop_word(random: &mut Random, text: &mut String, _: &Ring<String>) {
    if let Some(range) = word(random, text) {
        text.replace_range(range, "");
    }
}

fn copy_word(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let Some(range) = word(random, text) else { return };
    let copied = format!(" {}", &text[range]);
    let at = word(random, text).map_or(0, |range| range.end);
    text.insert_str(at, &copied);
}

/// Inserts quotes and similar characters, which a shell removes, into a word.
fn put_into_word(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let Some(range) = word(random, text) else { return };
    let at = range.start + place(random, &text[range.clone()]);
    let piece = random.pick(&[
        "\\", "\"\"", "''", "\\\n", "\"", "'", "$x", "${x}", "\\\\", "*", "`", "$(x)", "\\\r\n", "=",
    ]);
    text.insert_str(at, piece);
}

fn turn_line_ends(random: &mut Random, text: &mut String, _: &Ring<String>) {
    *text = match random.below(5) {
        0 => text.replace('\n', "\r\n"),
        1 => text.replace("\r\n", "\n"),
        2 => text.trim_end().to_owned(),
        3 => format!("{}\\", text.trim_end()),
        _ => format!("{}\\\n", text.trim_end()),
    };
}

fn cut(random: &mut Random, text: &mut String, _: &Ring<String>) {
    // Rarely, because it leaves little to change.
    if random.chance(15) {
        let at = place(random, text);
        text.truncate(at);
    }
}

/// Replaces a space with a line continuation, with comments or blank lines in it.
fn break_line(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    if spaces.is_empty() {
        return;
    }
    let at = spaces[random.below(spaces.len())];
    let pieces = [
        " \\\n",
        "\\\n",
        " \\\n  ",
        " \\\n# why\n",
        " \\\n  # why\n  ",
        " \\\n\n",
        " \\  \n",
        "\\\r\n",
        " `\n",
        " \\\n#\n",
        " \\\n\t# jettison: ignore\n",
    ];
    text.replace_range(at..=at, random.pick(&pieces));
}

fn join_lines(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let ends: Vec<usize> = text.match_indices("\\\n").map(|(at, _)| at).collect();
    if !ends.is_empty() {
        let at = ends[random.below(ends.len())];
        text.replace_range(at..at + 2, "");
    }
}

fn turn_keyword(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let all = lines(text);
    let starts: Vec<usize> =
        (0..all.len()).filter(|&at| all[at].starts_with(|c: char| c.is_ascii_uppercase())).collect();
    if starts.is_empty() {
        return;
    }
    let at = starts[random.below(starts.len())];
    let rest = all[at].split_once(' ').map_or("\n", |(_, rest)| rest);
    let new = format!("{} {rest}", random.pick(KEYWORDS));
    *text = all[..at].concat() + &new + &all[at + 1..].concat();
}

/// Turns a RUN of one line into a here-document.
fn make_heredoc(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let all = lines(text);
    let runs: Vec<usize> = (0..all.len()).filter(|&at| all[at].starts_with("RUN ")).collect();
    if runs.is_empty() {
        return;
    }
    let at = runs[random.below(runs.len())];
    let script = all[at]["RUN ".len()..].replace(" && ", "\n");
    let (opening, closing) = [
        ("<<EOF", "EOF"),
        ("<<'EOF'", "EOF"),
        ("<<-EOF", "\tEOF"),
        ("<<EOF bash", "EOF"),
        ("<<EOF cat", "E"),
    ][random.below(5)];
    let new = format!("RUN {opening}\n{}\n{closing}\n", script.trim_end());
    *text = all[..at].concat() + &new + &all[at + 1..].concat();
}

fn repeat(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let mut all = lines(text);
    let range = some(random, all.len(), 3);
    let repeated = all[range.clone()].concat().repeat(random.between(2, 20));
    all.splice(range, [repeated.as_str()]);
    *text = all.concat();
}

fn put_first(random: &mut Random, text: &mut String, _: &Ring<String>) {
    let first = random.pick(&[
        "\u{feff}",
        "# escape=`\n",
        "# syntax=docker/dockerfile:1\n",
        "# check=skip=all\n",
        "\n",
        "#\n",
        "# c\n",
    ]);
    text.insert_str(0, first);
}
