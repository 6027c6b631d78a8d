//! The protocol's requests.

use std::path::{Path, PathBuf};

use bytes::{BufMut, Bytes, BytesMut};

use super::error::{done, expect};
use super::{Error, Sftp, Status, put_handle, put_offset};
use crate::wire::attributes::Attributes;
use crate::wire::{Reader, kind, put_bytes, put_path};

/// An open file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle(pub(super) Bytes);

/// What a file is opened for: section 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To read.
    Read,
    /// To write into what is there.
    Update,
    /// To write a file that is not there yet: it is an error when it is.
    CreateNew,
    /// To write from the beginning, whether or not it is there.
    Replace,
}

impl Mode {
    fn flags(self) -> u32 {
        const READ: u32 = 1;
        const WRITE: u32 = 2;
        const CREATE: u32 = 8;
        const TRUNCATE: u32 = 16;
        const EXCLUSIVE: u32 = 32;
        match self {
            Self::Read => READ,
            Self::Update => READ | WRITE,
            Self::CreateNew => READ | WRITE | CREATE | EXCLUSIVE,
            Self::Replace => WRITE | CREATE | TRUNCATE,
        }
    }
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the folder's.
    pub name: PathBuf,
    /// What it is like; of a link, what the link is like.
    pub attributes: Attributes,
}

/// # Errors
/// Each call fails as [`Error`] says.
#[allow(clippy::missing_errors_doc)]
impl Sftp {
    async fn status(&self, kind: u8, put: impl FnOnce(&mut BytesMut)) -> Result<(), Error> {
        self.goes_on()?;
        let (kind, mut reader) = self.channel.ask(kind, put).await?;
        expect(kind, kind::STATUS, &mut reader)?;
        done(&mut reader)
    }

    async fn answer(&self, kind: u8, wanted: u8, put: impl FnOnce(&mut BytesMut)) -> Result<Reader, Error> {
        self.goes_on()?;
        let (kind, mut reader) = self.channel.ask(kind, put).await?;
        expect(kind, wanted, &mut reader)?;
        Ok(reader)
    }

    /// Opens a file. `attributes` are those of one that is made.
    pub async fn open(&self, path: &Path, mode: Mode, attributes: &Attributes) -> Result<Handle, Error> {
        let put = |packet: &mut BytesMut| {
            put_path(packet, path);
            packet.put_u32(mode.flags());
            attributes.put(packet);
        };
        Ok(Handle(self.answer(kind::OPEN, kind::HANDLE, put).await?.bytes()?))
    }

    /// Closes a file or a folder.
    pub async fn close(&self, handle: &Handle) -> Result<(), Error> {
        self.status(kind::CLOSE, |packet| put_handle(packet, handle)).await
    }

    /// At most `length` bytes from an offset on: fewer where the server likes that better, none at the end.
    pub async fn read(&self, handle: &Handle, offset: u64, length: u32) -> Result<Bytes, Error> {
        self.paced(length.into()).await?;
        let put = |packet: &mut BytesMut| {
            put_handle(packet, handle);
            put_offset(packet, offset);
            packet.put_u32(length);
        };
        match self.answer(kind::READ, kind::DATA, put).await {
            Ok(mut reader) => {
                let bytes = reader.bytes()?;
                match bytes.len() {
                    0 => Err(Error::Protocol("it reads nothing, and not the end")),
                    more if more > length as usize => Err(Error::Protocol("it reads more than it was asked for")),
                    _ => Ok(bytes),
                }
            }
            Err(error) if error.is(Status::EndOfFile) => Ok(Bytes::new()),
            Err(error) => Err(error),
        }
    }

    /// Writes all of these bytes at an offset. They are held no longer than until they are in a packet.
    pub async fn write(&self, handle: &Handle, offset: u64, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.paced(bytes.as_ref().len() as u64).await?;
        let put = move |packet: &mut BytesMut| {
            let bytes = bytes.as_ref();
            packet.reserve(handle.0.len() + bytes.len() + 16);
            put_handle(packet, handle);
            put_offset(packet, offset);
            put_bytes(packet, bytes);
        };
        self.status(kind::WRITE, put).await
    }

    /// What a path is like; where it is a link, what it points to.
    pub async fn stat(&self, path: &Path) -> Result<Attributes, Error> {
        let mut reader = self.answer(kind::STAT, kind::ATTRIBUTES, |packet| put_path(packet, path)).await?;
        Ok(Attributes::read(&mut reader)?)
    }

    /// What a path is like, links themselves included.
    pub async fn lstat(&self, path: &Path) -> Result<Attributes, Error> {
        let mut reader = self.answer(kind::LSTAT, kind::ATTRIBUTES, |packet| put_path(packet, path)).await?;
        Ok(Attributes::read(&mut reader)?)
    }

    /// What an open file is like.
    pub async fn fstat(&self, handle: &Handle) -> Result<Attributes, Error> {
        let mut reader = self.answer(kind::FSTAT, kind::ATTRIBUTES, |packet| put_handle(packet, handle)).await?;
        Ok(Attributes::read(&mut reader)?)
    }

    /// Has a file be like this.
    pub async fn set(&self, path: &Path, attributes: &Attributes) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_path(packet, path);
            attributes.put(packet);
        };
        self.status(kind::SETSTAT, put).await
    }

    /// Has an open file be like this.
    pub async fn set_open(&self, handle: &Handle, attributes: &Attributes) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_handle(packet, handle);
            attributes.put(packet);
        };
        self.status(kind::FSETSTAT, put).await
    }

    /// Opens a folder, to list it.
    pub async fn open_folder(&self, path: &Path) -> Result<Handle, Error> {
        Ok(Handle(self.answer(kind::OPENDIR, kind::HANDLE, |packet| put_path(packet, path)).await?.bytes()?))
    }

    /// The next entries of a folder, without itself and the one above; `None` when there are no more.
    pub async fn entries(&self, folder: &Handle) -> Result<Option<Vec<Entry>>, Error> {
        let mut reader = match self.answer(kind::READDIR, kind::NAME, |packet| put_handle(packet, folder)).await {
            Ok(reader) => reader,
            Err(error) if error.is(Status::EndOfFile) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for _ in 0..reader.number()? {
            let name = reader.path()?;
            reader.bytes()?;
            let attributes = Attributes::read(&mut reader)?;
            let bytes = name.as_os_str().as_encoded_bytes();
            if bytes.is_empty() || bytes.contains(&b'/') {
                // It would be a path of its own choice, also in the folder that a tree is copied into.
                return Err(Error::Protocol("an entry's name is no name"));
            }
            if bytes != b"." && bytes != b".." {
                entries.push(Entry { name, attributes });
            }
        }
        Ok(Some(entries))
    }

    /// Removes a file.
    pub async fn remove(&self, path: &Path) -> Result<(), Error> {
        self.status(kind::REMOVE, |packet| put_path(packet, path)).await
    }

    /// Makes a folder.
    pub async fn make_folder(&self, path: &Path, attributes: &Attributes) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_path(packet, path);
            attributes.put(packet);
        };
        self.status(kind::MKDIR, put).await
    }

    /// Removes an empty folder.
    pub async fn remove_folder(&self, path: &Path) -> Result<(), Error> {
        self.status(kind::RMDIR, |packet| put_path(packet, path)).await
    }

    /// The path that begins at the root, as the server writes it.
    pub async fn real_path(&self, path: &Path) -> Result<PathBuf, Error> {
        self.name(kind::REALPATH, path).await
    }

    /// What a link points to.
    pub async fn read_link(&self, path: &Path) -> Result<PathBuf, Error> {
        self.name(kind::READLINK, path).await
    }

    async fn name(&self, kind: u8, path: &Path) -> Result<PathBuf, Error> {
        let mut reader = self.answer(kind, kind::NAME, |packet| put_path(packet, path)).await?;
        match reader.number()? {
            1 => Ok(reader.path()?),
            _ => Err(Error::Protocol("one name was asked for")),
        }
    }

    /// Renames by the protocol: an error on most servers when there is a file of the new name.
    pub async fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_path(packet, from);
            put_path(packet, to);
        };
        self.status(kind::RENAME, put).await
    }

    /// Renames as rename(2): over a file of the new name, which is never absent. Only of servers with
    /// [`posix_rename`](super::Features::posix_rename).
    pub async fn rename_over(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_bytes(packet, b"posix-rename@openssh.com");
            put_path(packet, from);
            put_path(packet, to);
        };
        self.status(kind::EXTENDED, put).await
    }

    /// Has a file on the disk. Only of servers with [`fsync`](super::Features::fsync).
    pub async fn fsync(&self, handle: &Handle) -> Result<(), Error> {
        let put = |packet: &mut BytesMut| {
            put_bytes(packet, b"fsync@openssh.com");
            put_handle(packet, handle);
        };
        self.status(kind::EXTENDED, put).await
    }

    /// Bytes for which there is room where a path is, for this user. Only of servers with [`statvfs`](super::Features::statvfs).
    pub async fn room(&self, path: &Path) -> Result<u64, Error> {
        let put = |packet: &mut BytesMut| {
            put_bytes(packet, b"statvfs@openssh.com");
            put_path(packet, path);
        };
        let mut reader = self.answer(kind::EXTENDED, kind::EXTENDED_REPLY, put).await?;
        // Bytes of a block twice, then numbers of blocks: all, free ones, and those that are free for everybody.
        let (_, size, _, _, blocks) = (reader.long()?, reader.long()?, reader.long()?, reader.long()?, reader.long()?);
        Ok(size.saturating_mul(blocks))
    }
}
