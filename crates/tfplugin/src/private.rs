//! The private bytes that Terraform keeps with an object for us: the marker of its create.

use serde::{Deserialize, Serialize};

/// What stands in the private bytes, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The marker of the create that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<String>,
    /// The deployment that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployment: Option<String>,
}

impl Private {
    /// Reads it. What another provider left there (after a move) is nothing to us.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn what_others_left_there_is_no_marker() {
        for bytes in [&b""[..], b"\x81\xa1", br#"{"schema_version":"1"}"#, b"[]"] {
            assert_eq!(Private::read(bytes), Private::default());
        }
        let private = Private { marker: Some("m".to_owned()), ..Private::default() };
        assert_eq!(Private::read(&private.write()), private);
    }
}
