//! Jobs begin as after a login, whatever submitted them ignores: a shell's `&` ignores INT and QUIT, `nohup` HUP.

use super::endpoint;
use super::machine::{Machine, Who};
use crate::bench::installed;
use crate::ignoring;

/// What a job ignores is in its log. Not what its shell does for itself: busybox's ignores QUIT, and takes that back for programs.
const SHOW: &str = "grep SigIgn /proc/self/status; exit";

#[tokio::test]
async fn a_job_ignores_nothing_that_its_login_does() {
    ignoring::passes("jobs::signals::jobs_of_a_login_that_ignores_signals").await;
}

#[tokio::test]
async fn an_endpoints_job_ignores_nothing_that_its_server_does() {
    ignoring::passes("jobs::signals::jobs_of_a_server_that_ignores_signals").await;
}

#[tokio::test]
async fn a_job_can_be_interrupted_by_whoever_knows_its_pid() {
    let machine = Machine::start(Who::Own).await;
    let check = async |script: &str, code: u64, log: &str| {
        let id = machine.submit(&[], script).await;
        assert_eq!(machine.ended(&id).await["exit_code"], code, "{script}");
        assert_eq!(machine.text(&["logs", &id]).await, log, "{script}");
    };
    check("trap 'echo caught; exit 7' INT; kill -INT $$; sleep 1; echo not caught", 7, "caught\n").await;
    check("kill -INT $$; sleep 1; echo not ended", 130, "").await;
    check("kill -QUIT $$; sleep 1; echo not ended", 131, "").await;
}

/// The shells beside a machine's own, and every way there is to begin a job.
#[tokio::test]
#[ignore = "a_job_ignores_nothing_that_its_login_does runs it"]
async fn jobs_of_a_login_that_ignores_signals() {
    assert_eq!(ignoring::own() & ignoring::HUP_INT_QUIT_TSTP, ignoring::HUP_INT_QUIT_TSTP);
    // Wherever a login finds it.
    let over = |name: &str, file: &str| {
        format!(
            "for folder in /usr/local/bin /usr/bin /bin; do\n  if [ -e $folder/{name} ]; then mount --bind {file} \"$(readlink -f $folder/{name})\"; fi\ndone\n"
        )
    };
    let without = |names: &[&str]| names.iter().map(|name| over(name, "/dev/null")).collect::<String>();
    installed("perl");
    let mut machines = vec![
        ("env", String::new(), 0),
        ("perl beside setsid", without(&["env"]), 0),
        ("python3 beside setsid", without(&["env", "perl"]), 0),
        ("perl", without(&["setsid"]), 0),
        ("python3", without(&["setsid", "perl"]), 0),
        // OpenSSH hands TSTP on to its programs, and nothing is there that takes it back.
        ("setsid", without(&["env", "perl", "python3"]), ignoring::TSTP),
    ];
    for shell in ["bash", "busybox", "mksh"] {
        let file = installed(shell).display().to_string();
        machines.push((shell, over("sh", &file), 0));
        machines.push((shell, over("sh", &file) + &without(&["env", "perl", "python3"]), ignoring::TSTP));
        if shell == "busybox" {
            let all: String = ["sh", "env", "setsid"].iter().map(|name| over(name, &file)).collect();
            machines.push(("busybox alone", all + &without(&["perl", "python3"]), ignoring::TSTP));
        }
    }
    for (name, mounts, expected) in machines {
        let machine = Machine::with_disk(&mounts).await;
        let id = machine.submit(&["--timeout", "60s"], SHOW).await;
        assert_eq!(machine.ended(&id).await["exit_code"], 0, "{name}");
        assert_eq!(ignoring::mask(&machine.text(&["logs", &id]).await), expected, "{name}: {mounts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an_endpoints_job_ignores_nothing_that_its_server_does runs it"]
async fn jobs_of_a_server_that_ignores_signals() {
    assert_eq!(ignoring::own() & ignoring::HUP_INT_QUIT_TSTP, ignoring::HUP_INT_QUIT_TSTP);
    let cloud = endpoint::small(600).await;
    let id = endpoint::submit(&cloud, SHOW).await;
    assert!(endpoint::said(&cloud, &["wait", &id]).await.status.success());
    assert_eq!(ignoring::mask(&endpoint::text(&cloud, &["logs", &id]).await), 0);
}
