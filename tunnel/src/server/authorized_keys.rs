//! Who may log in, and the server's host key: the endpoint's secret scope, read at each login, so that a key that was added works
//! at once, one that was removed does not any more, and a rotated host key is met. Values are read again only when they changed.

use std::collections::BTreeMap;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use databricks::api::secrets::{GetSecret, ListSecrets};
use databricks::ssh_endpoint::official::CLIENT_PUBLIC_KEY;
use databricks::ssh_endpoint::{AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, SERVER_PRIVATE_KEY};
use databricks::{Client, Request};
use secret::Secret;
use tokio::sync::Mutex;

use crate::endpoint::start::explain;
use crate::error::{Error, Result};
use crate::known_hosts;
use crate::server::log_ring::LogRing;
use crate::server::{KeySource, Keys};

/// The public keys of one scope.
pub struct ScopeKeys {
    client: Client,
    scope: String,
    /// Where the official tool puts its clients' key.
    official_scope: Option<String>,
    log: LogRing,
    known: Mutex<Option<Known>>,
}

/// What was read, with the times at which it was last changed.
#[derive(Default)]
struct Known {
    clients: BTreeMap<String, (Option<i64>, Vec<String>)>,
    host_key_changed: Option<i64>,
}

impl ScopeKeys {
    /// The keys of `scope`, and of the official tool's clients.
    pub fn new(client: Client, scope: String, official_scope: Option<String>, log: LogRing) -> Self {
        Self { client, scope, official_scope, log, known: Mutex::new(None) }
    }

    /// What is in the scope now, and the host key if it may be another one than `known` has.
    async fn refresh(&self, known: &Known) -> Result<(Known, Option<Secret<String>>), databricks::Error> {
        let request = Request::get("/api/2.0/secrets/list").query("scope", &self.scope);
        let list: ListSecrets = self.client.send(request).await?;
        let mut fresh = Known::default();
        let mut host_key = None;
        if let Some(secret) = list.secrets.iter().find(|secret| secret.key == SERVER_PRIVATE_KEY) {
            fresh.host_key_changed = secret.last_updated_timestamp;
            if fresh.host_key_changed.is_none() || fresh.host_key_changed != known.host_key_changed {
                let text = read_secret(&self.client, &self.scope, SERVER_PRIVATE_KEY).await?;
                host_key = Some(text).filter(|text| !text.expose().trim().is_empty());
            }
        }
        let wanted = |key: &str| key == AUTHORIZED_KEYS || key.starts_with(CLIENT_PUBLIC_KEY_PREFIX);
        for secret in list.secrets.into_iter().filter(|secret| wanted(&secret.key)) {
            let changed = secret.last_updated_timestamp;
            match known.clients.get(&secret.key) {
                Some((at, keys)) if changed.is_some() && *at == changed => {
                    fresh.clients.insert(secret.key, (changed, keys.clone()));
                }
                _ => match read_secret(&self.client, &self.scope, &secret.key).await {
                    Ok(text) => {
                        let keys = text.expose().lines().filter_map(known_hosts::parse).collect();
                        fresh.clients.insert(secret.key, (changed, keys));
                    }
                    // Removed since it was listed.
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                },
            }
        }
        if let Some(scope) = &self.official_scope {
            match read_secret(&self.client, scope, CLIENT_PUBLIC_KEY).await {
                Ok(text) => {
                    let keys = text.expose().lines().filter_map(known_hosts::parse).collect();
                    // A slash stands in no secret's name.
                    fresh.clients.insert(format!("{scope}/{CLIENT_PUBLIC_KEY}"), (None, keys));
                }
                // No official client has come yet.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok((fresh, host_key))
    }
}

impl KeySource for ScopeKeys {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Keys>> + Send + '_>> {
        Box::pin(async {
            let mut known = self.known.lock().await;
            let mut host_key = None;
            match self.refresh(known.as_ref().unwrap_or(&Known::default())).await {
                Ok((fresh, found)) => {
                    *known = Some(fresh);
                    host_key = found;
                }
                // A definite no: the endpoint was removed, or its identity may not read it any more.
                Err(error) if error.is_not_found() || error.status() == Some(403) => {
                    *known = None;
                    return Err(explain(error, "the endpoint's secret scope cannot be read"));
                }
                // The run's token ends before a long-lived server does, and the service may be away: who could log in still can.
                Err(error) if known.is_some() => {
                    self.log.warn(format!(
                        "the endpoint's secret scope cannot be read, so its last known keys count: {error}"
                    ));
                }
                Err(error) => return Err(explain(error, "the endpoint's secret scope cannot be read")),
            }
            let mut keys: Vec<&str> = known
                .iter()
                .flat_map(|known| known.clients.values())
                .flat_map(|(_, keys)| keys)
                .map(String::as_str)
                .collect();
            keys.sort_unstable();
            keys.dedup();
            if keys.is_empty() {
                return Err(Error::new(format!("the secret scope {} holds no public key of a client", self.scope)));
            }
            Ok(Keys { authorized_keys: keys.iter().map(|key| format!("{key}\n")).collect(), host_key })
        })
    }
}

/// One secret's text.
///
/// # Errors
/// When it cannot be read. One that is no base64 text is read as empty.
pub async fn read_secret(client: &Client, scope: &str, key: &str) -> Result<Secret<String>, databricks::Error> {
    let request = Request::get("/api/2.0/secrets/get").query("scope", scope).query("key", key);
    let secret: GetSecret = client.send(request).await?;
    let bytes = STANDARD.decode(secret.value.expose()).unwrap_or_default();
    Ok(Secret::new(String::from_utf8(bytes).unwrap_or_default()))
}
