//! Streams the members of a tar archive: headers, long names, sparse files. Extended headers are
//! read up to a limit, and holes are counted, never filled. (POSIX, pax; GNU tar's manual, "Basic
//! Tar Format" and "Storing Sparse Files".)

use std::hash::Hasher as _;
use std::io::{self, Read};

use std::hash::DefaultHasher;
use tar::{EntryType, GnuExtSparseHeader, Header, PaxExtensions};

use crate::Limit;
use crate::limits::{Budget, LONGEST_RECORD};

const BLOCK: u64 = 512;

/// An archive that is being read.
pub struct Archive<R> {
    inner: R,
    budget: Budget,
    /// The rest of the member's content, and the padding of its last block.
    left: u64,
    padding: u64,
}

/// The metadata of a member.
#[derive(Debug)]
pub struct Member {
    /// Its path as stored.
    pub path: Vec<u8>,
    /// The target, if it is a link.
    pub link: Vec<u8>,
    /// Its type.
    pub kind: EntryType,
    /// The size of its content, including holes.
    pub size: u64,
    /// Permissions.
    pub mode: u32,
    /// UID and GID.
    pub owner: (u64, u64),
    /// A hash of the positions of its holes; `None` without holes.
    pub holes: Option<u64>,
}

/// Metadata from the preceding members.
#[derive(Default)]
struct Beside {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    owner: (Option<u64>, Option<u64>),
    real_size: Option<u64>,
    is_sparse: bool,
}

impl<R: Read> Archive<R> {
    /// Starts at the first byte of an archive.
    pub fn new(inner: R, budget: Budget) -> Self {
        Self { inner, budget, left: 0, padding: 0 }
    }

    /// The next member; `None` at the end of the archive.
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        let mut beside = Beside::default();
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size()?;
            match header.entry_type() {
                EntryType::GNULongName => beside.path = Some(self.record(size)?),
                EntryType::GNULongLink => beside.link = Some(self.record(size)?),
                EntryType::XHeader => {
                    let record = self.record_whole(size)?;
                    beside.read(&record)?;
                }
                // It concerns all following members, and nothing that is needed.
                EntryType::XGlobalHeader => self.start(size)?,
                _ => return self.member(&header, size, beside).map(Some),
            }
        }
    }

    /// The content of the current member, as stored.
    pub fn content(&mut self) -> Content<'_, R> {
        Content(self)
    }

    fn member(&mut self, header: &Header, size: u64, beside: Beside) -> io::Result<Member> {
        let stored = beside.size.unwrap_or(size);
        let mut real = beside.real_size;
        let mut holes = None;
        if header.entry_type() == EntryType::GNUSparse
            && let Some(gnu) = header.as_gnu()
        {
            real = Some(gnu.real_size()?);
            let mut hasher = DefaultHasher::new();
            hasher.write(&header.as_bytes()[386..483]);
            let mut is_extended = gnu.is_extended();
            while is_extended {
                let mut more = GnuExtSparseHeader::new();
                self.inner.read_exact(more.as_mut_bytes())?;
                hasher.write(more.as_bytes());
                is_extended = more.is_extended();
            }
            holes = Some(hasher.finish());
        } else if beside.is_sparse {
            // Its sparse map is part of the content.
            holes = Some(0);
        }
        let size = real.unwrap_or(stored);
        self.budget.unpack(size.saturating_sub(stored))?;
        self.start(stored)?;
        Ok(Member {
            path: beside.path.unwrap_or_else(|| header.path_bytes().into_owned()),
            link: beside
                .link
                .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
                .unwrap_or_default(),
            kind: header.entry_type(),
            size,
            mode: header.mode().unwrap_or(0) & 0o7777,
            owner: (
                beside.owner.0.or_else(|| header.uid().ok()).unwrap_or(0),
                beside.owner.1.or_else(|| header.gid().ok()).unwrap_or(0),
            ),
            holes,
        })
    }

    /// The next header; `None` at the end, which a block of zeros marks.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let rest = self.left.saturating_add(self.padding);
        (self.left, self.padding) = (0, 0);
        if io::copy(&mut self.inner.by_ref().take(rest), &mut io::sink())? < rest {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends within a file"));
        }
        let mut header = Header::new_old();
        let bytes = header.as_mut_bytes();
        let mut count = 0;
        while count < bytes.len() {
            match self.inner.read(&mut bytes[count..])? {
                0 if count == 0 => return Ok(None),
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends within a header")),
                more => count += more,
            }
        }
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        // The checksum field itself counts as blanks.
        let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum();
        if header.cksum()? != sum + 8 * u32::from(b' ') {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a header has a wrong checksum"));
        }
        Ok(Some(header))
    }

    fn start(&mut self, size: u64) -> io::Result<()> {
        self.left = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
        size.checked_add(self.padding)
            .map(drop)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a file has an impossible size"))
    }

    /// A name without trailing zeros.
    fn record(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut record = self.record_whole(size)?;
        let end = record.iter().position(|byte| *byte == 0).unwrap_or(record.len());
        record.truncate(end);
        Ok(record)
    }

    fn record_whole(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > LONGEST_RECORD {
            return Err(Limit::Name(size).into());
        }
        self.start(size)?;
        let mut record = Vec::new();
        self.content().read_to_end(&mut record)?;
        Ok(record)
    }
}

impl Beside {
    /// Parses extended attributes. (POSIX, pax, "pax Extended Header"; GNU tar's manual, "Storing
    /// Sparse Files": versions 0.0 to 1.0.)
    fn read(&mut self, record: &[u8]) -> io::Result<()> {
        for pair in PaxExtensions::new(record) {
            let pair = pair?;
            let value = pair.value_bytes();
            let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
            match pair.key_bytes() {
                b"path" if self.path.is_none() || !self.is_sparse => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = number(),
                b"uid" => self.owner.0 = number(),
                b"gid" => self.owner.1 = number(),
                b"GNU.sparse.name" => {
                    self.path = Some(value.to_vec());
                    self.is_sparse = true;
                }
                b"GNU.sparse.realsize" | b"GNU.sparse.size" => {
                    self.real_size = number();
                    self.is_sparse = true;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The content of a member.
pub struct Content<'a, R>(&'a mut Archive<R>);

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.0.inner.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends within a file"));
        }
        self.0.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> io::Result<Vec<(String, u64, String)>> {
        let mut archive = Archive::new(bytes, Budget::new(|| false));
        let mut found = Vec::new();
        while let Some(member) = archive.next()? {
            let mut content = String::new();
            archive.content().take(20).read_to_string(&mut content)?;
            found.push((String::from_utf8_lossy(&member.path).into_owned(), member.size, content));
        }
        Ok(found)
    }

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_path("short").expect("it fits");
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header
    }

    #[test]
    fn long_names_and_attributes_are_read() {
        let mut builder = tar::Builder::new(Vec::new());
        let long = "d/".repeat(200) + "file";
        builder.append_data(&mut header(EntryType::Regular, 3), &long, &b"abc"[..]).expect("memory");
        let sizes = [("path", "é/pax".as_bytes()), ("size", b"4"), ("uid", b"70000")];
        builder.append_pax_extensions(sizes).expect("memory");
        let mut bytes = builder.into_inner().expect("memory");
        bytes.truncate(bytes.len() - 1024);
        // The size in the attributes counts, since the header has no room for more than 8 GiB.
        bytes.extend(header(EntryType::Regular, 0).as_bytes());
        bytes.extend(b"four");
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes.extend(header(EntryType::Regular, 0).as_bytes());
        let expected = [(long, 3, "abc"), ("é/pax".to_owned(), 4, "four"), ("short".to_owned(), 0, "")];
        let found = all(&bytes).expect("it is an archive");
        assert_eq!(found, expected.map(|(path, size, content)| (path, size, content.to_owned())));
    }

    #[test]
    fn a_name_that_fills_the_memory_is_refused_before_it_is_read() {
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let error = all(header(kind, 3 << 30).as_bytes()).expect_err("it is too long");
            assert!(error.to_string().contains("3221225472 bytes"), "{error}");
        }
    }

    #[test]
    fn holes_count_and_are_not_made() {
        let mut sparse = header(EntryType::GNUSparse, 0);
        sparse.as_gnu_mut().expect("it is one").set_real_size(1 << 30);
        sparse.set_cksum();
        assert_eq!(
            all(sparse.as_bytes()).expect("an archive"),
            [("short".to_owned(), 1 << 30, String::new())]
        );
        sparse.as_gnu_mut().expect("it is one").set_real_size(1 << 40);
        sparse.set_cksum();
        let error = all(sparse.as_bytes()).expect_err("no image has that much");
        assert!(error.to_string().contains("bomb"), "{error}");
    }

    #[test]
    fn broken_archives_are_errors() {
        let mut bytes = header(EntryType::Regular, 600).as_bytes().to_vec();
        assert!(all(&bytes).is_err(), "the content is missing");
        bytes[0] ^= 1;
        assert!(all(&bytes).expect_err("a wrong checksum").to_string().contains("sum"));
        assert!(all(&bytes[..100]).is_err());
        assert!(all(header(EntryType::Regular, u64::MAX).as_bytes()).is_err());
        assert!(all(&[0; 1024]).expect("empty").is_empty());
    }
}
