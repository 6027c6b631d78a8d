//! A statement that is run.

use std::path::Path;

use databricks::api::statements::{ExecuteStatement, StatementParameter};
use databricks::sql_text::is_read_only;
use databricks::{Client, Environment};
use tokio::io::AsyncReadExt;

use super::RunArgs;
use crate::error::{Context, Error, Result, exit};
use crate::print;
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::sql::statement;
use crate::workspace::warehouses;

/// The longest statement, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// Where and how statements are run.
pub(super) struct Place {
    pub(super) warehouse_id: String,
    pub(super) catalog: String,
    pub(super) schema: String,
    pub(super) parameters: Vec<StatementParameter>,
    pub(super) limit: Option<i64>,
    pub(super) reads_only: bool,
}

impl Place {
    /// What is asked for, and what the environment and the profile say.
    pub(super) async fn of(client: &Client, args: &RunArgs) -> Result<Self> {
        Ok(Self {
            warehouse_id: warehouses::chosen(client, args.warehouse.as_deref()).await?,
            catalog: args.catalog.clone().unwrap_or_default(),
            schema: args.schema.clone().unwrap_or_default(),
            parameters: args.parameters.clone(),
            limit: args.limit,
            reads_only: reads_only(client, args),
        })
    }

    /// The request for a statement.
    pub(super) fn request(&self, statement: &str, wire_format: &str) -> ExecuteStatement {
        ExecuteStatement {
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
            parameters: self.parameters.clone(),
            row_limit: self.limit,
            ..statement::request(&self.warehouse_id, statement, wire_format)
        }
    }
}

/// Refuses a statement that may write where nothing is to.
pub(super) fn check(statement: &str, reads_only: bool) -> Result<()> {
    if reads_only && !is_read_only(statement) {
        return Err(Error::new("the statement is not run: it may write, and --read-only lets through only what reads")
            .way_out("SELECT, WITH … SELECT, SHOW, DESCRIBE and EXPLAIN are let through, one at a time."));
    }
    Ok(())
}

/// Runs it, and shows its result.
pub(super) async fn run(client: &Client, args: RunArgs) -> Result<u8> {
    let text = text(&args).await?;
    // What is refused asks for no warehouse.
    check(&text, reads_only(client, &args))?;
    let request = Place::of(client, &args).await?.request(&text, args.shown.wire_format());
    if args.is_async {
        let submitted =
            statement::submit(client, ExecuteStatement { wait_timeout: "0s".to_owned(), ..request }).await?;
        print::bytes(format!("{}\n", submitted.statement_id).as_bytes())?;
        return Ok(0);
    }
    // From now on nothing ends this program before the statement is cancelled.
    let mut interruption = Interruption::new()?;
    let ended = statement::attended(client, request, &Progress::default(), &mut interruption).await?;
    let Some(ended) = ended else { return Ok(exit::INTERRUPTED) };
    let succeeded = statement::succeeded(ended, &text)?;
    tokio::select! {
        shown = args.shown.show(client, succeeded) => shown.map(|()| 0),
        () = interruption.recv() => Ok(exit::INTERRUPTED),
    }
}

fn reads_only(client: &Client, args: &RunArgs) -> bool {
    args.read_only.unwrap_or_else(|| profile_reads_only(client))
}

/// Whether the profile says that nothing is to be written.
fn profile_reads_only(client: &Client) -> bool {
    let setting = client
        .profile()
        .and_then(|profile| databricks::profile_setting(&Environment::process(), profile, "tunnel_read_only"));
    // What is no plain "no" is meant to protect.
    setting.is_some_and(|value| !["false", "0", "no", ""].contains(&value.to_lowercase().as_str()))
}

async fn text(args: &RunArgs) -> Result<String> {
    let text = match (&args.statement, args.file.as_deref()) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) if file != Path::new("-") => {
            tokio::fs::read_to_string(file).await.context(|| format!("cannot read {}", file.display()))?
        }
        _ => {
            let mut text = String::new();
            let limit = LONGEST as u64 + 1;
            let mut stdin = tokio::io::stdin().take(limit);
            stdin.read_to_string(&mut text).await.context(|| "cannot read stdin".to_owned())?;
            text
        }
    };
    if text.trim().is_empty() {
        return Err(Error::new("the statement is empty"));
    }
    if text.len() > LONGEST {
        return Err(Error::new("the statement is longer than 16 MiB, which the service does not take"));
    }
    Ok(text)
}
