//! `ssh server` with the official tool's flags: this program stands under the official one's name where an endpoint is
//! `compatible_with` it, and the official tool's notebook starts it. It serves the endpoint that the scope names, to both tools'
//! clients alike.

use std::time::Duration;

use clap::{Args, Subcommand};
use databricks::api::secrets;
use databricks::{Client, Config};
use ssh_endpoint::official::CLIENT_PUBLIC_KEY;
use ssh_endpoint::{ENDPOINT, Serverless, SshEndpoint};

use crate::commands::server::{self, ServerArgs};
use crate::error::{Context, Error, Result};
use crate::server::ssh_server::Choice;
use crate::websocket::dial::USER_AGENT;
use crate::workspace::explain;

/// The official tool's command `ssh`, of which this program has what runs on a driver.
#[derive(Debug, Args)]
pub struct SshArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SshCommand,
}

/// What runs on a driver.
#[derive(Debug, Subcommand)]
pub enum SshCommand {
    /// Serve SSH in the official server's place.
    #[command(disable_version_flag = true)]
    Server(OfficialServerArgs),
}

/// The official server's flags.
#[derive(Debug, Args)]
pub struct OfficialServerArgs {
    /// Cluster whose driver it is.
    #[arg(long)]
    cluster: String,
    /// The cluster's id, or the connection's name on serverless compute.
    #[arg(long)]
    session_id: String,
    /// Secret scope with the keys.
    #[arg(long)]
    secret_scope_name: String,
    /// Secret with the client's public key.
    #[arg(long)]
    authorized_key_secret_name: String,
    /// Connections at a time.
    #[arg(long, default_value_t = 10)]
    max_clients: usize,
    /// Time without a connection after which the server ends.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    shutdown_delay: Duration,
    /// Version of the official tool.
    #[arg(id = "official_version", long = "version")]
    version: Option<String>,
    /// Whether it is serverless compute.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true", action = clap::ArgAction::Set)]
    serverless: bool,
    /// Usage policy of the serverless compute.
    #[arg(long, default_value = "")]
    usage_policy_id: String,
    /// Taken and not followed: what sessions leave behind ends with the server.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true", action = clap::ArgAction::Set)]
    keep_detached_processes: bool,
    /// Of the official tool's log, which this program does not write.
    #[arg(long)]
    log_level: Option<String>,
    /// The same.
    #[arg(long)]
    log_format: Option<String>,
    /// The same.
    #[arg(long)]
    log_file: Option<String>,
}

/// Serves until nobody has been there for a while, or until the notebook ends.
///
/// # Errors
/// When the scope names no endpoint that this is the server of, and whatever ends [`server::run`].
pub async fn run(args: SshArgs) -> Result<()> {
    let SshCommand::Server(args) = args.command;
    let user_agent = Some(USER_AGENT.to_owned());
    let client = Client::new(Config { user_agent, ..Config::default() })
        .map_err(|error| explain(error, "no workspace in the environment"))?;
    let scope = args.secret_scope_name.as_str();
    let text = secrets::get(&client, scope, ENDPOINT)
        .await
        .map_err(|error| explain(error, "the endpoint of the official tool's scope cannot be read").way_out(APPLY))?
        .ok_or_else(|| Error::new(format!("the official tool's scope {scope} names no endpoint")).way_out(APPLY))?;
    let endpoint: SshEndpoint =
        serde_json::from_str(text.expose()).context(|| format!("the secret {ENDPOINT} of {scope} is no endpoint"))?;
    if args.keep_detached_processes {
        crate::say!("tunnel: processes that sessions leave behind end with the server");
    }
    server::run(arguments(args, &endpoint, uuid::Uuid::new_v4().simple().to_string())?).await
}

const APPLY: &str =
    "Apply the configuration of the databricks_ssh_endpoint again, with the compatible_with that is wanted.";

/// How the endpoint's server is started in the official one's place.
fn arguments(args: OfficialServerArgs, endpoint: &SshEndpoint, instance_id: String) -> Result<ServerArgs> {
    let other = |what: &str, theirs: &str, ours: &str| {
        Err(Error::new(format!(
            "the official tool asks for {what} {theirs:?}, and the endpoint {} has {ours:?}",
            endpoint.name
        ))
        .way_out(APPLY))
    };
    let official = endpoint.official.as_ref();
    let official = official.ok_or_else(|| {
        Error::new(format!("the endpoint {} is not for the official tool", endpoint.name)).way_out(APPLY)
    })?;
    if args.secret_scope_name != official.secret_scope {
        return other("the scope", &args.secret_scope_name, &official.secret_scope);
    }
    if args.session_id != official.session_id {
        return other("the session", &args.session_id, &official.session_id);
    }
    if let Some(version) = args.version.as_ref().filter(|version| **version != official.version) {
        return other("the version", version, &official.version);
    }
    if args.authorized_key_secret_name != CLIENT_PUBLIC_KEY {
        return other("the key", &args.authorized_key_secret_name, CLIENT_PUBLIC_KEY);
    }
    if args.serverless != endpoint.serverless.is_some() {
        return other("serverless compute:", &args.serverless.to_string(), &(!args.serverless).to_string());
    }
    if !args.serverless && args.cluster != endpoint.cluster_id {
        return other("the cluster", &args.cluster, &endpoint.cluster_id);
    }
    Ok(ServerArgs {
        directory: endpoint.server_directory(),
        secret_scope: endpoint.secret_scope.clone(),
        instance_id,
        cluster_id: Some(args.cluster),
        max_clients: args.max_clients,
        shutdown_delay: args.shutdown_delay,
        usage_policy_id: args.usage_policy_id,
        listen: None,
        ssh_server: Choice::Auto,
        // The official notebook promises nothing about stdin.
        end_with_stdin: false,
        end_with_parent: true,
        official_directory: Some(official.directory.clone()),
        official_scope: Some(args.secret_scope_name),
        compute: endpoint.serverless.as_ref().map(Serverless::describe).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use ssh_endpoint::official::Official;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(more: &[&str]) -> OfficialServerArgs {
        let words = ["databricks", "ssh", "server", "--cluster=c", "--session-id=c", "--secret-scope-name", "a-c-keys"];
        let words = words.iter().chain(&["--authorized-key-secret-name=client-public-key"]).chain(more);
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Ssh(SshArgs { command: SshCommand::Server(args) }) = cli.command else { panic!("{cli:?}") };
        args
    }

    fn endpoint() -> SshEndpoint {
        let official = Official {
            version: "1.14.0".into(),
            session_id: "c".into(),
            secret_scope: "a-c-keys".into(),
            directory: "/o/1.14.0/c".into(),
            binary_path: "/o/1.14.0/databricks_cli/databricks".into(),
        };
        crate::endpoint::sample(serde_json::json!({"directory": "/d", "official": official}))
    }

    #[test]
    fn the_official_flags_are_taken_in_their_spellings() {
        let args = parse(&["--shutdown-delay=10m0s", "--max-clients", "3", "--version=1.14.0", "--serverless=false"]);
        assert_eq!((args.shutdown_delay, args.max_clients, args.serverless), (Duration::from_secs(600), 3, false));
        assert_eq!(args.version.as_deref(), Some("1.14.0"));
        let args =
            parse(&["--serverless", "--keep-detached-processes", "--log-level", "debug", "--usage-policy-id", ""]);
        assert!(args.serverless && args.keep_detached_processes);
        let args = parse(&["--shutdown-delay", "1h30m0s"]);
        assert_eq!(args.shutdown_delay, Duration::from_secs(5400));
    }

    #[test]
    fn the_server_is_the_endpoints_and_of_no_other() {
        let started = arguments(parse(&["--version=1.14.0"]), &endpoint(), "i".to_owned()).unwrap();
        assert_eq!([started.directory.as_str(), started.secret_scope.as_str()], ["/d/server", "s"]);
        assert_eq!(started.official_directory.as_deref(), Some("/o/1.14.0/c"));
        let check = |more: &[&str], endpoint: SshEndpoint, expected: &str| {
            let error = arguments(parse(more), &endpoint, "i".to_owned()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&["--version=1.15.0"], endpoint(), "the version \"1.15.0\"");
        check(&["--serverless"], endpoint(), "serverless compute");
        check(&[], SshEndpoint { cluster_id: "d".into(), ..endpoint() }, "the cluster \"c\"");
        check(&[], SshEndpoint { official: None, ..endpoint() }, "is not for the official tool");
        let session = |of: fn(&mut Official)| {
            let mut endpoint = endpoint();
            endpoint.official.iter_mut().for_each(of);
            endpoint
        };
        check(&[], session(|official| official.session_id = "d".into()), "the session \"c\"");
        check(&[], session(|official| official.secret_scope = "other".into()), "the scope \"a-c-keys\"");
        let serverless =
            SshEndpoint { cluster_id: String::new(), serverless: Some(Serverless::default()), ..endpoint() };
        assert_eq!(
            arguments(parse(&["--serverless=true"]), &serverless, "i".to_owned()).unwrap().cluster_id.as_deref(),
            Some("c")
        );
    }
}
