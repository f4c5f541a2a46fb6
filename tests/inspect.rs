//! `jettison inspect` on images that are put together here, byte by byte, so that what it has to say is known beforehand.

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A layer's archive.
struct Layer(tar::Builder<Vec<u8>>);

impl Layer {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn file(self, path: &str, size: usize) -> Self {
        self.owned(path, &vec![b'x'; size], 0)
    }

    fn text(self, path: &str, text: &str) -> Self {
        self.owned(path, text.as_bytes(), 0)
    }

    fn owned(mut self, path: &str, content: &[u8], owner: u64) -> Self {
        let mut header = header(path, content.len() as u64, tar::EntryType::Regular);
        header.set_uid(owner);
        header.set_cksum();
        self.0.append(&header, content).expect("memory");
        self
    }

    fn link(mut self, path: &str, target: &str, kind: tar::EntryType) -> Self {
        let mut header = header(path, 0, kind);
        let field = &mut header.as_old_mut().linkname;
        field[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        self.0.append(&header, &[][..]).expect("memory");
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory")
    }
}

/// A header with any path, also one that no honest archive has.
fn header(path: &str, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

/// What `docker save` writes: a manifest, a configuration with a history, and the layers.
fn archive(layers: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let history: Vec<Value> = layers.iter().map(|(step, _)| json!({ "created_by": step })).collect();
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["t:1"], "Layers": names }]).to_string();
    let config =
        json!({ "architecture": "amd64", "os": "linux", "config": {}, "history": history }).to_string();
    let mut outer = Layer::new().text("manifest.json", &manifest).text("config.json", &config);
    for (name, (_, bytes)) in names.iter().zip(layers) {
        outer = outer.owned(name, bytes, 0);
    }
    outer.bytes()
}

fn inspect(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(support::jettison())
        .arg("inspect")
        .args(arguments)
        .current_dir(folder)
        .env("DOCKER_HOST", "unix:///nobody/listens/here.sock")
        .output()
        .expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// What it says of an archive, as JSON.
fn report(bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("image.tar"), bytes).expect("a file");
    let output = inspect(folder.path(), &["image.tar", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Why it can't be read.
fn complaint(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("image.tar"), bytes).expect("a file");
    let output = inspect(folder.path(), &["image.tar"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a directory").count(), 1, "something was unpacked");
    stderr(&output)
}

/// An image whose waste is known to the byte.
fn wasteful() -> Vec<(&'static str, Vec<u8>)> {
    let base = Layer::new()
        .text("etc/debian_version", "12.5\n")
        .file("usr/share/doc/bash/README", 700)
        .file("usr/share/doc/bash/copyright", 300)
        .text("var/lib/dpkg/info/gcc-12.list", "/.\n/usr/bin/gcc-12\n")
        .text("var/lib/dpkg/info/gcc-12-base.list", "/usr/share/base\n")
        .file("usr/bin/gcc-12", 90_000)
        .file("usr/share/base", 10);
    let lists = Layer::new().file("var/lib/apt/lists/debian_Packages", 50_000);
    let application = Layer::new()
        .owned("app/main.py", &[b'm'; 4_000], 0)
        .file("app/big.zip", 20_000)
        .file("app/changing", 600)
        .file("root/.cache/pip/http/a", 30_000);
    let owned = Layer::new()
        .owned("app/main.py", &[b'm'; 4_000], 1000)
        .file("app/.wh.big.zip", 0)
        .file("app/changing", 601)
        .file("app/node_modules/@scope/tool/index.js", 2_000);
    vec![
        ("/bin/sh -c #(nop) ADD file:0123 in / ", base.bytes()),
        ("RUN /bin/sh -c apt-get update # buildkit", lists.bytes()),
        ("COPY . /app # buildkit", application.bytes()),
        ("RUN /bin/sh -c chown -R 1000 /app && rm /app/big.zip # buildkit", owned.bytes()),
    ]
}

fn wastes(report: &Value) -> Vec<(String, u64, u64, String)> {
    let all = report["wastes"].as_array().expect("an array");
    let one = |waste: &Value| {
        let text = |name: &str| waste[name].as_str().unwrap_or("none").to_owned();
        (
            text("why"),
            waste["layer"].as_u64().expect("a number"),
            waste["size"].as_u64().expect("a number"),
            text("transform"),
        )
    };
    all.iter().map(one).collect()
}

#[test]
fn waste_is_told_to_the_byte() {
    let report = report(&archive(&wasteful()));
    let expected: Vec<(String, u64, u64, String)> = [
        ("build-packages", 0, 90_000, "split-stages"),
        ("cache", 1, 50_000, "clean-package-caches"),
        ("cache", 2, 30_000, "avoid-package-caches"),
        ("deleted", 2, 20_000, "merge-runs"),
        ("copied", 2, 4_000, "copy-ownership"),
        ("documentation", 0, 700, "slim-base"),
        ("replaced", 2, 600, "merge-runs"),
    ]
    .map(|(why, layer, size, transform)| (why.to_owned(), layer, size, transform.to_owned()))
    .to_vec();
    assert_eq!(wastes(&report), expected);
    assert_eq!(report["wasted"], 195_300);
    let hidden: Vec<u64> = report["layers"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|layer| layer["hidden"].as_u64().expect("a number"))
        .collect();
    assert_eq!(hidden, [0, 0, 24_600, 0]);
    assert_eq!(report["layers"][1]["created_by"], "apt-get update");
    let size = report["size"].as_u64().expect("a number");
    assert_eq!(report["seen"].as_u64(), Some(size - 24_600));
}

#[test]
fn packages_have_their_files() {
    let report = report(&archive(&wasteful()));
    let packages: Vec<(&str, u64)> = report["packages"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| (one["name"].as_str().expect("a name"), one["size"].as_u64().expect("a number")))
        .collect();
    assert_eq!(packages, [("gcc-12", 90_000), ("@scope/tool", 2_000), ("gcc-12-base", 10)]);
}

#[test]
fn packages_of_rpm_have_their_files_as_well() {
    let database = std::fs::File::open("tests/rpm/rpmdb.sqlite.gz").expect("the fixture is there");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(database).read_to_end(&mut bytes).expect("it is compressed");
    let base = Layer::new()
        .owned("var/lib/rpm/rpmdb.sqlite", &bytes, 0)
        .file("usr/bin/tool", 500)
        .file("usr/lib/tool/data-60", 60)
        .file("usr/bin/lib-3", 40)
        .file("usr/bin/nobodys", 7);
    let report = report(&archive(&[("/bin/sh -c #(nop) ADD file:0123 in / ", base.bytes())]));
    let rpm = |name: &str, size: u64| json!({ "manager": "RPM", "name": name, "size": size });
    assert_eq!(report["packages"], json!([rpm("tool", 560), rpm("lib-3", 40)]));
}

#[test]
fn archives_may_be_compressed_as_a_whole_and_by_layer() {
    let plain = archive(&wasteful());
    let expected = wastes(&report(&plain));
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("memory");
    assert_eq!(wastes(&report(&gzip(&plain))), expected);
    assert_eq!(wastes(&report(&zstd(&plain))), expected);
    let by_layer: Vec<(&str, Vec<u8>)> = wasteful()
        .into_iter()
        .enumerate()
        .map(|(number, (step, bytes))| (step, if number % 2 == 0 { gzip(&bytes) } else { zstd(&bytes) }))
        .collect();
    assert_eq!(wastes(&report(&archive(&by_layer))), expected);
}

#[test]
fn an_oci_layout_is_read_from_its_directory() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join("layout").join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    };
    let layers = wasteful();
    let history: Vec<Value> = layers.iter().map(|(step, _)| json!({ "created_by": step })).collect();
    let blob = |name: &str| json!({ "digest": format!("sha256:{name}") });
    let descriptors: Vec<Value> = (0..layers.len()).map(|number| blob(&number.to_string())).collect();
    write(
        "index.json",
        json!({ "manifests": [blob("manifest"), { "digest": "sha256:x", "platform": { "os": "unknown" } }] })
            .to_string()
            .as_bytes(),
    );
    write(
        "blobs/sha256/manifest",
        json!({ "config": blob("config"), "layers": descriptors }).to_string().as_bytes(),
    );
    write("blobs/sha256/config", json!({ "config": {}, "history": history }).to_string().as_bytes());
    for (number, (_, bytes)) in layers.iter().enumerate() {
        write(&format!("blobs/sha256/{number}"), bytes);
    }
    let output = inspect(folder.path(), &["layout", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(wastes(&found), wastes(&report(&archive(&layers))));
}

#[test]
fn fixes_of_the_dockerfile_are_listed_by_what_they_save() {
    let folder = support::folder(&[(
        "Dockerfile",
        "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends jq\nCOPY . /app\nRUN chown -R 1000 /app && rm /app/big.zip\n",
    )]);
    std::fs::write(folder.path().join("image.tar"), archive(&wasteful())).expect("a file");
    let output = inspect(folder.path(), &["image.tar", "--dockerfile", "Dockerfile"]);
    insta::with_settings!({
        snapshot_path => Path::new("../snapshots/inspect"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("with-dockerfile", format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output)));
    });
}

#[test]
fn hostile_archives_do_no_harm() {
    use tar::EntryType;
    let hostile = Layer::new()
        .file("../../../../etc/upward", 11)
        .file("/absolute", 12)
        .link("loop", "loop", EntryType::Symlink)
        .link("a", "b", EntryType::Symlink)
        .link("b", "a", EntryType::Symlink)
        .link("outward", "../../../../etc/passwd", EntryType::Symlink)
        .link("hard", "../../etc/passwd", EntryType::Link)
        .link("device", "", EntryType::Block)
        .text("var/lib/dpkg/info/x.list", "/loop/x\n/a/x\n/../../../etc/passwd\n/outward/x\n");
    let found = report(&archive(&[("COPY x / # buildkit", hostile.bytes())]));
    assert_eq!(found["seen"], 11 + 12 + 45);
    assert!(found["packages"].as_array().expect("an array").is_empty());
}

#[test]
fn broken_archives_are_named() {
    assert!(complaint(b"").contains("neither a tar archive nor"), "{}", complaint(b""));
    assert!(complaint(b"\x1f\x8bnot really gzip").contains("can't be read"));
    let whole = archive(&wasteful());
    assert!(complaint(&whole[..whole.len() / 2]).contains("image.tar"));
    let nothing = Layer::new().file("readme", 10).bytes();
    assert!(complaint(&nothing).contains("index.json is missing"), "{}", complaint(&nothing));
    let two = json!([{ "Config": "c", "Layers": [] }, { "Config": "c", "Layers": [] }]).to_string();
    let two = Layer::new().text("manifest.json", &two).bytes();
    assert!(complaint(&two).contains("2 images"), "{}", complaint(&two));
    let missing = json!([{ "Config": "c", "Layers": ["gone.tar"] }]).to_string();
    let missing = Layer::new().text("manifest.json", &missing).text("c", "{}").bytes();
    assert!(complaint(&missing).contains("the layer gone.tar is missing"), "{}", complaint(&missing));
}

#[test]
fn what_is_no_file_needs_an_engine() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let output = inspect(folder.path(), &["debian:12"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("debian:12 is no file or directory"), "{text}");
    assert!(text.contains("unix:///nobody/listens/here.sock") || text.contains("can't be started"), "{text}");
    let output = inspect(folder.path(), &["."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no index.json"), "{}", stderr(&output));
}
