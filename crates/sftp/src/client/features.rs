//! What a server can beside the protocol: OpenSSH's PROTOCOL, section 4.

use super::Error;
use crate::wire::Reader;

/// Bytes of one read or write where a server tells no limits: what each must take, by section 3 of the draft.
const LEAST: u32 = 32 * 1024;
/// Bytes of one read or write at most: more is not quicker, and has to fit into a packet.
const MOST: u32 = 255 * 1024;

/// What a server can.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Features {
    /// To rename over a file that is there.
    pub posix_rename: bool,
    /// To have a file on the disk before it says so.
    pub fsync: bool,
    /// To copy between two of its files by itself.
    pub copy_data: bool,
    /// To say how much room there is.
    pub statvfs: bool,
    pub(super) has_limits: bool,
    /// How much it takes at once.
    pub limits: Limits,
}

impl Features {
    /// Whether it says how much it takes at once: OpenSSH since 8.5, and who does as it does.
    pub fn tells_limits(&self) -> bool {
        self.has_limits
    }

    pub(super) fn read(greeting: &mut Reader) -> Result<Self, Error> {
        let mut features = Self::default();
        while !greeting.is_empty() {
            let (name, version) = (greeting.bytes()?, greeting.bytes()?);
            match (name.as_ref(), version.as_ref()) {
                (b"posix-rename@openssh.com", b"1") => features.posix_rename = true,
                (b"fsync@openssh.com", b"1") => features.fsync = true,
                (b"copy-data", b"1") => features.copy_data = true,
                (b"statvfs@openssh.com", b"2") => features.statvfs = true,
                (b"limits@openssh.com", b"1") => features.has_limits = true,
                _ => {}
            }
        }
        Ok(features)
    }
}

/// How much a server takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one read.
    pub read: u32,
    /// Bytes of one write.
    pub write: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { read: LEAST, write: LEAST }
    }
}

impl Limits {
    /// Reads them: packet, read, write, open handles. What is 0 has no limit.
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Error> {
        reader.long()?;
        let mut limit = || {
            let limit = reader.long()?;
            Ok::<_, Error>(if limit == 0 { MOST } else { u32::try_from(limit).unwrap_or(MOST).min(MOST) })
        };
        Ok(Self { read: limit()?, write: limit()? })
    }
}
