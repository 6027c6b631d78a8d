//! The frames of a websocket as values: headers read and written, payloads masked. Pure. RFC 6455, section 5.

/// Which end of a connection this is: a client masks what it sends, a server does not (section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The end that dialled.
    Client,
    /// The end that accepted.
    Server,
}

/// What a frame carries (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// More of a message.
    Continuation,
    /// A text message, or its beginning.
    Text,
    /// A binary message, or its beginning.
    Binary,
    /// The end of the connection.
    Close,
    /// To be answered with a pong.
    Ping,
    /// The answer.
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Whether it speaks of the connection and not of the payload: short, and never in pieces (section 5.5).
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The longest payload of a control frame, in bytes (section 5.5).
pub const LONGEST_CONTROL: usize = 125;
/// The longest header, in bytes: two, eight for the length, four for the mask.
pub const LONGEST_HEADER: usize = 14;

/// What stands in front of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub is_final: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// The mask of the payload, where it is masked.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload that follow.
    pub length: u64,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// An extension's bits are set, and no extension was agreed on.
    #[error("a frame has reserved bits")]
    Reserved,
    /// An opcode that the protocol does not have.
    #[error("a frame has the unknown opcode {0:#x}")]
    Opcode(u8),
    /// A control frame in pieces, or a long one.
    #[error("a control frame is too long or in pieces")]
    Control,
    /// A length of more than 63 bits.
    #[error("a frame has an impossible length")]
    Length,
    /// A client that does not mask, or a server that does.
    #[error("a frame is masked by the wrong end")]
    Mask,
    /// A message that begins within another, or goes on without one.
    #[error("a message's pieces do not fit together")]
    Sequence,
    /// A text that is longer than any of this protocol, or no UTF-8.
    #[error("a text message is no short UTF-8 text")]
    Text,
    /// A close whose payload is no code and reason.
    #[error("a close frame cannot be read")]
    Close,
}

impl Header {
    /// Reads a header that `role` receives, from the beginning of `bytes`: it, and its length. `None` when there are too few.
    ///
    /// # Errors
    /// [`Malformed`] when these bytes can begin no frame.
    pub fn read(bytes: &[u8], role: Role) -> Result<Option<(Self, usize)>, Malformed> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Malformed::Reserved);
        }
        let opcode = Opcode::from_bits(first & 0x0F).ok_or(Malformed::Opcode(first & 0x0F))?;
        let is_final = first & 0x80 != 0;
        let is_masked = second & 0x80 != 0;
        if is_masked != (role == Role::Server) {
            return Err(Malformed::Mask);
        }
        let (length, rest, size) = match second & 0x7F {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest, 4),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest, 10),
                None => return Ok(None),
            },
            short => (u64::from(short), rest, 2),
        };
        if length > i64::MAX.unsigned_abs() {
            return Err(Malformed::Length);
        }
        if opcode.is_control() && (!is_final || length > LONGEST_CONTROL as u64) {
            return Err(Malformed::Control);
        }
        if !is_masked {
            return Ok(Some((Self { is_final, opcode, mask: None, length }, size)));
        }
        let Some(mask) = rest.first_chunk::<4>() else { return Ok(None) };
        Ok(Some((Self { is_final, opcode, mask: Some(*mask), length }, size + 4)))
    }

    /// Appends the header as it stands on the wire.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.opcode.bits() | if self.is_final { 0x80 } else { 0 });
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(short), _) if short < 126 => bytes.push(masked | short),
            (_, Ok(middle)) => {
                bytes.push(masked | 126);
                bytes.extend_from_slice(&middle.to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        if let Some(mask) = self.mask {
            bytes.extend_from_slice(&mask);
        }
    }
}

/// Masks or unmasks a part of a payload that begins `offset` bytes into it (section 5.3).
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4], offset: u64) {
    let mut turned = mask;
    turned.rotate_left((offset % 4) as usize);
    let wide =
        u64::from_ne_bytes([turned[0], turned[1], turned[2], turned[3], turned[0], turned[1], turned[2], turned[3]]);
    let (blocks, rest) = payload.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(turned.iter().cycle()) {
        *byte ^= key;
    }
}

/// The code and the reason of a close frame's payload: 1005 where it has none (section 7.1.5).
///
/// # Errors
/// [`Malformed::Close`] when it is one byte, or the reason is no UTF-8.
pub fn read_close(payload: &[u8]) -> Result<(u16, &str), Malformed> {
    match payload.split_first_chunk::<2>() {
        None if payload.is_empty() => Ok((1005, "")),
        None => Err(Malformed::Close),
        Some((code, reason)) => {
            let reason = std::str::from_utf8(reason).map_err(|_| Malformed::Close)?;
            Ok((u16::from_be_bytes(*code), reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rfcs_examples_are_read() {
        // Section 5.7.
        let check = |bytes: &[u8], role: Role, expected: Header, size: usize| {
            assert_eq!(Header::read(bytes, role), Ok(Some((expected, size))), "{bytes:x?}");
            let mut written = Vec::new();
            expected.write(&mut written);
            assert_eq!(written, &bytes[..size]);
        };
        let header = |is_final, opcode, mask, length| Header { is_final, opcode, mask, length };
        check(&[0x81, 0x05, 0x48], Role::Client, header(true, Opcode::Text, None, 5), 2);
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        check(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f], Role::Server, header(true, Opcode::Text, mask, 5), 6);
        check(&[0x01, 0x03], Role::Client, header(false, Opcode::Text, None, 3), 2);
        check(&[0x80, 0x02], Role::Client, header(true, Opcode::Continuation, None, 2), 2);
        check(&[0x89, 0x05], Role::Client, header(true, Opcode::Ping, None, 5), 2);
        check(&[0x82, 0x7E, 0x01, 0x00], Role::Client, header(true, Opcode::Binary, None, 256), 4);
        let long = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0];
        check(&long, Role::Client, header(true, Opcode::Binary, None, 65536), 10);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let check = |bytes: &[u8], role: Role, expected: Malformed| {
            assert_eq!(Header::read(bytes, role), Err(expected), "{bytes:x?}");
        };
        check(&[0xC2, 0x01], Role::Client, Malformed::Reserved);
        check(&[0x83, 0x01], Role::Client, Malformed::Opcode(3));
        check(&[0x82, 0x81], Role::Client, Malformed::Mask);
        check(&[0x82, 0x01], Role::Server, Malformed::Mask);
        check(&[0x09, 0x01], Role::Client, Malformed::Control);
        check(&[0x89, 0x7E, 0, 126], Role::Client, Malformed::Control);
        check(&[0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], Role::Client, Malformed::Length);
    }

    #[test]
    fn the_rfcs_masked_hello_is_unmasked() {
        let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        apply_mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&payload, b"Hello");
    }

    #[test]
    fn a_close_has_a_code_and_a_reason_or_neither() {
        assert_eq!(read_close(&[]), Ok((1005, "")));
        assert_eq!(read_close(&[0x03, 0xE8]), Ok((1000, "")));
        assert_eq!(read_close(&[0x0F, 0xA0, b'x']), Ok((4000, "x")));
        assert_eq!(read_close(&[0x03]), Err(Malformed::Close));
        assert_eq!(read_close(&[0x03, 0xE8, 0xFF]), Err(Malformed::Close));
    }

    proptest! {
        #[test]
        fn masking_in_parts_is_masking_at_once(
            payload in prop::collection::vec(any::<u8>(), 0..100),
            mask in any::<[u8; 4]>(),
            at in 0_usize..100,
        ) {
            let mut expected = payload.clone();
            for (index, byte) in expected.iter_mut().enumerate() {
                *byte ^= mask[index % 4];
            }
            let mut parts = payload;
            let at = at.min(parts.len());
            let (front, back) = parts.split_at_mut(at);
            apply_mask(front, mask, 0);
            apply_mask(back, mask, at as u64);
            prop_assert_eq!(parts, expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = Header::read(&bytes, Role::Client);
            let _ = Header::read(&bytes, Role::Server);
        }
    }
}
