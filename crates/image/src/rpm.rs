//! The packages that RPM has installed and their files, from its database: SQLite (Fedora, RHEL
//! from 9 on), Berkeley DB (before that, and Amazon Linux 2), or RPM's own format (SUSE).
//!
//! A database maps numbers to package headers; the three readers below find the headers, and this
//! module parses one. A damaged database yields the entries that can be read. (RPM's manual, "RPM
//! Header Format": tags and types; "RPM Database": the file names.)

mod berkeley;
mod own;
mod sqlite;

use crate::limits::LONGEST_PATH;

/// The paths of the databases, and their readers.
const DATABASES: &[(&str, Reader)] = &[
    ("var/lib/rpm/rpmdb.sqlite", sqlite::headers),
    ("usr/lib/sysimage/rpm/rpmdb.sqlite", sqlite::headers),
    ("usr/share/rpm/rpmdb.sqlite", sqlite::headers),
    ("var/lib/rpm/Packages", berkeley::headers),
    ("usr/share/rpm/Packages", berkeley::headers),
    ("var/lib/rpm/Packages.db", own::headers),
    ("usr/lib/sysimage/rpm/Packages.db", own::headers),
];

/// The headers, one by one.
type Reader = for<'b> fn(&'b [u8]) -> Box<dyn Iterator<Item = Vec<u8>> + 'b>;

/// Whether a path from the root is that of such a database.
pub fn is_database(path: &str) -> bool {
    DATABASES.iter().any(|(database, _)| *database == path)
}

/// A package, as described by its header.
pub struct Package {
    pub name: String,
    directories: Vec<String>,
    names: Vec<String>,
    /// For each file the index of its directory, in four bytes.
    numbers: Vec<u8>,
}

impl Package {
    /// The absolute paths of its files and directories, created one by one: a hostile header would
    /// fill the memory.
    pub fn files(&self) -> impl Iterator<Item = String> + '_ {
        self.names.iter().enumerate().filter_map(|(index, name)| {
            let directory = self.directories.get(number(&self.numbers, index * 4)? as usize)?;
            (directory.len() + name.len() <= LONGEST_PATH).then(|| format!("{directory}{name}"))
        })
    }
}

/// The packages of the database at this path.
pub fn packages(path: &str, database: &[u8]) -> impl Iterator<Item = Package> {
    let reader = DATABASES.iter().find(|(known, _)| *known == path).map(|(_, reader)| reader);
    let headers = reader.map(|read| read(database)).into_iter().flatten();
    // The headers of a valid database are not longer than the file.
    let mut left = database.len();
    let within = headers.map_while(move |header| {
        left = left.checked_sub(header.len())?;
        Some(header)
    });
    within.filter(|header| header.len() <= LARGEST_HEADER).filter_map(|header| package(&header))
}

/// The size limit of a header in bytes. (RPM 4.14, `lib/header.c`: 32 MiB.)
const LARGEST_HEADER: usize = 32 << 20;

/// RPMTAG_NAME.
const NAME: u32 = 1000;
/// RPMTAG_DIRINDEXES: for each file, the index of its directory.
const DIRECTORY_NUMBERS: u32 = 1116;
/// RPMTAG_BASENAMES: for each file, its name.
const BASE_NAMES: u32 = 1117;
/// RPMTAG_DIRNAMES: the directories, each with a trailing slash.
const DIRECTORIES: u32 = 1118;

/// The most files of a package that are read; the kernel sources have less than a tenth of it.
const MOST_FILES: usize = 500_000;

/// A header: the number of tags, the bytes of their values, the tags (16 bytes each), the values.
fn package(header: &[u8]) -> Option<Package> {
    let tags = number(header, 0)? as usize;
    let values = header.get(8_usize.checked_add(tags.checked_mul(16)?)?..)?;
    // A tag: its id, the type of its values, their offset, and their number.
    let tag = |wanted: u32| {
        let at = (0..tags).map(|index| 8 + index * 16).find(|at| number(header, *at) == Some(wanted))?;
        let start = number(header, at + 8)? as usize;
        Some((values.get(start..)?, number(header, at + 12)? as usize))
    };
    let strings = |wanted: u32| -> Option<Vec<String>> {
        let (bytes, count) = tag(wanted)?;
        let strings = bytes.split(|byte| *byte == 0).take(count.min(MOST_FILES));
        Some(strings.map(|string| String::from_utf8_lossy(string).into_owned()).collect())
    };
    Some(Package {
        name: strings(NAME)?.into_iter().next()?,
        // A package without files has none of these.
        directories: strings(DIRECTORIES).unwrap_or_default(),
        names: strings(BASE_NAMES).unwrap_or_default(),
        numbers: tag(DIRECTORY_NUMBERS)
            .map(|(bytes, count)| bytes[..bytes.len().min(count.min(MOST_FILES) * 4)].to_vec())
            .unwrap_or_default(),
    })
}

/// A big-endian number of four bytes.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number of four bytes, as in Berkeley DB and SUSE's databases on the machines
/// that build images.
fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    const SQLITE: &str = "var/lib/rpm/rpmdb.sqlite";
    const BERKELEY: &str = "var/lib/rpm/Packages";
    const OWN: &str = "usr/lib/sysimage/rpm/Packages.db";

    /// A database of `tests/rpm`, whose README lists the content.
    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/tests/rpm/{name}.gz", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).expect("the fixture is there");
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("it is compressed");
        bytes
    }

    fn suse() -> Vec<u8> {
        let headers: Vec<Vec<u8>> = sqlite::headers(&fixture("rpmdb.sqlite")).collect();
        own::tests::database(&headers)
    }

    fn assert_twelve(path: &str, database: &[u8]) {
        let packages: BTreeMap<String, Vec<String>> = packages(path, database)
            .map(|package| (package.name.clone(), package.files().collect()))
            .collect();
        assert_eq!(packages.len(), 12, "{:?}", packages.keys());
        let files = |wanted: &str| packages[wanted].as_slice();
        assert_eq!(files("lib-7"), ["/usr/bin/lib-7", "/usr/lib/lib-7", "/usr/lib/lib-7/data-1"]);
        assert_eq!(files("tool").len(), 62, "61 files and their directory");
        assert!(files("tool").contains(&"/usr/lib/tool/data-60".to_owned()));
    }

    #[test]
    fn a_database_of_sqlite_is_read_through_inner_pages_and_chains() {
        assert_twelve(SQLITE, &fixture("rpmdb.sqlite"));
    }

    #[test]
    fn a_database_of_berkeley_is_read() {
        assert_twelve(BERKELEY, &fixture("Packages"));
    }

    #[test]
    fn a_database_of_suse_is_read() {
        assert_twelve(OWN, &suse());
    }

    /// Every prefix, and every database with one changed byte: no panic, no endless loop.
    #[test]
    fn damaged_databases_are_survived() {
        let files = |path: &str, database: &[u8]| {
            packages(path, database).map(|package| package.files().count()).sum::<usize>()
        };
        for (path, whole) in
            [(SQLITE, fixture("rpmdb.sqlite")), (BERKELEY, fixture("Packages")), (OWN, suse())]
        {
            let all = files(path, &whole);
            for length in (0..whole.len()).step_by(509) {
                assert!(files(path, &whole[..length]) <= all);
            }
            for at in (0..whole.len().min(6000)).step_by(7) {
                let mut bytes = whole.clone();
                bytes[at] ^= 0xff;
                files(path, &bytes);
            }
        }
    }

    #[test]
    fn pages_that_lead_back_to_themselves_come_to_an_end() {
        let mut bytes = fixture("rpmdb.sqlite");
        for page in bytes.chunks_exact_mut(512).filter(|page| page[0] == 5) {
            // All cells are the same, and lead to the fifth page, which leads to itself.
            page[8..].fill(0);
            page[3..5].copy_from_slice(&240_u16.to_be_bytes());
            page[11] = 5;
        }
        bytes.copy_within(2 * 512..3 * 512, 4 * 512);
        assert!(packages(SQLITE, &bytes).count() <= 12);
    }
}
