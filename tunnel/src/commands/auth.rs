//! `tunnel auth test`: which credentials are used, and whether they work in the workspace and in the account.

use clap::{Args, Subcommand};
use databricks::api::account::Workspace;
use databricks::{Client, Request};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Result, exit};
use crate::print;
use crate::table::Tint;
use crate::workspace::selection::WorkspaceArgs;

/// What to do about signing in.
#[derive(Debug, Args)]
pub struct AuthArgs {
    #[command(subcommand)]
    command: AuthCommand,
}

#[derive(Debug, Subcommand)]
enum AuthCommand {
    /// Say which credentials are used, and whether they work in the workspace and in the account.
    Test(TestArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The account is asked where one is named (DATABRICKS_ACCOUNT_ID, or a profile's account_id), at the console of the \
workspace's cloud.

Exit codes: 0 they work wherever they were tried, 4 they do not, 1 nothing could be tried.

Examples:
  tunnel auth test
  tunnel auth test --profile ci --json | jq -r '.levels[] | select(.works | not) | .reason'"
)]
struct TestArgs {
    /// Of which workspace.
    #[command(flatten)]
    workspace: WorkspaceArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Report {
    auth_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    levels: Vec<Level>,
}

/// What became of a try.
#[derive(Debug, JsonSchema, Serialize)]
struct Level {
    level: &'static str,
    host: String,
    works: bool,
    /// As whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Does it.
///
/// # Errors
/// When there are no credentials.
pub async fn run(args: AuthArgs) -> Result<u8> {
    let AuthCommand::Test(args) = args.command;
    test(args).await
}

async fn test(args: TestArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let mut levels = Vec::new();
    if !client.is_account() {
        levels.push(in_workspace(&client).await);
    }
    if client.account_id().is_ok() {
        levels.push(in_account(&client).await);
    }
    let works = levels.iter().all(|level| level.works);
    let report = Report { auth_type: client.auth_type(), profile: client.profile().map(str::to_owned), levels };
    if args.json {
        print::json(&report)?;
    } else {
        let how = report.profile.as_ref().map(|profile| format!(", profile {profile}")).unwrap_or_default();
        print::bytes(format!("signing in by {}{how}\n", report.auth_type).as_bytes())?;
        let rows = report.levels.into_iter().map(|level| {
            let (tint, word) = if level.works { (Tint::Good, "works") } else { (Tint::Bad, "fails") };
            [
                level.level.into(),
                tint.cell(word),
                level.host.into(),
                level.user_name.or(level.reason).unwrap_or_default().into(),
            ]
        });
        print::table(["LEVEL", "RESULT", "HOST", "AS"], rows.collect())?;
    }
    Ok(if works { 0 } else { exit::DENIED })
}

async fn in_workspace(client: &Client) -> Level {
    let found = client.me().await;
    let (user_name, reason) = match found {
        Ok(me) => (Some(me.user_name), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Level { level: "workspace", host: host(client), works: reason.is_none(), user_name, reason }
}

/// An account has no "Me": what every administrator may read is asked for.
async fn in_account(client: &Client) -> Level {
    let account = match client.account() {
        Ok(account) => account,
        Err(error) => {
            let reason = Some(error.to_string());
            return Level { level: "account", host: String::new(), works: false, user_name: None, reason };
        }
    };
    let asked = account.send::<()>(Request::get_account(Workspace::PATH)).await;
    let reason = asked.err().map(|error| error.to_string());
    Level { level: "account", host: host(&account), works: reason.is_none(), user_name: None, reason }
}

fn host(client: &Client) -> String {
    client.host().as_str().trim_end_matches('/').to_owned()
}
