#!/usr/bin/env bash
# What many AWS objects cost: seconds, calls, the provider's CPU seconds and its peak memory for apply, an empty plan, one tag on
# all, and destroy; ours beside hashicorp/aws, both on one local cloud with moto. See scripts/bench_aws.py for what is made.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage="Usage: scripts/bench_aws.sh [UNITS: 1 to 99, 20 by default]

A unit is 20 objects of ours, 42 of hashicorp/aws. The peer is looked for in AWS_PROVIDER (its binary), then in the folders where
Terraform keeps mirrors and plugins; without it ours runs alone."
case ${1-} in
  "" | [1-9] | [1-9][0-9]) ;;
  *) no_arguments "$usage" "$@" ;;
esac

# peer: the newest binary of hashicorp/aws on this machine.
peer() {
  if [ -n "${AWS_PROVIDER-}" ]; then
    [ -x "$AWS_PROVIDER" ] || die "AWS_PROVIDER names $AWS_PROVIDER, which is no program"
    printf '%s\n' "$AWS_PROVIDER"
    return
  fi
  find /usr/share/terraform "$HOME/.terraform.d" "${TF_PLUGIN_CACHE_DIR:-/nonexistent}" \
    -path '*hashicorp/aws/*' -name 'terraform-provider-aws*' -type f 2>/dev/null | sort -V | tail -n 1
}

cd "$root"
need cargo "install Rust from https://rustup.rs"
ensure_venv
terraform=$(terraform_program)
cargo build --release --locked --quiet -p terraform-provider-databricks -p localcloud

work=$(mktemp -d)
cleanup() {
  target/release/localcloud --dir "$work/cloud" down >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
target/release/localcloud --dir "$work/cloud" up --detach --provisioning 1ms >/dev/null
# shellcheck disable=SC1091
source "$work/cloud/env"
export AWS_REGION=eu-west-1
"$LOCALCLOUD_VENV/bin/python" scripts/bench_aws.py --units "${1:-20}" --work "$work" --terraform "$terraform" \
  --log "$work/cloud/requests.log" --ours target/release/terraform-provider-databricks --peer "$(peer)"
