//! What is said to somebody who may not use an endpoint: what to ask for, and of whom.

use databricks::Client;
use ssh_endpoint::SshEndpoint;

use crate::error::Error;
use crate::workspace;

/// What an error of the workspace means to who wants to use an endpoint.
pub async fn explain(client: &Client, endpoint: &SshEndpoint, error: databricks::Error, doing: &str) -> Error {
    let is_refused = error.status() == Some(403) && !error.is_bad_token();
    let described = workspace::explain(error, doing);
    if is_refused { described.way_out(way_out(client, endpoint).await) } else { described }
}

/// What to ask for.
pub async fn way_out(client: &Client, endpoint: &SshEndpoint) -> String {
    let me = client.me().await.map(|me| me.user_name).unwrap_or_default();
    text(endpoint, &me)
}

fn text(endpoint: &SshEndpoint, me: &str) -> String {
    let whom = endpoint
        .publisher()
        .map_or_else(|| "Ask who made the endpoint".to_owned(), |name| format!("Ask {name}, who made the endpoint"));
    let me = if me.is_empty() { "your user name" } else { me };
    format!(
        "{whom}, to add {me} to users, or a group that you are in to groups, of databricks_ssh_endpoint {:?}, and to apply. \
         If you are in there, sign in as that user: --profile NAME.",
        endpoint.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_says_what_to_ask_for_and_of_whom() {
        let check = |directory: &str, me: &str, expected: &str| {
            let text = text(&crate::endpoint::sample(json!({ "directory": directory })), me);
            assert!(text.starts_with(expected), "{text}");
        };
        let home = "/Workspace/Users/ops@example.com/.databricks/ssh-tunnel/endpoints/demo";
        check(
            home,
            "ada@example.com",
            "Ask ops@example.com, who made the endpoint, to add ada@example.com to users, or a group",
        );
        check("/d", "", "Ask who made the endpoint, to add your user name to users");
    }
}
