#!/usr/bin/env bash
# The tunnel's speed, latency and memory, beside its peers in the same run. It is no test.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/bench_tunnel.sh [raw] [echo] [ssh] [proxy] [delay] [sessions]"
    echo
    echo "Prints the figures of the tunnel, of a peer with 4 KiB frames, of direct sshd -i, and of wstunnel and websocat where"
    echo "they are on the PATH. Without names: all of them."
    exit 0
    ;;
esac

cd "$root"
mkdir -p "$cache"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_package ssh openssh-client
ensure_package sshd openssh-server
cargo bench --quiet --locked -p tunnel --bench tunnel -- "$@"
