//! Tests of the oracle itself: hand-written pairs with known harm, which it must report, and
//! harmless ones, which it must not.

use crate::agent::Agent;
use crate::judge::judge;
use crate::support::need;

/// What is wrong, and the lines after `FROM x` in the original and in the result.
const HARMFUL: &[(&str, &str, &str)] = &[
    ("cleanup after a comment", "RUN a && b # note\nRUN c", "RUN a && b # note && c"),
    ("a semicolon for &&", "RUN a\nRUN b", "RUN a; b"),
    ("an or-list without braces", "RUN a\nRUN b || c", "RUN a && b || c"),
    ("a list without braces", "RUN a\nRUN b; c", "RUN a && b; c"),
    (
        "cleanup hides the status",
        "RUN apt-get install x",
        "RUN apt-get install x; rm -rf /var/lib/apt/lists/*",
    ),
    ("a leaking directory", "RUN cd /x && a\nRUN b", "RUN cd /x && a && b"),
    ("a leaking variable", "RUN export A=1 && a\nRUN b", "RUN export A=1 && a && b"),
    ("a leaking umask", "RUN umask 077 && a\nRUN b", "RUN umask 077 && a && b"),
    ("a lost set -e", "RUN set -e; a; b\nRUN c", "RUN { set -e; a; b; } && c"),
    (
        "a lost -e of SHELL",
        "SHELL [\"/bin/bash\", \"-ec\"]\nRUN a; b\nRUN c",
        "SHELL [\"/bin/bash\", \"-ec\"]\nRUN { a; b; } && c",
    ),
    ("a lost pipefail", "RUN set -o pipefail && a | b\nRUN c", "RUN a | b && c"),
    (
        "a leaking pipefail",
        "SHELL [\"/bin/bash\", \"-c\"]\nRUN set -o pipefail && a\nRUN b | c",
        "SHELL [\"/bin/bash\", \"-c\"]\nRUN set -o pipefail && a && b | c",
    ),
    ("a dropped command", "RUN a && b && c", "RUN a && c"),
    ("a changed argument", "RUN a --x 1", "RUN a --x 2"),
    ("a lost argument", "RUN apt-get install -y a b", "RUN apt-get install -y a"),
    ("commands in another order", "RUN a && b", "RUN b && a"),
    ("a changed WORKDIR", "WORKDIR /x\nRUN a && b", "WORKDIR /y\nRUN a && b"),
    ("a cd that became WORKDIR", "RUN cd /x && a", "WORKDIR /x\nRUN a"),
    ("a changed variable", "ENV A=1\nRUN a", "ENV A=2\nRUN a"),
    ("merged after exit", "RUN a && exit 0\nRUN b", "RUN a && exit 0 && b"),
    ("merged after exec", "RUN exec a\nRUN b", "RUN exec a && b"),
    ("merged across COPY", "RUN a\nCOPY x y\nRUN b", "RUN a && b\nCOPY x y"),
    ("a lost redirection", "RUN a > /x", "RUN a"),
    ("a lost builtin's output", "RUN a\nRUN echo x > /y", "RUN a"),
    ("a lost pipe", "RUN echo y | a", "RUN a"),
    ("a changed user", "USER a\nRUN x && y", "USER b\nRUN x && y"),
    ("a lost mount", "RUN --mount=type=cache,target=/c a", "RUN a"),
    ("an option to the wrong program", "RUN npm install", "RUN npm install --no-cache-dir"),
    ("an option after the end of options", "RUN pip install -- a", "RUN pip install -- --no-cache-dir a"),
    ("a file removed that no command downloaded", "RUN tar xf a.tgz", "RUN tar xf a.tgz && rm -f a.tgz"),
    ("a directory removed that is not a cache", "RUN a", "RUN a && rm -rf /var/lib/apt"),
    ("a removal outside of a cache", "RUN a", "RUN a && rm -rf /root/.npm/../x"),
    ("a needed update removed", "RUN apk update && apk add a", "RUN apk add a"),
    ("another shell", "RUN a && b", "SHELL [\"/bin/bash\", \"-c\"]\nRUN a && b"),
    (
        "a copy after a command that needs it",
        "WORKDIR /w\nCOPY . .\nRUN make",
        "WORKDIR /w\nRUN make\nCOPY . .",
    ),
    (
        "a copy after a command that names it",
        "COPY k /k\nRUN apt-get install /k/x.deb",
        "RUN apt-get install /k/x.deb\nCOPY k /k",
    ),
    (
        "a copy into the system after an install",
        "COPY x /etc/\nRUN apt-get install y",
        "RUN apt-get install y\nCOPY x /etc/",
    ),
    ("a copy after one that overwrites it", "COPY a /w/\nCOPY b /w/", "COPY b /w/\nCOPY a /w/"),
    ("a copy that is lost", "COPY a /w/\nRUN b", "RUN b"),
    ("a copy that is new", "RUN b", "COPY a /w/\nRUN b"),
    ("a lost here-document", "RUN <<E\na\nE\nRUN b", "RUN b"),
    ("an and-or list that changes its branches", "RUN a && b || c", "RUN a && { b || c; }"),
    ("a background job that is waited for", "RUN a & b", "RUN a && b"),
    (
        "lists removed that a later RUN installs from",
        "RUN apt-get update\nRUN apt-get install -y a",
        "RUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN apt-get install -y a",
    ),
    (
        "lists removed that a later stage installs from",
        "RUN apt-get update && apt-get install -y a\nFROM x AS y\nRUN a\nFROM base\nRUN apt-get install b",
        "RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*\nFROM x AS y\nRUN a\nFROM base\nRUN apt-get install b",
    ),
    (
        "an index lost that a later RUN installs from",
        "RUN apk update && apk add a\nRUN apk add b",
        "RUN apk add --no-cache a\nRUN apk add b",
    ),
    (
        "a download removed that is used later",
        "RUN curl -o /x/a.tgz http://e\nRUN tar xf /x/a.tgz",
        "RUN curl -o /x/a.tgz http://e && rm -f /x/a.tgz\nRUN tar xf /x/a.tgz",
    ),
    (
        "a download removed that another stage copies",
        "RUN curl -o /x/a.tgz http://e\nFROM y\nCOPY --from=base /x/a.tgz /",
        "RUN curl -o /x/a.tgz http://e && rm -f /x/a.tgz\nFROM y\nCOPY --from=base /x/a.tgz /",
    ),
];

const HARMLESS: &[(&str, &str, &str)] = &[
    (
        "cleanup",
        "RUN apt-get update && apt-get install -y x",
        "RUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*",
    ),
    (
        "cleanup after a list",
        "RUN a; apt-get install x",
        "RUN a; apt-get install x && rm -rf /var/lib/apt/lists/*",
    ),
    (
        "cleanup with sudo",
        "RUN sudo -E apt-get install x",
        "RUN sudo -E apt-get install x && sudo rm -rf /var/lib/apt/lists/*",
    ),
    (
        "a copy after an install",
        "WORKDIR /w\nCOPY . .\nRUN apt-get update && apt-get install y\nRUN make",
        "WORKDIR /w\nRUN apt-get update && apt-get install y && rm -rf /var/lib/apt/lists/*\nCOPY . .\nRUN make",
    ),
    (
        "manifests first",
        "WORKDIR /w\nCOPY . .\nRUN pip install -r r.txt\nRUN make",
        "WORKDIR /w\nCOPY r.txt ./\nRUN pip install --no-cache-dir -r r.txt\nCOPY . .\nRUN make",
    ),
    ("merged", "RUN a\nRUN b && c", "RUN a && b && c"),
    ("merged in braces", "RUN a || x\nRUN b || c; d", "RUN a || x && { b || c; d; }"),
    ("merged in a subshell", "RUN cd /x && export A=1 && a\nRUN b", "RUN (cd /x && export A=1 && a) && b"),
    ("merged among repetitions", "RUN u\nRUN i 1\nRUN u\nRUN i 2", "RUN u && i 1\nRUN u\nRUN i 2"),
    (
        "an option",
        "RUN pip install x && python3 -m pip install y",
        "RUN pip install --no-cache-dir x && python3 -m pip install --no-cache-dir y",
    ),
    (
        "apk without an index",
        "RUN apk update && apk add a && rm -rf /var/cache/apk/*",
        "RUN apk add --no-cache a",
    ),
    (
        "a download",
        "RUN cd /tmp && curl -LO https://e.x/a.tgz?b=1 && tar xf a.tgz\\?b=1",
        "RUN cd /tmp && curl -LO https://e.x/a.tgz?b=1 && tar xf a.tgz\\?b=1 && rm -f a.tgz\\?b=1",
    ),
    (
        "a download into a file",
        "RUN wget -qO- http://e.x/a > /tmp/a && sh /tmp/a",
        "RUN wget -qO- http://e.x/a > /tmp/a && sh /tmp/a && rm -f /tmp/a",
    ),
    (
        "a pipeline",
        "RUN a | b | c\nRUN printf 'x\\ny\\n' | while read l; do d $l; done",
        "RUN a | b | c && printf 'x\\ny\\n' | while read l; do d $l; done",
    ),
    (
        "background jobs",
        "RUN (a & b & wait) && npm i",
        "RUN (a & b & wait) && npm i && npm cache clean --force",
    ),
];

#[test]
fn harm_is_found() {
    let Some(mut agent) = need("harm_is_found", Agent::start()) else { return };
    let missed: Vec<&str> = HARMFUL
        .iter()
        .filter(|(_, before, after)| judge(&mut agent, &file(before), &file(after)).failures.is_empty())
        .map(|(what, ..)| *what)
        .collect();
    assert!(missed.is_empty(), "not found: {missed:#?}");
}

#[test]
fn what_is_harmless_passes() {
    let Some(mut agent) = need("what_is_harmless_passes", Agent::start()) else { return };
    for (what, before, after) in HARMLESS {
        let verdict = judge(&mut agent, &file(before), &file(after));
        assert!(verdict.failures.is_empty(), "{what}: {}", verdict.failures.join("\n"));
        assert!(
            verdict.skipped.is_empty() && verdict.faults > 0 && verdict.cut_short.is_empty(),
            "{what}: {verdict:?}"
        );
    }
}

#[test]
fn endless_scripts_are_skipped() {
    let Some(mut agent) = need("endless_scripts_are_skipped", Agent::start()) else { return };
    let verdict = judge(
        &mut agent,
        &file("RUN while true; do sleep 1; done"),
        &file("RUN while true; do sleep 1; done; a"),
    );
    assert_eq!((verdict.failures.len(), verdict.skipped.len()), (0, 1), "{verdict:?}");
}

fn file(lines: &str) -> String {
    format!("FROM x AS base\n{lines}\n")
}
