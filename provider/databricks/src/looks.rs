//! Looks at all objects of Databricks that bear the mark of a create, for whoever seeks those that are in no state.

use databricks::{Client, Error};
use tfplugin::Marked;
use tfplugin::marks::{Bearer, Look};

use crate::compute::cluster;
use crate::identity::scim::Kind as Principals;
use crate::identity::token;
use crate::ssh::ssh_publish;

/// Looks at what the client is of: an account and those of its workspaces that are named, or one workspace.
pub async fn all(client: &Client, workspaces: &[&str]) -> Vec<Look> {
    if !client.is_account() {
        let host = client.host().host_str().unwrap_or_default();
        return workspace(client, &format!("of the workspace {host}")).await;
    }
    let mut looks = principals(client, "of the account").await;
    for id in workspaces {
        let whose = format!("of the workspace {id}");
        match client.workspace_by_id(id).await {
            Ok(client) => looks.extend(workspace(&client, &whose).await),
            Err(error) => looks.push(unseen(format!("objects {whose}"), error)),
        }
    }
    if workspaces.is_empty() {
        looks.push(Look {
            what: "clusters, tokens and SSH endpoints of workspaces".to_owned(),
            gap: Some("the state names no workspace: set DATABRICKS_HOST to the address of one".to_owned()),
            ..Look::default()
        });
    }
    looks
}

/// What Databricks calls a kind of object, and the resource that takes one over by its id.
type Kind = (&'static str, Option<&'static str>);

const SERVICE_PRINCIPAL: Kind = ("databricks:service-principal", Some("databricks_service_principal"));
const USER: Kind = ("databricks:user", Some("databricks_user"));
const GROUP: Kind = ("databricks:group", Some("databricks_group"));
const CLUSTER: Kind = ("databricks:cluster", Some("databricks_cluster"));
/// The value of a token that is in no state is lost: none takes it over.
const TOKEN: Kind = ("databricks:token", None);
const SSH_ENDPOINT: Kind = ("databricks:ssh-endpoint", Some("databricks_ssh_endpoint"));

/// Looks at the principals of an account or a workspace.
async fn principals(client: &Client, whose: &str) -> Vec<Look> {
    vec![
        look(
            format!("service principals {whose}"),
            SERVICE_PRINCIPAL,
            Principals::ServicePrincipal.all_marked(client).await,
        ),
        look(format!("users {whose}"), USER, Principals::User.all_marked(client).await),
        look(format!("groups {whose}"), GROUP, Principals::Group.all_marked(client).await),
    ]
}

async fn workspace(client: &Client, whose: &str) -> Vec<Look> {
    let mut looks = principals(client, whose).await;
    looks.extend([
        look(format!("clusters {whose}"), CLUSTER, cluster::all_marked(client).await),
        look(format!("the caller's tokens {whose}"), TOKEN, token::all_marked(client).await),
        look(format!("SSH endpoints {whose}"), SSH_ENDPOINT, ssh_publish::all_marked(client).await),
    ]);
    looks
}

fn look(what: String, (service, resource): Kind, marked: Result<Vec<Marked>, Error>) -> Look {
    let bearer = |marked| Bearer { service: service.to_owned(), resource, marked };
    match marked {
        Ok(marked) => Look { what, bearers: marked.into_iter().map(bearer).collect(), ..Look::default() },
        Err(error) => unseen(what, error),
    }
}

/// A look that did not succeed: what the caller may not read, or the service does not have, is no failure.
fn unseen(what: String, error: Error) -> Look {
    let is_closed = error.is_denied() && !error.is_bad_token()
        || error.is_not_found()
        || error.code() == Some("FEATURE_DISABLED")
        || matches!(error, Error::Config(_));
    match is_closed {
        true => Look { what, gap: Some(error.to_string()), ..Look::default() },
        false => Look { what, failure: Some(error.into()), ..Look::default() },
    }
}
