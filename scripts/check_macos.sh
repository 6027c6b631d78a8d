#!/usr/bin/env bash
# Whether `tunnel` compiles for macOS, on both of its processors: checked on any system, run on none.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/check_macos.sh

Runs cargo check of tunnel for aarch64-apple-darwin and x86_64-apple-darwin. Zig, from PyPI, compiles the C in it." "$@"

cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_zig
targets=()
for target in aarch64-apple-darwin x86_64-apple-darwin; do
  # Where no other toolchain can be fetched, that is said, and no reason to fail.
  if ! (ensure_library "$target"); then
    say "Leaving out $target"
    continue
  fi
  targets+=(--target "$target")
done
[ ${#targets[@]} -gt 0 ] || exit 0
say "Checking tunnel for ${targets[*]}"
cargo-zigbuild check --locked -p tunnel "${targets[@]}"
