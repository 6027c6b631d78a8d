#!/usr/bin/env bash
# Lets each API call of the root module's commands go wrong in turn, and checks that nothing is lost. See scripts/faults.py.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/faults.sh [--minutes M] [--jobs N] [--only TEXT] [--seed N]

Runs apply, reset, sleep, wake and destroy of the root module on a local cloud, again and again; each time one API call of each of them
goes wrong: its answer is lost after its effect, it is refused, it comes late, or the provider is killed before or after it. The command
is run again; afterwards there must be one object of each kind, an empty plan, and nothing after the destroy. Every call that writes is
struck in each way, every kind of call that reads in three. Says how many cases there are, and how many of them met their call.

  --minutes M  a random sample that takes M minutes; all cases (hours) if it is not given
  --jobs N     clouds at the same time, 2 if it is not given
  --only TEXT  the cases whose description has this text, such as "apply: ec2:CreateVpc"
  --seed N     repeats a run: it is printed

Exit code: 0 all is well, 1 something is not.
TEXT
}

case ${1-} in -h | -help | --help)
  usage
  exit 0
  ;;
esac
on_the_local_cloud dev faults.py "$@"
