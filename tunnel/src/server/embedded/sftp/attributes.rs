//! A file's attributes on the wire: draft-ietf-secsh-filexfer-02, section 5.

use std::fs::{self, File, Metadata, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, fchown, lchown};
use std::path::Path;

use bytes::{BufMut, BytesMut};
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, futimens, utimensat};
use nix::sys::time::TimeSpec;

use super::packet::{Failure, Reader};

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const PERMISSIONS: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

/// The attributes that a client wants a file to have.
#[derive(Debug, Default, PartialEq)]
pub(super) struct NewAttributes {
    size: Option<u64>,
    owner: Option<(u32, u32)>,
    pub(super) permissions: Option<u32>,
    times: Option<(u32, u32)>,
}

impl NewAttributes {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Failure> {
        let flags = reader.number()?;
        let mut wanted = Self::default();
        if flags & SIZE != 0 {
            wanted.size = Some(reader.long()?);
        }
        if flags & OWNER != 0 {
            wanted.owner = Some((reader.number()?, reader.number()?));
        }
        if flags & PERMISSIONS != 0 {
            wanted.permissions = Some(reader.number()? & 0o7777);
        }
        if flags & TIMES != 0 {
            wanted.times = Some((reader.number()?, reader.number()?));
        }
        if flags & EXTENDED != 0 {
            for _ in 0..reader.number()? {
                reader.bytes()?;
                reader.bytes()?;
            }
        }
        Ok(wanted)
    }

    fn times(&self) -> Option<(TimeSpec, TimeSpec)> {
        let time = |seconds: u32| TimeSpec::new(i64::from(seconds), 0);
        self.times.map(|(accessed, modified)| (time(accessed), time(modified)))
    }

    /// Sets them on a file by its path; `follow` says whether on what a link points to.
    pub(super) fn set(&self, path: &Path, follow: bool) -> Result<(), Failure> {
        if let Some(size) = self.size {
            fs::OpenOptions::new().write(true).open(path)?.set_len(size)?;
        }
        if let Some(mode) = self.permissions {
            if !follow && fs::symlink_metadata(path)?.is_symlink() {
                return Err(Failure::Unsupported);
            }
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        if let Some((accessed, modified)) = self.times() {
            let flag = if follow { UtimensatFlags::FollowSymlink } else { UtimensatFlags::NoFollowSymlink };
            utimensat(AT_FDCWD, path, &accessed, &modified, flag)?;
        }
        if let Some((user, group)) = self.owner {
            if follow { chown(path, Some(user), Some(group))? } else { lchown(path, Some(user), Some(group))? }
        }
        Ok(())
    }

    /// Sets them on an open file.
    pub(super) fn set_open(&self, file: &File) -> Result<(), Failure> {
        if let Some(size) = self.size {
            file.set_len(size)?;
        }
        if let Some(mode) = self.permissions {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        if let Some((accessed, modified)) = self.times() {
            futimens(file.as_fd(), &accessed, &modified)?;
        }
        if let Some((user, group)) = self.owner {
            fchown(file, Some(user), Some(group))?;
        }
        Ok(())
    }
}

/// Adds a file's attributes.
pub(super) fn put(answers: &mut BytesMut, metadata: &Metadata) {
    // Times end in 2106 on this wire.
    let time = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
    answers.put_u32(SIZE | OWNER | PERMISSIONS | TIMES);
    answers.put_u64(metadata.len());
    answers.put_u32(metadata.uid());
    answers.put_u32(metadata.gid());
    answers.put_u32(metadata.mode());
    answers.put_u32(time(metadata.atime()));
    answers.put_u32(time(metadata.mtime()));
}
