#!/usr/bin/env bash
# Runs every test, on programs that are built quickly: nothing optimised, and with the checks of overflows and of clap.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/test.sh [ARGUMENTS OF cargo test…]"
    echo
    echo "Builds the binaries and runs every test: unit tests, real terraform, real ssh. Installs what it needs and may."
    exit 0
    ;;
esac

cd "$root"
ensure_tools
# Shells of other machines, other ways to begin a session, and a client of the SSH server.
for program in busybox fish mksh perl rsync tcsh tmux yash zsh; do ensure_package "$program" "$program"; done
ensure_package man man-db
say "Building"
cargo build --locked --workspace
say "Testing"
cargo test --locked --workspace "$@"
