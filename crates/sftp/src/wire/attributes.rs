//! A file's attributes: section 5.

use bytes::{BufMut, BytesMut};

use super::{Malformed, Reader};

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const PERMISSIONS: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

const FORMAT: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// What a file is like, or is to be like. What is `None` is not told, or stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bytes.
    pub size: Option<u64>,
    /// The numbers of user and group.
    pub owner: Option<(u32, u32)>,
    /// The mode of stat(2), with the type of the file where a server tells it.
    pub permissions: Option<u32>,
    /// Seconds since 1970 of the last reading and of the last change.
    pub times: Option<(u32, u32)>,
}

impl Attributes {
    /// Reads them.
    ///
    /// # Errors
    /// When the packet ends before they do.
    pub fn read(reader: &mut Reader) -> Result<Self, Malformed> {
        let flags = reader.number()?;
        let mut attributes = Self::default();
        if flags & SIZE != 0 {
            attributes.size = Some(reader.long()?);
        }
        if flags & OWNER != 0 {
            attributes.owner = Some((reader.number()?, reader.number()?));
        }
        if flags & PERMISSIONS != 0 {
            attributes.permissions = Some(reader.number()?);
        }
        if flags & TIMES != 0 {
            attributes.times = Some((reader.number()?, reader.number()?));
        }
        if flags & EXTENDED != 0 {
            for _ in 0..reader.number()? {
                reader.bytes()?;
                reader.bytes()?;
            }
        }
        Ok(attributes)
    }

    /// Adds them.
    pub fn put(&self, packets: &mut BytesMut) {
        let flag = |is_there: bool, flag: u32| if is_there { flag } else { 0 };
        packets.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.owner.is_some(), OWNER)
                | flag(self.permissions.is_some(), PERMISSIONS)
                | flag(self.times.is_some(), TIMES),
        );
        if let Some(size) = self.size {
            packets.put_u64(size);
        }
        if let Some((user, group)) = self.owner {
            packets.put_u32(user);
            packets.put_u32(group);
        }
        if let Some(permissions) = self.permissions {
            packets.put_u32(permissions);
        }
        if let Some((accessed, modified)) = self.times {
            packets.put_u32(accessed);
            packets.put_u32(modified);
        }
    }

    /// Whether it is a folder, as far as the server tells.
    pub fn is_directory(&self) -> bool {
        self.format() == Some(DIRECTORY)
    }

    /// Whether it is a plain file.
    pub fn is_file(&self) -> bool {
        self.format() == Some(REGULAR)
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.format() == Some(LINK)
    }

    fn format(&self) -> Option<u32> {
        self.permissions.map(|mode| mode & FORMAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let all = Attributes {
            size: Some(u64::MAX),
            owner: Some((1, 2)),
            permissions: Some(0o100_644),
            times: Some((3, u32::MAX)),
        };
        let some = Attributes { permissions: Some(0o040_755), ..Attributes::default() };
        for attributes in [all, some, Attributes::default()] {
            let mut packet = BytesMut::new();
            attributes.put(&mut packet);
            let mut reader = Reader::new(packet.freeze());
            assert_eq!(Attributes::read(&mut reader), Ok(attributes));
            assert!(reader.is_empty());
        }
        assert!(all.is_file() && !all.is_directory() && some.is_directory());
    }

    #[test]
    fn what_a_server_adds_is_passed_over() {
        let mut packet = BytesMut::new();
        packet.put_u32(EXTENDED | SIZE);
        packet.put_u64(9);
        packet.put_u32(1);
        super::super::put_bytes(&mut packet, b"name");
        super::super::put_bytes(&mut packet, b"value");
        let read = Attributes::read(&mut Reader::new(packet.freeze()));
        assert_eq!(read.map(|attributes| attributes.size), Ok(Some(9)));
        let cut = Attributes::read(&mut Reader::new(bytes::Bytes::from_static(&[0, 0, 0, 1, 0])));
        assert_eq!(cut, Err(Malformed));
    }
}
