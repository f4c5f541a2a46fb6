//! Calls of package managers: installs with their prerequisites, offline installs, cleanups, and
//! the removal of a package manager.

use super::World;
use super::scripts::all_of;
use crate::case::{Command, Joiner};

impl World<'_> {
    /// Commands that call package managers.
    pub(super) fn package_commands(&mut self) -> Vec<(Command, Joiner)> {
        let mut all = match self.random.below(10) {
            0..5 => self.language_packages(),
            _ => self.system_packages(),
        };
        if self.random.chance(18) {
            let directory = self.directory_word();
            all.push(format!("rm -rf {directory}"));
        }
        if self.random.chance(5) {
            let before = self.random.pick(&["env A=1 ", "command ", "exec ", "A=1 "]).to_owned();
            if let Some(last) = all
                .last_mut()
                .filter(|last| !last.starts_with("cd ") && !last.contains("||") && !last.contains('='))
            {
                last.insert_str(0, &before);
            }
        }
        if self.random.chance(6) {
            all.push(self.removal_of_a_manager());
        }
        all_of(&all)
    }

    fn package(&mut self) -> String {
        self.random
            .pick(&["jq", "git", "curl", "make", "npm", "python3", "nosuch"])
            .to_owned()
            .replace("nosuch", if self.random.chance(10) { "nosuch" } else { "less" })
    }

    fn system_packages(&mut self) -> Vec<String> {
        let (package, other) = (self.package(), self.package());
        let choice = self.random.below(12);
        let all: &[&str] = match (self.image.manager, choice) {
            ("apk", 0..3) => &["apk add --no-cache {p}"],
            ("apk", 3) => &["apk update", "apk add {p} {o}"],
            ("apk", 4) => &["apk update", "apk add {p}", "rm -rf /var/cache/apk/*"],
            ("apk", 5) => &["apk add -U {p}"],
            ("apk", 6) => &["apk update", "apk add {p}", "apk add {o}"],
            ("apk", 7) => &["apk update"],
            ("apk", 8) => {
                &["apk add --no-cache --virtual .build-deps {p}", "touch /opt/built", "apk del .build-deps"]
            }
            ("apk", 9) => &["apk add --update {p} {o}", "apk del {o}"],
            ("apk", 10) => &["apk --no-cache add {p}"],
            ("apk", _) => &["apk add --no-cache {p} || apk add --no-cache {o}"],
            ("dnf", 0..6) => &["dnf install -y {p}"],
            ("dnf", 6) => &["dnf install -y {p}", "dnf clean all"],
            ("dnf", 7) => &["dnf makecache"],
            ("dnf", 8) => &["dnf -C install -y {p}"],
            ("dnf", _) => &["dnf install -y {p} {o}", "dnf remove -y {o}"],
            (_, 0..3) => &["apt-get update", "apt-get install -y {p}"],
            (_, 3) => &[
                "apt-get update",
                "apt-get install -y --no-install-recommends {p} {o}",
                "rm -rf /var/lib/apt/lists/*",
            ],
            (_, 4) => &["apt-get update"],
            (_, 5) if self.random.chance(40) => &["apt-get install -y {p}"],
            (_, 5) => &["apt-get update", "apt-get install -y {p}", "apt-get install -y {o}"],
            (_, 6) => &["apt-get update", "apt-get install -y {p} || true"],
            (_, 7) => {
                &["apt-get update", "DEBIAN_FRONTEND=noninteractive apt-get install -yq {p}", "apt-get clean"]
            }
            (_, 8) => {
                &["apt-get update", "apt-get install -y {p}", "apt-get purge -y {p}", "apt-get autoremove -y"]
            }
            (_, 9) => &["apt update", "apt install -y {p}"],
            (_, 10) => &["rm -rf /var/lib/apt/lists/*"],
            (_, _) => &["apt-get update", "apt-get upgrade -y", "apt-get install -y {p}"],
        };
        all.iter().map(|text| text.replace("{p}", &package).replace("{o}", &other)).collect()
    }

    fn language_packages(&mut self) -> Vec<String> {
        let is_npm_here = self.has("npm") || self.random.chance(2);
        let is_pip_here = self.has("pip") || self.random.chance(2);
        let all: &[&str] = if self.has("go") {
            self.go()
        } else if self.has("cargo") {
            self.cargo()
        } else if self.has("gem") {
            &["gem install {p}"]
        } else if is_npm_here {
            self.node()
        } else if is_pip_here {
            self.python()
        } else {
            return self.system_packages();
        };
        let (package, other) = (self.library(), self.library());
        let directory = self.directory_word();
        all.iter()
            .map(|text| text.replace("{p}", &package).replace("{o}", &other).replace("{d}", &directory))
            .collect()
    }

    fn library(&mut self) -> String {
        let all: &[&str] = if self.has("npm") {
            &["serve", "left-pad", "pm2@5", "@org/tool"]
        } else {
            &["flask", "gunicorn==22.0", "requests", "tool"]
        };
        self.random.pick(all).to_owned()
    }

    fn node(&mut self) -> &'static [&'static str] {
        match self.random.below(20) {
            0..5 => &["npm install -g {p}"],
            6 | 11 | 13 if self.random.chance(60) => &["npm install -g {p}", "npm install -g --offline {p}"],
            5 => &["npm install -g {p}", "npm cache clean --force"],
            7 if self.random.chance(50) => &["pnpm add {p}"],
            8 if self.random.chance(60) => &["pnpm add {p}", "pnpm add --offline {p}"],
            6 => &["npm install -g --offline {p}"],
            7 => &["npm install --prefix {d} -g {p}"],
            8 => &["npm config set offline true"],
            9 => &["npm config set cache /tmp/npm-cache", "npm install -g {p}"],
            10 if self.random.chance(50) => &["npm install --cache /tmp/npm-cache -g {p}"],
            10 => &["yarn global add {p}"],
            11 => &["yarn global add --offline {p}"],
            12 => &["npm install -g pnpm", "npm install -g {p}"],
            13 => &["npm_config_offline=true npm install -g {p}"],
            14 => &["npm install -g {p}", "npm uninstall -g npm"],
            15 => &["mkdir -p {d}", "cd {d}", "npm install -g {p}"],
            16 => &["npm i {p}"],
            17 => &["npm install -g {p}", "cp -r /root/.npm /opt/npm-cache"],
            18 => &["npm install -g {p} || npm install -g --offline {p}"],
            _ => &["export npm_config_cache=/tmp/own", "npm install -g {p}"],
        }
    }

    fn python(&mut self) -> &'static [&'static str] {
        match self.random.below(22) {
            0..4 => &["pip install {p}"],
            9 | 10 | 17 if self.random.chance(60) => &["pip install uv", "uv pip install --system {p}"],
            4 => &["pip install --no-cache-dir {p}"],
            5 => &["pip download -d /wheels {p}", "pip install --no-index --find-links /wheels {p}"],
            6 => &["python -m venv /opt/venv", "/opt/venv/bin/pip install {p}"],
            7 => &["pip install uv", "uv pip install --system {p}"],
            8 => &["pip install uv", "uv pip install --system {p}", "uv pip install --system --offline {p}"],
            9 => &["uv pip install --system --offline {p}"],
            10 => &["UV_OFFLINE=1 uv pip install --system {p}"],
            11 => &["pip install --user {p}"],
            12 => &["pip install --target {d} {p}"],
            13 => &["pip install {p}", "rm -rf ~/.cache/pip"],
            14 => &["python -m pip install {p}"],
            15 => &["mkdir -p {d}", "cd {d}", "pip install {p}"],
            16 => &["pip wheel -w /wheels {p}"],
            17 => &["pip install --no-index --find-links /wheels {p}"],
            18 => &["pip install uv", "mkdir -p {d}", "cd {d}", "uv pip install --system {p}"],
            19 => &["pip install uv", "uv tool install {p}"],
            20 => &["pip install uv", "export UV_CACHE_DIR=/tmp/uv", "uv pip install --system {p}"],
            _ => &["pip3 install {p} {o}"],
        }
    }

    fn go(&mut self) -> &'static [&'static str] {
        match self.random.below(5) {
            0 | 1 => &["go install example.org/{p}@latest"],
            2 => &["GOPROXY=off go install example.org/{p}@latest"],
            3 => &["go install example.org/{p}@latest", "go clean -modcache"],
            _ => &["go install example.org/{p}@latest", "go clean -cache"],
        }
    }

    fn cargo(&mut self) -> &'static [&'static str] {
        match self.random.below(4) {
            0 | 1 => &["cargo install {p}"],
            2 => &["cargo install --offline {p}"],
            _ => &["cargo install {p}", "rm -rf /usr/local/cargo/registry"],
        }
    }

    fn removal_of_a_manager(&mut self) -> String {
        let all: &[&str] = if self.has("npm") {
            &[
                "rm -f /usr/local/bin/npm",
                "npm uninstall -g npm",
                "rm -rf /usr/local/bin/yarn /usr/local/lib/node_modules",
                "rm $(which npm)",
            ]
        } else if self.has("pip") {
            &["pip uninstall -y uv pip", "rm -f /usr/local/bin/pip", "rm -f /usr/local/bin/uv"]
        } else {
            &["rm -f /usr/bin/apt-get", "apt-get purge -y npm", "rm -rf /usr/local/bin"]
        };
        self.random.pick(all).to_owned()
    }

    /// A variable that puts a package manager into offline mode or moves its cache.
    pub(super) fn manager_variable(&mut self) {
        let all: &[&str] = if self.has("npm") {
            &[
                "npm_config_offline=true",
                "NPM_CONFIG_OFFLINE=true",
                "npm_config_cache=/tmp/cache",
                "NPM_CONFIG_CACHE=/app/.npm",
                "NODE_ENV=production",
                "YARN_CACHE_FOLDER=/tmp/yarn",
            ]
        } else if self.has("pip") {
            &[
                "UV_OFFLINE=1",
                "PIP_NO_INDEX=1",
                "PIP_NO_CACHE_DIR=1",
                "PIP_CACHE_DIR=/tmp/pip",
                "UV_CACHE_DIR=/app/uv",
                "PIP_FIND_LINKS=/wheels",
                "UV_SYSTEM_PYTHON=1",
                "XDG_CACHE_HOME=/tmp/xdg",
            ]
        } else if self.has("go") {
            &["GOPROXY=off", "GOMODCACHE=/tmp/mod", "GOFLAGS=-mod=mod"]
        } else if self.has("cargo") {
            &["CARGO_NET_OFFLINE=true", "CARGO_HOME=/tmp/cargo"]
        } else {
            &[
                "DEBIAN_FRONTEND=noninteractive",
                "HOME=/tmp",
                "BASH_ENV=/opt/env.sh",
                "PATH=/opt/tool/bin:$PATH",
            ]
        };
        let line = self.random.pick(all).to_owned();
        let keyword = if self.random.chance(80) { "ENV" } else { "ARG" };
        self.plain(format!("{keyword} {line}"));
    }
}
