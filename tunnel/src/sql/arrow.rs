//! Arrow streams of chunks made one: each chunk is a stream of its own, with a schema before it and a mark behind it, and readers stop at
//! the first mark.
//!
//! A stream is messages of a continuation mark, the length of their metadata, the metadata (a flatbuffer), and a body whose length the
//! metadata says: <https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format>.

/// Before each message's length.
const CONTINUATION: [u8; 4] = [0xFF; 4];
/// The longest metadata that is taken, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// Why bytes are no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service sent something else than an Arrow stream")]
pub struct NoStream;

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The mark and the length.
    Head,
    /// Metadata of this length.
    Metadata(usize),
    /// A body, of which this is left, and whether it is handed on.
    Body(u64, bool),
    /// What stands behind the mark of the end.
    End,
}

/// Reads the streams of chunks as their bytes come, and hands on one.
#[derive(Debug)]
pub struct Joined {
    at: At,
    pending: Vec<u8>,
    has_schema: bool,
}

impl Default for Joined {
    fn default() -> Self {
        Self { at: At::Head, pending: Vec::new(), has_schema: false }
    }
}

impl Joined {
    /// Reads a piece of a chunk, and adds what is to be handed on to `into`.
    ///
    /// # Errors
    /// When it is no such stream.
    pub fn read(&mut self, mut piece: &[u8], into: &mut Vec<u8>) -> Result<(), NoStream> {
        while !piece.is_empty() {
            match self.at {
                At::Head => {
                    let Some(head) = self.take(8, &mut piece) else { return Ok(()) };
                    let (mark, length) = head.split_at_checked(4).ok_or(NoStream)?;
                    let length = u32::from_le_bytes(length.try_into().map_err(|_| NoStream)?);
                    let length = usize::try_from(length).map_err(|_| NoStream)?;
                    if mark != CONTINUATION || length > LONGEST {
                        return Err(NoStream);
                    }
                    self.at = if length == 0 { At::End } else { At::Metadata(length) };
                }
                At::Metadata(length) => {
                    let Some(metadata) = self.take(length, &mut piece) else { return Ok(()) };
                    let message = Message::read(&metadata).ok_or(NoStream)?;
                    let is_passed = !(message.is_schema && self.has_schema);
                    if is_passed {
                        into.extend_from_slice(&CONTINUATION);
                        into.extend_from_slice(&u32::try_from(length).map_err(|_| NoStream)?.to_le_bytes());
                        into.extend_from_slice(&metadata);
                    }
                    self.has_schema |= message.is_schema;
                    self.at = if message.body == 0 { At::Head } else { At::Body(message.body, is_passed) };
                }
                At::Body(left, is_passed) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                    let (body, rest) = piece.split_at_checked(length).ok_or(NoStream)?;
                    if is_passed {
                        into.extend_from_slice(body);
                    }
                    piece = rest;
                    let left = left - length as u64;
                    self.at = if left == 0 { At::Head } else { At::Body(left, is_passed) };
                }
                At::End => return Err(NoStream),
            }
        }
        Ok(())
    }

    /// Collects so many bytes; none before all are there.
    fn take(&mut self, length: usize, piece: &mut &[u8]) -> Option<Vec<u8>> {
        let missing = length.saturating_sub(self.pending.len()).min(piece.len());
        let (taken, rest) = piece.split_at_checked(missing)?;
        self.pending.extend_from_slice(taken);
        *piece = rest;
        (self.pending.len() == length).then(|| std::mem::take(&mut self.pending))
    }

    /// Ends a chunk's stream. One without a mark of its end is whole where a message is.
    ///
    /// # Errors
    /// Within a message.
    pub fn end_of_chunk(&mut self) -> Result<(), NoStream> {
        let is_whole = self.pending.is_empty() && matches!(self.at, At::Head | At::End);
        self.at = At::Head;
        if is_whole { Ok(()) } else { Err(NoStream) }
    }

    /// Adds the mark of the end.
    pub fn end(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&CONTINUATION);
        into.extend_from_slice(&[0; 4]);
    }
}

/// What of a message counts here.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    is_schema: bool,
    /// The length of its body, in bytes.
    body: u64,
}

impl Message {
    /// Reads the flatbuffer `Message` (Message.fbs): version, header's type, header, length of the body.
    fn read(bytes: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
        let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
        let table = usize::try_from(u32_at(0)?).ok()?;
        // The table of fields stands before or after it, by a signed offset.
        let back = i64::from(u32_at(table)?.cast_signed());
        let fields = usize::try_from(i64::try_from(table).ok()?.checked_sub(back)?).ok()?;
        let size = usize::from(u16_at(fields)?);
        let field = |number: usize| {
            let entry = 4 + 2 * number;
            let offset = if entry + 2 <= size { usize::from(u16_at(fields.checked_add(entry)?)?) } else { 0 };
            if offset == 0 { Some(None) } else { Some(Some(table.checked_add(offset)?)) }
        };
        let kind = match field(1)? {
            Some(at) => *bytes.get(at)?,
            None => 0,
        };
        let body = match field(3)? {
            Some(at) => i64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?),
            None => 0,
        };
        // 1 is the union's member Schema.
        Some(Self { is_schema: kind == 1, body: u64::try_from(body).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of this kind with a body, as Message.fbs lays it out: the table of fields, then the fields.
    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut metadata = Vec::new();
        metadata.extend_from_slice(&16_u32.to_le_bytes());
        for entry in [12_u16, 24, 4, 6, 0, 8] {
            metadata.extend_from_slice(&entry.to_le_bytes());
        }
        metadata.extend_from_slice(&12_i32.to_le_bytes());
        metadata.extend_from_slice(&[4, 0, kind, 0]);
        metadata.extend_from_slice(&i64::try_from(body.len()).unwrap().to_le_bytes());
        metadata.extend_from_slice(&[0; 8]);
        let length = u32::try_from(metadata.len()).unwrap();
        [&CONTINUATION[..], &length.to_le_bytes(), &metadata, body].concat()
    }

    fn end() -> Vec<u8> {
        [CONTINUATION, [0; 4]].concat()
    }

    fn joined(chunks: &[Vec<u8>], length: usize) -> Result<Vec<u8>, NoStream> {
        let (mut joined, mut all) = (Joined::default(), Vec::new());
        for chunk in chunks {
            for piece in chunk.chunks(length) {
                joined.read(piece, &mut all)?;
            }
            joined.end_of_chunk()?;
        }
        joined.end(&mut all);
        Ok(all)
    }

    #[test]
    fn several_streams_become_one() {
        let (schema, one, two) = (message(1, &[]), message(3, &[1; 64]), message(3, &[2; 128]));
        let first = [schema.clone(), one.clone(), end()].concat();
        let second = [schema.clone(), two.clone(), end()].concat();
        let without_end = [schema.clone(), two.clone()].concat();
        let expected = [schema, one, two, end()].concat();
        for length in [1, 7, 64, 1000] {
            assert_eq!(joined(&[first.clone(), second.clone()], length).unwrap(), expected, "{length}");
            assert_eq!(joined(&[first.clone(), without_end.clone()], length).unwrap(), expected, "{length}");
        }
    }

    #[test]
    fn what_is_no_stream_or_not_whole_is_an_error() {
        let (schema, batch) = (message(1, &[]), message(3, &[1; 64]));
        for length in 1..schema.len() + batch.len() {
            let cut = [schema.clone(), batch.clone()].concat()[..length].to_vec();
            // Between two messages a stream may end.
            assert_eq!(joined(&[cut], 5).is_ok(), length == schema.len(), "{length}");
        }
        for bad in [b"<Error/>".to_vec(), [schema.clone(), end(), vec![0]].concat(), vec![0xFF; 64]] {
            assert_eq!(joined(std::slice::from_ref(&bad), 3), Err(NoStream), "{bad:?}");
        }
        let mut nonsense = batch;
        nonsense[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(joined(&[nonsense], 1000), Err(NoStream));
    }
}
