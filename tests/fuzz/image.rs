//! Images assembled byte by byte, with the files that `inspect` reads, all of them mutated.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::OnceLock;

use serde_json::json;
use tar::EntryType;

use crate::random::Random;

/// One change, generated from its own seed, so that it can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change(pub u64);

/// An image's archive with these changes.
pub fn archive(base: u64, changes: &[Change]) -> Vec<u8> {
    let mut random = Random::new(base);
    let mut layers: Vec<Vec<u8>> = Vec::new();
    let count = random.between(1, 4);
    for number in 0..count {
        layers.push(layer(&mut random, number, changes));
    }
    let mut whole = if random.chance(50) { saved(&layers, changes) } else { layout(&layers, changes) };
    for change in changes {
        let mut random = Random::new(change.0);
        if random.below(4) == 0 {
            damage(&mut random, &mut whole);
        }
    }
    match random.below(4) {
        0 => compressed(&whole, true),
        1 => compressed(&whole, false),
        _ => whole,
    }
}

/// The files of a layer that `inspect` reads.
fn contents() -> &'static [(&'static str, Vec<u8>)] {
    static CONTENTS: OnceLock<Vec<(&'static str, Vec<u8>)>> = OnceLock::new();
    CONTENTS.get_or_init(|| {
        vec![
            ("var/lib/rpm/rpmdb.sqlite", unpacked("crates/image/tests/rpm/rpmdb.sqlite.gz")),
            ("usr/lib/sysimage/rpm/rpmdb.sqlite", unpacked("crates/image/tests/rpm/rpmdb.sqlite.gz")),
            ("var/lib/rpm/Packages", unpacked("crates/image/tests/rpm/Packages.gz")),
            ("var/lib/rpm/Packages.db", own_database()),
            (
                "var/lib/dpkg/status",
                b"Package: gcc-12\nStatus: install ok installed\nDepends: libc6\n\n".to_vec(),
            ),
            ("var/lib/dpkg/info/gcc-12.list", b"/.\n/usr/bin/gcc-12\n".to_vec()),
            ("var/lib/dpkg/status.d/base", b"Package: base\nVersion: 1\n".to_vec()),
            ("var/lib/dpkg/status.d/base.md5sums", b"0123  usr/bin/tool\n".to_vec()),
            (
                "lib/apk/db/installed",
                b"P:musl\nV:1\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:a\nF:usr/bin\nR:tool\n".to_vec(),
            ),
            ("usr/bin/gcc-12", elf(64)),
            ("usr/bin/tool", elf(32)),
            ("usr/lib/libc.so.6", elf(64)),
            ("usr/share/doc/bash/README", b"text".to_vec()),
            ("var/lib/apt/lists/debian_Packages", b"text".repeat(500)),
            ("root/.cache/pip/http/a", b"text".repeat(100)),
            ("app/node_modules/@scope/tool/index.js", b"text".to_vec()),
            ("usr/lib/python3/site-packages/a-1.dist-info/RECORD", b"a.py,,\n".to_vec()),
            ("app/main.py", b"text".repeat(10)),
        ]
    })
}

fn unpacked(path: &str) -> Vec<u8> {
    let file = File::open(path).expect("the fixture is there");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("it is compressed");
    bytes
}

/// The start of an RPM database in the ndb format: a page of slots, and a header in a block.
fn own_database() -> Vec<u8> {
    let mut bytes = b"RpmP\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(b"Slot\x01\0\0\0\x01\x01\0\0\x04\0\0\0");
    bytes.resize(4096, 0);
    bytes.extend(b"BlbS\x01\0\0\0\x01\0\0\0\x20\0\0\0");
    bytes.extend([0; 64]);
    bytes
}

/// A 32-bit or 64-bit program that needs two libraries.
fn elf(bits: usize) -> Vec<u8> {
    let mut elf = vec![0_u8; 1024];
    elf[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', u8::from(bits == 64) + 1, 1, 1]);
    elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
    elf[28..32].copy_from_slice(&if bits == 32 { 64_u32 } else { 0 }.to_le_bytes());
    let (size, count) = if bits == 64 { (54, 56) } else { (42, 44) };
    elf[size..size + 2].copy_from_slice(&if bits == 64 { 56_u16 } else { 32 }.to_le_bytes());
    elf[count..count + 2].copy_from_slice(&3_u16.to_le_bytes());
    for (number, (kind, offset, length)) in
        [(1_u32, 0_u64, 1024_u64), (2, 512, 256), (3, 800, 16)].into_iter().enumerate()
    {
        if bits == 64 {
            let at = 64 + 56 * number;
            elf[at..at + 4].copy_from_slice(&kind.to_le_bytes());
            for field in [8, 16] {
                elf[at + field..at + field + 8].copy_from_slice(&offset.to_le_bytes());
            }
            elf[at + 32..at + 40].copy_from_slice(&length.to_le_bytes());
        } else {
            let at = 64 + 32 * number;
            for (field, value) in [(0, u64::from(kind)), (4, offset), (8, offset), (16, length)] {
                let value = u32::try_from(value).expect("it is small");
                elf[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
    let width = bits / 8;
    for (number, value) in [5_u64, 900, 1, 1, 1, 11, 29, 21, 0, 0].into_iter().enumerate() {
        elf[512 + number * width..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
    }
    elf[800..816].copy_from_slice(b"/lib/ld-linux.so");
    elf[901..930].copy_from_slice(b"libc.so.6\0libm.so.6\0$ORIGIN/x");
    elf
}

/// A layer with some of the contents, each perhaps changed.
fn layer(random: &mut Random, number: usize, changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, (path, content)) in contents().iter().enumerate() {
        if !random.chance(50) {
            continue;
        }
        let (mut path, mut content, mut kind, mut link) =
            ((*path).to_owned(), content.clone(), EntryType::Regular, String::new());
        let mut size = None;
        for change in changes {
            let mut random = Random::new(change.0.wrapping_mul(31).wrapping_add((number * 100 + at) as u64));
            if random.chance(20) {
                change_file(&mut random, &mut path, &mut content, &mut kind, &mut link, &mut size);
            }
        }
        entry(&mut bytes, path.as_bytes(), &content, kind, link.as_bytes(), size);
    }
    bytes.extend([0; 1024]);
    for change in changes {
        let mut random = Random::new(change.0.wrapping_add(number as u64));
        if random.below(8) == 0 {
            damage(&mut random, &mut bytes);
        }
    }
    match random.below(5) {
        0 => compressed(&bytes, true),
        1 => compressed(&bytes, false),
        _ => bytes,
    }
}

fn change_file(
    random: &mut Random,
    path: &mut String,
    content: &mut Vec<u8>,
    kind: &mut EntryType,
    link: &mut String,
    size: &mut Option<u64>,
) {
    let paths = [
        "..",
        "/",
        "",
        "a/../../b",
        "usr",
        "usr/bin",
        ".wh.usr",
        "usr/.wh.bin",
        "usr/bin/.wh..wh..opq",
        ".wh.",
        ".wh..wh.",
        "usr/bin/.wh.gcc-12",
        "é",
        "a\nb",
        "var/lib/dpkg/info/.list",
        "usr/lib/sysimage/rpm/Packages.db",
    ];
    match random.below(9) {
        0 => random.pick(&paths).clone_into(path),
        1 => path.push_str("/x".repeat(random.between(1, 300)).as_str()),
        2 => {
            let kinds = b"01234567SKLxgVMDN\0 z";
            *kind = EntryType::new(kinds[random.below(kinds.len())]);
            link.push_str(random.pick(&paths));
        }
        3 => *size = Some([0, 1, 511, 513, 1 << 30, 1 << 40, u64::MAX, i64::MAX as u64][random.below(8)]),
        4 => {
            let mut text = String::from_utf8_lossy(content).into_owned();
            crate::folder::mutate_text(random, "status", &mut text);
            *content = text.into_bytes();
        }
        _ => damage(random, content),
    }
}

/// Flips, removes or duplicates bytes, or replaces them with extreme numbers.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.between(1, 6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        let end = (at + random.between(1, 8)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = u8::try_from(random.below(256)).expect("a byte"),
            2 => bytes[at..end].fill(0xff),
            3 => bytes[at..end].fill(0),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let copied = bytes[at..(at + random.between(1, 600)).min(bytes.len())].to_vec();
                bytes.splice(at..at, copied);
            }
            _ if random.chance(20) => bytes.truncate(at),
            _ => bytes[at..end].fill(b'7'),
        }
    }
}

/// An entry with any path, kind and size, and a correct header checksum.
fn entry(to: &mut Vec<u8>, path: &[u8], content: &[u8], kind: EntryType, link: &[u8], size: Option<u64>) {
    if path.len() > 100 {
        let mut name = header(b"././@LongLink", path.len() as u64, EntryType::GNULongName, b"");
        name.set_cksum();
        to.extend(name.as_bytes());
        padded(to, path);
    }
    to.extend(
        header(&path[..path.len().min(100)], size.unwrap_or(content.len() as u64), kind, link).as_bytes(),
    );
    padded(to, content);
}

fn padded(to: &mut Vec<u8>, content: &[u8]) {
    to.extend(content);
    to.resize(to.len().next_multiple_of(512), 0);
}

fn header(path: &[u8], size: u64, kind: EntryType, link: &[u8]) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    let link = &link[..link.len().min(100)];
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

fn compressed(bytes: &[u8], gzip: bool) -> Vec<u8> {
    if gzip {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    } else {
        zstd::encode_all(bytes, 1).expect("memory")
    }
}

/// A JSON document of the archive, perhaps changed.
fn document(value: &serde_json::Value, changes: &[Change], salt: u64) -> Vec<u8> {
    let mut text = value.to_string();
    for change in changes {
        let mut random = Random::new(change.0.wrapping_mul(17).wrapping_add(salt));
        if random.below(10) == 0 {
            crate::folder::mutate_text(&mut random, "x.json", &mut text);
        }
    }
    text.into_bytes()
}

fn config(layers: &[Vec<u8>]) -> serde_json::Value {
    let steps: Vec<_> = (0..layers.len())
        .map(|number| json!({ "created_by": format!("RUN /bin/sh -c apt-get install {number} # buildkit") }))
        .collect();
    json!({
        "architecture": "amd64", "os": "linux", "history": steps,
        "config": { "Env": ["PATH=/usr/bin"], "Cmd": ["tool"], "Healthcheck": { "Test": ["CMD", "x"] } },
    })
}

/// An archive in the format of `docker save`.
fn saved(layers: &[Vec<u8>], changes: &[Change]) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["t:1"], "Layers": names }]);
    let mut bytes = Vec::new();
    entry(&mut bytes, b"manifest.json", &document(&manifest, changes, 1), EntryType::Regular, b"", None);
    entry(&mut bytes, b"config.json", &document(&config(layers), changes, 2), EntryType::Regular, b"", None);
    for (name, layer) in names.iter().zip(layers) {
        entry(&mut bytes, name.as_bytes(), layer, EntryType::Regular, b"", None);
    }
    bytes.extend([0; 1024]);
    bytes
}

/// An OCI layout.
fn layout(layers: &[Vec<u8>], changes: &[Change]) -> Vec<u8> {
    let blob = |name: &str| json!({ "digest": format!("sha256:{name}") });
    let index =
        json!({ "manifests": [blob("manifest"), { "digest": "sha256:x", "platform": { "os": "unknown" } }] });
    let descriptors: Vec<_> = (0..layers.len()).map(|number| blob(&number.to_string())).collect();
    let manifest = json!({ "config": blob("config"), "layers": descriptors });
    let mut bytes = Vec::new();
    for (name, value, salt) in [
        ("index.json", index, 3),
        ("blobs/sha256/manifest", manifest, 4),
        ("blobs/sha256/config", config(layers), 5),
    ] {
        entry(&mut bytes, name.as_bytes(), &document(&value, changes, salt), EntryType::Regular, b"", None);
    }
    for (number, layer) in layers.iter().enumerate() {
        entry(&mut bytes, format!("blobs/sha256/{number}").as_bytes(), layer, EntryType::Regular, b"", None);
    }
    bytes.extend([0; 1024]);
    bytes
}
