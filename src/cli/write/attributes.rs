//! Extended attributes of files, including access control lists and labels: a file that replaces
//! another one gets the same attributes. (Linux's manual, xattr(7) and acl(5).)

use std::fs::File;
use std::io;
use std::path::Path;

/// Copies the attributes of another file. The error names the attribute that can't be kept.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub fn keep(from: &Path, to: &File) -> Result<(), (String, io::Error)> {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    // The limit on Linux.
    const LONGEST: usize = 64 << 10;
    let unnamed = |error: io::Error| ("list".to_owned(), error);
    let from = File::open(from).map_err(unnamed)?;
    let mut names = vec![0; LONGEST];
    let length = match flistxattr(&from, &mut names[..]) {
        Ok(length) => length,
        // The file system has none.
        Err(rustix::io::Errno::NOTSUP) => 0,
        Err(error) => return Err(unnamed(error.into())),
    };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        // Checksums that the system maintains.
        if matches!(name, b"security.ima" | b"security.evm") || name.starts_with(b"com.apple.provenance") {
            continue;
        }
        let failed = |error: rustix::io::Errno| (String::from_utf8_lossy(name).into_owned(), error.into());
        let read = |file: &File| {
            let mut value = vec![0; LONGEST];
            let length = fgetxattr(file, name, &mut value[..])?;
            value.truncate(length);
            Ok(value)
        };
        let value = read(&from).map_err(failed)?;
        if read(to).is_ok_and(|there| there == value) {
            continue;
        }
        fsetxattr(to, name, &value, XattrFlags::empty()).map_err(failed)?;
    }
    Ok(())
}

/// Not supported on other systems.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub fn keep(_: &Path, _: &File) -> Result<(), (String, io::Error)> {
    Ok(())
}
