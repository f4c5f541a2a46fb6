//! The example applications as data: the images to build, the requests of the smoke test, and the
//! files that change before a rebuild.

/// One folder of `examples/`.
#[derive(Debug)]
pub struct Application {
    pub name: &'static str,
    /// The images to build and start, in this order.
    pub services: &'static [Service],
    /// The smoke test of its README, in this order.
    pub probes: &'static [Probe],
    /// Source files that a developer changes: one in each build context.
    pub sources: &'static [&'static str],
    /// Files that name dependencies: one in each build context.
    pub manifests: &'static [&'static str],
}

/// An image of the application.
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// The build context, relative to the application's folder.
    pub context: &'static str,
    /// Its port, or `None` for a program that runs once and ends.
    pub port: Option<u16>,
    /// `NAME=value`, as its `compose.yaml` sets them.
    pub environment: &'static [&'static str],
}

/// One step of a smoke test.
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    /// A running service answers a request. The expected text may be in the answer's headers.
    Answers {
        service: &'static str,
        request: &'static str,
        body: &'static str,
        status: u16,
        contains: &'static str,
    },
    /// A command in a container of its own succeeds and prints something.
    Prints { service: &'static str, command: &'static [&'static str], contains: &'static str },
    /// A container that is started without options writes something to its log.
    Logs { service: &'static str, contains: &'static str },
}

pub const fn get(service: &'static str, request: &'static str, contains: &'static str) -> Probe {
    Probe::Answers { service, request, body: "", status: 200, contains }
}

const fn post(
    service: &'static str,
    request: &'static str,
    body: &'static str,
    status: u16,
    contains: &'static str,
) -> Probe {
    Probe::Answers { service, request, body, status, contains }
}

pub const fn alone(name: &'static str, port: u16) -> Service {
    Service { name, context: "", port: Some(port), environment: &[] }
}

pub const fn once(name: &'static str) -> Service {
    Service { name, context: "", port: None, environment: &[] }
}

const fn prints(service: &'static str, command: &'static [&'static str], contains: &'static str) -> Probe {
    Probe::Prints { service, command, contains }
}

/// The application with a name.
pub fn named(name: &str) -> &'static Application {
    ALL.iter().find(|application| application.name == name).expect("the table has the application")
}

/// Examples that are only fixed, not built.
pub const NOT_BUILT: &[(&str, &str)] =
    &[("alpine-tool", "needs an engine that pulls alpine:3.20, and Alpine's package mirrors")];

/// All applications that are built, the quicker ones first.
pub const ALL: &[Application] = &[
    Application {
        name: "flask",
        services: &[alone("board", 5000)],
        probes: &[
            get("board", "GET /healthz", r#"{"notes":0,"status":"ok"}"#),
            post("board", "POST /", "title=Hi&body=*soon*", 302, "/notes/1"),
            get("board", "GET /notes/1", "<em>soon</em>"),
            get("board", "GET /static/style.css", "sans-serif"),
        ],
        sources: &["app/views.py"],
        manifests: &["requirements.txt"],
    },
    Application {
        name: "express",
        services: &[alone("links", 8080)],
        probes: &[
            get("links", "GET /healthz", r#"{"status":"ok","commit":"#),
            post("links", "POST /", "url=https://example.com/", 302, "Location: /"),
            get("links", "GET /", "https://example.com/"),
            Probe::Answers {
                service: "links",
                request: "GET /1",
                body: "",
                status: 302,
                contains: "Location: https://example.com/",
            },
        ],
        sources: &["routes/links.js"],
        manifests: &["package.json"],
    },
    Application {
        name: "pnpm-service",
        services: &[alone("status", 3000)],
        probes: &[
            get("status", "GET /healthz", r#"{"status":"ok","open":0}"#),
            post("status", "POST /incidents", "service=mail&text=*slow*", 201, r#"{"id":1}"#),
            get("status", "GET /", "<em>slow</em>"),
            get("status", "GET /static/style.css", "crimson"),
        ],
        sources: &["src/app.js"],
        manifests: &["package.json"],
    },
    Application {
        name: "go-web",
        services: &[alone("clock", 8080)],
        probes: &[
            get("clock", "GET /healthz", "ok"),
            get("clock", "GET /", "Asia/Tokyo"),
            get("clock", "GET /static/style.css", "sans-serif"),
        ],
        sources: &["main.go"],
        manifests: &["go.mod"],
    },
    Application {
        name: "typescript-service",
        services: &[alone("quotes", 3000)],
        probes: &[
            get("quotes", "GET /healthz", r#"{"status":"ok"}"#),
            post(
                "quotes",
                "POST /quotes",
                r#"{"lines":[{"sku":"tea","count":10,"cents":1000}]}"#,
                200,
                r#""total":9500}"#,
            ),
        ],
        sources: &["src/app.ts"],
        manifests: &["package.json"],
    },
    Application {
        name: "multi-stage",
        services: &[alone("recipes", 8000)],
        probes: &[
            get("recipes", "GET /healthz", r#"{"status":"ok"}"#),
            get("recipes", "GET /api/recipes", "Lentil soup"),
            post("recipes", "POST /api/recipes", r#"{"title":"Toast","minutes":3}"#, 201, r#"{"id":3}"#),
            get("recipes", "GET /recipes/3", "/assets/"),
        ],
        sources: &["server/main.py"],
        manifests: &["requirements.txt"],
    },
    Application {
        name: "compose-shop",
        services: &[
            Service { name: "catalog", context: "catalog", port: Some(8000), environment: &[] },
            Service {
                name: "storefront",
                context: "storefront",
                port: Some(3000),
                environment: &["CATALOG_URL=http://catalog:8000"],
            },
        ],
        probes: &[
            get("catalog", "GET /healthz", r#""products": 3"#),
            get("catalog", "GET /products?q=blu%20cup", "cup-1"),
            get("storefront", "GET /healthz", r#"{"status":"ok"}"#),
            post("storefront", "POST /basket", "sku=cup-1", 302, "Location: /"),
            get("storefront", "GET /", "Green tea"),
            get("storefront", "GET /", "1 in your basket, 12.00 in all"),
        ],
        sources: &["catalog/catalog/app.py", "storefront/src/app.js"],
        manifests: &["catalog/requirements.txt", "storefront/package.json"],
    },
    Application {
        name: "zlib-tool",
        services: &[once("squeeze")],
        probes: &[prints("squeeze", &[], "40 -> 12"), prints("squeeze", &["bbbbbbbbbbbbbbbbbbbb"], "20 -> ")],
        sources: &["squeeze.c"],
        manifests: &["Makefile"],
    },
    Application {
        name: "java-jar",
        services: &[alone("greeter", 8080)],
        probes: &[
            get("greeter", "GET /healthz", "Hello, healthz!"),
            get("greeter", "GET /Ada", "Hello, Ada!"),
        ],
        sources: &["src/example/Greeter.java"],
        manifests: &["src/example/Greeter.java"],
    },
    Application {
        name: "fastapi-postgres",
        services: &[alone("contacts", 8000)],
        probes: &[
            get("contacts", "GET /healthz", r#"{"status":"ok","libpq":1"#),
            Probe::Answers {
                service: "contacts",
                request: "GET /contacts",
                body: "",
                status: 503,
                contains: "no database: OperationalError",
            },
        ],
        sources: &["app/main.py"],
        manifests: &["requirements.txt"],
    },
    Application {
        name: "django-static",
        services: &[alone("guests", 8000)],
        probes: &[
            get("guests", "GET /healthz", r#"{"status": "ok"}"#),
            get("guests", "GET /", "<li>Grace</li>"),
            get("guests", "GET /", "/static/book."),
            get("guests", "GET /static/book.css", "rebeccapurple"),
        ],
        sources: &["pages/views.py"],
        manifests: &["requirements.txt"],
    },
    Application {
        name: "vite-site",
        services: &[alone("tides", 4173)],
        probes: &[get("tides", "GET /", "/assets/index-"), get("tides", "GET /low", "<title>Tides</title>")],
        sources: &["src/main.js"],
        manifests: &["package.json"],
    },
    Application {
        name: "pnpm-workspace",
        services: &[alone("words", 3000)],
        probes: &[
            get("words", "GET /healthz", r#"{"status":"ok"}"#),
            post("words", "POST /count", r#"{"text":"tea and tea"}"#, 200, r#"{"tea":2,"and":1}"#),
        ],
        sources: &["packages/api/src/main.ts"],
        manifests: &["package.json"],
    },
    Application {
        name: "sklearn-report",
        services: &[once("report")],
        probes: &[prints("report", &[], "groups: [2, 3]")],
        sources: &["report.py"],
        manifests: &["requirements.txt"],
    },
    Application {
        name: "agents-devbox",
        services: &[alone("devbox", 8000)],
        probes: &[
            get("devbox", "GET /health", r#""status":"ok""#),
            get("devbox", "GET /skills", "bisect"),
            Probe::Prints { service: "devbox", command: &["scripts/doctor.sh"], contains: "" },
            Probe::Prints {
                service: "devbox",
                command: &["python", "-m", "pytest", "-q"],
                contains: "passed",
            },
        ],
        sources: &["agent/server.py"],
        manifests: &["requirements.txt"],
    },
];
