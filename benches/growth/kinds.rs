//! Files of any length, one kind for each way in which the cost could grow faster than the file.

/// A name, and a function that generates the text with this number of instructions, commands or
/// stages.
pub type Kind = (&'static str, fn(usize) -> String);

/// All kinds.
pub const KINDS: &[Kind] = &[
    ("copies", |n| each(DEBIAN, n, |i| format!("COPY f{i} /a/f{i}\n"))),
    ("copies to one directory", |n| each(DEBIAN, n, |i| format!("COPY f{i} /a/\n"))),
    ("copies and chown -R", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY f{i} /a/f{i}\nRUN chown -R app /a/f{i}\n"))
    }),
    ("copies and chmod", |n| each(DEBIAN, n / 2, |i| format!("COPY f{i} /f{i}\nRUN chmod +x /f{i}\n"))),
    ("copies, then chown -R", |n| {
        let copies = each(DEBIAN, n / 2, |i| format!("COPY f{i} /a/f{i}\n"));
        copies + &"RUN chown -R app /a\n".repeat(n / 2)
    }),
    ("copies and apt-get", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY f{i} /a/f{i}\nRUN apt-get update && apt-get install -y p{i}\n"))
    }),
    ("copies, then apt-get", |n| {
        let copies = each(DEBIAN, n / 2, |i| format!("COPY f{i} /a/f{i}\n"));
        each(&copies, n / 2, |i| format!("RUN apt-get update && apt-get install -y p{i}\n"))
    }),
    ("apt-get", |n| each(DEBIAN, n, |i| format!("RUN apt-get update && apt-get install -y p{i}\n"))),
    ("the same apt-get", |n| DEBIAN.to_owned() + &"RUN apt-get update && apt-get install -y x\n".repeat(n)),
    ("apt-get without update", |n| each(DEBIAN, n, |i| format!("RUN apt-get install -y p{i}\n"))),
    ("apt-get and ENV", |n| {
        each(DEBIAN, n / 2, |i| format!("RUN apt-get update && apt-get install -y p{i}\nENV A=1\n"))
    }),
    ("apk", |n| each("FROM alpine:3.20\n", n, |i| format!("RUN apk add p{i}\n"))),
    ("apk with build packages", |n| {
        each("FROM alpine:3.20\n", n, |i| {
            format!("RUN apk add gcc musl-dev && pip install p{i} && apk del gcc musl-dev\n")
        })
    }),
    ("stages that copy from the one before", |n| {
        each("FROM debian:12 AS s\n", n / 3, |i| {
            let before = if i == 0 { "s".to_owned() } else { format!("s{}", i - 1) };
            format!(
                "FROM debian:12 AS s{i}\nCOPY --from={before} /x /x\nRUN apt-get update && apt-get install -y x\n"
            )
        })
    }),
    ("a stage that copies from all others", |n| {
        let stages = each("", n / 3, |i| format!("FROM debian:12 AS s{i}\nRUN make\n"));
        stages + &each("FROM scratch\n", n / 3, |i| format!("COPY --from=s{i} /x{i} /x{i}\n"))
    }),
    ("a chain of stages", |n| {
        each("FROM debian:12 AS s\n", n, |i| {
            format!("FROM s{} AS s{i}\n", if i == 0 { String::new() } else { (i - 1).to_string() })
        })
    }),
    ("a chain of stages with work", |n| {
        each("FROM debian:12 AS s\n", n / 5, |i| {
            let before = if i == 0 { String::new() } else { (i - 1).to_string() };
            format!("FROM s{before} AS s{i}\nENV V{i}=1\nUSER u{i}\nRUN pip install p{i}\nCOPY f{i} .\n")
        })
    }),
    ("mounts of a stage", |n| {
        each("FROM debian:12 AS s\nFROM debian:12\n", n, |i| {
            format!("RUN --mount=from=s,target=/m{i} cp /m{i}/a /b{i}\n")
        })
    }),
    ("downloads", |n| {
        each(DEBIAN, n, |i| format!("RUN curl -fsSLO https://x.org/f{i}.tar.gz && tar xzf f{i}.tar.gz\n"))
    }),
    ("downloads in one RUN", |n| {
        each(&format!("{DEBIAN}RUN true"), n / 2, |i| {
            format!("; curl -fsSLO https://x.org/f{i}.tar.gz; tar xzf f{i}.tar.gz")
        })
    }),
    ("downloads that are removed later", |n| {
        each(DEBIAN, n / 3, |i| {
            format!("RUN wget https://x.org/f{i}.tar.gz\nRUN tar xzf f{i}.tar.gz\nRUN rm f{i}.tar.gz\n")
        })
    }),
    ("npm ci", |n| each("FROM node:20\n", n, |i| format!("RUN cd d{i} && npm ci\n"))),
    ("npm ci of copies", |n| {
        each("FROM node:20\n", n / 2, |i| format!("COPY d{i} /d{i}\nRUN cd /d{i} && npm ci\n"))
    }),
    ("npm ci in many directories", |n| {
        each("FROM node:20\n", n / 3, |i| format!("WORKDIR /d{i}\nCOPY . .\nRUN npm ci\n"))
    }),
    ("pip", |n| each("FROM python:3.12\n", n, |i| format!("RUN pip install p{i}\n"))),
    ("pip with requirements", |n| {
        each("FROM python:3.12\nWORKDIR /s\n", n / 2, |_| {
            "COPY . .\nRUN pip install -r requirements.txt\n".to_owned()
        })
    }),
    ("commands joined by &&", |n| each(&format!("{DEBIAN}RUN true"), n, |i| format!(" && echo {i}"))),
    ("installs joined by &&", |n| {
        each(&format!("{DEBIAN}RUN true"), n, |i| format!(" \\\n && apt-get install -y p{i}"))
    }),
    ("commands joined by ;", |n| {
        each(&format!("{DEBIAN}RUN set -e"), n / 2, |i| format!("; cp a{i} b{i}; rm c{i}"))
    }),
    ("packages of one install", |n| {
        each(&format!("{DEBIAN}RUN apt-get update && apt-get install -y"), n, |i| format!(" \\\n    p{i}"))
    }),
    ("RUN and ENV", |n| each(DEBIAN, n / 2, |i| format!("RUN make step{i}\nENV V{i}={i}\n"))),
    ("here-documents of one RUN", |n| {
        let openings = each(&format!("{DEBIAN}RUN"), n, |i| format!(" <<E{i}"));
        each(&(openings + "\n"), n, |i| format!("x\nE{i}\n"))
    }),
    ("here-documents of many RUNs", |n| {
        each(DEBIAN, n, |i| format!("RUN <<E\napt-get update\napt-get install -y p{i}\nE\n"))
    }),
    ("here-documents of copies", |n| each(DEBIAN, n, |i| format!("COPY <<E{i} /f{i}\nx{i}\nE{i}\n"))),
    ("comments", |n| each(DEBIAN, n, |i| format!("# comment {i}\n")) + "RUN apt-get install -y x\n"),
    ("comments above copies", |n| each(DEBIAN, n / 2, |i| format!("# comment {i}\nCOPY a{i} /a{i}\n"))),
    ("comments that suppress fixes", |n| {
        each(DEBIAN, n / 2, |i| {
            format!(
                "# jettison: ignore=clean-package-caches\nRUN apt-get update && apt-get install -y p{i}\n"
            )
        })
    }),
    ("comments to hadolint", |n| {
        each(DEBIAN, n / 2, |i| {
            format!("# hadolint ignore=DL3009\nRUN apt-get update && apt-get install -y p{i}\n")
        })
    }),
    ("metadata above installs", |n| {
        let (args, labels) =
            (each(DEBIAN, n / 4, |i| format!("ARG V{i}=1\n")), |i| format!("LABEL l{i}=1\n"));
        let all = args + &each("", n / 4, labels) + &each("", n / 4, |i| format!("ENV E{i}=1\n"));
        all + &each("", n / 4, |i| format!("RUN apt-get install -y p{i}\n"))
    }),
    ("metadata that varies", |n| {
        let args = each(DEBIAN, n / 3, |_| "ARG GIT_COMMIT\n".to_owned());
        each(&args, n / 3, |i| format!("LABEL l{i}=$GIT_COMMIT\nRUN apt-get install -y p{i}\n"))
    }),
    ("global build arguments", |n| {
        each(&each("", n / 2, |i| format!("ARG V{i}=1\n")), n / 2, |i| format!("FROM debian:$V{i}\n"))
    }),
    ("USER and WORKDIR", |n| {
        each(DEBIAN, n / 3, |i| format!("USER u{i}\nWORKDIR /w{i}\nRUN pip install x\n"))
    }),
    ("relative WORKDIRs", |n| {
        each(&format!("{DEBIAN}WORKDIR /s\n"), n / 2, |_| "WORKDIR d\nRUN npm ci\n".to_owned())
    }),
    ("WORKDIRs by variables", |n| {
        each(DEBIAN, n / 4, |i| format!("ENV D{i}=/d{i}\nWORKDIR $D{i}\nRUN npm ci\nCOPY a .\n"))
    }),
    ("mkdir and ln", |n| each(DEBIAN, n, |i| format!("RUN mkdir -p /d{i} && ln -s /d{i} /l{i}\n"))),
    ("mkdir and copies", |n| each(DEBIAN, n / 2, |i| format!("RUN mkdir -p /d{i}\nCOPY a{i} /d{i}/\n"))),
    ("links and copies", |n| each(DEBIAN, n / 2, |i| format!("RUN ln -s /d{i} /l{i}\nCOPY a{i} /l{i}/\n"))),
    ("variables that refer to others", |n| {
        each(&format!("{DEBIAN}ENV V=a\n"), n, |i| format!("ENV V{i}=a$V{}\n", i.saturating_sub(1)))
            + "RUN apt-get install -y $V1\n"
    }),
    ("variables that are used", |n| {
        each(DEBIAN, n / 3, |i| format!("ENV V{i}=a{i}\nRUN cp $V{i} /x/$V{i}\nCOPY $V{i} /y\n"))
    }),
    ("variables that programs read", |n| {
        each(DEBIAN, n / 2, |i| format!("ENV PIP_{i}=/p/{i}\nRUN pip install p{i}\n"))
    }),
    ("scripts that are copied and run", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY s{i}.sh /s/\nRUN sh /s/s{i}.sh && apt-get install -y p{i}\n"))
    }),
    ("scripts that are copied and started", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY app{i} /app{i}\nRUN pip install p{i}\n"))
            + "CMD sh /app1/a.sh && exec /app2/b\n"
    }),
    ("scripts of another stage", |n| {
        each("FROM node AS b\nFROM debian\n", n / 2, |i| {
            format!("COPY --from=b /x{i} /x{i}\nRUN /x{i} && npm install p\n")
        })
    }),
    ("scripts in unknown directories", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY s{i} $D\nRUN cd $D && sh s{i}.sh && npm install p\n"))
    }),
    ("scripts in here-documents", |n| {
        each(DEBIAN, n / 2, |i| format!("COPY <<E /s{i}.sh\nnpm ci\nE\nRUN sh /s{i}.sh && npm ci\n"))
    }),
    ("scripts that RUN writes", |n| {
        each(DEBIAN, n / 2, |i| {
            format!("RUN echo pip install x > /s{i}.sh\nRUN sh /s{i}.sh; apt-get update\n")
        })
    }),
    ("builds with Go", |n| {
        each("FROM golang:1.22\nWORKDIR /s\nCOPY . .\n", n, |i| {
            format!("RUN go build -o /bin/a{i} ./cmd/a{i}\n")
        }) + "CMD [\"/bin/a0\"]\n"
    }),
    ("builds with Python", |n| {
        each("FROM python:3.12\nWORKDIR /s\nCOPY . .\n", n / 4, |i| {
            format!(
                "RUN apt-get update && apt-get install -y lib{i}-dev\nENV A{i}=1\nCOPY x{i} /x{i}\nRUN pip install p{i}\n"
            )
        }) + "CMD [\"python\", \"app.py\"]\n"
    }),
    ("builds with Node", |n| {
        each("FROM node:20\nWORKDIR /s\nCOPY . .\nRUN npm ci\n", n, |i| format!("RUN npm run b{i}\n"))
            + "CMD [\"node\", \"app.js\"]\n"
    }),
    ("accounts", |n| {
        each(DEBIAN, n / 4, |i| {
            format!("RUN useradd -m -u {i} u{i}\nUSER u{i}\nRUN pip install p{i}\nUSER root\n")
        })
    }),
    ("lines that can't be read", |n| DEBIAN.to_owned() + &"BAD x\nRUN apt-get install -y y\n".repeat(n / 2)),
    ("what images run", |n| each(DEBIAN, n / 2, |i| format!("CMD a{i}\nRUN apt-get install -y p{i}\n"))),
    ("of everything", |n| {
        each("FROM node:20\n", n / 10, |i| {
            format!(
                "ARG A{i}=1\nENV X{i}=/opt/{i}\nLABEL l{i}=v\nWORKDIR /app/{i}\nCOPY package{i}.json ./\n\
                 RUN apt-get update && apt-get install -y --no-install-recommends p{i}\nCOPY . /app/{i}\n\
                 RUN npm ci && npm run build\nRUN curl -fsSL https://x/{i}.tgz | tar xz -C /opt/{i}\n\
                 RUN chown -R node /app/{i}\n"
            )
        })
    }),
];

const DEBIAN: &str = "FROM debian:12\n";

/// A start, followed by this number of parts.
fn each(start: &str, count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).fold(start.to_owned(), |mut text, number| {
        text += &part(number);
        text
    })
}
