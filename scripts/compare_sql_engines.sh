#!/usr/bin/env bash
# The same statements on both SQL engines of localcloud, which may differ in what is listed alone: crates/localcloud/tests/it/sql/engines.rs.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/compare_sql_engines.sh [ARGUMENTS OF the tests…]

Runs the tests that need Spark: what localcloud's SQL engines, DuckDB and Spark, tell of the same statements is compared with the list of their
differences. PySpark, half a gigabyte, is installed into .cache/venv-spark once. It wants Java 17.
TEXT
}

case ${1-} in -h | -help | --help)
  usage
  exit 0
  ;;
esac
cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_package java openjdk-17-jre-headless
ensure_spark_venv
cargo test --release --locked -p localcloud --test it -- --ignored sql::engines "$@"
