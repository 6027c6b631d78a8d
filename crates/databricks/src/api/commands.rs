//! Execution contexts of clusters and commands in them: API 1.2, in camel case, whose errors are `{"error"}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/commandexecution>. A cluster has 145 contexts at most; one that was not used for
//! longest makes room.

use serde_json::Value;

use super::{open_enum, wire};
use crate::{Client, Error, Request};

wire! {
    /// `POST /api/1.2/contexts/create`.
    #[serde(rename_all = "camelCase")]
    pub struct CreateContext {
        /// The cluster; it runs.
        pub cluster_id: String,
        /// `python`, `scala`, `sql` or `r`.
        pub language: String,
    }

    /// The answer to what makes something: its id.
    pub struct Created {
        /// The id.
        pub id: String,
    }

    /// Where a context is.
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub struct ContextPlace {
        /// Its cluster.
        pub cluster_id: String,
        /// Its id.
        pub context_id: String,
    }

    /// `GET /api/1.2/contexts/status`.
    pub struct ContextAnswer {
        /// Its id.
        pub id: String,
        /// Where it stands.
        pub status: ContextStatus,
    }

    /// `POST /api/1.2/commands/execute`.
    #[serde(rename_all = "camelCase")]
    pub struct ExecuteCommand {
        /// The context's cluster.
        pub cluster_id: String,
        /// The context.
        pub context_id: String,
        /// The context's language.
        pub language: String,
        /// The code.
        pub command: String,
    }

    /// Which command: `POST /api/1.2/commands/cancel`.
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub struct CommandPlace {
        /// Its context's cluster.
        pub cluster_id: String,
        /// Its context.
        pub context_id: String,
        /// Its id.
        pub command_id: String,
    }

    /// `GET /api/1.2/commands/status`.
    pub struct CommandAnswer {
        /// Its id.
        pub id: String,
        /// Where it stands.
        pub status: CommandStatus,
        /// What came of it.
        pub results: Option<CommandResults>,
    }

    /// What came of a command.
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub struct CommandResults {
        /// What it is: `error`, `image`, `images`, `table` or `text`.
        #[schemars(with = "String")]
        pub result_type: ResultType,
        /// Text, or rows of a table.
        pub data: Option<Value>,
        /// Columns of a table: name and type each.
        pub schema: Vec<Value>,
        /// Whether rows are missing.
        pub truncated: Option<bool>,
        /// Of an error, in one line.
        pub summary: String,
        /// Of an error, its trace.
        pub cause: String,
        /// An image, as the address of its data.
        pub file_name: String,
        /// Several of them.
        pub file_names: Vec<String>,
    }
}

open_enum! {
    /// Where a context stands.
    pub enum ContextStatus {
        /// It is being started.
        Pending = "Pending",
        /// It takes commands.
        Running = "Running",
        /// It does not, and will not.
        Error = "Error",
    }
}

open_enum! {
    /// Where a command stands. An exception is the result of one that is finished.
    pub enum CommandStatus {
        /// Others are before it.
        Queued = "Queued",
        /// It runs.
        Running = "Running",
        /// It is being cancelled.
        Cancelling = "Cancelling",
        /// It was cancelled.
        Cancelled = "Cancelled",
        /// It was lost: its context has ended.
        Error = "Error",
        /// It has results.
        Finished = "Finished",
    }
}

open_enum! {
    /// What results are.
    pub enum ResultType {
        /// An exception.
        Error = "error",
        /// One image.
        Image = "image",
        /// Several.
        Images = "images",
        /// Rows.
        Table = "table",
        /// Text.
        Text = "text",
    }
}

const CONTEXTS: &str = "/api/1.2/contexts";
const COMMANDS: &str = "/api/1.2/commands";

impl CommandStatus {
    /// Whether it stays so.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Error | Self::Finished)
    }
}

/// Makes a context. It takes commands once its status is Running.
///
/// # Errors
/// Whatever the API refuses: a cluster that does not run.
pub async fn create_context(client: &Client, cluster_id: &str, language: &str) -> Result<String, Error> {
    let body = CreateContext { cluster_id: cluster_id.to_owned(), language: language.to_owned() };
    let made: Created = client.send(Request::post(format!("{CONTEXTS}/create")).json(&body)?).await?;
    Ok(made.id)
}

/// Where a context stands.
///
/// # Errors
/// Whatever the API refuses: a context that is not there.
pub async fn context(client: &Client, place: &ContextPlace) -> Result<ContextStatus, Error> {
    let request = Request::get(format!("{CONTEXTS}/status"));
    let request = request.query("clusterId", &place.cluster_id).query("contextId", &place.context_id);
    let answer: ContextAnswer = client.send(request).await?;
    Ok(answer.status)
}

/// Ends a context, with what runs in it.
///
/// # Errors
/// Whatever the API refuses.
pub async fn destroy_context(client: &Client, place: &ContextPlace) -> Result<(), Error> {
    client.send(Request::post(format!("{CONTEXTS}/destroy")).json(place)?.idempotent()).await
}

/// Has a command run in a context, after those before it. It may run though its answer is lost.
///
/// # Errors
/// Whatever the API refuses.
pub async fn execute(client: &Client, body: &ExecuteCommand) -> Result<String, Error> {
    let made: Created = client.send(Request::post(format!("{COMMANDS}/execute")).json(body)?).await?;
    Ok(made.id)
}

/// Where a command stands, and what came of it.
///
/// # Errors
/// Whatever the API refuses.
pub async fn command(client: &Client, place: &CommandPlace) -> Result<CommandAnswer, Error> {
    let request = Request::get(format!("{COMMANDS}/status"));
    let request = request.query("clusterId", &place.cluster_id).query("contextId", &place.context_id);
    client.send(request.query("commandId", &place.command_id)).await
}

/// Ends a command.
///
/// # Errors
/// Whatever the API refuses.
pub async fn cancel(client: &Client, place: &CommandPlace) -> Result<(), Error> {
    client.send(Request::post(format!("{COMMANDS}/cancel")).json(place)?.idempotent()).await
}

/// A summary or a trace without colours: Python's traces have a terminal's, and the service turns those of a summary into
/// `<span class="ansi-red-fg">`.
pub fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A sequence ends with its first letter.
        let end = part.find(|letter: char| letter.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    let mut parts = plain.split("<span class=\"ansi-");
    let first = parts.next().unwrap_or_default().to_owned();
    let without = parts.fold(first, |text, part| text + part.split_once('>').map_or(part, |(_, rest)| rest));
    if without.len() == plain.len() { plain } else { without.replace("</span>", "") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_no_colours_and_all_its_words() {
        let check = |text: &str, expected: &str| assert_eq!(without_colours(text), expected);
        check("\u{1b}[0;31mZeroDivisionError\u{1b}[0m: division by zero", "ZeroDivisionError: division by zero");
        check("<span class=\"ansi-red-fg\">ZeroDivisionError</span>: by zero", "ZeroDivisionError: by zero");
        check("1 <span> 2 </span> [0m", "1 <span> 2 </span> [0m");
        check("\u{1b}[", "");
    }
}
