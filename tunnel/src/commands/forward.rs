//! `tunnel forward`: ports of the cluster here, ports of here on the cluster, or a SOCKS proxy into the cluster's network.
//! What is forwarded is said as to ssh; where ssh itself is lost, it is started again.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};

use crate::commands::connect::exit_code;
use crate::commands::ready::Ready;
use crate::commands::selection::{IdentityArgs, NamedEndpointArgs};
use crate::error::{Error, Result};
use crate::{environment, say, ssh};

/// A connection that lasted this long had nothing wrong with its arguments.
const LASTED: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What to forward.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel forward -L 8888:localhost:8888              # a notebook on the driver, at http://localhost:8888
  tunnel forward -L 5432:db.internal:5432 -L 4040:localhost:4040
  tunnel forward -R 9000:localhost:9000              # a service of this machine, on the driver
  tunnel forward -D 1080                             # a SOCKS proxy into the cluster's network")]
pub struct ForwardArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// A port here that leads to a host and port as the cluster sees them.
    #[arg(short = 'L', value_name = "[ADDRESS:]PORT:HOST:PORT")]
    pub local: Vec<String>,
    /// A port on the cluster that leads to a host and port as this machine sees them.
    #[arg(short = 'R', value_name = "[ADDRESS:]PORT:HOST:PORT")]
    pub remote: Vec<String>,
    /// A SOCKS proxy on a port here.
    #[arg(short = 'D', value_name = "[ADDRESS:]PORT")]
    pub dynamic: Vec<String>,
}

/// Forwards until it is interrupted.
///
/// # Errors
/// When there is nothing to forward, or as `connect`.
pub async fn run(args: ForwardArgs) -> Result<u8> {
    let forwards: Vec<String> = [("-L", &args.local), ("-R", &args.remote), ("-D", &args.dynamic)]
        .into_iter()
        .flat_map(|(flag, values)| values.iter().flat_map(move |value| [flag.to_owned(), value.clone()]))
        .collect();
    if forwards.is_empty() {
        return Err(
            Error::new("there is nothing to forward").way_out("Say what with -L, -R or -D: tunnel forward --help")
        );
    }
    let mut wait = Duration::from_secs(1);
    let mut lasted_once = false;
    loop {
        let started = Instant::now();
        let code = match once(&args, &forwards).await {
            // What worked before can work again: a workspace that is away for a while is no reason to give up.
            Err(error) if lasted_once => {
                say!("tunnel: {error}");
                255
            }
            ended => ended?,
        };
        if started.elapsed() >= LASTED {
            (lasted_once, wait) = (true, Duration::from_secs(1));
        }
        // 255 is ssh's own failure. Anything else is an end that somebody wanted.
        if code != 255 || !lasted_once {
            return Ok(code);
        }
        say!("tunnel: the connection was lost; again in {} s", wait.as_secs());
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn once(args: &ForwardArgs, forwards: &[String]) -> Result<u8> {
    let ready = Ready::of(&args.selection.clone().into(), &args.identity.clone().into()).await?;
    let mut arguments = ssh::with_options(ready.options.iter().chain([&ssh::NO_LOCAL_COMMAND.to_owned()]));
    arguments.extend(["-N".to_owned(), "-o".to_owned(), "ExitOnForwardFailure=yes".to_owned()]);
    arguments.extend(forwards.iter().cloned());
    arguments.push(ready.endpoint.host_key_alias());
    if std::io::stderr().is_terminal() {
        say!("tunnel: forwarding; ^C ends it");
    }
    Ok(exit_code(ssh::run("ssh", arguments, &environment::path(), &ready.token).await?))
}
