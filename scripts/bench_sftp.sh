#!/usr/bin/env bash
# The SFTP engine's speed and memory, beside OpenSSH's sftp and Paramiko in the same run. It is no test.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/bench_sftp.sh [large] [far] [small] [small-far]"
    echo
    echo "Prints what it takes to put and get 1 GiB on loopback and over a line with 40 ms of delay, and 10,000 files of 4 KiB on"
    echo "both, of which the peers carry 200 over that line. Without names: all of them. Rates are those of the whole program, and"
    echo "those without what the same program takes to connect."
    exit 0
    ;;
esac

cd "$root"
mkdir -p "$cache"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_package sftp openssh-client
ensure_package sshd openssh-server
python_environment venv-sftp "$root/crates/sftp/benches/requirements.txt"
BENCH_PYTHON=$cache/venv-sftp/bin/python cargo bench --quiet --locked -p sftp --bench sftp -- "$@"
