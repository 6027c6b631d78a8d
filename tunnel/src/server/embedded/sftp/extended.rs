//! OpenSSH's extensions: its PROTOCOL, section 4, and draft-ietf-secsh-filexfer-extensions-00 for `copy-data` and
//! `home-directory`.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bytes::{BufMut, Bytes, BytesMut};
use nix::errno::Errno;
use nix::sys::statvfs::{FsFlags, Statvfs, fstatvfs, statvfs};
use nix::unistd::User;
use sftp::wire::attributes::Attributes;
use sftp::wire::{LONGEST, Reader, begin, kind, put_bytes};

use super::answer::{Failure, put_name};
use super::attributes;
use super::files::{Files, READ, resolve};
use super::handles;

const NAMES: &[(&str, &str)] = &[
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("copy-data", "1"),
    ("home-directory", "1"),
];

/// Adds the extensions' names and versions.
pub(super) fn put_names(answers: &mut BytesMut) {
    for (name, version) in NAMES {
        put_bytes(answers, name.as_bytes());
        put_bytes(answers, version.as_bytes());
    }
}

/// Does what an extended request asks for. What adds no answer of its own has succeeded.
pub(super) fn perform(files: &mut Files, id: u32, reader: &mut Reader, answers: &mut BytesMut) -> Result<(), Failure> {
    match reader.bytes()?.as_ref() {
        b"posix-rename@openssh.com" => fs::rename(files.path(reader)?, files.path(reader)?)?,
        b"hardlink@openssh.com" => fs::hard_link(files.path(reader)?, files.path(reader)?)?,
        b"fsync@openssh.com" => files.handles.file(&reader.bytes()?)?.sync_all()?,
        b"lsetstat@openssh.com" => {
            let path = files.path(reader)?;
            attributes::set(&Attributes::read(reader)?, &path, false)?;
        }
        b"statvfs@openssh.com" => put_file_system(answers, id, &statvfs(&files.path(reader)?)?),
        b"fstatvfs@openssh.com" => put_file_system(answers, id, &fstatvfs(files.handles.file(&reader.bytes()?)?)?),
        b"limits@openssh.com" => {
            begin(answers, kind::EXTENDED_REPLY, id);
            for limit in [LONGEST as u64, u64::from(READ), u64::from(READ), handles::MOST as u64] {
                answers.put_u64(limit);
            }
        }
        b"expand-path@openssh.com" => {
            let path = expand(files, reader.path()?)?;
            begin(answers, kind::NAME, id);
            put_name(answers, &resolve(&path)?);
        }
        b"home-directory" => {
            let path = home(&reader.bytes()?, files)?;
            begin(answers, kind::NAME, id);
            put_name(answers, &path);
        }
        b"copy-data" => copy(files, reader)?,
        _ => return Err(Failure::Unsupported),
    }
    Ok(())
}

// Counts have 32 bits on macOS.
#[allow(clippy::useless_conversion)]
fn put_file_system(answers: &mut BytesMut, id: u32, system: &Statvfs) {
    // The numbers of PROTOCOL, section 4.4: read-only and without set-user-id.
    let flags = u64::from(system.flags().contains(FsFlags::ST_RDONLY))
        | u64::from(system.flags().contains(FsFlags::ST_NOSUID)) << 1;
    begin(answers, kind::EXTENDED_REPLY, id);
    for number in [
        system.block_size(),
        system.fragment_size(),
        u64::from(system.blocks()),
        u64::from(system.blocks_free()),
        u64::from(system.blocks_available()),
        u64::from(system.files()),
        u64::from(system.files_free()),
        u64::from(system.files_available()),
        system.filesystem_id(),
        flags,
        system.name_max(),
    ] {
        answers.put_u64(number);
    }
}

/// A path whose `~` or `~user` at the beginning stands for a home.
fn expand(files: &Files, path: PathBuf) -> Result<PathBuf, Failure> {
    let mut parts = path.components();
    let first = parts.next().map(|part| part.as_os_str().as_encoded_bytes().to_owned()).unwrap_or_default();
    match first.strip_prefix(b"~") {
        Some(name) => Ok(home(name, files)?.join(parts.as_path())),
        None => Ok(files.home.join(path)),
    }
}

fn home(user: &[u8], files: &Files) -> Result<PathBuf, Failure> {
    if user.is_empty() {
        return Ok(files.home.clone());
    }
    let user = std::str::from_utf8(user).map_err(|_| Failure::Malformed)?;
    User::from_name(user)?.map(|user| user.dir).ok_or_else(|| Errno::ENOENT.into())
}

/// Copies between two open files: `length` bytes, or, where that is 0, all to the end.
fn copy(files: &Files, reader: &mut Reader) -> Result<(), Failure> {
    let (source, mut from, length): (Bytes, u64, u64) = (reader.bytes()?, reader.long()?, reader.long()?);
    let (destination, mut to) = (reader.bytes()?, reader.long()?);
    let overlaps = from.max(to).saturating_sub(from.min(to)) < length || length == 0;
    if source == destination && overlaps {
        return Err(Errno::EINVAL.into());
    }
    let (source, destination) = (files.handles.file(&source)?, files.handles.file(&destination)?);
    let mut left = if length == 0 { u64::MAX } else { length };
    let mut buffer = vec![0; 128 * 1024];
    while left > 0 {
        let portion = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..portion) else { break };
        let read = source.read_at(buffer, from)?;
        if read == 0 {
            return if length == 0 { Ok(()) } else { Err(Failure::End) };
        }
        destination.write_all_at(buffer.get(..read).unwrap_or_default(), to)?;
        let read = read as u64;
        (from, to, left) = (from.saturating_add(read), to.saturating_add(read), left.saturating_sub(read));
    }
    Ok(())
}
