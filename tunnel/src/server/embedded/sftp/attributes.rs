//! A file's attributes, from the system and to it.

use std::fs::{self, File, Metadata, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, fchown, lchown};
use std::path::Path;

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, futimens, utimensat};
use nix::sys::time::TimeSpec;
use sftp::wire::attributes::Attributes;

use super::answer::Failure;

/// The bits of a mode that a client may choose: not those of the file's type.
pub(super) const MODE: u32 = 0o7777;

fn times(wanted: &Attributes) -> Option<(TimeSpec, TimeSpec)> {
    let time = |seconds: u32| TimeSpec::new(i64::from(seconds), 0);
    wanted.times.map(|(accessed, modified)| (time(accessed), time(modified)))
}

fn permissions(wanted: &Attributes) -> Option<Permissions> {
    wanted.permissions.map(|mode| Permissions::from_mode(mode & MODE))
}

/// Has a file be like this, by its path; `follow` says whether it is what a link points to.
pub(super) fn set(wanted: &Attributes, path: &Path, follow: bool) -> Result<(), Failure> {
    if let Some(size) = wanted.size {
        fs::OpenOptions::new().write(true).open(path)?.set_len(size)?;
    }
    if let Some(mode) = permissions(wanted) {
        if !follow && fs::symlink_metadata(path)?.is_symlink() {
            return Err(Failure::Unsupported);
        }
        fs::set_permissions(path, mode)?;
    }
    if let Some((accessed, modified)) = times(wanted) {
        let flag = if follow { UtimensatFlags::FollowSymlink } else { UtimensatFlags::NoFollowSymlink };
        utimensat(AT_FDCWD, path, &accessed, &modified, flag)?;
    }
    if let Some((user, group)) = wanted.owner {
        if follow { chown(path, Some(user), Some(group))? } else { lchown(path, Some(user), Some(group))? }
    }
    Ok(())
}

/// Has an open file be like this.
pub(super) fn set_open(wanted: &Attributes, file: &File) -> Result<(), Failure> {
    if let Some(size) = wanted.size {
        file.set_len(size)?;
    }
    if let Some(mode) = permissions(wanted) {
        file.set_permissions(mode)?;
    }
    if let Some((accessed, modified)) = times(wanted) {
        futimens(file.as_fd(), &accessed, &modified)?;
    }
    if let Some((user, group)) = wanted.owner {
        fchown(file, Some(user), Some(group))?;
    }
    Ok(())
}

/// What a file is like.
pub(super) fn of(metadata: &Metadata) -> Attributes {
    // Times end in 2106 on this wire.
    let time = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
    Attributes {
        size: Some(metadata.len()),
        owner: Some((metadata.uid(), metadata.gid())),
        permissions: Some(metadata.mode()),
        times: Some((time(metadata.atime()), time(metadata.mtime()))),
    }
}
