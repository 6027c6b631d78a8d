//! `tunnel api`: any request of the REST API, as it was written, and its answer as it came.

mod place;
mod retries;
mod sent;
mod shown;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use databricks::RawRequest;

use self::place::Place;
use self::retries::Retries;
use self::shown::Output;
use crate::error::{Error, Result, exit};
use crate::say;
use crate::workspace::refused;
use crate::workspace::selection::WorkspaceArgs;

/// What to ask.
#[derive(Debug, Args)]
#[command(
    after_help = "PATH is /api/2.1/clusters/list, 2.1/clusters/list, or a whole address of this workspace or its account. {account_id} in it \
is filled in, and what belongs to the account goes to its console. The token goes nowhere else.

Bodies are sent and shown byte for byte; on a terminal JSON is indented. Exit codes: 0 the answer is 2xx, 3 it is 404, 4 it is 401 or 403 or
nobody is signed in, 1 anything else. The body of a refusal is shown like any other.

Examples:
  tunnel api GET 2.1/clusters/list --paginate | jq -r '.clusters[].cluster_id'
  tunnel api POST 2.1/clusters/start --data '{\"cluster_id\": \"0123-456789-abcd1234\"}'
  tunnel api GET '/api/2.0/accounts/{account_id}/workspaces'
  tunnel api PUT 2.0/fs/files/Volumes/main/default/data/a.bin --data @a.bin --header 'Content-Type: application/octet-stream'
  tunnel api POST 2.0/workspace/import --form path=/Shared/a --form format=SOURCE --form language=PYTHON --file 'content=@a.py;a.py'"
)]
pub struct ApiArgs {
    /// In which workspace, or account.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// GET, POST, PUT, PATCH, DELETE or HEAD.
    #[arg(value_parser = method)]
    pub method: reqwest::Method,
    /// What is asked.
    pub path: String,
    /// Body: text, the content of @FILE, or with @- what stands on stdin. It is JSON unless a header says otherwise.
    #[arg(long, short, value_name = "TEXT|@FILE", conflicts_with_all = ["form", "file"])]
    pub data: Option<String>,
    /// A value of a form. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub form: Vec<(String, String)>,
    /// A file of a form; what stands behind the semicolon is its name there. May be given several times.
    #[arg(long, value_name = "NAME=@FILE[;NAME]", value_parser = sent::file)]
    pub file: Vec<sent::FormFile>,
    /// A parameter. May be given several times.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = pair)]
    pub query: Vec<(String, String)>,
    /// A header. May be given several times.
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = sent::header)]
    pub header: Vec<sent::Header>,
    /// How the answer is shown: json is indented on a terminal, text loses what would steer the terminal, binary is as it came.
    #[arg(long, short, value_enum, default_value_t = Format::Json)]
    pub output: Format,
    /// Write the answer into a file: whole, or not at all.
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Show the status and the headers of the answer too.
    #[arg(long, short)]
    pub include: bool,
    /// Ask for the pages that follow, by next_page_token, and show one after the other.
    #[arg(long)]
    pub paginate: bool,
    /// How long the answer may take to begin, and each piece of it to follow.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// How often a request is sent again that met a 5xx or no answer.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub retries: u32,
    /// How long to wait before it is.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub retry_delay: Duration,
    /// Send it again after any status that is none of 2xx.
    #[arg(long)]
    pub retry_all: bool,
    /// Wait 1 s, 2 s, 4 s … up to a minute instead.
    #[arg(long, conflicts_with = "retry_delay")]
    pub backoff: bool,
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Indented on a terminal.
    Json,
    /// Without what would steer a terminal.
    Text,
    /// As it came.
    Binary,
}

fn method(text: &str) -> std::result::Result<reqwest::Method, String> {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    let upper = text.to_ascii_uppercase();
    let method = known.iter().find(|name| **name == upper).and_then(|name| name.parse().ok());
    method.ok_or_else(|| format!("it is none of {}", known.join(", ")))
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Asks, and shows the answer.
/// With `debug` requests and answers are shown on stderr, without their secrets.
///
/// # Errors
/// When the request cannot be sent, or no whole answer comes.
pub async fn run(args: ApiArgs, debug: bool) -> Result<u8> {
    let client = args.workspace.client()?;
    let Place { client, path, query } = Place::of(client, &args.path)?;
    let retries = Retries { most: args.retries, delay: args.retry_delay, all: args.retry_all, backoff: args.backoff };
    let mut request = RawRequest {
        method: args.method.clone(),
        path,
        query: query.into_iter().chain(args.query.iter().cloned()).collect(),
        headers: sent::headers(&args.header)?,
        payload: sent::payload(&args).await?,
        timeout: args.timeout,
    };
    let mut output = Output::new(&args, debug)?;
    let own_query = request.query.clone();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let answer = retries.send(&client, &request, debug).await.map_err(|error| refused(error, "cannot ask"))?;
        let status = answer.status;
        let next = output.show(answer).await?;
        if !(200..300).contains(&status) {
            output.end()?;
            say!("tunnel: {} {} was answered with {status}", request.method, request.path);
            return Ok(match status {
                401 | 403 => exit::DENIED,
                404 => exit::NOT_THERE,
                _ => exit::FAILED,
            });
        }
        match next {
            Some(token) if seen.contains(&token) => {
                return Err(Error::new("a page leads back to an earlier one"));
            }
            Some(token) => {
                request.query = own_query.clone();
                request.query.retain(|(name, _)| name != "page_token");
                request.query.push(("page_token".to_owned(), token.clone()));
                seen.push(token);
            }
            None => {
                output.end()?;
                return Ok(0);
            }
        }
    }
}
