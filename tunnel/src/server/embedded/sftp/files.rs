//! The operations on files. Relative paths begin at the user's home.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

use bytes::{BufMut, Bytes, BytesMut};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use sftp::wire::attributes::Attributes;
use sftp::wire::{Reader, VERSION, begin, finish, kind, put_bytes};

use super::answer::{Failure, put_name, put_status};
use super::attributes::{self, MODE};
use super::extended;
use super::handles::{Handles, Open};
use super::listing::{Listing, exists};

/// Bytes of one read: OpenSSH's longest packet without room for the rest of it.
pub(super) const READ: u32 = 255 * 1024;

/// One client's files.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) home: PathBuf,
    pub(super) handles: Handles,
}

impl Files {
    pub(super) fn new(home: PathBuf) -> Self {
        Self { home, handles: Handles::default() }
    }

    /// Does what a request asks for, and adds the answer.
    pub(super) fn answer(&mut self, request: Bytes, answers: &mut BytesMut) {
        let mut reader = Reader::new(request);
        let (Ok(kind), Ok(id)) = (reader.byte(), reader.number()) else { return };
        let start = answers.len();
        if kind == kind::INIT {
            // Where others have their id, this one has the client's version.
            begin(answers, kind::VERSION, VERSION);
            extended::put_names(answers);
            return finish(answers, start);
        }
        let done = self.perform(kind, id, &mut reader, answers);
        if let Err(failure) = &done {
            answers.truncate(start);
            begin(answers, kind::STATUS, id);
            put_status(answers, Some(failure));
        } else if answers.len() == start {
            begin(answers, kind::STATUS, id);
            put_status(answers, None);
        }
        finish(answers, start);
    }

    /// What adds no answer of its own has succeeded.
    fn perform(&mut self, kind: u8, id: u32, reader: &mut Reader, answers: &mut BytesMut) -> Result<(), Failure> {
        match kind {
            kind::OPEN => {
                let (path, flags) = (self.path(reader)?, reader.number()?);
                let file = open(&path, flags, &Attributes::read(reader)?)?;
                self.put_handle(answers, id, Open::File(file))?;
            }
            kind::CLOSE => self.handles.close(&reader.bytes()?)?,
            kind::READ => {
                let (handle, offset, length) = (reader.bytes()?, reader.long()?, reader.number()?);
                begin(answers, kind::DATA, id);
                put_data(answers, self.handles.file(&handle)?, offset, length)?;
            }
            kind::WRITE => {
                let (handle, offset, bytes) = (reader.bytes()?, reader.long()?, reader.bytes()?);
                self.handles.file(&handle)?.write_all_at(&bytes, offset)?;
            }
            kind::LSTAT => put_attributes(answers, id, &fs::symlink_metadata(self.path(reader)?)?),
            kind::STAT => put_attributes(answers, id, &fs::metadata(self.path(reader)?)?),
            kind::FSTAT => put_attributes(answers, id, &self.handles.file(&reader.bytes()?)?.metadata()?),
            kind::SETSTAT => {
                let path = self.path(reader)?;
                attributes::set(&Attributes::read(reader)?, &path, true)?;
            }
            kind::FSETSTAT => {
                let handle = reader.bytes()?;
                attributes::set_open(&Attributes::read(reader)?, self.handles.file(&handle)?)?;
            }
            kind::OPENDIR => {
                let listing = Listing::open(self.path(reader)?)?;
                self.put_handle(answers, id, Open::Folder(listing))?;
            }
            kind::READDIR => {
                let folder = self.handles.folder(&reader.bytes()?)?;
                begin(answers, kind::NAME, id);
                folder.put_next(answers)?;
            }
            kind::REMOVE => fs::remove_file(self.path(reader)?)?,
            kind::MKDIR => {
                let path = self.path(reader)?;
                let mode = Attributes::read(reader)?.permissions.unwrap_or(0o777) & MODE;
                fs::DirBuilder::new().mode(mode).create(path)?;
            }
            kind::RMDIR => fs::remove_dir(self.path(reader)?)?,
            kind::REALPATH => {
                let path = resolve(&self.path(reader)?)?;
                begin(answers, kind::NAME, id);
                put_name(answers, &path);
            }
            kind::RENAME => rename(&self.path(reader)?, &self.path(reader)?)?,
            kind::READLINK => {
                let path = fs::read_link(self.path(reader)?)?;
                begin(answers, kind::NAME, id);
                put_name(answers, &path);
            }
            kind::SYMLINK => {
                // The draft has the link first; OpenSSH, and since then everybody, the target.
                let target = reader.path()?;
                std::os::unix::fs::symlink(target, self.path(reader)?)?;
            }
            kind::EXTENDED => extended::perform(self, id, reader, answers)?,
            _ => return Err(Failure::Unsupported),
        }
        Ok(())
    }

    pub(super) fn path(&self, reader: &mut Reader) -> Result<PathBuf, Failure> {
        Ok(self.home.join(reader.path()?))
    }

    fn put_handle(&mut self, answers: &mut BytesMut, id: u32, open: Open) -> Result<(), Failure> {
        let name = self.handles.insert(open)?;
        begin(answers, kind::HANDLE, id);
        put_bytes(answers, &name);
        Ok(())
    }
}

/// Opens a file with the flags of section 6.3, whose combinations are the system's to judge.
fn open(path: &Path, flags: u32, wanted: &Attributes) -> Result<File, Failure> {
    let mut system = match flags & 3 {
        1 => OFlag::O_RDONLY,
        2 => OFlag::O_WRONLY,
        3 => OFlag::O_RDWR,
        _ => return Err(nix::errno::Errno::EINVAL.into()),
    };
    for (flag, value) in [(4, OFlag::O_APPEND), (8, OFlag::O_CREAT), (16, OFlag::O_TRUNC), (32, OFlag::O_EXCL)] {
        if flags & flag != 0 {
            system |= value;
        }
    }
    let mode = mode(wanted.permissions.unwrap_or(0o666));
    Ok(File::from(nix::fcntl::open(path, system | OFlag::O_CLOEXEC, mode)?))
}

// The system's type has 16 bits on macOS.
#[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
fn mode(permissions: u32) -> Mode {
    Mode::from_bits_truncate((permissions & MODE).try_into().unwrap_or_default())
}

/// Adds what a file has at an offset, at most `length` bytes.
fn put_data(answers: &mut BytesMut, file: &File, offset: u64, length: u32) -> Result<(), Failure> {
    let length = usize::try_from(length.min(READ)).map_err(|_| Failure::Malformed)?;
    answers.put_u32(0);
    let start = answers.len();
    answers.resize(start + length, 0);
    let mut done = 0;
    while let Some(rest) = answers.get_mut(start + done..start + length).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if done > 0 => break,
            Err(error) => return Err(error.into()),
        }
    }
    if done == 0 && length > 0 {
        return Err(Failure::End);
    }
    answers.truncate(start + done);
    if let Some(place) = answers.get_mut(start - 4..start) {
        place.copy_from_slice(&u32::try_from(done).unwrap_or(u32::MAX).to_be_bytes());
    }
    Ok(())
}

fn put_attributes(answers: &mut BytesMut, id: u32, metadata: &fs::Metadata) {
    begin(answers, kind::ATTRIBUTES, id);
    attributes::of(metadata).put(answers);
}

/// The absolute path of what may not be there yet, if its folder is.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    match (fs::canonicalize(path), path.parent(), path.file_name()) {
        (Ok(path), _, _) => Ok(path),
        (Err(error), Some(folder), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(fs::canonicalize(folder)?.join(name))
        }
        (Err(error), _, _) => Err(error.into()),
    }
}

/// Renames, but never replaces: section 6.5. A link is the only way to do so at once that every Unix has; where a file system
/// has no links, a look before has to do.
fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(from)?.is_file() {
        match fs::hard_link(from, to) {
            Ok(()) => return Ok(fs::remove_file(from)?),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error.into()),
            Err(_) => {}
        }
    }
    if exists(to) {
        return Err(nix::errno::Errno::EEXIST.into());
    }
    Ok(fs::rename(from, to)?)
}

#[cfg(test)]
mod tests {
    use bytes::Buf;

    use super::*;

    /// What a request is answered with: its kind, its id and what follows.
    fn answer(files: &mut Files, request: &[u8]) -> (u8, u32, Bytes) {
        let mut answers = BytesMut::new();
        files.answer(Bytes::copy_from_slice(request), &mut answers);
        let mut answers = answers.freeze();
        assert_eq!(answers.get_u32() as usize, answers.len(), "the length is the rest's");
        (answers.get_u8(), answers.get_u32(), answers)
    }

    #[test]
    fn requests_that_break_off_are_bad_messages_and_unknown_ones_unsupported() {
        let home = tempfile::tempdir().unwrap();
        let mut files = Files::new(home.path().to_owned());
        let mut check = |request: &[u8], status: u32| {
            let (kind, id, mut rest) = answer(&mut files, request);
            assert_eq!((kind, id, rest.get_u32()), (kind::STATUS, 7, status), "{request:?}");
        };
        for kind in (3..=20).chain([200]) {
            check(&[kind, 0, 0, 0, 7], 5);
            check(&[kind, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, b'x'], 5);
            check(&[kind, 0, 0, 0, 7, 0, 0, 0, 2, b'x'], 5);
        }
        check(&[kind::STAT, 0, 0, 0, 7, 0, 0, 0, 1, 0], 5);
        check(&[kind::STAT, 0, 0, 0, 7, 0, 0, 0, 1, b'x'], 2);
        check(&[kind::READ, 0, 0, 0, 7, 0, 0, 0, 1, b'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], 2);
        check(&[77, 0, 0, 0, 7], 8);
        check(&[kind::EXTENDED, 0, 0, 0, 7, 0, 0, 0, 1, b'x'], 8);
    }

    #[test]
    fn the_version_comes_with_the_extensions() {
        let (kind, version, names) = answer(&mut Files::new(PathBuf::from("/")), &[kind::INIT, 0, 0, 0, 3]);
        assert_eq!((kind, version), (kind::VERSION, 3));
        assert!(names.windows(24).any(|name| name == b"posix-rename@openssh.com"));
    }
}
