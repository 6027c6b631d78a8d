//! Login shells that greet everybody, in every way there is, before the answer.

use std::path::Path;

use futures_util::stream::{self, StreamExt};

use super::machine::{Machine, Who};
use crate::bench::{installed, noise};

/// What is said first: with and without a line's end, long, and what looks like an answer.
fn greetings() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("a line", text("Welcome!\n")),
        ("a title", text("\u{1b}]0;hi\u{7}")),
        ("the folder", text("\u{1b}]7;file://box/home\u{1b}\\")),
        ("colours", text("\u{1b}[32mgreen\u{1b}[0m")),
        ("a prompt", text("Last login: today\r\nbox$ ")),
        ("many lines", text(&"all work and no play\n".repeat(3000))),
        ("a long line", b"x".repeat(2 << 20)),
        ("long lines", format!("{}\n", "y".repeat(70_000)).repeat(20).into_bytes()),
        ("any bytes", noise(3, 50_000)),
        ("an answer", text("started\nexists\nfail no\njob a\nmissing\n.\ntunnel-job-")),
    ]
}

/// Where a shell reads a line of its configuration, whatever it is started for; else sshd greets in its place.
const SHELLS: [(&str, Option<&str>); 9] = [
    ("dash", None),
    ("bash", Some(".bashrc")),
    ("zsh", Some(".zshenv")),
    ("fish", Some(".config/fish/config.fish")),
    ("tcsh", Some(".tcshrc")),
    ("csh", Some(".cshrc")),
    ("mksh", None),
    ("busybox", None),
    ("yash", None),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_found_behind_any_greeting_of_any_shell() {
    stream::iter(SHELLS).for_each_concurrent(3, |(shell, start_file)| greeted(shell, start_file)).await;
}

async fn greeted(shell: &str, start_file: Option<&str>) {
    let machine = Machine::start(Who::Own).await;
    let at = machine.folder.path();
    let greeting = at.join("greeting");
    std::fs::write(&greeting, "").unwrap();
    let program = if shell == "busybox" { at.join("ash") } else { installed(shell) };
    if shell == "busybox" {
        std::os::unix::fs::symlink(installed(shell), &program).unwrap();
    }
    machine.set_shell(&program);
    let say = format!("cat '{}'", greeting.display());
    match start_file {
        Some(file) => put(&at.join("home").join(file), &format!("{say}\n")),
        None => machine.set_sshd(&format!("ForceCommand {say}; eval \"$SSH_ORIGINAL_COMMAND\"")),
    }
    let ran = at.join("ran");
    let script = format!("echo ran >>'{}'", ran.display());
    let all = greetings();
    for (what, bytes) in &all {
        std::fs::write(&greeting, bytes).unwrap();
        let id = machine.submit(&["--key", what], &script).await;
        let job = machine.ended(&id).await;
        assert_eq!(job["exit_code"], 0, "{shell}, {what}: {job}");
    }
    // Nothing was said to be refused that ran, or asked for twice.
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "ran\n".repeat(all.len()), "{shell}");
}

fn put(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[tokio::test]
async fn a_submission_whose_outcome_is_not_known_is_not_said_to_be_refused() {
    let machine = Machine::start(Who::Own).await;
    let (ran, broken) = (machine.folder.path().join("ran"), machine.folder.path().join("broken"));
    let script = format!("echo ran >>'{}'", ran.display());
    // While the file is there, every answer ends behind its first word.
    std::fs::write(&broken, "").unwrap();
    let cut = format!("if test -e '{}'; then eval \"$SSH_ORIGINAL_COMMAND\" | head -n 1; exit 1; fi", broken.display());
    machine.set_sshd(&format!("ForceCommand {cut}; eval \"$SSH_ORIGINAL_COMMAND\""));
    let mut submit = machine.job(&["submit", "--shell", "--", &script]);
    let child = submit.spawn().unwrap();
    super::machine::until("it runs", || ran.exists()).await;
    std::fs::remove_file(&broken).unwrap();
    // It is asked for again, by the id that it had from the beginning.
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    machine.ended(&id).await;
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "ran\n");
}

#[tokio::test]
async fn what_has_no_shell_begins_nothing_and_says_so() {
    let machine = Machine::start(Who::Own).await;
    let ran = machine.folder.path().join("ran");
    machine.set_sshd("ForceCommand echo no shells here >&2; exit 1");
    let script = format!("echo ran >>'{}'", ran.display());
    let output = machine.job(&["submit", "--shell", "--", &script]).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("box has no POSIX shell that answers: no shells here"), "{error}");
    assert!(!ran.exists() && !error.contains("not known"), "{error}");
}
