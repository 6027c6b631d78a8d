//! One home on several machines: login nodes, NFS, containers. As root only: the second machine is a pid namespace.

use nix::unistd::geteuid;

use super::machine::{Machine, Who, is_alive, until};

async fn shared(name: Option<&str>) -> Option<Machine> {
    if !geteuid().is_root() {
        eprintln!("the second machine is a pid namespace: as root only");
        return None;
    }
    let mut machine = Machine::start(Who::Own).await;
    machine.second(name).await;
    Some(machine)
}

#[tokio::test]
async fn a_job_of_another_machine_is_there_and_is_left_alone() {
    for name in [Some("login2"), None] {
        let Some(machine) = shared(name).await else { return };
        let gate = machine.folder.path().join("gate");
        let script = format!("echo $$; until [ -e '{}' ]; do sleep 0.1; done; echo done; exit 4", gate.display());
        let submit = machine.job_at_second(&["submit", "--key", "k", "--shell", "--", &script]).output().await.unwrap();
        let id = String::from_utf8(submit.stdout).unwrap().trim().to_owned();
        assert!(!id.is_empty(), "{}", String::from_utf8_lossy(&submit.stderr));
        let own = nix::unistd::gethostname().unwrap().into_string().unwrap();
        let node = name.unwrap_or(&own);

        let job = &machine.json(&["status", "--json", &id]).await[0];
        assert_eq!((&job["state"], &job["elsewhere"]), (&"running".into(), &node.into()), "{job}");
        assert!(machine.text(&["status", "k"]).await.contains(&format!("running on {node}")));
        let check = async |words: &[&str], expected: &str| {
            let output = machine.job(words).output().await.unwrap();
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(1) && error.contains(expected), "{words:?}: {output:?}");
        };
        check(&["cancel", &id], &format!("runs on {node}, and cannot be ended from here")).await;
        check(&["clean", "--older-than", "0s", &id], &format!("runs on {node}")).await;
        assert!(!machine.file(&id, "reason").exists());
        machine.text(&["clean", "--older-than", "0s"]).await;
        assert!(machine.file(&id, "supervisor").exists());
        // There it is as it always was.
        let there = machine.job_at_second(&["status", "--json", &id]).output().await.unwrap();
        let there: serde_json::Value = serde_json::from_slice(&there.stdout).unwrap();
        assert_eq!((&there[0]["state"], &there[0]["elsewhere"]), (&"running".into(), &serde_json::Value::Null));
        // The key is the same job's, wherever it is asked for.
        let again = machine.json(&["submit", "--json", "--key", "k", "--shell", "--", &script]).await;
        assert_eq!((again["id"].as_str(), again["created"].as_bool()), (Some(id.as_str()), Some(false)));

        let waiting = tokio::spawn(machine.job(&["wait", &id]).output());
        let following = tokio::spawn(machine.job(&["logs", "-f", "--stream", "stdout", &id]).output());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        std::fs::write(&gate, "").unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().status.code(), Some(4));
        assert!(following.await.unwrap().unwrap().stdout.ends_with(b"\ndone\n"));
        assert_eq!(machine.text(&["clean", &id]).await.trim(), id);
    }
}

#[tokio::test]
async fn a_removed_folder_ends_its_supervisor() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&[], "sleep 1").await;
    let supervisor = std::fs::read_to_string(machine.file(&id, "supervisor")).unwrap();
    let pid = supervisor.split(' ').next().unwrap().to_owned();
    assert!(is_alive(&pid));
    // What is being written to is not removed at once.
    let folder = machine.folder.path().join("home/.tunnel");
    until("the folder is gone", || std::fs::remove_dir_all(&folder).is_ok() || !folder.exists()).await;
    until("its supervisor has ended", || !is_alive(&pid)).await;
}
