//! `tunnel setup`: after it, `ssh NAME` works by itself, and so do scp, rsync, git and editors.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use databricks::Client;
use ssh_endpoint::{SshEndpoint, check_name};

use crate::commands::existing::Existing;
use crate::commands::ready::Ready;
use crate::commands::selection::{EndpointArgs, IdentityArgs};
use crate::endpoint::clients;
use crate::endpoint::direct::EndpointUse;
use crate::endpoint::files::Files;
use crate::endpoint::identity::Identity;
use crate::endpoint::selection::{Selected, Selection};
use crate::error::{Context, Error, Result};
use crate::home::home;
use crate::ssh_config_file::SshConfigFile;
use crate::workspace::client::client;
use crate::{environment, keys, print, say, ssh, ssh_config};

/// The folder of our Hosts, in the tunnel's.
const HOSTS: &str = "ssh_config.d";

/// What to set up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel setup                    # the endpoint of this folder's outputs, under its own name
  tunnel setup work --no-start    # as `ssh work`, for an editor that probes its hosts
  tunnel setup --from-terraform   # all endpoints of the outputs
  tunnel setup --remove work")]
pub struct SetupArgs {
    /// Name for ssh. By default the endpoint's.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Which endpoint.
    #[command(flatten)]
    pub selection: EndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Set up all endpoints of the outputs, each under its own name.
    #[arg(long, conflicts_with_all = ["name", "endpoint"])]
    pub from_terraform: bool,
    /// Take a host away again.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["name", "endpoint", "outputs", "from_terraform", "print"])]
    pub remove: Option<String>,
    /// Print what would be written, and write nothing.
    #[arg(long)]
    pub print: bool,
    /// Connections never start a cluster or a server: for programs that probe hosts in the background.
    #[arg(long)]
    pub no_start: bool,
}

/// Sets up, and answers 0.
///
/// # Errors
/// When there is no endpoint, the name is taken, or ssh's configuration cannot be changed: then nothing was.
pub async fn run(args: SetupArgs) -> Result<u8> {
    if let Some(name) = &args.remove {
        return remove(name);
    }
    let (selection, identity) = (Selection::from(args.selection), Identity::from(args.identity));
    let profile = selection.workspace.profile.as_deref();
    let endpoints =
        if args.from_terraform { selection.all()? } else { vec![selection.find(EndpointUse::Connect).await?.endpoint] };
    let key = identity.key()?;
    for mut endpoint in endpoints {
        learn_user(&mut endpoint, &identity, profile, !args.no_start && !args.print).await?;
        let endpoint = &endpoint;
        let name = args.name.as_deref().unwrap_or(&endpoint.name);
        check_name(name).context(|| "the host cannot be set up".to_owned())?;
        if args.print {
            let text = host(name, endpoint, &key.private, profile, args.no_start)?;
            print::bytes(text.as_bytes())?;
            continue;
        }
        let config = SshConfigFile::open()?;
        config.must_not_have(name)?;
        let client = client(&endpoint.host, profile)?;
        let profile = recorded(&client, profile);
        let text = host(name, endpoint, &key.private, profile.as_deref(), args.no_start)?;
        config.include(&hosts()?)?;
        clients::register(&client, endpoint, &key.public_line).await?;
        write(&text, name, endpoint, &config).await?;
        say!("tunnel: ssh {name} now goes to the endpoint {} on {}", endpoint.name, endpoint.host);
        if client.profile().is_none() {
            say!(
                "tunnel: the credentials are in this shell's environment: editors that are started elsewhere need a profile for {}",
                endpoint.host
            );
        }
    }
    Ok(0)
}

/// Sets up one endpoint, which knows this machine's key, under its own name: for an editor.
///
/// # Errors
/// As [`run`].
pub async fn one(ready: &Ready, identity: &Identity, profile: Option<&str>) -> Result<()> {
    let (endpoint, key) = (&ready.endpoint, identity.key()?);
    let config = SshConfigFile::open()?;
    config.must_not_have(&endpoint.name)?;
    let profile = recorded(&ready.client, profile);
    let text = host(&endpoint.name, endpoint, &key.private, profile.as_deref(), false)?;
    config.include(&hosts()?)?;
    clients::register(&ready.client, endpoint, &key.public_line).await?;
    write(&text, &endpoint.name, endpoint, &config).await
}

/// The profile that stands in the host's text: the one that was asked for, by a flag or by a variable, which programs that are started
/// elsewhere do not have. One that was found by its host is found again.
fn recorded(client: &Client, given: Option<&str>) -> Option<String> {
    let asked = given.map(str::to_owned).or_else(|| environment::variable("DATABRICKS_CONFIG_PROFILE"));
    asked.filter(|asked| client.profile() == Some(asked))
}

/// On serverless compute only the running server knows the user that sessions run as.
async fn learn_user(
    endpoint: &mut SshEndpoint,
    identity: &Identity,
    profile: Option<&str>,
    may_start: bool,
) -> Result<()> {
    if !endpoint.remote_user.is_empty() {
        return Ok(());
    }
    let selected = Selected { profile: profile.map(str::to_owned), ..endpoint.clone().into() };
    let server = if may_start {
        Some(Ready::of_selected(selected, identity).await?.server)
    } else {
        Existing::at(selected).await?.server
    };
    endpoint.remote_user = server.map(|server| server.user).unwrap_or_default();
    if endpoint.remote_user.is_empty() {
        return Err(Error::new(format!(
            "the user of the endpoint {} is not known while no server runs",
            endpoint.name
        ))
        .way_out("Start one with tunnel connect, then set the host up."));
    }
    Ok(())
}

fn host(name: &str, endpoint: &SshEndpoint, identity: &Path, profile: Option<&str>, no_start: bool) -> Result<String> {
    let files = Files::write(&home()?, endpoint)?;
    let mut proxy = files.proxy(profile)?;
    if let Some(file) = environment::variable("DATABRICKS_CONFIG_FILE") {
        // As above: the file with the profiles is named to programs that are started elsewhere.
        let file = std::path::absolute(&file).context(|| format!("{file} is no file"))?;
        proxy.splice(0..0, ["env".to_owned(), format!("DATABRICKS_CONFIG_FILE={}", file.display())]);
    }
    if no_start {
        proxy.push("--no-start".to_owned());
    }
    Ok(ssh_config::host(name, &ssh::options(endpoint, &proxy, identity, &files.known_hosts)))
}

/// Writes a host, and asks ssh whether it takes it.
async fn write(text: &str, name: &str, endpoint: &SshEndpoint, config: &SshConfigFile) -> Result<()> {
    let folder = hosts()?;
    keys::create_home(&folder)?;
    let file = folder.join(name);
    keys::write_atomically(&file, text.as_bytes(), 0o600)?;
    let found = ssh::configured(config.path(), name, "hostkeyalias", &environment::path()).await?;
    if found.is_some_and(|found| found == endpoint.host_key_alias()) {
        if !config.is_read_by_ssh() {
            say!(
                "tunnel: ssh reads the configuration in the home that the system knows, whatever HOME says: here it needs -F {}",
                config.path().display()
            );
        }
        return Ok(());
    }
    let _ = fs::remove_file(&file);
    Err(Error::new(format!(
        "ssh {name} would not go to the endpoint {}: another Host of {} comes first",
        endpoint.name,
        config.path().display()
    ))
    .way_out(format!("ssh -v {name} names the files that ssh reads. Choose another name: tunnel setup NAME")))
}

/// Takes a host away.
///
/// # Errors
/// When there is none, or its file cannot be removed.
pub fn remove(name: &str) -> Result<u8> {
    check_name(name).context(|| "no such host".to_owned())?;
    let file = hosts()?.join(name);
    match fs::remove_file(&file) {
        Ok(()) => {
            say!("tunnel: ssh {name} goes nowhere any more");
            Ok(0)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::new(format!("the host {name} was not set up")).way_out("tunnel list shows those that are."))
        }
        Err(error) => Err(Error::new(format!("cannot remove {}", file.display())).caused_by(error)),
    }
}

fn hosts() -> Result<PathBuf> {
    Ok(home()?.join(HOSTS))
}

/// The names that are set up on this machine, each with the host key alias of the endpoint that it leads to.
///
/// # Errors
/// When there is no home.
pub fn hosts_by_alias() -> Result<Vec<(String, String)>> {
    let entries = fs::read_dir(hosts()?).into_iter().flatten().flatten();
    let mut hosts: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| check_name(name).is_ok())?;
            let text = fs::read_to_string(entry.path()).ok()?;
            Some((name, ssh_config::option(&text, "HostKeyAlias")?.to_owned()))
        })
        .collect();
    hosts.sort();
    Ok(hosts)
}
