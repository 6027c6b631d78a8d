//! The command line.

use clap::{ArgAction, Parser, Subcommand};

use crate::commands::api::ApiArgs;
use crate::commands::auth::AuthArgs;
use crate::commands::cluster::ClusterArgs;
use crate::commands::code::CodeArgs;
use crate::commands::command::CommandArgs;
use crate::commands::completions::CompletionsArgs;
use crate::commands::connect::ConnectArgs;
use crate::commands::context::ContextArgs;
use crate::commands::cp::CpArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::exec::ExecArgs;
use crate::commands::forget::ForgetArgs;
use crate::commands::forward::ForwardArgs;
use crate::commands::job::JobArgs;
use crate::commands::keys::KeysArgs;
use crate::commands::list::ListArgs;
use crate::commands::login::LoginArgs;
use crate::commands::logs::LogsArgs;
use crate::commands::man::ManArgs;
use crate::commands::mcp::McpArgs;
use crate::commands::node_types::NodeTypesArgs;
use crate::commands::official_server::SshArgs;
use crate::commands::proxy::ProxyArgs;
use crate::commands::schema::SchemaArgs;
use crate::commands::server::ServerArgs;
use crate::commands::setup::SetupArgs;
use crate::commands::sftp::SftpArgs;
use crate::commands::speedtest::SpeedtestArgs;
use crate::commands::sql::SqlArgs;
use crate::commands::status::StatusArgs;
use crate::commands::stop::StopArgs;
use crate::commands::warehouse::WarehouseArgs;
use crate::commands::whoami::WhoamiArgs;
use crate::jobs::id::JobId;

const ENVIRONMENT: &str = "Environment:
  TUNNEL_OUTPUTS
          File with the outputs, or with an endpoint, where --outputs names none
  DATABRICKS_HOST, _TOKEN, _CLIENT_ID, _CLIENT_SECRET, _AUTH_TYPE, _CONFIG_PROFILE, _CONFIG_FILE
          Credentials, as the official tools read them
  DATABRICKS_TUNNEL_HOME
          The tunnel's folder, in place of ~/.databricks/tunnel
  HTTPS_PROXY, NO_PROXY
          The HTTP proxy, as curl reads them
  TUNNEL_SFTP_PASSWORD, TUNNEL_SFTP_PASSPHRASE
          What sftp logs in with, where no file is named
  TUNNEL_JOBS
          Where the jobs of a machine are kept, in place of ~/.tunnel/jobs
  TUNNEL_LOG
          What is logged to stderr without -v: error (the default), warn, info, debug, trace
  NO_COLOR, CLICOLOR_FORCE
          No colours, or colours elsewhere than on a terminal too";

/// The whole command line.
pub type Cli = Line<Command>;

/// SSH to a Databricks cluster, through nothing but HTTPS.
#[derive(Debug, Parser)]
#[command(name = "tunnel", version, about, propagate_version = true, after_help = ENVIRONMENT)]
pub struct Line<Commands: Subcommand> {
    /// Say what is done, on stderr: -v the steps, -vv the requests too, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Show the requests to the workspace, without their secrets: as -vv; `api` shows their headers and bodies too.
    #[arg(long, global = true, help_heading = "Global options")]
    pub debug: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Commands,
}

impl Cli {
    /// Reads the program's own arguments; what is wrong with them, and help, ends it.
    ///
    /// ssh starts a proxy for each connection and waits for it: making all the other commands would be half of its start.
    pub fn read() -> Self {
        if std::env::args_os().nth(1).is_none_or(|word| word != "proxy") {
            return Self::parse();
        }
        let Line { verbose, debug, command: ProxyAlone::Proxy(args) } = Line::parse();
        Self { verbose, debug, command: Command::Proxy(args) }
    }
}

/// The command that is read without the others.
#[derive(Debug, Subcommand)]
enum ProxyAlone {
    /// Carry one SSH stream on stdin and stdout: ssh's ProxyCommand.
    Proxy(ProxyArgs),
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in to a workspace with a browser.
    Login(LoginArgs),
    /// Open a shell on the cluster, or run a command there, and exit with its code.
    Connect(ConnectArgs),
    /// Make `ssh NAME`, scp, rsync, git and editors go to the cluster by themselves.
    Setup(SetupArgs),
    /// Copy files to and from the cluster.
    // Its -p is scp's.
    #[command(mut_arg("profile", |profile| profile.short(None)))]
    Cp(CpArgs),
    /// Forward ports, or run a SOCKS proxy into the cluster's network.
    Forward(ForwardArgs),
    /// Open Visual Studio Code on the cluster.
    Code(CodeArgs),
    /// Open Cursor on the cluster.
    Cursor(CodeArgs),
    /// List the endpoints that are known here.
    List(ListArgs),
    /// Take an endpoint out of what this machine knows.
    Forget(ForgetArgs),
    /// Show whether an endpoint's server runs, and who is connected.
    Status(StatusArgs),
    /// Show the server's last warnings.
    Logs(LogsArgs),
    /// End an endpoint's server.
    Stop(StopArgs),
    /// Find out what is wrong with a connection, and how to mend it.
    Doctor(DoctorArgs),
    /// Measure the latency and the throughput of a connection.
    Speedtest(SpeedtestArgs),
    /// Show and change the keys that may log in.
    Keys(KeysArgs),
    /// Run commands that go on when the connection has gone, and come back for the result.
    Job(JobArgs),
    /// Run code on a cluster, and show what comes of it.
    Exec(ExecArgs),
    /// Make, look at and end the execution contexts that exec runs code in.
    Context(ContextArgs),
    /// Look at and cancel commands in execution contexts.
    Command(CommandArgs),
    /// List, look at, start, restart and terminate clusters.
    Cluster(ClusterArgs),
    /// List the instance types that clusters can have.
    NodeTypes(NodeTypesArgs),
    /// List, look at, start and stop SQL warehouses.
    Warehouse(WarehouseArgs),
    /// Run SQL on a warehouse, and show, save or stream its result.
    Sql(SqlArgs),
    /// Copy, list and change files of any SFTP server, of endpoints, and of volumes.
    Sftp(SftpArgs),
    /// Send any request of the REST API, and show the answer as it came.
    Api(ApiArgs),
    /// Say who is signed in, where, how, and until when.
    Whoami(WhoamiArgs),
    /// Find out whether the credentials work.
    Auth(AuthArgs),
    /// Let agents look into a workspace: the Model Context Protocol on stdin and stdout.
    Mcp(McpArgs),
    /// Carry one SSH stream on stdin and stdout: ssh's ProxyCommand.
    Proxy(ProxyArgs),
    /// Serve SSH on a cluster's driver. A notebook starts this.
    #[command(hide = true)]
    Server(ServerArgs),
    /// Serve SSH as the official tool's notebook asks for it.
    #[command(hide = true, disable_version_flag = true)]
    Ssh(SshArgs),
    /// Stand beside a job. The script that submits one starts this.
    #[command(hide = true)]
    JobSupervisor {
        /// What was staged.
        nonce: JobId,
        /// The login's umask.
        umask: String,
        /// The login's folder.
        login: std::path::PathBuf,
    },
    /// Print a JSON schema.
    Schema(SchemaArgs),
    /// Print what makes a shell complete commands, endpoints, hosts and jobs.
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands into a folder.
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// The names of a command's arguments and those of its own commands, each of which must be one argument's alone: clap looks for that
    /// in builds for debugging only.
    fn doubled(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let mut taken = std::collections::BTreeSet::new();
        for argument in command.get_arguments() {
            let short = argument.get_short_and_visible_aliases().unwrap_or_default();
            let long = argument.get_long_and_visible_aliases().unwrap_or_default();
            let names = short
                .into_iter()
                .map(|name| format!("-{name}"))
                .chain(long.into_iter().map(|name| format!("--{name}")));
            found.extend(names.filter(|name| !taken.insert(name.clone())).map(|name| format!("{path} {name}")));
        }
        command.get_subcommands().for_each(|command| doubled(command, &path, found));
    }

    #[test]
    fn the_command_line_is_consistent() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        command.build();
        let mut found = Vec::new();
        doubled(&command, "", &mut found);
        assert_eq!(found, Vec::<String>::new());
        let cp = Cli::try_parse_from(["tunnel", "cp", "-p", "a", "demo:b", "--profile", "x"]).unwrap();
        let Command::Cp(args) = cp.command else { panic!() };
        assert!(args.preserve);
    }

    #[test]
    fn the_readme_lists_the_commands_in_their_own_words() {
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
        let text = std::fs::read_to_string(readme).unwrap();
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let line = format!("| `tunnel {}` | {about} |", command.get_name());
            assert!(text.lines().any(|other| other == line), "the README lacks this line: {line}");
        }
    }

    #[test]
    fn the_proxy_is_read_alone_as_among_the_others() {
        for words in ["--help", "-h", "--version", "--outputs", "demo --nothing", "-vv --debug demo"] {
            let line = ["tunnel", "proxy"].into_iter().chain(words.split(' '));
            let among =
                Cli::try_parse_from(line.clone()).map(|cli| format!("{} {} {:?}", cli.verbose, cli.debug, cli.command));
            let alone = Line::<ProxyAlone>::try_parse_from(line)
                .map(|cli| format!("{} {} {:?}", cli.verbose, cli.debug, cli.command));
            assert_eq!(alone.map_err(|error| error.to_string()), among.map_err(|error| error.to_string()), "{words}");
        }
    }

    #[test]
    fn a_command_keeps_its_arguments() {
        let cli = Cli::try_parse_from(["tunnel", "connect", "--", "sh", "-c", "exit 7"]).unwrap();
        let Command::Connect(args) = cli.command else { panic!("{cli:?}") };
        assert_eq!(args.command, ["sh", "-c", "exit 7"]);
    }
}
