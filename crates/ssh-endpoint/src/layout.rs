//! Names: of an endpoint, of its secrets, its scope, its folders and its files.

use crate::program::sha256_hex;

/// The secret that holds the server's private host key, in OpenSSH format. It never leaves the scope but for the server.
pub const SERVER_PRIVATE_KEY: &str = "server-private-key";
/// The secret that holds the server's public host key: one OpenSSH public key line.
pub const SERVER_PUBLIC_KEY: &str = "server-public-key";
/// The secret that holds the public keys that the configuration lists, one per line.
pub const AUTHORIZED_KEYS: &str = "authorized-keys";
/// The secret that holds whom Terraform gave the use of the endpoint, as JSON: [`crate::access::Given`].
pub const ACCESS: &str = "access";
/// The secret that holds the published [`SshEndpoint`], as JSON: what the provider reads back, and finds changed.
pub const ENDPOINT: &str = "endpoint";
/// The secret that marks an endpoint as Terraform's: the provider's marker of what it made.
pub const MANAGED: &str = "terraform-created-by";
/// The prefix of the secrets, in the clients' scope, that hold the public keys of clients that registered themselves.
pub const CLIENT_PUBLIC_KEY_PREFIX: &str = "client-public-key-";

/// Why a name cannot be an endpoint's: it stands in paths, in the scope's name and in ssh's files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be the name of an SSH endpoint: it has 1 to 63 letters, digits, - and _, and begins with a letter or digit"
)]
pub struct InvalidName(pub String);

/// Checks an endpoint's name.
///
/// # Errors
/// [`InvalidName`] when it is empty, longer than 63 characters, or holds others than `A-Z a-z 0-9 _ -`.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let holds_well = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if begins_well && holds_well && name.len() <= 63 { Ok(()) } else { Err(InvalidName(name.to_owned())) }
}

/// The name of an endpoint's secret scope: at most 75 of the 128 characters that a scope's name may have.
pub fn secret_scope(name: &str) -> String {
    format!("{SCOPE_PREFIX}{name}")
}

/// The name of the scope of the clients' own keys, beside the endpoint's secret scope. It is apart so that who registers a key need not
/// be able to write the server's.
pub fn clients_scope(secret_scope: &str) -> String {
    format!("{secret_scope}.clients")
}

/// The endpoint whose secret scope has this name; `None` if it is none of an endpoint.
pub fn endpoint_of_scope(scope: &str) -> Option<&str> {
    scope.strip_prefix(SCOPE_PREFIX).filter(|name| check_name(name).is_ok())
}

const SCOPE_PREFIX: &str = "ssh-tunnel-";

/// The workspace folder below which everything of `identity` (the user name that `/Me` answers) lies.
pub fn root(identity: &str) -> String {
    format!("/Workspace/Users/{identity}/.databricks/ssh-tunnel")
}

/// The workspace folder of one endpoint.
pub fn directory(identity: &str, name: &str) -> String {
    format!("{}/endpoints/{name}", root(identity))
}

/// The workspace file of the endpoint's program with this SHA-256: another program lies elsewhere, so an upload replaces nothing that is
/// about to run, and who has an older [`crate::SshEndpoint`] still finds its program.
pub fn binary_path(directory: &str, sha256: &str) -> String {
    let prefix: String = sha256.chars().take(16).collect();
    format!("{directory}/bin/{prefix}/tunnel")
}

/// The name of the secret that registers one client's public key: the same for the same key, whatever its comment.
pub fn client_secret_name(public_key_line: &str) -> String {
    let mut words = public_key_line.split_whitespace();
    let key = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    format!("{CLIENT_PUBLIC_KEY_PREFIX}{}", sha256_hex(key.as_bytes()).get(..16).unwrap_or_default())
}

/// The folder that a path is in.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |name: &str, good: bool| assert_eq!(check_name(name).is_ok(), good, "{name:?}");
        check("demo", true);
        check("9_lives-of_A", true);
        check(&"a".repeat(63), true);
        check(&"a".repeat(64), false);
        check("", false);
        check("-oProxyCommand=evil", false);
        check("_x", false);
        check("a/b", false);
        check("a b", false);
        check("ä", false);
    }

    #[test]
    fn the_layout_is_as_documented() {
        assert_eq!(
            directory("ada@example.com", "demo"),
            "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/endpoints/demo"
        );
        assert_eq!(binary_path("/Workspace/d", "0123456789abcdef0123"), "/Workspace/d/bin/0123456789abcdef/tunnel");
        let longest = secret_scope(&"a".repeat(63));
        assert!(clients_scope(&longest).len() <= 128);
        assert_eq!(endpoint_of_scope(&longest), Some("a".repeat(63).as_str()));
        assert_eq!(endpoint_of_scope(&clients_scope(&longest)), None, "the clients' scope is no endpoint's");
    }

    #[test]
    fn a_client_has_one_secret_whatever_its_comment() {
        let name = client_secret_name("ssh-ed25519 AAAAC3 ada@laptop\n");
        assert_eq!(name, client_secret_name("ssh-ed25519  AAAAC3"));
        assert_ne!(name, client_secret_name("ssh-ed25519 AAAAC4"));
        assert_eq!(name.len(), CLIENT_PUBLIC_KEY_PREFIX.len() + 16);
    }
}
