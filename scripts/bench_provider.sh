#!/usr/bin/env bash
# Time and memory that the provider takes to start and to answer GetProviderSchema, in a release build.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  "" | [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) ;;
  *) no_arguments "Usage: scripts/bench_provider.sh [RUNS: 1 to 999, 20 by default]" "$@" ;;
esac

cd "$root"
need cargo "install Rust from https://rustup.rs"
cargo build --release --locked --quiet -p terraform-provider-databricks -p localcloud --bins --example bench_start
target/release/examples/bench_start \
  target/release/terraform-provider-databricks "${1:-20}"
