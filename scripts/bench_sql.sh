#!/usr/bin/env bash
# A large SQL result to CSV, beside databricks-sql-connector in the same run, on a local cloud. It is no test.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/bench_sql.sh [--rows N]

Has one statement of N rows (25 million: about 2 GB) run, and writes its result to CSV with 'tunnel sql fetch' and with the official Python
connector. Prints seconds, MB/s and the most memory of each. Then ten of the links are cut, and the file must be the same, byte for byte.
TEXT
}

case ${1-} in -h | -help | --help)
  usage
  exit 0
  ;;
esac
on_the_local_cloud release bench_sql.py "$@"
