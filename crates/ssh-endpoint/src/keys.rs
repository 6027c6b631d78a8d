//! Keys: the server's pair, and the lines of those who may log in.

use databricks::api::secrets;
use databricks::{Client, Error};
use secret::Secret;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

use crate::layout::{SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY};

/// The text of an `authorized_keys` file: plain keys only, since an option in front of a key would do things on the driver.
pub(crate) fn authorized_keys(lines: &[String]) -> Result<String, Error> {
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        if PublicKey::from_openssh(line).is_err() || line.contains('\n') {
            return Err(Error::Config(format!(
                "{line:?} is no OpenSSH public key: a key's file ends in .pub and begins with ssh-ed25519 or another type"
            )));
        }
        text.push_str(line);
        text.push('\n');
    }
    // The API has no empty secrets.
    Ok(if text.is_empty() { "\n".to_owned() } else { text })
}

/// The server's public host key. The pair is made where there is none, or where half of it is missing.
pub(crate) async fn ensure_host_key(client: &Client, scope: &str) -> Result<String, Error> {
    let broken = |error: ssh_key::Error| Error::Config(format!("the server's host key cannot be made: {error}"));
    let kept = secrets::get(client, scope, SERVER_PRIVATE_KEY).await?;
    let kept = kept.and_then(|text| PrivateKey::from_openssh(text.expose()).ok());
    let key = match kept {
        Some(key) => key,
        None => {
            let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(broken)?;
            let text = Secret::new(key.to_openssh(LineEnding::LF).map_err(broken)?.to_string());
            secrets::put(client, scope, SERVER_PRIVATE_KEY, &text).await?;
            // Somebody else may have made one in the same moment: the last one counts.
            let kept = secrets::get(client, scope, SERVER_PRIVATE_KEY).await?;
            kept.and_then(|text| PrivateKey::from_openssh(text.expose()).ok()).unwrap_or(key)
        }
    };
    // The private key decides: a public one that is missing or another's is written again.
    let public = key.public_key().to_openssh().map_err(broken)?.trim().to_owned();
    let there = secrets::get(client, scope, SERVER_PUBLIC_KEY).await?;
    if there.is_none_or(|text| text.expose().trim() != public) {
        secrets::put(client, scope, SERVER_PUBLIC_KEY, &Secret::new(format!("{public}\n"))).await?;
    }
    Ok(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti ada@laptop";

    #[test]
    fn only_plain_keys_may_log_in() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(authorized_keys(&lines).ok().as_deref(), expected, "{lines:?}");
        };
        check(&[], Some("\n"));
        check(&[KEY], Some(&format!("{KEY}\n")));
        check(&[&format!(" {KEY}\n"), KEY], Some(&format!("{KEY}\n{KEY}\n")));
        check(&[&format!("command=\"rm\" {KEY}")], None);
        check(&[&format!("{KEY}\n{KEY}")], None);
        check(&["# comment"], None);
        check(&[""], None);
    }
}
