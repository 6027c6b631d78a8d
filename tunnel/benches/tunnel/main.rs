//! The tunnel beside its peers, in the same run: `scripts/bench_tunnel.sh`. It prints figures and ratios, and is no test.
//!
//! This program is also the far end of what it measures: as `sshd` it pumps bytes, as `server` it serves the tunnel, and as
//! `frames` it is a peer with the official tool's frames of 4 KiB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod delay;
mod frames;
mod measure;
mod peers;
mod pump;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use measure::{Figure, echo, run_ssh, throughput};
use peers::{Direct, Frames, FramesProgram, Peer, Tunnel, Websocat, Wstunnel};
use pump::Kind;

const GIGABYTE: u64 = 1_000_000_000;
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pump", kind, bytes] => return pump::stdio(Kind::parse(kind), bytes.parse().unwrap()),
        ["pump-tcp", kind, bytes] => return pump::tcp(Kind::parse(kind), bytes.parse().unwrap()),
        ["server", folder] => return served::run(PathBuf::from(folder)),
        ["frames-server", port] => return frames::server(port.parse().unwrap()),
        ["frames-program", words @ ..] => return frames::program(words),
        ["frames-client", port] => return frames::client(port.parse().unwrap()),
        _ => {}
    }
    let only = |name: &str| words.is_empty() || words.contains(&name);
    if only("raw") {
        raw();
    }
    if only("echo") {
        latency();
    }
    if only("ssh") {
        over_ssh();
    }
    if only("proxy") {
        proxy();
    }
    if only("delay") {
        far_away();
    }
    if only("sessions") {
        many();
    }
}

fn peers() -> Vec<Box<dyn Peer>> {
    let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(Tunnel::default()), Box::new(Frames)];
    for (found, peer) in [
        (measure::find("wstunnel"), Box::new(Wstunnel) as Box<dyn Peer>),
        (measure::find("websocat"), Box::new(Websocat) as Box<dyn Peer>),
    ] {
        match found {
            Some(_) => peers.push(peer),
            None => println!("skipped: {} is not on the PATH (cargo install {})", peer.name(), peer.name()),
        }
    }
    peers
}

fn median(mut figures: Vec<Figure>) -> Figure {
    figures.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    figures[figures.len() / 2]
}

fn raw() {
    println!("\n1 GB through client and server on loopback, no SSH; median of {ROUNDS}, interleaved");
    println!("{:24} {:>6} {:>10} {:>16} {:>16}", "", "", "MB/s", "client CPU s/GB", "server CPU s/GB");
    for kind in [Kind::Down, Kind::Up] {
        let peers = peers();
        let mut all: Vec<Vec<Figure>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (peer, figures) in peers.iter().zip(&mut all) {
                figures.push(throughput(peer.as_ref(), kind, GIGABYTE));
            }
        }
        let figures: Vec<Figure> = all.into_iter().map(median).collect();
        for (peer, figure) in peers.iter().zip(&figures) {
            println!(
                "{:24} {:>6} {:>10.0} {:>16.2} {:>16.2}   ratio {:.2}",
                peer.name(),
                kind.name(),
                figure.rate,
                figure.client_cpu,
                figure.server_cpu,
                figures[0].rate / figure.rate
            );
        }
    }
}

fn latency() {
    println!("\nEcho of 36 bytes, 20,000 times");
    for peer in peers() {
        let mut times = echo(peer.as_ref(), 20_000);
        times.sort();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        println!("{:24} p50 {:>6.0} µs   p99 {:>6.0} µs", peer.name(), at(0.5), at(0.99));
    }
}

fn over_ssh() {
    println!("\nssh with each as its ProxyCommand; direct is sshd -i without anything between");
    let tunnel = Tunnel::with_sshd();
    let direct = Direct::new(&tunnel);
    let frames = FramesProgram::new(&direct.proxy_command());
    let ways = [
        ("direct", direct.proxy_command()),
        ("tunnel", tunnel.proxy_command()),
        ("4 KiB frames", frames.proxy_command()),
    ];
    for (name, command) in [("1 GB down", "head -c 1000000000 /dev/zero"), ("true", "true")] {
        let mut all = ways.each_ref().map(|_| Vec::new());
        for _ in 0..if command == "true" { 15 } else { ROUNDS } {
            for ((_, proxy), times) in ways.iter().zip(&mut all) {
                times.push(run_ssh(proxy, &tunnel, command));
            }
        }
        let medians = all.map(|mut times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        });
        for ((way, _), time) in ways.iter().zip(medians) {
            let more = (time - medians[0]) * 1e3;
            let part = medians[0] / time * 100.0;
            println!("{name:12} {way:14} {:>8.1} ms   {more:+.1} ms, {part:.0} % of direct's speed", time * 1e3);
        }
    }
}

fn proxy() {
    println!("\nThe proxy's start, until the server's first byte is there");
    let tunnel = Tunnel::default();
    let (mut times, memory) = measure::starts(&tunnel, 40);
    times.sort();
    println!("{:24} p50 {:.1} ms   largest memory {:.1} MB", "tunnel proxy", times[20].as_secs_f64() * 1e3, memory);
}

fn far_away() {
    println!("\nThrough a relay that delays each direction by 60 ms, resume on");
    let tunnel = Tunnel::through(|port| delay::start(port, Duration::from_millis(60)));
    for kind in [Kind::Down, Kind::Up] {
        let figure = throughput(&tunnel, kind, GIGABYTE);
        println!("{:24} {:>6.0} Mbit/s", kind.name(), figure.rate * 8.0);
    }
}

fn many() {
    let sessions = 200;
    let memory = measure::sessions(&Tunnel::default(), sessions);
    println!("\n{sessions} sessions on one server, each after 1 MB each way: {memory:.0} MB");
}
