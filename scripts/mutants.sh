#!/usr/bin/env bash
# Breaks every resource, one operation and one attribute at a time, and looks whether its tests notice.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/mutants.sh [RESOURCE TYPE]"
    echo
    echo "Of every resource (or of one): a delete that does nothing, a find that finds nothing, a read that never says that the object is"
    echo "gone, and an attribute that is not sent, or not read (MUTANTS=all: each attribute of its example). Runs its contract and its"
    echo "crash test on each, and says what caught it. Ends with 1 if a mutant is not caught. The build is one of its own."
    exit 0
    ;;
esac

cd "$root"
ensure_tools
# A provider that can be broken never stands where the others look for theirs.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/mutants}
say "Building a provider that can be broken"
features=(--locked -p terraform-provider-databricks --features mutants)
cargo build "${features[@]}"
say "Breaking it"
cargo test "${features[@]}" --test it -- --test-threads 2 "every_mutant_is_caught_of_${1-}"
