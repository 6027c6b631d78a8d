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
  shellcheck scripts/*.sh .ci/run integrations/airflow/test.sh integrations/spark-sftp/test.sh
  # Parts of one script: what one assigns, another uses.
  for part in tunnel/src/jobs/remote/*.sh; do
    cat tunnel/src/jobs/remote/common.sh "$part" | shellcheck -s sh -S warning -e SC2034,SC2154 -
  done
fi
# What a package alone is built with is what the workspace is built with: nothing is built twice.
third_party() {
  cargo tree --locked --edges normal,build,dev --prefix none --no-dedupe --format '{p} with {f}' "$@" | grep -v "$root" | sed 's/ (\*)$//' | sort -u
}
whole=$(third_party --workspace)
for package in $(cargo tree --locked --workspace --depth 0 --prefix none --format '{p}' | awk 'NF { print $1 }'); do
  other=$(third_party --package "$package" | comm -13 <(printf '%s\n' "$whole") -)
  [ -z "$other" ] || die "$package alone is built with other features than in the workspace: cargo install cargo-hakari && cargo hakari generate. $other"
done
cargo clippy --locked --workspace --all-targets -- -D warnings
