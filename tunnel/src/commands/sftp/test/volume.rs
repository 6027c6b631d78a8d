//! The way to a volume: the workspace, who one is there, and the folder.

use std::path::Path;

use sftp::tree::Side;
use tokio_util::sync::CancellationToken;

use super::Walk;
use crate::commands::sftp::end::{failure, not_there};
use crate::commands::sftp::reach::ReachArgs;
use crate::commands::sftp::volume::Volume;
use crate::workspace::refused;

impl Walk {
    /// The whole way to a folder of a volume.
    pub(super) async fn volume(&mut self, reach: &ReachArgs, folder: &Path) {
        let client = match reach.endpoint.workspace.client() {
            Ok(client) => client,
            Err(error) => return self.failed("log in", error),
        };
        let host = client.host().host_str().unwrap_or_default().to_owned();
        let me = client.me().await;
        if let Err(error) = &me
            && matches!(error, databricks::Error::Unreachable { .. } | databricks::Error::Interrupted { .. })
        {
            return self.failed("connect", refused(error.clone(), "the workspace is not reached"));
        }
        self.done("connect", format!("the workspace {host} is reached"));
        match me {
            Ok(me) => self.done("log in", format!("{} is let in ({})", me.user_name, client.auth_type())),
            Err(error) => return self.failed("log in", refused(error, "cannot sign in")),
        }
        let volume = Volume { client, root: folder.to_owned(), stop: CancellationToken::new() };
        match volume.list(Path::new("")).await {
            Ok(Some(entries)) => self.done("list", format!("{} has {} entries", folder.display(), entries.len())),
            Ok(None) => self.failed("list", not_there(folder)),
            Err(failed) => self.failed("list", failure(&failed)),
        }
    }
}
