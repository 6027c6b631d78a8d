//! The engine beside OpenSSH's sftp and Paramiko, against one sshd, in the same run: `scripts/bench_sftp.sh`. It prints figures and
//! ratios, and is no test.
//!
//! This program is also the client that it measures, so that its memory is that of the engine alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

#[path = "../../../../tunnel/benches/tunnel/delay.rs"]
mod delay;
mod ours;
mod peers;
mod sshd;

use std::path::Path;
use std::time::Duration;

use peers::{OpenSsh, Ours, Paramiko, Peer};
use sshd::Sshd;

const GIBIBYTE: u64 = 1 << 30;
const QUARTER: u64 = 1 << 28;
const SMALL: u32 = 10_000;
const ROUNDS: usize = 3;
/// One way: 40 ms there and back.
const DELAY: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["ours", words @ ..] = words.as_slice() {
        return ours::run(words);
    }
    let only = |name: &str| words.is_empty() || words.contains(&name);
    let sshd = Sshd::start();
    let paramiko = std::env::var_os("BENCH_PYTHON").map(Paramiko::new);
    let peers: Vec<&dyn Peer> =
        [Some(&Ours as &dyn Peer), Some(&OpenSsh), paramiko.as_ref().map(|peer| peer as &dyn Peer)]
            .into_iter()
            .flatten()
            .collect();
    let far = delay::start(sshd.port, DELAY);
    if only("large") {
        large(&peers, &sshd, sshd.port, GIBIBYTE, "1 GiB on loopback");
    }
    if only("far") {
        large(&peers, &sshd, far, QUARTER, "256 MiB at 40 ms");
    }
    if only("small") {
        small(&peers, &sshd, sshd.port, SMALL, "10,000 x 4 KiB on loopback");
    }
    if only("small-far") {
        small(&peers, &sshd, far, SMALL / 20, "500 x 4 KiB at 40 ms");
    }
}

/// The quickest of some rounds; between them, all is put away.
fn best(rounds: usize, mut round: impl FnMut() -> Measured) -> Measured {
    (0..rounds).map(|_| round()).min_by(|one, other| one.seconds.total_cmp(&other.seconds)).unwrap()
}

/// What a peer took.
pub struct Measured {
    /// The time of the whole program, its connection included.
    pub seconds: f64,
    /// The most memory that it had, in MiB, where that is known.
    pub memory: Option<u64>,
}

fn show(peer: &str, what: &str, amount: &str, measured: &Measured, first: &mut Option<f64>) {
    let ours = *first.get_or_insert(measured.seconds);
    let memory = measured.memory.map(|memory| format!(", {memory} MiB of memory")).unwrap_or_default();
    println!(
        "  {what}  {peer:<9} {amount:>12} {:>7.2} s  {:>5.1} times ours{memory}",
        measured.seconds,
        measured.seconds / ours
    );
}

fn large(peers: &[&dyn Peer], sshd: &Sshd, port: u16, bytes: u64, title: &str) {
    println!("{title}");
    let local = sshd.folder.path().join("local");
    let block: Vec<u8> = (0..1_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut file = std::fs::File::create(&local).unwrap();
    for _ in 0..bytes >> 20 {
        std::io::Write::write_all(&mut file, &block).unwrap();
    }
    let [there, back] = ["there", "back"].map(|name| sshd.folder.path().join(name));
    for (what, from, to) in [("put", &local, &there), ("get", &there, &back)] {
        let mut first = None;
        for peer in peers {
            let measured = best(ROUNDS, || {
                let _ = std::fs::remove_file(to);
                peer.copy(what, from, to, sshd, port)
            });
            assert!(same(from, to), "{} has carried another file", peer.name());
            #[allow(clippy::cast_precision_loss)]
            let rate = format!("{:.0} MB/s", bytes as f64 / 1e6 / measured.seconds);
            show(peer.name(), what, &rate, &measured, &mut first);
        }
        if what == "put" && !there.exists() {
            std::fs::copy(&local, &there).unwrap();
        }
    }
    for file in [local, there, back] {
        let _ = std::fs::remove_file(file);
    }
}

fn same(one: &Path, other: &Path) -> bool {
    std::process::Command::new("cmp").arg("-s").args([one, other]).status().unwrap().success()
}

fn small(peers: &[&dyn Peer], sshd: &Sshd, port: u16, count: u32, title: &str) {
    println!("{title}");
    let local = sshd.folder.path().join("tree");
    std::fs::create_dir(&local).unwrap();
    for number in 0..count {
        std::fs::write(local.join(format!("file{number:05}")), number.to_le_bytes().repeat(1024)).unwrap();
    }
    let [there, back] = ["tree-there", "tree-back"].map(|name| sshd.folder.path().join(name));
    for (what, from, to) in [("put", &local, &there), ("get", &there, &back)] {
        let mut first = None;
        for peer in peers {
            let measured = best(if port == sshd.port { ROUNDS } else { 1 }, || {
                let _ = std::fs::remove_dir_all(to);
                peer.copy_tree(what, from, to, sshd, port)
            });
            let arrived = std::fs::read_dir(to).unwrap().count();
            assert_eq!(arrived, count as usize, "{} has lost files", peer.name());
            let rate = format!("{:.0} files/s", f64::from(count) / measured.seconds);
            show(peer.name(), what, &rate, &measured, &mut first);
        }
    }
    for folder in [local, there, back] {
        let _ = std::fs::remove_dir_all(folder);
    }
}
