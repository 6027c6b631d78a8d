//! The data source databricks_ssh_endpoint: an endpoint that exists, made by another configuration or by `tunnel`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ssh_endpoint::SshEndpoint as Endpoint;
use tfplugin::{Attr, COMPUTED, Call, DataSource, Error, REQUIRED, Result, Set};

use super::endpoint_schema;
use super::ssh_publish as publish;
use crate::clients::Workspace;

/// An SSH endpoint that exists, by its name: what `tunnel connect` needs, for an output of this configuration. Reading it starts
/// nothing. Whoever may use the endpoint may read it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SshEndpointLookup {
    /// Name of the endpoint.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"), extend("x-tf" = REQUIRED))]
    pub name: Attr<String>,
    /// Name of the endpoint.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Cluster whose driver serves SSH; null on serverless compute.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub cluster_id: Attr<String>,
    /// Public keys that the endpoint's configuration lists, each an OpenSSH line.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub client_public_keys: Attr<Set<String>>,
    /// The server's host key, a line in OpenSSH's format.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub server_host_key: Attr<String>,
    /// Secret scope with the server's host key and the public keys that the configuration lists.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub secret_scope: Attr<String>,
    /// What clients need to connect and to trust: the value of an output. It holds no secret.
    #[schemars(schema_with = "endpoint_schema::exported", extend("x-tf" = COMPUTED))]
    pub endpoint: Attr<Endpoint>,
}

impl DataSource for SshEndpointLookup {
    const NAME: &'static str = "databricks_ssh_endpoint";
    const EXAMPLE: &'static str = r#"data "databricks_ssh_endpoint" "example" {
  name = "example"
}

output "ssh_endpoint" {
  value = data.databricks_ssh_endpoint.example.endpoint
}
"#;

    type Client = Workspace;

    async fn read(cx: &Call<Workspace>, config: Self) -> Result<Self> {
        let name = config.name.text();
        let Some(published) = publish::read(cx, name).await? else {
            return Err(Error::new(format!("The workspace has no SSH endpoint {name:?}"))
                .detail("An endpoint is made by a resource databricks_ssh_endpoint. Its name, and the workspace, are this one's.")
                .at("name"));
        };
        // What no client could trust is no endpoint to hand out.
        if !published.has_host_key(&published.endpoint.server_host_key) {
            return Err(Error::new(format!(
                "The host key of the SSH endpoint {name:?} is not the one that was published"
            ))
            .detail("It was changed outside of Terraform. Apply the configuration that made the endpoint."));
        }
        let endpoint = published.endpoint;
        Ok(Self {
            name: endpoint.name.clone().into(),
            id: endpoint.name.clone().into(),
            cluster_id: Some(endpoint.cluster_id.clone()).filter(|id| !id.is_empty()).into(),
            client_public_keys: Set(published.client_public_keys).into(),
            server_host_key: endpoint.server_host_key.clone().into(),
            secret_scope: endpoint.secret_scope.clone().into(),
            endpoint: endpoint.into(),
        })
    }
}
