//! Projects in the build context: manifests, sources that use their dependencies, and the extra
//! files of a developer's machine.

use super::World;

/// The kind of the project in the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Project {
    Node,
    Python,
    Go,
    Rust,
}

impl World<'_> {
    /// Adds a project to the context, if the image can build one.
    pub(super) fn make_project(&mut self) {
        let project = match () {
            () if self.has("npm") => Project::Node,
            () if self.has("pip") => Project::Python,
            () if self.has("go") => Project::Go,
            () if self.has("cargo") => Project::Rust,
            () => return,
        };
        self.project = Some(project);
        match project {
            Project::Node => self.node_project(),
            Project::Python => self.python_project(),
            Project::Go => {
                self.file("go.mod", "module example.org/app\nrequire example.org/lib v1.0.0\n", false);
                self.file("go.sum", "example.org/lib v1.0.0 h1:x\n", false);
                self.file("main.go", "package main\nfunc main() {}\n", false);
                if self.random.chance(30) {
                    self.leftover("vendor/modules.txt", "# foreign\n");
                }
            }
            Project::Rust => {
                self.file("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nserde = \"1\"\n", false);
                self.file("Cargo.lock", "version = 3\n", false);
                self.file("src/main.rs", "fn main() {}\n", false);
                if self.random.chance(30) {
                    self.leftover("target/release/app", "#!/bin/sh\necho foreign\n");
                }
            }
        }
        if self.random.chance(20) {
            self.file("__pycache__/x.pyc", "cache\n", false);
        }
        if self.random.chance(25) {
            self.case.ignore_file = self
                .random
                .pick(&[
                    "node_modules\n",
                    "*.log\n",
                    "**/__pycache__\n.git\n",
                    "*\n!package*.json\n!*.js\n!*.txt\n!*.py\n!*.sh\n!docker\n!etc\n",
                ])
                .to_owned();
        }
    }

    fn node_project(&mut self) {
        let script = self
            .random
            .pick(&[
                ", \"scripts\": {\"build\": \"node build.js\", \"start\": \"node server.js\"}",
                ", \"scripts\": {\"build\": \"node build.js\", \"start\": \"node server.js\", \"postinstall\": \"node setup.js\"}",
            ])
            .to_owned();
        let prisma = if self.random.chance(15) { ", \"@prisma/client\": \"5.0.0\"" } else { "" };
        self.file("package.json", format!("{{\"name\": \"app\", \"dependencies\": {{\"express\": \"4.0.0\"{prisma}}}, \"devDependencies\": {{\"vite\": \"5.0.0\"}}{script}}}\n"), false);
        let lock = if prisma.is_empty() {
            ""
        } else {
            ", \"node_modules/@prisma/client\": {\"version\": \"5.0.0\", \"hasInstallScript\": true}"
        };
        if self.random.chance(95) {
            self.file("package-lock.json", format!("{{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{\"node_modules/express\": {{\"version\": \"4.0.0\"}}{lock}}}}}\n"), false);
        }
        if self.random.chance(30) {
            self.file("yarn.lock", "# yarn lockfile v1\nexpress@4.0.0:\n  version \"4.0.0\"\n", false);
        }
        if self.random.chance(50) {
            let lock = "lockfileVersion: '9.0'\npackages: {\"express\": \"4.0.0\", \"vite\": \"5.0.0\"}\n";
            self.file("pnpm-lock.yaml", lock, false);
        }
        self.file(
            "server.js",
            "require('express')\nshow('node_modules/express/index.js')\nshow('dist/out.js')\n",
            false,
        );
        self.file("build.js", "require('vite')\nwrite('dist/out.js', 'built')\n", false);
        self.file("setup.js", "write('setup.done', 'yes')\n", false);
        self.file("prisma/schema.prisma", "model A\n", false);
        if self.random.chance(35) {
            self.leftover("node_modules/express/index.js", "// foreign\n");
            self.leftover("node_modules/own/index.js", "// foreign\n");
        }
        // Only one kind of leftover, so that the output does not depend on it.
        if self.case.leftovers.is_empty() && self.random.chance(15) {
            self.leftover("dist/out.js", "foreign\n");
        }
        if self.random.chance(15) {
            let text =
                self.random.pick(&["offline=true\n", "fund=false\n", "cache=/tmp/npmrc-cache\n"]).to_owned();
            self.file(".npmrc", text, false);
        }
    }

    fn python_project(&mut self) {
        self.file("requirements.txt", "flask==3.0\nrequests\n", false);
        let system = if self.random.chance(50) { "[build-system]\nrequires = [\"hatchling\"]\n" } else { "" };
        let readme = if self.random.chance(30) { "readme = \"README.md\"\n" } else { "" };
        self.file("pyproject.toml", format!("[project]\nname = \"project\"\nversion = \"1.0\"\n{readme}dependencies = [\"flask\", \"requests>=2\"]\n{system}"), false);
        self.file("uv.lock", "version = 1\n", false);
        self.file("README.md", "# project\n", false);
        self.file("app/__init__.py", "answer = 42\n", false);
        self.file("app.py", "import flask\nshow('app/__init__.py')\n", false);
        if self.random.chance(30) {
            self.leftover(".venv/pyvenv.cfg", "home = /foreign\n");
            self.leftover(".venv/lib/python3.12/site-packages/flask/__init__.py", "# foreign\n");
        }
    }

    /// Copies and installs the project.
    pub(super) fn use_project(&mut self) {
        let Some(project) = self.project else { return };
        let installs: &[&str] = match project {
            Project::Node => &[
                "npm ci",
                "npm install",
                "npm ci --omit=dev",
                "npm install --offline || npm install",
                "yarn install",
                "npm ci && npm run build",
                "npm ci --ignore-scripts",
                "npm ci && npm cache clean --force",
                "pnpm install --frozen-lockfile",
                "pnpm fetch && pnpm install --offline",
                "pnpm install",
            ],
            Project::Python => &[
                "pip install -r requirements.txt",
                "pip install --no-cache-dir -r requirements.txt",
                "pip install .",
                "pip install uv && uv sync --frozen",
                "pip install uv && uv pip install --system -r requirements.txt",
                "pip install -r requirements.txt && pip install -e .",
                "pip install uv && uv sync --frozen --no-install-project",
            ],
            Project::Go => &[
                "go build -o /usr/local/bin/app .",
                "go mod download",
                "go mod download && go build -o app .",
                "go build -o app ./",
            ],
            Project::Rust => &[
                "cargo build --release",
                "cargo fetch",
                "cargo fetch && cargo build --release --offline",
                "cargo build --release && cp target/release/app /usr/local/bin/app",
            ],
        };
        let manifests = match project {
            Project::Node => "package*.json",
            Project::Python => {
                self.random.pick(&["requirements.txt", "requirements.txt pyproject.toml uv.lock"])
            }
            Project::Go => "go.mod go.sum",
            Project::Rust => "Cargo.toml Cargo.lock",
        };
        if self.random.chance(60) && self.workdir == "/" {
            self.workdir();
        }
        if self.random.chance(65) {
            self.plain("COPY . .");
        } else {
            self.plain(format!("COPY {manifests} ./"));
        }
        if self.random.chance(20) {
            self.any_instruction();
        }
        let install = self.random.pick(installs).to_owned();
        self.run_of(&install);
        if self.random.chance(50) {
            self.plain("COPY . .");
        }
        if self.random.chance(30) {
            let second = self.random.pick(installs).to_owned();
            self.run_of(&second);
        }
    }
}
