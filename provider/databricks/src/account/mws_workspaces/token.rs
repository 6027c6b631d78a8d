//! The token that a workspace's block `token` asks for. API: <https://docs.databricks.com/api/workspace/tokens>
//!
//! It is issued by the account's own credentials, in the workspace. From then on it speaks for itself: whether it is still good is
//! asked with the token, and it revokes itself. So it does not matter who runs Terraform next.

use std::time::Duration;

use databricks::api::tokens::{self, CreateToken};
use databricks::{Client, Config, Environment};
use tfplugin::{Attr, Error, Marker, Result, Secret};
use url::Url;

use super::MwsWorkspaces;
use super::blocks::WorkspaceToken;
use crate::clients::Account;

/// How long a plan waits for a workspace to say whether the token is good.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mark of a token whose value may not have come to a state yet: a later issue finds by it what a killed one left, and the first
/// read after that takes it away.
fn mark(workspace: &MwsWorkspaces) -> String {
    format!(" ({}:{})", Marker::TAG, workspace.workspace_id.or_default())
}

/// The token as one that has to be issued anew.
pub(super) fn lost(token: WorkspaceToken) -> WorkspaceToken {
    WorkspaceToken { token_id: Attr::Null, token_value: Attr::Null, ..token }
}

/// Whether the account's credentials could issue a token in a workspace of it: found out before the workspace is made.
///
/// # Errors
/// They are good for the account console alone.
pub(super) fn possible(client: &Account) -> Result<()> {
    let mut anywhere = client.host().clone();
    if let Some(domain) = client.host().host_str().and_then(|host| host.split_once('.')).map(|(_, domain)| domain) {
        anywhere.set_host(Some(&format!("workspace.{domain}")))?;
    }
    client.workspace(&anywhere).map(|_| ()).map_err(|error| Error::from(error).at("token"))
}

/// The workspace, with the account's credentials.
fn with_account(client: &Account, workspace: &MwsWorkspaces) -> Result<Client> {
    let url: Url = workspace.workspace_url.text().parse()?;
    Ok(client.workspace(&url)?)
}

/// The workspace, with the token itself.
fn with_token(workspace: &MwsWorkspaces, token: &Secret<String>) -> Result<Client> {
    let config = Config {
        host: Some(workspace.workspace_url.text().to_owned()),
        token: Some(token.clone()),
        ..Config::default()
    };
    Ok(Client::with_environment(config, &Environment::default())?)
}

async fn revoke(client: &Client, id: &str) -> Result<()> {
    match tokens::revoke(client, id).await {
        Err(error) if error.is_bad_token() => Ok(()),
        answer => Ok(answer.map(drop)?),
    }
}

/// Issues the token that `workspace` asks for, and revokes what an issue left that was cut off.
pub(super) async fn issue(client: &Account, workspace: &MwsWorkspaces) -> Result<WorkspaceToken> {
    let wanted = workspace.token.or_default();
    let client = with_account(client, workspace)?;
    let mark = mark(workspace);
    for orphan in tokens::list(&client, false).await?.iter().filter(|one| one.comment.ends_with(&mark)) {
        revoke(&client, &orphan.token_id).await?;
    }
    let body = CreateToken {
        comment: format!("{}{mark}", wanted.comment.text()),
        lifetime_seconds: wanted.lifetime_seconds.known().copied(),
        ..CreateToken::default()
    };
    let issued = tokens::create(&client, &body).await?;
    Ok(WorkspaceToken { token_id: issued.token_info.token_id.into(), token_value: issued.token_value.into(), ..wanted })
}

/// The token of `workspace` as it is: lost, where the workspace says so itself. What cannot be asked is taken to be as it was:
/// a workspace that does not answer is no reason to issue anything, and no plan fails for it.
pub(super) async fn read(workspace: &MwsWorkspaces) -> Attr<WorkspaceToken> {
    let Some(token) = workspace.token.known() else { return workspace.token.clone() };
    let (Some(id), Some(value)) = (token.token_id.known(), token.token_value.known()) else {
        return lost(token.clone()).into();
    };
    let Ok(client) = with_token(workspace, value) else { return token.clone().into() };
    match tokio::time::timeout(PATIENCE, tokens::list(&client, false)).await {
        Ok(Ok(all)) => {
            // White space at either end is nothing that the service promises to keep.
            let marked = format!("{}{}", token.comment.text(), mark(workspace));
            if all.iter().any(|one| one.token_id == *id && one.comment.trim() == marked.trim())
                && let Err(error) = tokens::describe(&client, id, token.comment.text()).await
            {
                tracing::warn!(%error, "the mark stays in the token's comment");
            }
            token.clone().into()
        }
        Ok(Err(error)) if error.is_bad_token() => lost(token.clone()).into(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the workspace does not say whether its token is good");
            token.clone().into()
        }
        Err(_) => {
            tracing::warn!("the workspace does not answer whether its token is good");
            token.clone().into()
        }
    }
}

/// Brings the token from `state` to what `plan` asks for.
pub(super) async fn update(
    client: &Account,
    state: &MwsWorkspaces,
    plan: &MwsWorkspaces,
) -> Result<Attr<WorkspaceToken>> {
    let before = state.token.known().and_then(|old| Some((old, old.token_id.known()?, old.token_value.known()?)));
    let Some(wanted) = plan.token.known() else {
        if let Some((_, id, value)) = before {
            revoke(&with_token(state, value)?, id).await?;
        }
        return Ok(Attr::Null);
    };
    if !wanted.token_value.is_known() {
        let issued = issue(client, plan).await?;
        if let Some((_, id, value)) = before
            && let Err(error) = revoke(&with_token(state, value)?, id).await
        {
            // The new one must get into the state; the old one ends by itself.
            tracing::warn!(%error, "the former token of the workspace is still good");
        }
        return Ok(issued.into());
    }
    if let Some((old, id, value)) = before
        && old.comment != wanted.comment
    {
        tokens::describe(&with_token(state, value)?, id, wanted.comment.text()).await?;
    }
    Ok(wanted.clone().into())
}
