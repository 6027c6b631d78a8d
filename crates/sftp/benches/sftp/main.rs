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
const SMALL: u32 = 10_000;
/// Over the long line, where a peer waits for each file.
const FEW: u32 = 200;
const ROUNDS: usize = 3;
/// One way: 40 ms there and back.
const DELAY: Duration = Duration::from_millis(20);

/// A way to the server.
struct Line<'a> {
    sshd: &'a Sshd,
    port: u16,
    /// How often each is measured: a long line is the same each time.
    rounds: usize,
}

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
    let near = Line { sshd: &sshd, port: sshd.port, rounds: ROUNDS };
    let far = Line { sshd: &sshd, port: delay::start(sshd.port, DELAY), rounds: 1 };
    if only("large") {
        large(&peers, &near, GIBIBYTE, "1 GiB on loopback");
    }
    if only("far") {
        large(&peers, &far, GIBIBYTE, "1 GiB at 40 ms");
    }
    if only("small") {
        small(&peers, &near, SMALL, "10,000 x 4 KiB on loopback");
    }
    if only("small-far") {
        small(&[&Ours], &far, SMALL, "10,000 x 4 KiB at 40 ms");
        small(&peers, &far, FEW, "200 x 4 KiB at 40 ms");
    }
}

/// What a peer took.
pub struct Measured {
    /// The time of the whole program, its connection included.
    pub seconds: f64,
    /// The most memory that it had, in MiB, where that is known.
    pub memory: Option<u64>,
}

/// The quickest of some rounds; between them, all is put away.
fn best(rounds: usize, mut round: impl FnMut() -> Measured) -> Measured {
    (0..rounds).map(|_| round()).min_by(|one, other| one.seconds.total_cmp(&other.seconds)).unwrap()
}

/// What a program takes that connects, logs in and does nothing.
fn connecting(peer: &dyn Peer, line: &Line<'_>) -> f64 {
    best(ROUNDS, || peer.connect(line.sshd, line.port)).seconds
}

/// One line: the rate with the connection in it and without, and how many times as long as ours that takes.
fn show(
    what: &str,
    peer: &str,
    (amount, unit): (f64, &str),
    measured: &Measured,
    connect: f64,
    first: &mut Option<f64>,
) {
    let ours = *first.get_or_insert(measured.seconds);
    let memory = measured.memory.map(|memory| format!(", {memory} MiB of memory")).unwrap_or_default();
    println!(
        "  {what}  {peer:<9} {:>6.0} {unit}, {:>6.0} once connected (in {connect:.2} s)  {:>7.2} s  {:>5.1} times ours{memory}",
        amount / measured.seconds,
        amount / (measured.seconds - connect).max(1e-3),
        measured.seconds,
        measured.seconds / ours
    );
}

fn large(peers: &[&dyn Peer], line: &Line<'_>, bytes: u64, title: &str) {
    println!("{title}");
    let folder = line.sshd.folder.path();
    let local = folder.join("local");
    let block: Vec<u8> = (0..1_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut file = std::fs::File::create(&local).unwrap();
    for _ in 0..bytes >> 20 {
        std::io::Write::write_all(&mut file, &block).unwrap();
    }
    let [there, back] = ["there", "back"].map(|name| folder.join(name));
    let connects: Vec<f64> = peers.iter().map(|peer| connecting(*peer, line)).collect();
    for (what, from, to) in [("put", &local, &there), ("get", &there, &back)] {
        let mut first = None;
        for (peer, connect) in peers.iter().zip(&connects) {
            let measured = best(line.rounds, || {
                let _ = std::fs::remove_file(to);
                peer.copy(what, from, to, line.sshd, line.port)
            });
            assert!(same(from, to), "{} has carried another file", peer.name());
            #[allow(clippy::cast_precision_loss)]
            let amount = (bytes as f64 / 1e6, "MB/s");
            show(what, peer.name(), amount, &measured, *connect, &mut first);
        }
    }
    for file in [local, there, back] {
        let _ = std::fs::remove_file(file);
    }
}

fn same(one: &Path, other: &Path) -> bool {
    std::process::Command::new("cmp").arg("-s").args([one, other]).status().unwrap().success()
}

fn small(peers: &[&dyn Peer], line: &Line<'_>, count: u32, title: &str) {
    println!("{title}");
    let folder = line.sshd.folder.path();
    let local = folder.join("tree");
    std::fs::create_dir(&local).unwrap();
    for number in 0..count {
        std::fs::write(local.join(format!("file{number:05}")), number.to_le_bytes().repeat(1024)).unwrap();
    }
    let [there, back] = ["tree-there", "tree-back"].map(|name| folder.join(name));
    let connects: Vec<f64> = peers.iter().map(|peer| connecting(*peer, line)).collect();
    for (what, from, to) in [("put", &local, &there), ("get", &there, &back)] {
        let mut first = None;
        for (peer, connect) in peers.iter().zip(&connects) {
            let measured = best(line.rounds, || {
                let _ = std::fs::remove_dir_all(to);
                peer.copy_tree(what, from, to, line.sshd, line.port)
            });
            let arrived = std::fs::read_dir(to).unwrap().count();
            assert_eq!(arrived, count as usize, "{} has lost files", peer.name());
            show(what, peer.name(), (count.into(), "files/s"), &measured, *connect, &mut first);
        }
    }
    for folder in [local, there, back] {
        let _ = std::fs::remove_dir_all(folder);
    }
}
