//! What `databricks_file` and `databricks_notebook` upload: bytes of the configuration, or a file of this machine; and its checksum,
//! by which a change of it is seen.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use tfplugin::{Attr, Diagnostic, Error, Result, one_of};

/// Bytes that are read of a file at a time.
const PIECE: usize = 256 * 1024;

/// What is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What this file holds.
    File(PathBuf),
}

/// That exactly one says what is uploaded, and that it is base64.
pub(super) fn validate(content_base64: &Attr<String>, source: &Attr<String>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    if one_of([content_base64.is_set(), source.is_set()]).is_err() {
        let error = Error::new("It is not said what to upload").detail("Set either content_base64 or source.");
        all.push(error.at("source").into());
    }
    if content_base64.known().is_some_and(|text| STANDARD.decode(text).is_err()) {
        let error = Error::new("This is no base64").detail("Use base64encode(\"…\"), or filebase64(\"…\").");
        all.push(error.at("content_base64").into());
    }
    all
}

/// The checksum of what is configured; unknown while that is not known.
pub(super) fn md5(content_base64: &Attr<String>, source: &Attr<String>) -> Result<Attr<String>> {
    Content::of(content_base64, source)?.map_or(Ok(Attr::Unknown), |content| content.md5().map(Attr::from))
}

/// Whether a file (its checksum and its path) is the same one in another place, or in the same.
pub(super) fn is_moved(before: (&Attr<String>, &Attr<String>), after: (&Attr<String>, &Attr<String>)) -> bool {
    before.0.is_known() && before.0 == after.0 && before.1.is_known() && after.1.is_known()
}

impl Content {
    /// What is configured; `None` while it is not known.
    pub(super) fn of(content_base64: &Attr<String>, source: &Attr<String>) -> Result<Option<Self>> {
        if let Some(text) = content_base64.known() {
            let bytes = STANDARD.decode(text).map_err(|_| Error::new("This is no base64").at("content_base64"))?;
            return Ok(Some(Self::Bytes(bytes)));
        }
        Ok(source.known().map(|path| Self::File(PathBuf::from(path))))
    }

    /// The MD5 checksum, in hexadecimal digits. A file is read piece by piece.
    pub(super) fn md5(&self) -> Result<String> {
        match self {
            Self::Bytes(bytes) => Ok(hex::encode(Md5::digest(bytes))),
            Self::File(path) => {
                let unreadable = |error: std::io::Error| unreadable(path, &error);
                let mut file = File::open(path).map_err(unreadable)?;
                let (mut sum, mut piece) = (Checksum::default(), vec![0; PIECE]);
                loop {
                    let read = file.read(&mut piece).map_err(unreadable)?;
                    match piece.get(..read) {
                        None | Some([]) => return Ok(sum.end()),
                        Some(read) => sum.add(read),
                    }
                }
            }
        }
    }

    /// The whole of it. Only for what is small by the rules of the service.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::File(path) => std::fs::read(path).map_err(|error| unreadable(path, &error)),
        }
    }

    /// That it still is what was planned.
    pub(super) fn check(&self, planned: &Attr<String>) -> Result<()> {
        match planned.known() {
            // What the user has put there instead of a checksum is compared with nothing.
            Some(planned) if planned.len() == 32 && *planned != self.md5()? => {
                Err(Error::new("What is to be uploaded has changed since it was planned")
                    .detail("Plan again.")
                    .at("source"))
            }
            _ => Ok(()),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("{} cannot be read: {error}", path.display()))
        .detail("The path is taken from the folder that Terraform runs in: \"${path.module}/…\" is one beside the configuration.")
        .at("source")
}

/// An MD5 checksum that is made piece by piece.
#[derive(Default)]
pub(super) struct Checksum(Md5);

impl Checksum {
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// In hexadecimal digits.
    pub(super) fn end(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_all_bytes_wherever_they_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for bytes in [Vec::new(), b"{}".to_vec(), vec![7; PIECE], vec![7; 2 * PIECE + 1]] {
            std::fs::write(file.path(), &bytes).unwrap();
            let of_file = Content::File(file.path().to_owned()).md5().unwrap();
            assert_eq!(of_file, Content::Bytes(bytes.clone()).md5().unwrap(), "{} bytes", bytes.len());
        }
        assert_eq!(Content::Bytes(b"{}".to_vec()).md5().unwrap(), "99914b932bd37a50b983c5e7c90ae93b");
    }

    #[test]
    fn one_of_content_and_source_is_configured() {
        let none = Attr::<String>::Null;
        assert_eq!(validate(&none, &none).len(), 1);
        assert_eq!(validate(&"e30=".into(), &none).len(), 0);
        assert_eq!(validate(&"e30=".into(), &"a".into()).len(), 1);
        assert_eq!(validate(&"e30".into(), &none).len(), 1);
        assert_eq!(validate(&Attr::Unknown, &none).len(), 0);
    }

    #[test]
    fn a_file_that_moved_is_the_same() {
        let (sum, other) = (Attr::from("a".to_owned()), Attr::from("b".to_owned()));
        let (here, there) = (Attr::from("x".to_owned()), Attr::from("y".to_owned()));
        assert!(is_moved((&sum, &here), (&sum, &there)) && is_moved((&sum, &here), (&sum, &here)));
        assert!(!is_moved((&sum, &here), (&other, &there)));
        assert!(!is_moved((&sum, &Attr::Null), (&sum, &there)), "its bytes stood in the configuration");
        assert!(!is_moved((&Attr::Null, &here), (&Attr::Null, &there)), "what is there is not known");
    }

    #[test]
    fn what_changed_since_the_plan_is_not_uploaded() {
        let content = Content::Bytes(b"{}".to_vec());
        content.check(&content.md5().unwrap().into()).unwrap();
        assert!(content.check(&"0".repeat(32).into()).is_err());
        content.check(&"the user's own".into()).unwrap();
        let error = Content::File("/nowhere/at/all".into()).md5().unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all cannot be read"), "{error}");
    }
}
