//! `terraform-provider-databricks orphans`: which objects bear the mark of a create and are in no state.

mod report;

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use provider_aws::Aws;
use provider_databricks::Either;
use tfplugin::marks::{Known, Look};
use tfplugin::{Client, Error, Result};

use crate::config::Config;
use crate::context::Context;
use report::Report;

/// The command's name among the arguments.
pub const NAME: &str = "orphans";

const HELP: &str = "\
Usage: terraform state pull | terraform-provider-databricks orphans [--all] [--json]

Lists the objects that bear the mark of a create of this provider and are not in the state on the standard input: an apply that was
killed may have left them. It changes nothing. Run it in the root folder of the deployment, after `terraform init`, while no apply
runs, with the environment that the deployment is applied with; scripts/orphans.sh does that.

It looks with the credentials of the environment: at EC2, KMS and S3 in its AWS region and at IAM; at the service principals of its
Databricks account and the service principals, clusters, SSH endpoints and own tokens of the workspaces in the state; or at those of
its one workspace. Other objects of Databricks have no place for a mark. What the credentials may not read is said on the standard
error.

  --all    also what other deployments made, and what does not say which one did
  --json   one JSON object, for programs

Exit code: 0 nothing was found, 1 error, 3 something was found.";

/// What was found, as an exit code.
const FOUND: u8 = 3;

/// What the arguments ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    help: bool,
    all: bool,
    json: bool,
}

/// Runs the command.
pub async fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let listed = match options(arguments) {
        Ok(Options { help: true, .. }) => {
            say(std::io::stdout(), HELP);
            return ExitCode::SUCCESS;
        }
        Ok(options) => list(&options).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(code) => code,
        Err(error) => {
            say(std::io::stderr(), &format!("terraform-provider-databricks {NAME}: {}", report::line(&error)));
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options::default();
    for argument in arguments {
        match argument.as_str() {
            "-h" | "-help" | "--help" => options.help = true,
            "-all" | "--all" => options.all = true,
            "-json" | "--json" => options.json = true,
            other => return Err(Error::new(format!("unknown argument {other} (see --help)"))),
        }
    }
    Ok(options)
}

async fn list(options: &Options) -> Result<ExitCode> {
    let known = Known::read(&state()?)?;
    let report = Report::new(&known, &looks(&known).await, options.all);
    say(std::io::stderr(), &report.notes());
    say(std::io::stdout(), &if options.json { report.json() } else { report.table() });
    if !options.json {
        say(std::io::stderr(), &report.ways_out());
    }
    report.failure()?;
    Ok(if report.orphans.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// The state on the standard input.
fn state() -> Result<Vec<u8>> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        return Err(Error::new("the state is read from the standard input: terraform state pull | … (see --help)"));
    }
    let mut state = Vec::new();
    input.read_to_end(&mut state)?;
    Ok(state)
}

/// What the services show, by the environment alone.
async fn looks(known: &Known) -> Vec<Look> {
    let context = Context::new(&Config::default(), "none");
    let mut looks = match <Aws as Client<Context>>::connect(&context).await {
        Ok(aws) => provider_aws::looks::all(&aws).await,
        Err(error) => vec![unconfigured("AWS", &error)],
    };
    // Terraform's id of a workspace is that of its account and its own.
    let workspaces = known.ids("databricks_mws_workspaces");
    let workspaces: Vec<&str> = workspaces.into_iter().map(|id| id.rsplit('/').next().unwrap_or(id)).collect();
    match <Either as Client<Context>>::connect(&context).await {
        Ok(client) => looks.extend(provider_databricks::looks::all(&client, &workspaces).await),
        Err(error) => looks.push(unconfigured("Databricks", &error)),
    }
    looks
}

fn unconfigured(what: &str, error: &Error) -> Look {
    Look { what: what.to_owned(), gap: Some(error.to_string()), ..Look::default() }
}

/// Writes what is not empty. A reader that has gone away wants no more.
fn say(mut out: impl Write, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_and_others_are_refused() {
        let read = |arguments: &[&str]| options(arguments.iter().map(|argument| (*argument).to_owned()));
        assert_eq!(read(&[]).unwrap(), Options::default());
        assert_eq!(read(&["--all", "-json"]).unwrap(), Options { all: true, json: true, help: false });
        assert!(read(&["--help"]).unwrap().help);
        assert!(read(&["--al"]).unwrap_err().to_string().contains("--al"));
    }
}
