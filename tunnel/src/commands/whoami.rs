//! `tunnel whoami`: who is signed in, where, how, and until when.

use std::time::SystemTime;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Result;
use crate::print;
use crate::workspace::refused;
use crate::workspace::selection::WorkspaceArgs;

/// Where.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 signed in, 4 not, 1 it is not known.

Examples:
  tunnel whoami
  tunnel whoami --profile staging --json | jq -r .user_name")]
pub struct WhoamiArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is printed.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Report {
    user_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    display_name: String,
    id: String,
    host: String,
    workspace_id: String,
    auth_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    groups: Vec<String>,
    /// Seconds until the token ends; it is renewed before. Absent where the token does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_expires_in_seconds: Option<u64>,
}

/// Prints it.
///
/// # Errors
/// When nobody is signed in, or the workspace cannot be asked.
pub async fn run(args: WhoamiArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let me = client.me().await.map_err(|error| refused(error, "cannot sign in"))?;
    let workspace_id = client.workspace_id().await.map_err(|error| refused(error, "cannot sign in"))?;
    let report = Report {
        user_name: me.user_name,
        display_name: me.display_name,
        id: me.id,
        host: client.host().as_str().trim_end_matches('/').to_owned(),
        workspace_id,
        auth_type: client.auth_type(),
        profile: client.profile().map(str::to_owned),
        groups: me.groups.into_iter().map(|group| group.display).filter(|name| !name.is_empty()).collect(),
        token_expires_in_seconds: client.token_remaining().map(|remaining| remaining.as_secs()),
    };
    if args.json {
        print::json(&report)?;
        return Ok(0);
    }
    let how = match &report.profile {
        Some(profile) => format!("{}, profile {profile}", report.auth_type),
        None => report.auth_type.to_owned(),
    };
    let until = client.token_remaining().map(|remaining| {
        let end = humantime::format_rfc3339_seconds(SystemTime::now() + remaining);
        format!("{end}, and is renewed before")
    });
    print::pairs([
        ("user", report.user_name),
        ("name", report.display_name),
        ("workspace", format!("{} ({})", report.host, report.workspace_id)),
        ("signed in by", how),
        ("token until", until.unwrap_or_default()),
        ("groups", report.groups.join(", ")),
    ])?;
    Ok(0)
}
