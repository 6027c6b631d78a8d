#!/usr/bin/env bash
# Fuzzes what reads bytes from the network, each target for a while. A crash leaves its input in .cache/fuzz.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/fuzz.sh [SECONDS [TARGET…]]"
    echo
    echo "Runs each fuzz target of tunnel/fuzz for so many seconds (20 by default). Installs cargo-fuzz where it is missing."
    exit 0
    ;;
esac

seconds=${1-20}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "$seconds is no number of seconds"
[ $# -eq 0 ] || shift
cd "$root"
mkdir -p "$cache/fuzz"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
PATH=$PATH:$cache/cargo/bin
if ! command -v cargo-fuzz >/dev/null 2>&1; then
  say "Installing cargo-fuzz into .cache"
  cargo install --quiet --locked --root "$cache/cargo" cargo-fuzz
fi
[ $# -gt 0 ] || set -- websocket session messages
export CARGO_TARGET_DIR="$root/target/fuzz"
for target in "$@"; do
  say "Fuzzing $target for $seconds s"
  corpus="$cache/fuzz/corpus-$target"
  mkdir -p "$corpus"
  # The pinned toolchain is stable: coverage guides the search, the sanitizers of a nightly compiler are not there. No unsafe
  # code is ours to find faults in.
  cargo fuzz run --fuzz-dir tunnel/fuzz --sanitizer none --release "$target" "$corpus" "tunnel/fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -timeout=10 -max_len=4096 -artifact_prefix="$cache/fuzz/" -print_final_stats=1 -verbosity=0
done
