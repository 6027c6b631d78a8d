//! How many connections this process has at an endpoint: no more than the endpoint serves, however many jobs Terraform makes at a
//! time. Others wait for their turn.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ssh_endpoint::SshEndpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Name = (String, String);

static SLOTS: LazyLock<Mutex<HashMap<Name, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// Waits for a turn, which ends when it is dropped.
pub(super) async fn turn(endpoint: &SshEndpoint) -> Option<OwnedSemaphorePermit> {
    let slots = {
        let mut all = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
        let count = usize::try_from(endpoint.max_clients.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        let name = (endpoint.host.clone(), endpoint.name.clone());
        all.entry(name).or_insert_with(|| Arc::new(Semaphore::new(count))).clone()
    };
    // Nobody closes it.
    slots.acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_serves_one_client_is_asked_by_one_at_a_time() {
        let endpoint = |name: &str| -> SshEndpoint {
            serde_json::from_value(serde_json::json!({
                "schema_version": 1, "host": "https://slots.test", "workspace_id": "1", "cluster_id": "c", "name": name,
                "remote_user": "", "server_host_key": "", "secret_scope": "", "directory": "", "binary_path": "",
                "binary_sha256": "", "max_clients": 1, "shutdown_delay_seconds": 1, "auto_start": true,
            }))
            .unwrap()
        };
        let moment = Duration::from_millis(20);
        let first = turn(&endpoint("a")).await.unwrap();
        assert!(timeout(moment, turn(&endpoint("a"))).await.is_err());
        assert!(timeout(moment, turn(&endpoint("b"))).await.is_ok(), "another endpoint has its own");
        drop(first);
        assert!(timeout(moment, turn(&endpoint("a"))).await.is_ok());
    }
}
