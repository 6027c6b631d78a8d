//! Where a file is, as a command line says it: here, on a server, on an endpoint, or in a volume.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::volume::path as volume;
use crate::error::Error;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What has it.
    pub(super) at: At,
    /// Its path there.
    pub(super) path: PathBuf,
}

/// What has files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// This machine.
    Here,
    /// A server.
    There(Address),
    /// The Unity Catalog volumes of the workspace.
    Volumes,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// One of others.
    Server(ServerAddress),
    /// An endpoint by its name; the one that the flags mean, where the name is empty.
    Endpoint(String),
}

/// A server, as `[user@]host[:port]` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// Who logs in; without it, the name of this machine's user.
    pub user: Option<String>,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(server) => write!(f, "{} port {}", server.host, server.port),
            Self::Endpoint(name) if name.is_empty() => f.write_str("the endpoint"),
            Self::Endpoint(name) => write!(f, "the endpoint {name}"),
        }
    }
}

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("sftp://").or_else(|| text.strip_prefix("ssh://")).unwrap_or(text);
        let url = Url::parse(&format!("sftp://{text}")).map_err(|error| format!("{text} is no server: {error}"))?;
        server(&url)
    }
}

fn server(url: &Url) -> Result<ServerAddress, String> {
    if url.password().is_some() {
        return Err("a password does not belong into a command line, where everybody on this machine can read it: \
                    leave it out, and use --password-file, TUNNEL_SFTP_PASSWORD or the question on the terminal"
            .to_owned());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host: sftp://user@host:port/path")?;
    let text = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(text).transpose();
    Ok(ServerAddress {
        user: user.map_err(|_| "its user is no UTF-8")?,
        host: text(host.trim_start_matches('[').trim_end_matches(']')).map_err(|_| "its host is no UTF-8")?,
        port: url.port().unwrap_or(22),
    })
}

impl At {
    /// Whether a path there is stdin or stdout.
    pub(super) fn is_stream(&self, path: &Path) -> bool {
        *self == Self::Here && path == Path::new("-")
    }
}

impl Place {
    /// Reads the places of a command line.
    pub(super) fn all(texts: Vec<OsString>) -> Result<Vec<Self>, Error> {
        let place = |text: OsString| {
            let shown = text.to_string_lossy().into_owned();
            Self::parse(text).map_err(|reason| {
                // What may hold a password is not said again.
                if shown.contains('@') { Error::new(reason) } else { Error::new(format!("{shown}: {reason}")) }
            })
        };
        texts.into_iter().map(place).collect()
    }

    /// This folder.
    pub(super) fn this_folder() -> Self {
        Self { at: At::Here, path: ".".into() }
    }

    /// Reads a place of a command line.
    pub(super) fn parse(text: OsString) -> Result<Self, String> {
        let there = |address: Address, path: PathBuf| Self { at: At::There(address), path };
        let bytes = text.as_bytes();
        if bytes.starts_with(b"sftp://") {
            let url = Url::parse(&text.to_string_lossy()).map_err(|error| format!("it is no address: {error}"))?;
            let path: Vec<u8> = percent_decode_str(url.path()).collect();
            return Ok(there(Address::Server(server(&url)?), remote(&path)));
        }
        if volume::is_of_volume(bytes) {
            let path = PathBuf::from(text);
            volume::check(&path)?;
            return Ok(Self { at: At::Volumes, path });
        }
        // As scp has it: what has a colon before any slash is there.
        let colon = bytes.iter().position(|byte| *byte == b':');
        match colon.and_then(|colon| bytes.split_at_checked(colon)) {
            Some((name, [b':', path @ ..])) if !name.contains(&b'/') => {
                let name = std::str::from_utf8(name).map_err(|_| "the endpoint's name is no UTF-8")?;
                Ok(there(Address::Endpoint(name.to_owned()), PathBuf::from(OsString::from_vec(path.to_vec()))))
            }
            _ => Ok(Self { at: At::Here, path: PathBuf::from(text) }),
        }
    }

    /// Whether it says that it is a folder: what is put there goes into it.
    pub(super) fn is_said_to_be_folder(&self) -> bool {
        let bytes = self.path.as_os_str().as_bytes();
        bytes.ends_with(b"/") || bytes.is_empty() || bytes == b"." || bytes.ends_with(b"/.")
    }

    /// Whether it is stdin or stdout.
    pub(super) fn is_stream(&self) -> bool {
        self.at.is_stream(&self.path)
    }
}

/// A path of an address: absolute, but below `/~/` from the home on, as curl has it.
fn remote(path: &[u8]) -> PathBuf {
    let path = match path {
        [b'/', b'~'] => b"",
        [b'/', b'~', b'/', home @ ..] => home,
        path => path,
    };
    PathBuf::from(OsString::from_vec(path.to_vec()))
}

/// A path there as a server is asked for it: nothing is the home.
pub(super) fn asked(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_addresses_endpoints_or_files() {
        let check = |text: &[u8], expected: Place| {
            assert_eq!(Place::parse(OsString::from_vec(text.to_vec())), Ok(expected));
        };
        let server = |user: Option<&str>, host: &str, port| {
            Address::Server(ServerAddress { user: user.map(str::to_owned), host: host.to_owned(), port })
        };
        let at = |address: Address, path: &[u8]| Place {
            at: At::There(address),
            path: OsString::from_vec(path.to_vec()).into(),
        };
        let here = |path: &str| Place { at: At::Here, path: path.into() };
        check(b"sftp://me@host:2222/in/a%20b", at(server(Some("me"), "host", 2222), b"/in/a b"));
        check(b"sftp://host/caf%E9", at(server(None, "host", 22), b"/caf\xe9"));
        check(b"sftp://me%40corp@host/~/in", at(server(Some("me@corp"), "host", 22), b"in"));
        check(b"sftp://host/~", at(server(None, "host", 22), b""));
        check(b"sftp://[::1]:2022/x", at(server(None, "::1", 2022), b"/x"));
        check(b"demo:/tmp/caf\xe9", at(Address::Endpoint("demo".to_owned()), b"/tmp/caf\xe9"));
        check(b":", at(Address::Endpoint(String::new()), b""));
        check(b"./a:b", here("./a:b"));
        check(b"a/b:c", here("a/b:c"));
        check(b"-", here("-"));
        let volume = Place { at: At::Volumes, path: "/Volumes/main/default/data/x".into() };
        check(b"/Volumes/main/default/data/x", volume);
        check(b"//Volumes/usb/x", here("//Volumes/usb/x"));
        let refused = Place::parse("sftp://me:secret@host/".into()).unwrap_err();
        assert!(refused.contains("--password-file") && !refused.contains("secret@"), "{refused}");
        assert!(Place::parse("sftp:///path".into()).is_err());
        assert_eq!(
            "me@jump".parse(),
            Ok(ServerAddress { user: Some("me".to_owned()), host: "jump".to_owned(), port: 22 })
        );
    }
}
