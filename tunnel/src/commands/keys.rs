//! `tunnel keys`: who may log in, and a new key for this machine.

use std::time::Duration;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;
use ssh_endpoint::{SshEndpoint, client_secret_name};

use crate::commands::selection::EndpointArgs;
use crate::endpoint::direct::EndpointUse;
use crate::endpoint::selection::Selection;
use crate::endpoint::{clients, known};
use crate::error::{Error, Result};
use crate::home::{comment, home};
use crate::workspace::client::client;
use crate::{keys, print, say};

/// What to do with keys.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Which endpoint; to rotate, one besides those that this machine was connected to.
    #[command(flatten)]
    selection: EndpointArgs,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Show the public keys that may log in.
    List(ListArgs),
    /// Give this machine a new key, at all of its endpoints, and take the old one away there.
    Rotate(RotateArgs),
    /// Take a key away that registered itself, as of a laptop that was lost.
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tunnel keys list --json | jq -r '.[].fingerprint'")]
struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The new key is registered before the old one goes, so a rotation that is cut off locks nobody out: run it
again. Sessions that are open go on.

Example:\n  tunnel keys rotate"
)]
struct RotateArgs {}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tunnel keys remove SHA256:1GoVyGYuD6DfqZ0ZzUCq7YzTWLFFyd2oa0kzOrvX6Cc")]
struct RemoveArgs {
    /// The key's fingerprint, as `tunnel keys list` shows it.
    fingerprint: String,
}

/// Does it.
///
/// # Errors
/// When there is no endpoint, or its scope cannot be read or written.
pub async fn run(args: KeysArgs) -> Result<u8> {
    let selection = Selection::from(args.selection);
    match args.command {
        KeysCommand::List(args) => list(&selection, args).await,
        KeysCommand::Rotate(RotateArgs {}) => rotate(selection).await,
        KeysCommand::Remove(args) => remove(&selection, args).await,
    }
}

#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Row {
    fingerprint: String,
    comment: String,
    /// Whether it is this machine's.
    this_machine: bool,
    /// `configuration`, or `self` for a key that registered itself.
    registered_by: &'static str,
    /// When, in milliseconds since 1970.
    since: Option<i64>,
}

async fn list(selection: &Selection, args: ListArgs) -> Result<u8> {
    let selected = selection.find(EndpointUse::Look).await?;
    let ours = keys::read(&home()?).map(|key| key.public_line);
    let rows: Vec<Row> = clients::registered(&selected.client()?, &selected.endpoint)
        .await?
        .into_iter()
        .map(|key| {
            let (fingerprint, comment) = key.describe();
            let this_machine = ours.as_deref().is_some_and(|line| key.is(line));
            let registered_by = if key.secret.is_some() { "self" } else { "configuration" };
            Row { fingerprint, comment, this_machine, registered_by, since: key.since }
        })
        .collect();
    if args.json {
        print::json(&rows)?;
        return Ok(0);
    }
    let date = |since: Option<i64>| {
        let since = since.and_then(|since| u64::try_from(since).ok()).map(Duration::from_millis);
        since.map_or_else(String::new, |since| print::time(std::time::UNIX_EPOCH + since))
    };
    let cells = rows.into_iter().map(|row| {
        let comment = if row.this_machine { format!("{} (this machine)", row.comment) } else { row.comment };
        [row.fingerprint.into(), date(row.since).into(), row.registered_by.into(), comment.into()]
    });
    print::table(["FINGERPRINT", "SINCE", "REGISTERED BY", "COMMENT"], cells.collect())?;
    Ok(0)
}

async fn rotate(selection: Selection) -> Result<u8> {
    let home = home()?;
    let profile = selection.workspace.profile.as_deref();
    let mut endpoints = known::all(&home);
    match selection.find(EndpointUse::Look).await.map(|found| found.endpoint) {
        Ok(endpoint) if endpoints.iter().all(|known| known.host_key_alias() != endpoint.host_key_alias()) => {
            endpoints.push(endpoint);
        }
        Ok(_) => {}
        // In a folder without outputs the known endpoints are meant.
        Err(error) if selection != Selection::default() || endpoints.is_empty() => return Err(error),
        Err(_) => {}
    }
    let rotation = keys::Rotation::begin(&home, &comment())?;
    let mut reached = Vec::new();
    for endpoint in &endpoints {
        match register(endpoint, profile, rotation.new_line()).await {
            Ok(()) => reached.push(endpoint),
            // One that was destroyed must not keep the others from their new key.
            Err(error) => say!("tunnel: the endpoint {} of {} gets no new key: {error}", endpoint.name, endpoint.host),
        }
    }
    if reached.is_empty() {
        return Err(Error::new("no endpoint could be given a new key, and the old one stays"));
    }
    let old = rotation.finish()?;
    let mut left = 0_u32;
    for endpoint in &reached {
        if let Some(old) = &old
            && let Err(error) =
                clients::remove(&client(&endpoint.host, profile)?, endpoint, &client_secret_name(old)).await
        {
            left += 1;
            say!("tunnel: the old key may still log in to the endpoint {}: {error}", endpoint.name);
        }
    }
    let names = reached.iter().map(|endpoint| endpoint.name.as_str()).collect::<Vec<_>>().join(", ");
    say!("tunnel: this machine has a new key, known to: {names}");
    Ok(u8::from(left > 0 || reached.len() < endpoints.len()))
}

async fn register(endpoint: &SshEndpoint, profile: Option<&str>, line: &str) -> Result<()> {
    clients::register(&client(&endpoint.host, profile)?, endpoint, line).await
}

async fn remove(selection: &Selection, args: RemoveArgs) -> Result<u8> {
    let selected = selection.find(EndpointUse::Look).await?;
    let client = selected.client()?;
    let endpoint = selected.endpoint;
    let keys = clients::registered(&client, &endpoint).await?;
    let fingerprint = args.fingerprint.trim();
    let mut found = keys.into_iter().filter(|key| key.describe().0 == fingerprint).peekable();
    if found.peek().is_none() {
        return Err(Error::new(format!("no key of the endpoint {} has the fingerprint {fingerprint}", endpoint.name))
            .way_out("tunnel keys list shows them."));
    }
    for key in found {
        let Some(secret) = key.secret else {
            return Err(Error::new("this key is listed in the endpoint's configuration")
                .way_out("Remove it from client_public_keys, then apply."));
        };
        clients::remove(&client, &endpoint, &secret).await?;
    }
    say!("tunnel: the key may not log in to {} any more; sessions that are open go on", endpoint.name);
    Ok(0)
}
