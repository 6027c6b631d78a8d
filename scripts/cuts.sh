#!/usr/bin/env bash
# Cuts every resource's creation off at each of its writing calls, and looks whether the next apply has one object.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/cuts.sh [RESOURCE TYPE]"
    echo
    echo "Of each writing call of a creation: its answer is lost, and the provider is killed before and after it. Afterwards the next apply has"
    echo "one object, the plan is empty, and the destroy leaves nothing. CI does so with the first call of each resource alone."
    exit 0
    ;;
esac

cd "$root"
ensure_tools
say "Building"
cargo build --locked -p terraform-provider-databricks
say "Cutting"
CUTS=every cargo test --locked -p terraform-provider-databricks --test it -- "a_cut_off_creation_leaves_one_${1-}"
