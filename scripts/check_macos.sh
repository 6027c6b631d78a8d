#!/usr/bin/env bash
# Whether `tunnel` compiles for macOS, on both of its processors: checked on any system, run on none.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/check_macos.sh

Runs cargo check of tunnel for aarch64-apple-darwin and x86_64-apple-darwin. Zig, from PyPI, compiles the C in it." "$@"

cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_zig
for target in aarch64-apple-darwin x86_64-apple-darwin; do
  ensure_library "$target"
  say "Checking tunnel for $target"
  cargo-zigbuild check --locked -p tunnel --target "$target"
done
