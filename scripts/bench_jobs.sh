#!/usr/bin/env bash
# What a remote job costs, beside plain ssh to the same sshd in the same run. It is no test.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/bench_jobs.sh

Prints how long submitting a job and asking for 1, 100 and 1,000 jobs takes, beside 'ssh host true', with a connection of its own
and over one that is shared. Medians, in milliseconds, on loopback." "$@"

cd "$root"
mkdir -p "$cache"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
ensure_package ssh openssh-client
ensure_package sshd openssh-server
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
cargo build --quiet --release --locked -p tunnel
tunnel=$root/target/release/tunnel
sshd=$(PATH=$PATH:/usr/sbin command -v sshd)

folder=$(mktemp -d /tmp/jobs.XXXX)
finish() {
  # The shared connections and their sshd.
  pkill -f "$folder/" || true
  rm -rf "$folder"
}
trap finish EXIT
ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
cat >"$folder/sshd_config" <<CONFIG
HostKey $folder/host_key
AuthorizedKeysFile $folder/key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel ERROR
SetEnv TUNNEL_JOBS=$folder/jobs
CONFIG
printf 'box %s\n' "$(cat "$folder/host_key.pub")" >"$folder/known_hosts"
cat >"$folder/ssh_config" <<CONFIG
Host box
  User $(id -un)
  HostKeyAlias box
  UserKnownHostsFile $folder/known_hosts
  IdentityFile $folder/key
  IdentitiesOnly yes
  ProxyCommand $sshd -i -f $folder/sshd_config
CONFIG
export DATABRICKS_TUNNEL_HOME=$folder/home

own() { ssh -F "$folder/ssh_config" -o ControlPath=none box true; }
shared() { ssh -F "$folder/ssh_config" -o ControlMaster=auto -o "ControlPath=$folder/%C" -o ControlPersist=60 box true; }
job() { "$tunnel" job --host box -F "$folder/ssh_config" "$@"; }
job_alone() { "$tunnel" job --host box -F "$folder/ssh_config" -o ControlPath=none "$@"; }

# measure NAME COMMAND…: the median of 15.
measure() {
  local name=$1 i start
  shift
  "$@" >/dev/null 2>&1
  for i in $(seq 15); do
    start=${EPOCHREALTIME/[.,]/}
    "$@" >/dev/null
    echo $((${EPOCHREALTIME/[.,]/} - start))
  done | sort -n | sed -n 8p | awk -v name="$name" '{ printf "%-44s %8.1f ms\n", name, $1 / 1000 }'
}

# copies COUNT ID: the ids of so many jobs that are like this one.
copies() {
  local i copy
  for i in $(seq "$1"); do
    copy=$(printf '%.20s%04d' "$2" "$i")
    [ -d "$folder/jobs/$copy" ] || cp -r "$folder/jobs/$2" "$folder/jobs/$copy"
    echo "$copy"
  done
}

echo "a connection of its own"
measure "  ssh host true" own
measure "  tunnel job submit" job_alone submit -- true
done_id=$(job submit -- true)
measure "  tunnel job status, 1 job" job_alone status "$done_id"
echo "over one shared connection"
measure "  ssh host true" shared
measure "  tunnel job submit" job submit -- true
job wait "$done_id"
running_id=$(job submit -- sleep 600)
for count in 1 100 1000; do
  mapfile -t ids < <(copies "$count" "$done_id")
  measure "  tunnel job status, $count finished" job status "${ids[@]}"
done
for count in 1 100 1000; do
  mapfile -t ids < <(copies "$count" "$running_id")
  measure "  tunnel job status, $count running" job status "${ids[@]}"
done
job cancel "$running_id" >/dev/null
