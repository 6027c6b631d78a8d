//! A machine whose disk is full.

use super::machine::{Machine, until};

const SMALL: &str = "mount -t tmpfs -o size=256k,mode=700 none home";

#[tokio::test]
async fn without_room_nothing_is_claimed_and_the_error_says_why() {
    let machine = Machine::with_disk(SMALL).await;
    let big = machine.folder.path().join("big");
    std::fs::write(&big, vec![b'x'; 1_000_000]).unwrap();
    let big = big.display().to_string();
    let output = machine.job(&["submit", "--key", "k", "--upload", &big, "--", "true"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("No space left on device"), "{error}");
    assert_eq!(machine.json(&["list", "--json"]).await, serde_json::json!([]));

    // Full to the last byte: not even a small job is begun.
    let fill = machine.submit(&[], "cat /dev/zero >\"$HOME/fill\"; exit 5").await;
    // Its result had its room before.
    assert_eq!(machine.ended(&fill).await["exit_code"], 5);
    let output = machine.job(&["submit", "--key", "k", "--", "true"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"), "{output:?}");
    let jobs = machine.json(&["list", "--json"]).await;
    assert_eq!(jobs.as_array().unwrap().len(), 1, "{jobs}");

    // Nor does it keep a job from being ended.
    machine.text(&["clean", "--older-than", "0s"]).await;
    let is_full = machine.folder.path().join("full");
    let tidy = "trap 'rm \"$HOME/more\"; exit 1' TERM";
    let script = format!("{tidy}; cat /dev/zero >\"$HOME/more\"; : >'{}'; sleep 300 & wait", is_full.display());
    let full = machine.submit(&[], &script).await;
    until("the disk is full", || is_full.exists()).await;
    assert_eq!(machine.json(&["cancel", "--json", &full]).await["state"], "cancelled");

    // Where there is room again, the key is free.
    machine.text(&["clean", "--older-than", "0s"]).await;
    let again = machine.json(&["submit", "--json", "--key", "k", "--", "true"]).await;
    assert_eq!(again["created"], true, "{again}");
}
