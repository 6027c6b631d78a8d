# What all scripts here share. They run on the job's machine under any POSIX shell, with POSIX's utilities.
# Who a process is: its pid, when it started (proc(5), field 22 of stat), and during which boot: `PID START BOOT`.
set -u
newline='
'

base=${TUNNEL_JOBS:-${HOME:-.}/.tunnel/jobs}
case $base in /*) ;; *) base=$PWD/$base ;; esac

boot=
if [ -r /proc/sys/kernel/random/boot_id ]; then
  IFS= read -r boot </proc/sys/kernel/random/boot_id
elif boot=$(sysctl -n kern.boottime 2>/dev/null); then
  boot=$(printf '%s' "$boot" | tr -c '[:alnum:]' _)
fi
: "${boot:=unknown}"

# start_of PID: sets start, or fails where there is no such process, or a dead one that nobody took out of the table.
start_of() {
  start=
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  if [ -r /proc/self/stat ]; then
    IFS= read -r start_line 2>/dev/null <"/proc/$1/stat" || return 1
    # The name, in parentheses, may hold anything.
    # shellcheck disable=SC2086
    set -- ${start_line##*) }
    case ${1-} in '' | Z | X | x) return 1 ;; esac
    start=${20-}
  else
    start=$(ps -o lstart= -p "$1" 2>/dev/null | tr -c '[:alnum:]' _)
  fi
  [ -n "$start" ]
}

# alive FILE: whether the process that the file names is there; sets pid.
alive() {
  pid='' was='' when=''
  read -r pid was when _ 2>/dev/null <"$1" || return 1
  [ "$when" = "$boot" ] && start_of "$pid" && [ "$start" = "$was" ]
}

# now: sets epoch (seconds of the clock) and uptime (seconds that no clock change moves).
now() {
  epoch=$(date +%s)
  uptime=$epoch
  if [ -r /proc/uptime ]; then read -r uptime _ </proc/uptime; fi
}

nap() {
  sleep "$1" 2>/dev/null || sleep 1
}

# detach COMMAND...: becomes the command, in a session of its own.
detach() {
  if command -v setsid >/dev/null 2>&1; then
    exec setsid "$@"
  elif command -v perl >/dev/null 2>&1; then
    exec perl -e 'use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV' "$@"
  elif command -v python3 >/dev/null 2>&1; then
    exec python3 -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@"
  fi
  echo "fail there is no setsid, perl or python3 that could start a job apart from this connection"
  exit 1
}
