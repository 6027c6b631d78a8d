#!/usr/bin/env bash
# Kills the root module's applies, destroys and scripts at random moments, and checks that nothing is lost. See scripts/kills.py.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/kills.sh [--rounds N] [--backend local|s3|http] [--elsewhere] [--provisioning DURATION] [--skew SECONDS]
                        [--seed N] [--commands LIST]

Each round kills one command of the root module on a local cloud of its own (the provider, Terraform, both, or Ctrl-C once or twice),
and applies again: afterwards there must be one object of each kind, an empty plan, and nothing after a destroy. A round takes about 15
seconds without provisioning.

  --rounds N               rounds, 10 if it is not given
  --backend KIND           where the state is: local, s3 (the default) or http
  --elsewhere              each apply after a kill runs without .terraform, as on another machine
  --provisioning DURATION  how long workspaces, clusters and NAT gateways take to come up, 0s if it is not given
  --skew SECONDS           how far the provider's clock is ahead of the services' (needs libfaketime)
  --seed N                 repeats a run: it is printed
  --commands LIST          of apply,destroy,sleep,wake,reset; all of them if it is not given

Exit code: 0 all rounds went well, 1 one did not.
TEXT
}

case ${1-} in -h | -help | --help)
  usage
  exit 0
  ;;
esac
on_the_local_cloud dev kills.py "$@"
