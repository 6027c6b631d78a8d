#!/usr/bin/env bash
# Fuzzes what reads bytes from the network, each target for a while. A crash leaves its input in .cache/fuzz.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/fuzz.sh [SECONDS [TARGET…]]"
    echo
    echo "Runs each fuzz target of tunnel/fuzz for so many seconds (20 by default)."
    exit 0
    ;;
esac

seconds=${1-20}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "$seconds is no number of seconds"
[ $# -eq 0 ] || shift
cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
need c++ "sudo apt-get install build-essential"
[ $# -gt 0 ] || set -- websocket session messages
for target in "$@"; do
  say "Fuzzing $target for $seconds s"
  corpus="$cache/fuzz/corpus-$target"
  mkdir -p "$corpus"
  # The pinned toolchain is stable: coverage guides the search, the sanitizers of a nightly compiler are not there. No unsafe
  # code is ours to find faults in.
  RUSTC_WORKSPACE_WRAPPER=$root/tunnel/fuzz/instrument.sh \
    cargo run --quiet --locked -p tunnel-fuzz --features fuzz --bin "$target" -- "$corpus" "tunnel/fuzz/seeds/$target" \
    -max_total_time="$seconds" -timeout=10 -max_len=4096 -artifact_prefix="$cache/fuzz/" -print_final_stats=1 -verbosity=0
done
