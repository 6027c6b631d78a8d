//! What people see: terminals of tmux at 60 and 100 columns, colours, what shells complete, the manual pages.

use std::fs;
use std::time::Duration;

use tokio::process::Command;

use crate::bench::{text, tunnel_program};
use crate::cloud::Cloud;
use crate::jobs::machine::{Machine, Who};
use crate::terminal::{Terminal, widest};

#[tokio::test(flavor = "multi_thread")]
async fn everything_fits_a_terminal_of_60_and_of_100_columns() {
    let cloud = Cloud::start().await;
    let tunnel = tunnel_program().display().to_string();
    let outputs = cloud.outputs();
    let (code, _, words) =
        text(&cloud.tunnel("ada").arg("setup").arg("demo").arg("--outputs").arg(&outputs).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    let warehouse = serde_json::json!({"name": "reports", "cluster_size": "Small"});
    cloud.post("/api/2.0/sql/warehouses", warehouse).await;
    let terminal = Terminal::new(cloud.folder.path(), &cloud.tunnel("ada"));
    for columns in [60, 100] {
        let shown = terminal.shows(columns, &format!("{tunnel} list --offline")).await;
        assert!(widest(&shown) <= columns.into(), "{shown}");
        let headings: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(headings, ["NAME", "SSH", "HOSTS", "CLUSTER", "WORKSPACE"], "{shown}");
        let shown = terminal.shows(columns, &format!("{tunnel} keys --outputs {} list", outputs.display())).await;
        assert!(widest(&shown) <= columns.into() && shown.contains("FINGERPRINT"), "{shown}");
        let status = format!("{tunnel} status --outputs {}", outputs.display());
        let shown = terminal.shows(columns, &status).await;
        assert!(widest(&shown) <= columns.into() && shown.contains("not running"), "{shown}");
        let host = format!("--host {}", cloud.endpoint.host);
        for (command, word) in [
            ("cluster list", "demo"),
            ("cluster get demo", "RUNNING"),
            ("node-types", "m6gd.large"),
            ("warehouse list", "reports"),
            ("whoami", "workspace"),
            ("sql 'SHOW SCHEMAS'", "default"),
        ] {
            let shown = terminal.shows(columns, &format!("{tunnel} {command} {host}")).await;
            // A name with its value is never cut: whoever copies it wants all of it.
            let is_table = !["cluster get demo", "whoami"].contains(&command);
            assert!(shown.contains(word) && (!is_table || widest(&shown) <= columns.into()), "{command}: {shown}");
        }
        let shown = terminal.shows(columns, &format!("{tunnel} sql 'SELECT 1' --output arrow {host}")).await;
        assert!(shown.contains("nothing for a terminal"), "{shown}");
        let helps = [
            "",
            "connect",
            "job",
            "job submit",
            "setup",
            "list",
            "login",
            "keys rotate",
            "sql",
            "exec",
            "api",
            "cluster",
            "mcp",
        ];
        for command in helps {
            let shown = terminal.shows(columns, &format!("{tunnel} {command} --help")).await;
            assert!(widest(&shown) <= columns.into() && shown.contains("Usage:"), "{command}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_shown_with_colours_and_ages_on_a_terminal_alone() {
    let machine = Machine::start(Who::Own).await;
    let failed =
        machine.submit(&["--name", "nightly build", "--key", "2026-11-29"], "echo half >$STATUS_FILE; exit 3").await;
    let well = machine.submit(&[], "true").await;
    for id in [&failed, &well] {
        machine.ended(id).await;
    }
    // Until then it is "just now".
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let list = machine.job(&["list"]);
    let terminal = Terminal::new(machine.folder.path(), &list);
    let words: Vec<String> = list.as_std().get_args().map(|word| word.to_str().unwrap().to_owned()).collect();
    let line = format!("{} {}", tunnel_program().display(), words.join(" "));

    let shown = terminal.shows(60, &line).await;
    assert!(widest(&shown) <= 60, "{shown}");
    for word in ["nightly build", "exited", "\u{1b}[31m3", "\u{1b}[32m0", "ago", &failed[..12]] {
        assert!(shown.contains(word), "{word:?}: {shown}");
    }
    assert!(!shown.contains(failed.as_str()), "{shown}");
    let shown = terminal.shows(100, &line).await;
    assert!(widest(&shown) <= 100 && shown.contains("half") && shown.contains("2026-11-29"), "{shown}");
    let shown = terminal.shows(100, &format!("NO_COLOR=1 {line}")).await;
    assert!(shown.contains("exited") && !shown.contains('\u{1b}'), "{shown}");

    // A program reads everything, and no escape sequence.
    let shown = machine.text(&["list"]).await;
    assert!(shown.contains(&failed) && shown.contains("echo half") && shown.contains('Z'), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains("ago"), "{shown}");

    // What was seen on the terminal is completed from now on, for that machine.
    let complete = |line: &str| {
        let mut complete = machine.job(&[]);
        let mut shell = Command::new(tunnel_program());
        shell.env_clear().envs(complete.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
        complete.kill_on_drop(true);
        shell.env("TUNNEL_COMPLETE", "fish").arg("--").args(line.split(' '));
        shell
    };
    let (_, out, _) = text(&complete("tunnel job --host box status ").output().await.unwrap());
    assert!(out.contains(&format!("{failed}\tnightly build")) && out.contains(&well), "{out}");
    let (_, out, _) = text(&complete("tunnel job --host other status ").output().await.unwrap());
    assert!(!out.contains(&failed), "{out}");
    terminal.shows(100, &line.replacen(" list", &format!(" clean {failed}"), 1)).await;
    let (_, out, _) = text(&complete("tunnel job --host box status ").output().await.unwrap());
    assert!(!out.contains(&failed) && out.contains(&well), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_complete_commands_endpoints_hosts_and_profiles() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    let setup =
        cloud.tunnel("ada").args(["setup", "work"]).arg("--outputs").arg(cloud.outputs()).output().await.unwrap();
    assert!(setup.status.success(), "{setup:?}");
    let mut config = fs::read_to_string(home.join(".ssh/config")).unwrap_or_default();
    config += "\nHost builder *.example.com\n  Port 22\n";
    fs::write(home.join(".ssh/config"), config).unwrap();
    fs::write(home.join(".databrickscfg"), "[DEFAULT]\nhost = https://a\n\n[staging]\nhost = https://b\n").unwrap();
    let bin = home.join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(tunnel_program(), bin.join("tunnel")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let cases = [
        ("tunnel conn", "connect"),
        ("tunnel connect ", "demo"),
        ("tunnel status --endpoint ", "demo"),
        ("tunnel job --host ", "builder"),
        ("tunnel job list --host buil", "builder"),
        ("tunnel connect --profile st", "staging"),
    ];
    let made = cloud.post("/api/2.0/sql/warehouses", serde_json::json!({"name": "reports", "cluster_size": "Small"}));
    made.await;
    let host = &cloud.endpoint.host;
    let of_workspace = [
        (format!("tunnel cluster --host {host} get d"), "demo"),
        (format!("tunnel exec --host {host} --cluster "), "demo"),
        (format!("tunnel sql --host {host} --warehouse rep"), "reports"),
    ];
    let of_workspace = of_workspace.iter().map(|(line, expected)| (line.as_str(), *expected));
    for (line, expected) in cases.into_iter().chain(of_workspace) {
        let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let bash = format!(
            "source <(tunnel completions bash); COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9; _clap_complete_tunnel tunnel {} x; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words.last().unwrap(),
        );
        let fish = format!("tunnel completions fish | source; complete -C '{line}'");
        for (shell, flag, script) in [("bash", "-c", bash), ("fish", "-c", fish)] {
            let mut command = Command::new(shell);
            command.env_clear().envs(envs(&cloud.tunnel("ada"))).env("PATH", &path).args([flag, &script]);
            let (_, out, words) = text(&command.output().await.unwrap());
            let first = out.lines().map(|line| line.split('\t').next().unwrap_or_default().trim());
            assert!(first.clone().any(|found| found == expected), "{shell} {line:?}: {out} {words}");
            assert!(!out.contains("*.example.com"), "{out}");
        }
    }
    // zsh completes in its line editor alone.
    let mut base = cloud.tunnel("ada");
    base.env("PATH", &path).env("ZDOTDIR", home);
    fs::write(
        home.join(".zshrc"),
        "PS1='> '\nautoload -Uz compinit && compinit -u\nsource <(tunnel completions zsh)\n",
    )
    .unwrap();
    let terminal = Terminal::new(home, &base);
    let started =
        terminal.tmux().args(["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "zsh -i"]).output();
    assert!(started.await.unwrap().status.success());
    terminal.waits_for(">").await;
    for (line, expected) in [("tunnel conn", "> tunnel connect"), ("tunnel connect d", "> tunnel connect demo")] {
        terminal.types(&[line]).await;
        terminal.types(&["Tab"]).await;
        terminal.waits_for(expected).await;
        terminal.tmux().args(["send-keys", "C-u"]).output().await.unwrap();
    }
    terminal.end().await;
}

fn envs(command: &Command) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let envs = command.as_std().get_envs();
    envs.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_says_the_steps_and_the_requests_and_no_token() {
    let cloud = Cloud::start().await;
    let run = async |flag: &str| {
        let mut connect = cloud.connect("ada", &["true"]);
        connect.env("NO_COLOR", "1");
        let mut verbose = Command::new(tunnel_program());
        verbose.env_clear().envs(envs(&connect)).arg("connect").arg("--outputs").arg(cloud.outputs());
        verbose.args(flag.split_whitespace()).args(["--", "true"]);
        let (code, _, words) = text(&verbose.output().await.unwrap());
        assert_eq!(code, 0, "{words}");
        let token = cloud.client.bearer().await.unwrap();
        assert!(!words.contains(token.expose().as_str()) && !words.contains("Bearer"), "{words}");
        words
    };
    let steps = run("-v").await;
    assert!(steps.contains("INFO") && !steps.contains("DEBUG"), "{steps}");
    let requests = run("-vv").await;
    assert!(requests.contains("DEBUG") && requests.contains("/api/2."), "{requests}");
    // The proxy that ssh starts says its part too.
    assert!(steps.contains("connected to the server") && requests.contains("connected to the server"), "{steps}");
    assert!(requests.contains("answered request=\"GET") && !requests.contains("hyper"), "{requests}");
    let silent = run("").await;
    assert!(!silent.contains("INFO"), "{silent}");
}

#[tokio::test]
async fn every_command_has_a_manual_page_that_man_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(tunnel_program());
    let (code, out, words) = text(&command.arg("man").arg(folder.path()).output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    for page in ["tunnel", "tunnel-connect", "tunnel-job-submit", "tunnel-keys-rotate"] {
        let file = folder.path().join(format!("{page}.1"));
        let mut man = Command::new("man");
        let man = man.args(["--warnings", "-E", "UTF-8", "-l", "-P", "cat"]).arg(&file).env("MANWIDTH", "80");
        let (code, out, words) = text(&man.output().await.unwrap());
        assert!(code == 0 && words.is_empty() && out.contains("NAME"), "{page}: {words} {out}");
    }
    let hidden = folder.path().join("tunnel-server.1");
    assert!(!hidden.exists(), "what is hidden has none");
    let (_, page, _) = text(&Command::new(tunnel_program()).arg("man").output().await.unwrap());
    assert!(page.contains(".TH tunnel 1") && page.contains("NO_COLOR"), "{page}");
}
