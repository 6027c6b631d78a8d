#!/usr/bin/env bash
# Format and lints, of Rust, of Terraform and (where shellcheck is installed) of the scripts.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/lint.sh

Checks the format and the lints of Rust and of Terraform, and of the scripts where shellcheck is installed." "$@"

cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
terraform=$(terraform_program)
say "Format"
cargo fmt --all --check
"$terraform" fmt -check -recursive -diff .
say "Lints"
if command -v shellcheck >/dev/null 2>&1; then
  shellcheck scripts/*.sh .ci/run integrations/airflow/test.sh
  # Parts of one script: what one assigns, another uses.
  for part in tunnel/src/jobs/remote/*.sh; do
    cat tunnel/src/jobs/remote/common.sh "$part" | shellcheck -s sh -S warning -e SC2034,SC2154 -
  done
fi
cargo clippy --release --locked --workspace --all-targets -- -D warnings
