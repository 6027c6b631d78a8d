//! The text of a mark: what an object says of its create, to whoever finds it without a journal.

use jiff::Timestamp;

use crate::call::Marker;

/// Hexadecimal digits of a fingerprint that a mark has room for.
const PRINT: usize = 16;

/// What a mark says: `ID:DEPLOYMENT:SECONDS:PRINT:RUN`. It fits wherever a tag's value does (256 characters), in the alphabet
/// that all services take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) id: String,
    pub(crate) deployment: String,
    pub(crate) since: Timestamp,
    /// The beginning of the fingerprint of what was planned.
    pub(crate) print: String,
    pub(crate) run: String,
}

impl Mark {
    pub(crate) fn new(id: String, deployment: &str, since: Timestamp, fingerprint: &str, run: &str) -> Self {
        let print = fingerprint.get(..PRINT).unwrap_or(fingerprint).to_owned();
        Self { id, deployment: deployment.to_owned(), since, print, run: run.to_owned() }
    }

    /// Reads a mark. `None` for one of an older version, which says nothing but its id, and for what others wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, ':').map(str::to_owned);
        let id = parts.next().filter(|id| uuid::Uuid::parse_str(id).is_ok())?;
        let deployment = parts.next()?;
        let since = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let print = parts.next().filter(|print| !print.is_empty())?;
        Some(Self { id, deployment, since, print, run: parts.next()? })
    }

    pub(crate) fn marker(&self) -> Marker {
        let Self { id, deployment, since, print, run } = self;
        let text = format!("{id}:{deployment}:{}:{print}:{run}", since.as_second());
        Marker::with_text(id.clone(), *since, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_fits_into_a_tag() {
        let id = uuid::Uuid::new_v4().to_string();
        let since = Timestamp::from_second(1_790_000_000).unwrap();
        let mark = Mark::new(id.clone(), "0123456789ab", since, &"f".repeat(64), "0a1b2c3d:4194304:99999999999");
        let marker = mark.marker();
        assert!(marker.text().len() < 128, "{}", marker.text());
        assert_eq!(Mark::parse(marker.text()), Some(mark));
        assert!(marker.is_on(marker.text()) && marker.is_on(&id));
        assert!(!marker.is_on(&format!("{id}0")) && !marker.is_on(""));
        for none in ["", &id, "a:b:1:c:d", &format!("{id}:d:x:p:r"), &format!("{id}:d:1::r"), &format!("{id}:d:1:p")] {
            assert_eq!(Mark::parse(none), None, "{none:?}");
        }
    }
}
