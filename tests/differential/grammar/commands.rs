//! Commands that create, change, read, remove and download files.

use super::World;
use super::scripts::all_of;
use crate::case::{Command, Joiner};
use crate::random::Random;

impl World<'_> {
    /// Commands that work with files.
    pub(super) fn plain_commands(&mut self) -> Vec<(Command, Joiner)> {
        let (directory, other) = (self.directory_word(), self.directory_word());
        let (file, name) = (self.file_word(), self.name());
        let all = match self.random.weighted(&[
            6, 5, 7, 3, 2, 2, 2, 2, 3, 3, 2, 2, 2, 4, 2, 3, 1, 2, 2, 2, 1, 2, 1, 2, 2, 1, 3, 1, 1, 1,
        ]) {
            0 => vec![format!("mkdir -p {directory}")],
            1 => vec![format!("mkdir -p {directory}"), format!("echo one > {directory}/{name}")],
            2 => vec![format!("rm -rf {directory}")],
            3 => {
                vec![format!("mkdir -p {directory}"), format!("cd {directory}"), format!("echo two > {name}")]
            }
            4 => vec![format!("mkdir -p {directory}"), format!("ln -sfn {directory} {other}")],
            5 => vec![format!("touch {file}"), format!("chmod 0600 {file}")],
            6 => vec![format!("mkdir -p {directory}"), format!("chown -R 1000:1000 {directory}")],
            7 => vec![format!("install -d -m 0750 {directory}")],
            8 => vec![format!("echo three >> {file}")],
            9 => vec![format!("echo \"$PWD\" > {file}")],
            10 => vec![format!("touch {file}"), format!("mv {file} {name}")],
            11 => vec![format!("echo four > {file}"), format!("cp {file} /opt/{name}")],
            12 => vec![format!("mkdir -p {directory}"), format!("cp -r {directory} /opt/copy")],
            13 => self.download(),
            14 => {
                vec![format!("mkdir -p {directory}"), format!("find {directory} -type f -exec rm -f {{}} +")]
            }
            15 => return self.document(),
            16 => vec![format!("tar -cf /tmp/all.tar -C /etc passwd"), format!("rm -f /tmp/all.tar")],
            17 => vec![format!("echo one | tee {file}"), format!("cat {file} | sort > /tmp/sorted")],
            18 => vec![format!("echo \"${{V:-none}} ${{F:-none}}\" >> {file}")],
            19 => {
                let user = self.new_user();
                vec![user]
            }
            20 => {
                vec![format!("echo \"10.0.0.1 db\" >> /etc/hosts"), format!("grep -c . /etc/hosts > {file}")]
            }
            21 => vec![format!("find /srv -name conf.txt > {file}")],
            22 => vec![format!("grep -r one /srv > {file} || true")],
            23 => vec![
                format!("rm -rf {directory}"),
                format!("mkdir -p {other}"),
                format!("ln -s {other} {directory} || true"),
            ],
            24 => vec![format!("[ -e {name} ] && cat {name} > {file} || true")],
            25 => vec![format!("chmod -R g+rwX {directory} || true")],
            26 => vec![self.removal_of_a_cache()],
            27 => vec![format!(": > {file}"), format!("read V < {file} || true")],
            28 => vec!["find /opt /srv -type f -name '*.tmp' -exec rm -f {} +".into()],
            _ => vec![format!("rmdir {directory} 2>/dev/null || true")],
        };
        all_of(&all)
    }

    /// The ways in which scripts remove caches, including those that fail on a mount.
    fn removal_of_a_cache(&mut self) -> String {
        let all = [
            "rm -rf /root/.npm",
            "rm -rf ~/.npm /tmp/*",
            "rm -rf \"$HOME\"/.cache",
            "rm -rf /root/.cache/pip/*",
            "rm -rf /var/lib/apt/lists/* /var/tmp/*",
            "rm -rf /var/cache/apk/*",
            "rm -rf ~/.cache ~/.npm || true",
            "mkdir -p /root/.npm && touch /root/.npm/keep",
            "mkdir -p /data/npm && ln -sfn /data/npm /root/.npm",
            "mv /root/.npm /opt/npm 2>/dev/null || true",
            "chown -R 1000:1000 /root",
            "find /root -mindepth 1 -maxdepth 1 -exec rm -rf {} +",
        ];
        self.random.pick(&all).to_owned()
    }

    fn new_user(&mut self) -> String {
        let name = self.random.pick(&["app", "web"]).to_owned();
        if !self.users.contains(&name) {
            self.users.push(name.clone());
        }
        let number = self.random.pick(&["1001", "1234567"]).to_owned();
        match (self.image.manager, self.random.below(3)) {
            ("apk", _) => format!("adduser -D {name}"),
            (_, 0) => format!("useradd -m {name}"),
            (_, 1) => format!("useradd -m -u {number} {name}"),
            _ => format!("groupadd {name}x && useradd -g {name}x -m {name}"),
        }
    }

    fn document(&mut self) -> Vec<(Command, Joiner)> {
        let file = self.file_word();
        let name = if self.random.chance(50) { "EOF" } else { "'EOF'" };
        let words = match self.random.below(3) {
            0 => format!("cat > {file} <<{name}"),
            1 => format!("cat <<{name} >> {file}"),
            _ => format!("tee {file} <<{name}"),
        };
        let body = self.random.pick(&["first\nsecond\n", "dir=$T\n", "pwd is $PWD\n\n"]).to_owned();
        vec![(Command::Document(words.split(' ').map(str::to_owned).collect(), name, body), Joiner::And)]
    }

    /// Downloads a file and uses it.
    fn download(&mut self) -> Vec<String> {
        let fetch = |random: &mut Random, name: &str, to: Option<&str>| match (to, random.below(4)) {
            (None, 0) => format!("wget -q https://example.org/{name}"),
            (None, _) => format!("curl -fsSLO https://example.org/{name}"),
            (Some(to), 0) => format!("wget -O {to} https://example.org/{name}"),
            (Some(to), _) => format!("curl -fsSL https://example.org/{name} -o {to}"),
        };
        let place = self.random.pick(&["/tmp/", "/opt/", ""]).to_owned();
        let directory = self.directory_word();
        let has_variable = self.random.chance(20);
        match self.random.weighted(&[4, 3, 2, 1, 1]) {
            0 => {
                let name = if has_variable { "tool-$TOOL_VERSION.tar.gz" } else { "tool.tar.gz" };
                let to = format!("{place}{name}");
                let fetched = fetch(self.random, name, (!place.is_empty()).then_some(to.as_str()));
                let first = self.random.pick(&["mkdir -p /opt", "cd /tmp"]).to_owned();
                vec![first, fetched, format!("tar -xzf {to} -C /opt")]
            }
            1 => {
                let to = format!("{place}tool.sh");
                let fetched = fetch(self.random, "tool.sh", (!place.is_empty()).then_some(to.as_str()));
                let shell = self.random.pick(&["bash", "sh"]).to_owned();
                vec![fetched, format!("{shell} {to} --self-test")]
            }
            2 => {
                let fetched = fetch(self.random, "tool.zip", Some("/tmp/tool.zip"));
                vec![fetched, format!("unzip -q /tmp/tool.zip -d {directory}")]
            }
            3 => vec!["curl -fsSL https://example.org/tool.sh | sh".into()],
            _ => {
                let fetched = fetch(self.random, "tool.deb", Some("/tmp/tool.deb"));
                vec![fetched, "dpkg -i /tmp/tool.deb".into()]
            }
        }
    }
}
