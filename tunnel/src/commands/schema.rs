//! `tunnel schema`: what programs may rely on.

use clap::{Args, ValueEnum};
use databricks::api::commands::{CommandPlace, ContextPlace};
use schemars::JsonSchema;
use serde_json::Value;
use ssh_endpoint::SshEndpoint;

use super::{auth, context, doctor, exec, job, keys, list, sftp, speedtest, sql, status, whoami};
use crate::error::Result;
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::print;

/// Print a JSON schema.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tunnel schema | jq '.properties[\"whoami\"]'
  tunnel schema endpoint")]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_enum, default_value_t = Subject::Outputs)]
    subject: Subject,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subject {
    /// What commands print with --json, by the command.
    Outputs,
    /// The endpoint that `databricks_ssh_endpoint` exports and `connect` reads.
    Endpoint,
}

/// What the API answers, byte for byte: its reference says what is in it.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
struct Api(#[expect(dead_code, reason = "only its schema is of use")] serde_json::Map<String, Value>);

/// What commands of tunnel print with --json, by the command. Members may be added.
#[derive(Debug, JsonSchema)]
#[schemars(title = "Outputs of tunnel")]
#[expect(dead_code, reason = "only its schema is of use")]
struct Outputs {
    #[schemars(rename = "auth test")]
    auth_test: auth::Report,
    /// <https://docs.databricks.com/api/workspace/clusters/events>
    #[schemars(rename = "cluster events")]
    cluster_events: Vec<Api>,
    /// <https://docs.databricks.com/api/workspace/clusters/get>
    #[schemars(rename = "cluster get")]
    cluster_get: Api,
    /// <https://docs.databricks.com/api/workspace/clusters/list>
    #[schemars(rename = "cluster list")]
    cluster_list: Vec<Api>,
    #[schemars(rename = "command status")]
    command_status: exec::Report<'static>,
    #[schemars(rename = "context create")]
    context_create: ContextPlace,
    #[schemars(rename = "context status")]
    context_status: context::ContextReport<'static>,
    doctor: Vec<doctor::Finding>,
    exec: exec::Report<'static>,
    #[schemars(rename = "exec --async")]
    exec_async: CommandPlace,
    #[schemars(rename = "job cancel")]
    job_cancel: Job,
    #[schemars(rename = "job clean")]
    job_clean: Vec<JobId>,
    #[schemars(rename = "job list")]
    job_list: Vec<Job>,
    /// Each line.
    #[schemars(rename = "job logs")]
    job_logs: job::logs::LogLine<'static>,
    #[schemars(rename = "job status")]
    job_status: Vec<Job>,
    #[schemars(rename = "job submit")]
    job_submit: job::submit::Submitted<'static>,
    #[schemars(rename = "job wait")]
    job_wait: Vec<Job>,
    #[schemars(rename = "keys list")]
    keys_list: Vec<keys::Row>,
    list: Vec<list::Row>,
    /// <https://docs.databricks.com/api/workspace/clusters/listnodetypes>
    #[schemars(rename = "node-types")]
    node_types: Vec<Api>,
    #[schemars(rename = "sftp get")]
    sftp_get: sftp::report::Report,
    #[schemars(rename = "sftp ls")]
    sftp_ls: Vec<sftp::list::Row>,
    #[schemars(rename = "sftp put")]
    sftp_put: sftp::report::Report,
    #[schemars(rename = "sftp stat")]
    sftp_stat: sftp::list::Row,
    #[schemars(rename = "sftp sync")]
    sftp_sync: sftp::report::Report,
    #[schemars(rename = "sftp test")]
    sftp_test: sftp::test::Tested,
    speedtest: speedtest::Measured,
    /// The rows, each an object with the columns' names.
    sql: Vec<serde_json::Map<String, Value>>,
    /// The same of a statement that was begun before.
    #[schemars(rename = "sql fetch")]
    sql_fetch: Vec<serde_json::Map<String, Value>>,
    #[schemars(rename = "sql status")]
    sql_status: sql::existing::Report<'static>,
    #[schemars(rename = "sql cancel")]
    sql_cancel: sql::existing::Report<'static>,
    status: status::Report<'static>,
    /// <https://docs.databricks.com/api/workspace/warehouses/get>
    #[schemars(rename = "warehouse get")]
    warehouse_get: Api,
    /// <https://docs.databricks.com/api/workspace/warehouses/list>
    #[schemars(rename = "warehouse list")]
    warehouse_list: Vec<Api>,
    whoami: whoami::Report,
}

/// Prints it.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &SchemaArgs) -> Result<u8> {
    let schema = match args.subject {
        Subject::Outputs => schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Outputs>(),
        Subject::Endpoint => schemars::schema_for!(SshEndpoint),
    };
    print::json(&schema).map(|()| 0)
}
