//! `tunnel connect`: from the endpoint in Terraform's outputs to a shell on the cluster.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use clap::Args;
use databricks::api::secrets::{ListSecrets, PutSecret};
use databricks::ssh_endpoint::{AUTHORIZED_KEYS, SERVER_PUBLIC_KEY, SshEndpoint, client_secret_name};
use databricks::{Client, Config, Request};
use secret::Secret;
use tokio::time::timeout;

use crate::commands::selection::Selection;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::start::{Starter, address, explain, json};
use crate::error::{Context, Error, Result};
use crate::keys::{self, ClientKey};
use crate::progress::Progress;
use crate::say;
use crate::server::authorized_keys::read_secret;
use crate::ssh::{self, Invocation};
use crate::websocket::dial;
use crate::{environment, known_hosts};

/// What to connect to, and what to run there.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: Selection,
    /// An option for ssh, as for `ssh -o`. May be given several times.
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<String>,
    /// Command to run, with its arguments as they are. Without one, a shell.
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Connects, and answers ssh's exit code.
///
/// # Errors
/// When there is no endpoint, the workspace refuses, or the server does not start.
pub async fn run(args: ConnectArgs) -> Result<u8> {
    let endpoint = args.selection.resolve().await?;
    let home = home()?;
    let client = client(&endpoint)?;
    let key = keys::ensure(&home, &comment())?;
    let progress = Progress::default();
    let starter = Starter { client: &client, endpoint: &endpoint, home: &home, progress: &progress };
    let (server, ()) = tokio::try_join!(starter.ensure(), register(&client, &endpoint, &key))?;
    progress.done();
    let token = client.bearer().await.map_err(|error| explain(error, "cannot sign in"))?;

    let alias = endpoint.host_key_alias();
    let known_hosts = home.join(format!("{alias}.known_hosts"));
    let endpoint_file = home.join(format!("{alias}.json"));
    keys::write_atomically(&known_hosts, known_hosts::text(&endpoint)?.as_bytes(), 0o600)?;
    let text = serde_json::to_vec_pretty(&endpoint).context(|| "cannot write the endpoint".to_owned())?;
    keys::write_atomically(&endpoint_file, &text, 0o600)?;
    let invocation = Invocation {
        endpoint: &endpoint,
        proxy: proxy(&endpoint_file, &server)?,
        identity: &key.private,
        known_hosts: &known_hosts,
        options: &args.options,
        command: &args.command,
        terminal: std::io::stdin().is_terminal(),
    };
    let status = ssh::run(&invocation, &environment::path(), &token).await?;
    let code = exit_code(status);
    // 255 is ssh's own failure, or the command's: if there is something to say about the first, it is said.
    if code == 255
        && let Ok(Some(reason)) = timeout(Duration::from_secs(10), post_mortem(&client, &endpoint, &server)).await
    {
        say!("tunnel: {reason}");
    }
    Ok(code)
}

/// The workspace's client: credentials from the environment or a profile, whatever host these name.
///
/// # Errors
/// When there are no credentials.
pub fn client(endpoint: &SshEndpoint) -> Result<Client> {
    let host = Some(endpoint.host.clone());
    let user_agent = Some(dial::USER_AGENT.to_owned());
    Client::new(Config { host, user_agent, ..Config::default() }).map_err(|error| explain(error, "cannot sign in"))
}

/// The tunnel's folder.
///
/// # Errors
/// When there is no home.
pub fn home() -> Result<PathBuf> {
    let home = environment::home()
        .ok_or_else(|| Error::new("there is no home directory").way_out("Set DATABRICKS_TUNNEL_HOME to a folder."))?;
    // ssh runs in this folder too, and the paths stand in its options.
    std::path::absolute(&home).context(|| format!("{} is no folder", home.display()))
}

fn comment() -> String {
    let user = environment::variable("USER").or_else(|| environment::variable("LOGNAME"));
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    format!("{}@{}", user.as_deref().unwrap_or("tunnel"), host.as_deref().unwrap_or("unknown"))
}

fn proxy(endpoint_file: &Path, server: &Metadata) -> Result<Vec<String>> {
    let program = std::env::current_exe().context(|| "this program's own path is not known".to_owned())?;
    let mut arguments = vec![
        program.display().to_string(),
        "proxy".to_owned(),
        format!("--endpoint-file={}", endpoint_file.display()),
        format!("--port={}", server.port),
    ];
    if !server.instance_id.is_empty() {
        arguments.push(format!("--instance-id={}", server.instance_id));
        arguments.push(format!("--resume-version={}", server.resume_version));
    }
    Ok(arguments)
}

/// Puts the client's public key into the endpoint's scope, where it is not there yet.
async fn register(client: &Client, endpoint: &SshEndpoint, key: &ClientKey) -> Result<()> {
    let name = client_secret_name(&key.public_line);
    let scope = &endpoint.secret_scope;
    let request = Request::get("/api/2.0/secrets/list").query("scope", scope);
    let list: ListSecrets = match client.send(request).await {
        Ok(list) => list,
        Err(error) if error.is_not_found() => {
            return Err(Error::new(format!("the endpoint's secret scope {scope} does not exist"))
                .way_out("Apply the configuration again."));
        }
        Err(error) => return Err(explain(error, "cannot look at the endpoint's clients")),
    };
    let has = |name: &str| list.secrets.iter().any(|secret| secret.key == name);
    if has(&name) {
        return Ok(());
    }
    if has(AUTHORIZED_KEYS) {
        let listed = read_secret(client, scope, AUTHORIZED_KEYS).await;
        let ours = known_hosts::parse(&key.public_line);
        if listed.is_ok_and(|text| text.expose().lines().any(|line| known_hosts::parse(line) == ours)) {
            return Ok(());
        }
    }
    let body = PutSecret {
        scope: scope.clone(),
        key: name,
        string_value: Some(Secret::new(format!("{}\n", key.public_line))),
        bytes_value: None,
    };
    let put = json(Request::post("/api/2.0/secrets/put"), &body)?.idempotent();
    client.send::<()>(put).await.map_err(|error| {
        let denied = error.status() == Some(403);
        let described = explain(error, "cannot register this machine's key with the endpoint");
        if denied {
            described.way_out(format!("Ask for this line in client_public_keys of the endpoint:\n{}", key.public_line))
        } else {
            described
        }
    })
}

/// What can be found out about a failed connection.
async fn post_mortem(client: &Client, endpoint: &SshEndpoint, server: &Metadata) -> Option<Error> {
    let current = read_secret(client, &endpoint.secret_scope, SERVER_PUBLIC_KEY).await.ok()?;
    if known_hosts::parse(current.expose()) != known_hosts::parse(&endpoint.server_host_key) {
        return Some(
            Error::new("the server's host key is not the one in the outputs, so nothing was sent to it").way_out(
                "If the endpoint was made anew, run terraform apply here and connect again. If not, somebody else may be \
                 answering: do not connect.",
            ),
        );
    }
    let token = client.bearer().await.ok()?;
    let log = dial::get(&address(endpoint, server).ok()?, "logs", &token).await.ok()?;
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(5)..)?.join("\n");
    (!last.is_empty()).then(|| Error::new(format!("the server's last words:\n{last}")))
}

/// A shell's view of how a process ended.
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(255)
}
