#!/usr/bin/env bash
# The same statements on both SQL engines of localcloud, which may differ in what is listed alone: crates/localcloud/tests/it/sql/engines.rs.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/compare_sql_engines.sh

Runs the tests that need Spark: what localcloud's SQL engines, DuckDB and Spark, tell of the same statements is compared with the list of their
differences, and then the tests of results, catalogs, clients and cancelling run on Spark. PySpark, half a gigabyte, is installed into
.cache/venv-spark once. It wants Java 17.
TEXT
}

no_arguments "$(usage)" "$@"
cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_package java openjdk-17-jre-headless
ensure_spark_venv
say "The same statements on both"
cargo test --locked -p localcloud --test it -- --ignored sql::engines
# One at a time: each starts a JVM. What is left out is of DuckDB's tables and DuckDB's words, which the first test compares.
say "What holds of results, catalogs, clients and cancelling, on Spark"
LOCALCLOUD_SQL_ENGINE=spark cargo test --locked -p localcloud --test it -- --test-threads 1 \
  sql::catalogs sql::clients sql::results sql::running --skip tables_are_named_by
