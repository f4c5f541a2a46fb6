//! Replaces a file atomically: the new text is written to a temporary file in the same directory,
//! which then replaces the file.

mod attributes;
mod beside;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the content `old` of `path` with `new`, keeping the mode, the owner and the extended
/// attributes, and following symlinks. It is an error if something can't be kept, such as hard
/// links. The error does not contain the path. The file has either its old or its new content in
/// any case.
pub fn replace(path: &Path, old: &str, new: &str) -> Result<(), String> {
    let target = fs::canonicalize(path).map_err(|error| format!("can't be resolved: {error}"))?;
    let metadata = fs::metadata(&target).map_err(|error| format!("can't be read: {error}"))?;
    if metadata.permissions().readonly() {
        return Err("is read-only and was not changed; make it writable first (chmod u+w)".into());
    }
    let links = hard_links(&metadata);
    if links > 1 {
        return Err(format!(
            "was not changed: it is one of {links} hard links to the same file, and replacing it would separate them; make it a separate file first (cp --remove-destination)"
        ));
    }
    let directory = target.parent().unwrap_or(Path::new("/"));
    let failed = |what: &str, error: &io::Error| match error.kind() {
        io::ErrorKind::StorageFull => format!("was not changed: no space left on the device while {what}"),
        io::ErrorKind::PermissionDenied => {
            format!("was not changed: permission denied while {what} in {}", directory.display())
        }
        _ => format!("was not changed: {error} while {what}"),
    };
    let mut beside = beside::file(directory).map_err(|error| failed("creating a temporary file", &error))?;
    beside
        .write_all(new.as_bytes())
        .and_then(|()| beside.as_file().sync_all())
        .map_err(|error| failed("writing", &error))?;
    keep_owner(beside.as_file(), &metadata).map_err(|error| failed("keeping the owner", &error))?;
    beside
        .as_file()
        .set_permissions(metadata.permissions())
        .map_err(|error| failed("keeping the mode", &error))?;
    // After the mode, since an access control list contains a part of it.
    attributes::keep(&target, beside.as_file())
        .map_err(|(name, error)| failed(&format!("keeping the extended attribute {name}"), &error))?;
    let now = fs::read(&target).map_err(|error| format!("can't be read again: {error}"))?;
    if now != old.as_bytes() {
        return Err(
            "was changed by another program in the meantime and was not overwritten; run jettison again"
                .into(),
        );
    }
    beside.persist(&target).map_err(|error| failed("replacing the file", &error.error))?;
    beside::sync(directory);
    Ok(())
}

/// Creates a new file atomically. The error does not contain the path.
pub fn create(path: &Path, text: &str) -> Result<(), String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            "was created by another program in the meantime and was not overwritten; run jettison again"
                .to_owned()
        }
        io::ErrorKind::StorageFull => "can't be created: no space left on the device".to_owned(),
        io::ErrorKind::PermissionDenied => {
            format!("can't be created: permission denied in {}", directory.display())
        }
        _ => format!("can't be created: {error}"),
    };
    let mut beside = beside::file(directory).map_err(|error| failed(&error))?;
    beside
        .write_all(text.as_bytes())
        .and_then(|()| beside.as_file().sync_all())
        .map_err(|error| failed(&error))?;
    make_readable(beside.as_file()).map_err(|error| failed(&error))?;
    beside.persist_noclobber(path).map_err(|error| failed(&error.error))?;
    beside::sync(directory);
    Ok(())
}

/// Temporary files are private, but files of a project are readable by everyone.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn hard_links(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn hard_links(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn keep_owner(file: &File, metadata: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (metadata.uid(), metadata.gid()) {
        return Ok(());
    }
    fchown(file, Some(metadata.uid()), Some(metadata.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("Dockerfile");
        fs::write(&path, "what another program wrote").expect("writable");
        let error = replace(&path, "what we read", "what we made").expect_err("it must not be overwritten");
        assert!(error.contains("changed by another program"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("readable"), "what another program wrote");
        assert_eq!(
            fs::read_dir(folder.path()).expect("readable").count(),
            1,
            "no temporary file may be left"
        );
    }

    #[cfg(unix)]
    #[test]
    fn hard_links_are_not_separated() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (path, other) = (folder.path().join("Dockerfile"), folder.path().join("other"));
        fs::write(&path, "old").expect("writable");
        fs::hard_link(&path, &other).expect("a link");
        let error = replace(&path, "old", "new").expect_err("it must not be replaced");
        assert!(error.contains("one of 2 hard links"), "{error}");
        fs::remove_file(&other).expect("it is there");
        replace(&path, "old", "new").expect("it is a file of its own");
        assert_eq!(fs::read_to_string(&path).expect("readable"), "new");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn extended_attributes_are_kept() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a temporary directory");
        let path = folder.path().join("Dockerfile");
        fs::write(&path, "old").expect("writable");
        let file = File::open(&path).expect("readable");
        let flags = rustix::fs::XattrFlags::empty();
        // A file system may have none of them, and then there is nothing to keep.
        if rustix::fs::fsetxattr(&file, "user.note", b"mine", flags).is_err() {
            return;
        }
        // An access control list: version 2; owner rw-, user 1 r--, group r--, mask r--, others
        // r--.
        let entry = |tag: u16, permissions: u16, id: u32| {
            [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let none = u32::MAX;
        let entries =
            [entry(1, 6, none), entry(2, 4, 1), entry(4, 4, none), entry(16, 4, none), entry(32, 4, none)];
        let list = [&2_u32.to_le_bytes()[..], &entries.concat()].concat();
        let has_list = rustix::fs::fsetxattr(&file, "system.posix_acl_access", &list, flags).is_ok();
        replace(&path, "old", "new").expect("it is replaced");
        let new = File::open(&path).expect("readable");
        let value = |name: &str| {
            let mut value = vec![0; 256];
            let length = rustix::fs::fgetxattr(&new, name, &mut value[..]).unwrap_or(0);
            value.truncate(length);
            value
        };
        assert_eq!(value("user.note"), b"mine");
        assert!(!has_list || value("system.posix_acl_access") == list);
    }
}
