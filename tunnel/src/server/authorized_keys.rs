//! Who may log in, and the server's host key: the endpoint's secret scope and that of its clients, read at each login, so that a key that was added works
//! at once, one that was removed does not any more, and a rotated host key is met. Values are read again only when they changed.

use std::collections::BTreeMap;
use std::pin::Pin;

use databricks::Client;
use databricks::api::secrets;
use secret::Secret;
use ssh_endpoint::official::CLIENT_PUBLIC_KEY;
use ssh_endpoint::{AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, SERVER_PRIVATE_KEY, clients_scope};
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::known_hosts;
use crate::server::log_ring::LogRing;
use crate::server::{KeySource, Keys};
use crate::workspace::explain;

/// The public keys of an endpoint.
pub struct ScopeKeys {
    client: Client,
    scope: String,
    clients_scope: String,
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

/// What is there now, and the host key where it may be another one.
type Fresh = (Known, Option<Secret<String>>);

impl ScopeKeys {
    /// The keys of `scope`, and of the official tool's clients.
    pub fn new(client: Client, scope: String, official_scope: Option<String>, log: LogRing) -> Self {
        let clients_scope = clients_scope(&scope);
        Self { client, scope, clients_scope, official_scope, log, known: Mutex::new(None) }
    }

    /// What is in the scope now, if there is one, and the host key if it may be another one than `known` has.
    async fn refresh(&self, known: &Known) -> Result<Option<Fresh>, databricks::Error> {
        let Some(list) = secrets::list(&self.client, &self.scope).await? else { return Ok(None) };
        let mut fresh = Known::default();
        let mut host_key = None;
        if let Some(secret) = list.iter().find(|secret| secret.key == SERVER_PRIVATE_KEY) {
            fresh.host_key_changed = secret.last_updated_timestamp;
            if fresh.host_key_changed.is_none() || fresh.host_key_changed != known.host_key_changed {
                let text = secrets::get(&self.client, &self.scope, SERVER_PRIVATE_KEY).await?;
                host_key = text.filter(|text| !text.expose().trim().is_empty());
            }
        }
        let listed =
            list.into_iter().filter(|secret| secret.key == AUTHORIZED_KEYS).map(|secret| (&self.scope, secret));
        // None is there where no client may register itself.
        let clients = secrets::list(&self.client, &self.clients_scope).await?.unwrap_or_default().into_iter();
        let clients = clients.filter(|secret| secret.key.starts_with(CLIENT_PUBLIC_KEY_PREFIX));
        for (scope, secret) in listed.chain(clients.map(|secret| (&self.clients_scope, secret))) {
            let changed = secret.last_updated_timestamp;
            match known.clients.get(&secret.key) {
                Some((at, keys)) if changed.is_some() && *at == changed => {
                    fresh.clients.insert(secret.key, (changed, keys.clone()));
                }
                _ => {
                    // One that is not there was removed since it was listed.
                    if let Some(text) = secrets::get(&self.client, scope, &secret.key).await? {
                        let keys = text.expose().lines().filter_map(known_hosts::parse).collect();
                        fresh.clients.insert(secret.key, (changed, keys));
                    }
                }
            }
        }
        // None is there before the first official client has come.
        if let Some(scope) = &self.official_scope
            && let Some(text) = secrets::get(&self.client, scope, CLIENT_PUBLIC_KEY).await?
        {
            let keys = text.expose().lines().filter_map(known_hosts::parse).collect();
            // A slash stands in no secret's name.
            fresh.clients.insert(format!("{scope}/{CLIENT_PUBLIC_KEY}"), (None, keys));
        }
        Ok(Some((fresh, host_key)))
    }
}

impl KeySource for ScopeKeys {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Keys>> + Send + '_>> {
        Box::pin(async {
            let mut known = self.known.lock().await;
            let mut host_key = None;
            match self.refresh(known.as_ref().unwrap_or(&Known::default())).await {
                Ok(Some((fresh, found))) => {
                    *known = Some(fresh);
                    host_key = found;
                }
                // A definite no: the endpoint was removed, or its identity may not read it any more.
                Ok(None) => {
                    *known = None;
                    return Err(Error::new(format!("the endpoint's secret scope {} does not exist", self.scope)));
                }
                Err(error) if error.status() == Some(403) => {
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
                return Err(Error::new(format!(
                    "the secret scopes {} and {} hold no public key of a client",
                    self.scope, self.clients_scope
                )));
            }
            Ok(Keys { authorized_keys: keys.iter().map(|key| format!("{key}\n")).collect(), host_key })
        })
    }
}
