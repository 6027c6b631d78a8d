//! The arguments that commands share: which endpoint, in which workspace, and with which key.

use std::path::PathBuf;

use clap::Args;
use ssh_endpoint::ACCELERATORS;

use crate::completion;
use crate::endpoint::identity::Identity;
use crate::endpoint::selection::Selection;
use crate::workspace::selection::WorkspaceArgs;

/// The headings in help under which stand what many commands take.
pub const WHERE: &str = "Endpoint";
pub use crate::workspace::selection::AS_WHOM;

/// Where the endpoint is found.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct SelectionArgs {
    /// File with the outputs, as `terraform output -json` prints them, or with an endpoint; `-` is stdin. By default TUNNEL_OUTPUTS, or
    /// Terraform or OpenTofu is asked in this folder.
    #[arg(long, help_heading = WHERE, value_name = "FILE", global = true)]
    pub outputs: Option<PathBuf>,
    /// Endpoint, by its name or its output's: one of the outputs, or one that is known here (tunnel list). Needed where there are
    /// several.
    #[arg(long, help_heading = WHERE, value_name = "NAME", global = true, add = completion::endpoints())]
    pub endpoint: Option<String>,
    /// Connect straight to this cluster, without Terraform: the endpoint is published where there is none. The workspace and the
    /// credentials are those of the environment or of a profile.
    #[arg(long, help_heading = WHERE, value_name = "NAME|ID", conflicts_with_all = ["outputs", "endpoint"], global = true)]
    pub cluster: Option<String>,
    /// The same on serverless compute.
    #[arg(long, help_heading = WHERE, conflicts_with_all = ["outputs", "endpoint", "cluster"], global = true)]
    pub serverless: bool,
    /// GPU of the serverless compute.
    #[arg(long, help_heading = WHERE, value_name = "GPU", global = true, value_parser = clap::builder::PossibleValuesParser::new(ACCELERATORS))]
    pub accelerator: Option<String>,
    /// Name of the endpoint that is published; by default the cluster's id, or one that is your own.
    #[arg(long = "publish-as", help_heading = WHERE, value_name = "NAME", global = true)]
    pub publish_as: Option<String>,
    /// Program for the driver, where it is not this one: another processor, or another system here.
    #[arg(long, help_heading = WHERE, value_name = "FILE", global = true)]
    pub tunnel_binary: Option<PathBuf>,
}

impl SelectionArgs {
    /// The endpoint that is meant, in this workspace.
    pub fn in_workspace(self, workspace: WorkspaceArgs) -> Selection {
        let Self { outputs, endpoint, cluster, serverless, accelerator, publish_as, tunnel_binary } = self;
        Selection { outputs, endpoint, cluster, serverless, accelerator, publish_as, tunnel_binary, workspace }
    }
}

/// Where the endpoint is found, and who asks.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct EndpointArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub endpoint: SelectionArgs,
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// The same, where the endpoint's name may stand by itself.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct NamedEndpointArgs {
    /// Endpoint, by its name: the same as --endpoint NAME.
    #[arg(value_name = "ENDPOINT", conflicts_with_all = ["endpoint", "cluster", "serverless"], add = completion::endpoints())]
    pub name: Option<String>,
    /// Which endpoint, in other words.
    #[command(flatten)]
    pub other: EndpointArgs,
}

impl From<NamedEndpointArgs> for Selection {
    fn from(args: NamedEndpointArgs) -> Self {
        let selection = Self::from(args.other);
        Self { endpoint: args.name.or(selection.endpoint), ..selection }
    }
}

impl From<EndpointArgs> for Selection {
    fn from(args: EndpointArgs) -> Self {
        args.endpoint.in_workspace(args.workspace)
    }
}

/// With which key to log in.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct IdentityArgs {
    /// Key to log in with, in place of the one that the tunnel makes: a private key, or the public half of one that an agent or
    /// a security key holds.
    #[arg(short, long, help_heading = AS_WHOM, value_name = "FILE", global = true)]
    pub identity: Option<PathBuf>,
}

impl From<IdentityArgs> for Identity {
    fn from(args: IdentityArgs) -> Self {
        Self { file: args.identity }
    }
}
