//! `metadata.json`: where the running server of an endpoint listens. The server writes it into the endpoint's folder, clients
//! read it. The official command line tool writes `port` and `cluster_id`; the rest is ours and may be missing.

use secret::Secret;
use serde::{Deserialize, Serialize};
use ssh_endpoint::SshEndpoint;

/// What a running server says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Port on the driver.
    pub port: u16,
    /// Cluster whose driver it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster_id: String,
    /// Usage policy that its serverless compute is billed by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub usage_policy_id: String,
    /// What its serverless compute was asked to be: see [`ssh_endpoint::Serverless::describe`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub compute: String,
    /// User that sessions run as.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// A random id of this one server. A client names it, and another server on a port that was used again refuses.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    /// What it wants to be shown by who asks it: see [`crate::websocket::proof`].
    #[serde(default, skip_serializing_if = "is_unset")]
    pub secret: Secret<String>,
    /// Version of the program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// When it started, in seconds since 1970.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub started_at: u64,
    /// Version of the resumable protocol that it speaks; 0 for none, or when it does not say.
    #[serde(default, skip_serializing_if = "is_none")]
    pub resume_version: u32,
}

/// The file as it is read by people and programs.
pub fn to_bytes(metadata: &Metadata) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(metadata).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads the file. `None` when it is not one, or names what no server can have: a privileged port, an id that would mean more in
/// an address than itself, a user that would mean more in ssh's configuration.
pub fn parse(bytes: &[u8]) -> Option<Metadata> {
    let metadata: Metadata = serde_json::from_slice(bytes).ok()?;
    let Metadata { port, cluster_id, instance_id, user, .. } = &metadata;
    let is_good = *port >= 1024 && [cluster_id, instance_id].into_iter().all(|id| is_id(id)) && is_user(user);
    is_good.then_some(metadata)
}

/// Whether an id can stand in an address: it is empty, or has letters, digits, `-` and `_` only.
pub fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether a name can be a user's, or is empty: ssh reads it in its configuration.
pub fn is_user(text: &str) -> bool {
    !text.starts_with('-') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte))
}

/// Whether a server of this metadata is one of this endpoint: it may have moved to another cluster, machine or policy since.
pub fn is_of(metadata: &Metadata, endpoint: &SshEndpoint) -> bool {
    match &endpoint.serverless {
        // Only its own metadata says which cluster it is on.
        Some(serverless) => {
            let policy = serverless.usage_policy_id.as_deref();
            !metadata.cluster_id.is_empty()
                && policy.is_none_or(|policy| policy == metadata.usage_policy_id)
                // Servers that do not say are taken.
                && (metadata.compute.is_empty() || metadata.compute == serverless.describe())
        }
        None => metadata.cluster_id.is_empty() || metadata.cluster_id == endpoint.cluster_id,
    }
}

fn is_unset(secret: &Secret<String>) -> bool {
    secret.expose().is_empty()
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_none(version: &u32) -> bool {
    *version == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_of_ours_or_of_the_official_tool_is_read() {
        let check = |text: &str, port: Option<u16>| assert_eq!(parse(text.as_bytes()).map(|m| m.port), port, "{text}");
        check(r#"{"port":7772}"#, Some(7772));
        check(r#"{"port":7772,"cluster_id":"c","usage_policy_id":"p"}"#, Some(7772));
        check(r#"{"port":7772,"user":"spark-6e1f","instance_id":"0a-1b"}"#, Some(7772));
        check(r#"{"port":7772,"user":"root\n    ProxyCommand evil"}"#, None);
        check(r#"{"port":7772,"user":"-oProxyCommand=evil"}"#, None);
        check(r#"{"port":7772,"cluster_id":"../../api/2.0"}"#, None);
        check(r#"{"port":7772,"instance_id":"a&b"}"#, None);
        check(r#"{"port":22}"#, None);
        check(r#"{"port":70000}"#, None);
        check(r#"{"port":-1}"#, None);
        check(r#"{"port":"7772"}"#, None);
        check("{", None);
        check("", None);
        check("null", None);
    }

    #[test]
    fn what_is_written_is_read() {
        let metadata = Metadata {
            port: 7800,
            cluster_id: "c".into(),
            usage_policy_id: "p".into(),
            compute: "cpu/4".into(),
            user: "spark-1".into(),
            instance_id: "i".into(),
            secret: "s".into(),
            version: "0.1.0".into(),
            started_at: 1,
            resume_version: 2,
        };
        assert_eq!(parse(&to_bytes(&metadata)), Some(metadata));
    }

    #[test]
    fn a_server_elsewhere_is_not_the_endpoints() {
        use ssh_endpoint::Serverless;
        let of = |cluster: &str, policy: &str| Metadata {
            port: 7772,
            cluster_id: cluster.into(),
            usage_policy_id: policy.into(),
            ..Metadata::default()
        };
        let endpoint = |cluster: &str, serverless: Option<Serverless>| {
            crate::endpoint::sample(serde_json::json!({"cluster_id": cluster, "serverless": serverless}))
        };
        let any = Some(Serverless::default());
        let policy = Some(Serverless { usage_policy_id: Some("p".into()), ..Serverless::default() });
        let check = |metadata: Metadata, endpoint: SshEndpoint, expected: bool| {
            assert_eq!(is_of(&metadata, &endpoint), expected, "{metadata:?} {endpoint:?}");
        };
        check(of("c", ""), endpoint("c", None), true);
        check(of("", ""), endpoint("c", None), true);
        check(of("d", ""), endpoint("c", None), false);
        check(of("d", ""), endpoint("", any.clone()), true);
        check(of("", ""), endpoint("", any), false);
        check(of("d", "p"), endpoint("", policy.clone()), true);
        check(of("d", ""), endpoint("", policy), false);
        let on = |compute: &str| Metadata { compute: compute.into(), ..of("d", "") };
        let gpu = Some(Serverless { accelerator: Some("GPU_1xA10".into()), ..Serverless::default() });
        check(on("cpu/4"), endpoint("", Some(Serverless::default())), true);
        check(on("cpu/4"), endpoint("", gpu.clone()), false);
        check(on("GPU_1xA10/4"), endpoint("", gpu), true);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
