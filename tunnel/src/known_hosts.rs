//! The one host key that ssh accepts for an endpoint: a known_hosts file of its own with exactly one line.
//! Its form: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.

use ssh_endpoint::SshEndpoint;
use ssh_key::PublicKey;

use crate::error::{Error, Result};

/// The known_hosts file of an endpoint.
///
/// # Errors
/// When the endpoint's host key is no OpenSSH public key, or its alias could mean more than itself.
pub fn text(endpoint: &SshEndpoint) -> Result<String> {
    let alias = endpoint.host_key_alias();
    // A pattern or a list of names would accept the key for others too.
    if !alias.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return Err(Error::new(format!("the endpoint's name {:?} cannot stand in a known_hosts file", endpoint.name)));
    }
    let key = parse(&endpoint.server_host_key).ok_or_else(|| {
        Error::new(format!("the host key of the endpoint {} is no OpenSSH public key", endpoint.name))
            .way_out("Apply the configuration again, then read its outputs again.")
    })?;
    Ok(format!("{alias} {key}\n"))
}

/// A public key's type and key without its comment; `None` when the line is no OpenSSH public key.
pub fn parse(line: &str) -> Option<String> {
    let mut key = PublicKey::from_openssh(line.trim()).ok()?;
    key.set_comment("");
    key.to_openssh().ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    #[test]
    fn a_key_line_is_taken_apart() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(parse(line).as_deref(), expected, "{line}");
        check(KEY, Some(KEY));
        check(&format!("{KEY} host key of demo\n"), Some(KEY));
        check(&format!("@cert-authority * {KEY}"), None);
        check(&format!("{KEY}\n* {KEY}"), None);
        check("ssh-ed25519 AAAA", None);
        check("", None);
    }
}
