//! `jettison inspect` on images that this file assembles byte by byte, so the expected output is
//! known.
#![cfg(unix)]

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use support::run::stderr;

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

/// A header with any path, even one that no proper archive has.
fn header(path: &str, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

/// An archive like those of `docker save`: a manifest, a configuration with a history, and the
/// layers.
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
        .env("DOCKER_HOST", "unix:///no/engine/here.sock")
        .output()
        .expect("the program starts")
}

/// The report on an archive, as JSON.
fn report(bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("image.tar"), bytes).expect("a file");
    let output = inspect(folder.path(), &["image.tar", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The reason why an archive can't be read.
fn complaint(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("image.tar"), bytes).expect("a file");
    let output = inspect(folder.path(), &["image.tar"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a directory").count(), 1, "something was unpacked");
    stderr(&output)
}

/// An image whose wasted space is known to the byte.
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
    let row = |waste: &Value| {
        let text = |name: &str| waste[name].as_str().unwrap_or("none").to_owned();
        (
            text("why"),
            waste["layer"].as_u64().expect("a number"),
            waste["size"].as_u64().expect("a number"),
            text("transform"),
        )
    };
    all.iter().map(row).collect()
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
        .map(|package| {
            (package["name"].as_str().expect("a name"), package["size"].as_u64().expect("a number"))
        })
        .collect();
    assert_eq!(packages, [("gcc-12", 90_000), ("@scope/tool", 2_000), ("gcc-12-base", 10)]);
}

#[test]
fn packages_of_rpm_have_their_files_as_well() {
    let database =
        std::fs::File::open("crates/image/tests/rpm/rpmdb.sqlite.gz").expect("the fixture is there");
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

/// D16: no Dockerfile on a base image can merge the base image's layers, and a few bytes are not
/// worth a line.
#[test]
fn layers_of_the_base_image_get_no_advice() {
    let base = Layer::new().file("etc/group", 5_000).file("etc/x", 100).file("bin/tool", 9_000_000);
    let updated = Layer::new().file("etc/group", 5_001);
    let own = Layer::new().file("etc/x", 101).file("root/.cache/pip/http/a", 30_000);
    let image = archive(&[
        ("/bin/sh -c #(nop) ADD file:0123 in / ", base.bytes()),
        ("RUN /bin/sh -c update # buildkit", updated.bytes()),
        ("RUN /bin/sh -c pip install x # buildkit", own.bytes()),
    ]);
    let folder = support::folder(&[("Dockerfile", "FROM python:3.11\nRUN pip install x\n")]);
    std::fs::write(folder.path().join("image.tar"), image).expect("a file");
    let wasted = |arguments: &[&str]| {
        let output = inspect(folder.path(), arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split("\nwasted space\n").nth(1).expect("a section").to_owned()
    };
    let text = wasted(&["image.tar", "--dockerfile", "Dockerfile"]);
    assert!(text.contains("stored in layer 1, replaced in layer 2\n"), "{text}");
    assert!(text.contains("pip's cache, in layer 3: avoid-package-caches\n"), "{text}");
    assert!(text.contains("in 1 more\n") && !text.contains("/etc/x"), "{text}");
    // Without the Dockerfile, it is unknown which layers are the base image's.
    let text = wasted(&["image.tar"]);
    assert!(text.contains("stored in layer 1, replaced in layer 2: merge-runs\n"), "{text}");
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
    assert!(text.contains("debian:12 is not a file or directory"), "{text}");
    assert!(text.contains("unix:///no/engine/here.sock") || text.contains("can't be started"), "{text}");
    let output = inspect(folder.path(), &["."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no index.json"), "{}", stderr(&output));
}

/// The memory limit for any archive, in kilobytes.
const MOST_KILOBYTES: i64 = 300_000;

/// A gzip stream made of compressed pieces: a small, repeated piece produces large content.
struct Gzip(Vec<u8>);

impl Gzip {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn piece(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn then(mut self, bytes: &[u8]) -> Self {
        self.0.extend(Self::piece(bytes));
        self
    }

    fn repeat(mut self, bytes: &[u8], times: usize) -> Self {
        self.0.extend(Self::piece(bytes).repeat(times));
        self
    }
}

/// The maximum memory of all runs of the program so far, in kilobytes.
fn peak() -> i64 {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("it is known").max_rss()
}

fn image_of(layer: Vec<u8>) -> Vec<u8> {
    archive(&[("COPY x / # buildkit", layer)])
}

#[test]
fn a_name_of_gigabytes_is_not_held() {
    for kind in [tar::EntryType::GNULongName, tar::EntryType::GNULongLink, tar::EntryType::XHeader] {
        let layer = Gzip::new()
            .then(header("x", 400 << 20, kind).as_bytes())
            .repeat(&vec![b'a'; 1 << 20], 400)
            .then(&Layer::new().file("x", 1).bytes());
        let said = complaint(&image_of(layer.0));
        assert!(said.contains("419430400 bytes"), "{said}");
        assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
    }
}

#[test]
fn documents_have_a_limit_together() {
    let documents = |count: usize, megabytes: usize| {
        let mut outer = Gzip::new();
        for number in 0..count {
            let size = (megabytes as u64) << 20;
            outer = outer
                .then(header(&format!("{number}.json"), size, tar::EntryType::Regular).as_bytes())
                .then(&[&b"{"[..], &vec![b' '; (1 << 20) - 1]].concat())
                .repeat(&vec![b' '; 1 << 20], megabytes - 1);
        }
        complaint(&outer.then(&[0; 1024]).0)
    };
    let said = documents(130, 3);
    assert!(said.contains("more memory than"), "{said}");
    // None of these can be the document that is needed.
    let said = documents(60, 7);
    assert!(said.contains("index.json is missing"), "{said}");
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
}

#[test]
fn a_layer_that_is_named_often_is_read_once() {
    let mut layer = Layer::new();
    for number in 0..20_000 {
        layer = layer.file(&format!("f{number}"), 0);
    }
    let image = |times: usize| {
        let names = vec!["layer.tar"; times];
        let manifest = json!([{ "Config": "config.json", "Layers": names }]).to_string();
        Layer::new().text("manifest.json", &manifest).text("config.json", "{}")
    };
    let bytes = layer.bytes();
    let twice = report(&image(2).owned("layer.tar", &bytes, 0).bytes());
    assert_eq!(twice["layers"].as_array().expect("an array").len(), 2);
    let said = complaint(&image(200).owned("layer.tar", &bytes, 0).bytes());
    assert!(said.contains("more memory than"), "{said}");
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
    let said = complaint(&image(2000).owned("layer.tar", &bytes, 0).bytes());
    assert!(said.contains("2000 layers"), "{said}");
}

/// Databases of package managers that are short when compressed, and long when they are read.
#[test]
fn package_databases_are_read_without_holding_what_they_say() {
    let file = |path: &str, head: &[u8], chunk: &[u8], times: usize| {
        let size = (head.len() + chunk.len() * times) as u64;
        let mut layer = Gzip::new().then(header(path, size, tar::EntryType::Regular).as_bytes()).then(head);
        layer = layer.repeat(chunk, times);
        let padding = usize::try_from(size.next_multiple_of(512) - size).expect("small");
        image_of(layer.then(&vec![0; padding + 1024]).0)
    };
    // Six million files without a name in one package.
    report(&file("lib/apk/db/installed", b"P:a\n", &b"R:\n".repeat(300_000), 20));
    report(&file("var/lib/dpkg/info/a.list", b"", &b"/\n".repeat(300_000), 20));
    // A program that needs a million libraries, all with the same long name.
    let mut elf = vec![0_u8; 1 << 20];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
    elf[54..56].copy_from_slice(&56_u16.to_le_bytes());
    elf[56..58].copy_from_slice(&2_u16.to_le_bytes());
    let mut segment = |at: usize, kind: u32, offset: u64, length: u64| {
        elf[at..at + 4].copy_from_slice(&kind.to_le_bytes());
        elf[at + 8..at + 16].copy_from_slice(&offset.to_le_bytes());
        elf[at + 16..at + 24].copy_from_slice(&offset.to_le_bytes());
        elf[at + 32..at + 40].copy_from_slice(&length.to_le_bytes());
    };
    segment(64, 1, 0, 1 << 30);
    segment(120, 2, 4096 + 16, 1 << 30);
    elf[4096..4112].fill(0);
    let strings = 512 << 10;
    elf[strings..strings + 4000].fill(b'l');
    let pairs = [[5, strings as u64], [1, 0]].map(|pair| pair.map(u64::to_le_bytes).concat());
    elf[4112..4128].copy_from_slice(&pairs[0]);
    for at in (4128..strings - 16).step_by(16) {
        elf[at..at + 16].copy_from_slice(&pairs[1]);
    }
    let mut layer = Gzip::new();
    for number in 0..120 {
        layer = layer
            .then(header(&format!("bin/{number}"), elf.len() as u64, tar::EntryType::Regular).as_bytes())
            .then(&elf);
    }
    // The archive is read, or refused because it needs too much memory. In both cases, the limit
    // holds.
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("image.tar"), image_of(layer.then(&[0; 1024]).0)).expect("a file");
    let output = inspect(folder.path(), &["image.tar"]);
    assert!(output.status.success() || stderr(&output).contains("more memory than"), "{}", stderr(&output));
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
}

#[test]
fn paths_have_a_limit_together() {
    let name = [b'd'; 4000];
    let mut entry = header("././@LongLink", 4000, tar::EntryType::GNULongName).as_bytes().to_vec();
    entry.extend(name);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry.extend(header("x", 0, tar::EntryType::Regular).as_bytes());
    let said = complaint(&image_of(Gzip::new().repeat(&entry.repeat(100), 1000).then(&[0; 1024]).0));
    assert!(said.contains("more memory than"), "{said}");
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
}

#[test]
fn holes_are_counted_and_never_made() {
    let sparse = |size: u64| {
        let mut header = header("sparse", 0, tar::EntryType::GNUSparse);
        header.as_gnu_mut().expect("it is one").set_real_size(size);
        header.set_cksum();
        image_of([&header.as_bytes()[..], &[0; 1024]].concat())
    };
    let since = std::time::Instant::now();
    assert_eq!(report(&sparse(64 << 30))["size"], 64_u64 << 30);
    let said = complaint(&sparse(1 << 40));
    assert!(said.contains("bomb"), "{said}");
    assert!(since.elapsed().as_secs() < 20, "{:?}", since.elapsed());
}

/// With JETTISON_LARGE, a million files, as in an attack; otherwise, as many as a test has time
/// for.
#[test]
fn many_files_take_little_memory() {
    let is_large = std::env::var_os("JETTISON_LARGE").is_some();
    let count = if is_large { 1_000_000 } else { 100_000 };
    let mut layer = Gzip::new();
    let mut block = Vec::new();
    for number in 0..count {
        block.extend(header(&format!("d{}/f{number}", number % 1000), 0, tar::EntryType::Regular).as_bytes());
        if block.len() >= 1 << 20 {
            layer = layer.then(&block);
            block.clear();
        }
    }
    layer = layer.then(&block).then(&[0; 1024]);
    report(&image_of(layer.0));
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
}

/// With JETTISON_LARGE, ten gigabytes, as in large images; otherwise, as much as a test has time
/// for.
#[test]
fn a_large_image_is_read_as_a_stream() {
    let is_large = std::env::var_os("JETTISON_LARGE").is_some();
    let megabytes: u64 = if is_large { 10_000 } else { 400 };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("image.tar");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo starts").success());
    let writer = std::thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(path).expect("a pipe");
        let start = archive(&[("COPY x / # buildkit", Vec::new())]);
        // The archive without its last layer and its end, which follow piece by piece.
        let start = &start[..start.len() - 1024 - 512];
        let mut send = |bytes: &[u8]| pipe.write_all(bytes).expect("it is read");
        send(start);
        let files = megabytes / 100;
        let size = files * (512 + (100 << 20)) + 1024;
        // The size is too large for an octal field of eleven digits.
        let mut outer = header("0/layer.tar", 0, tar::EntryType::Regular);
        outer.set_size(size);
        outer.set_cksum();
        send(outer.as_bytes());
        let block = vec![b'x'; 1 << 20];
        for number in 0..files {
            send(header(&format!("f{number}"), 100 << 20, tar::EntryType::Regular).as_bytes());
            (0..100).for_each(|_| send(&block));
        }
        send(&[0; 1024]);
        send(&vec![0; usize::try_from(size.next_multiple_of(512) - size).expect("small")]);
        send(&[0; 1024]);
    });
    let output = inspect(folder.path(), &["image.tar", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["size"], megabytes / 100 * (100 << 20));
    assert!(peak() < MOST_KILOBYTES, "{} kB", peak());
    // The last zeros of the archive need not be read.
    let _ = writer.join();
}
