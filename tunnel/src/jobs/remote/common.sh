# What all scripts here share. They run on the job's machine under any POSIX shell, with POSIX's utilities.
# Who a process is: its pid, when it started (proc(5), field 22 of stat), and where: `PID START BOOT … NODE`. BOOT is the machine's boot
# and when the first process started that can be seen from here: containers of one boot have pids of their own.
set -u
newline='
'

base=${TUNNEL_JOBS:-${HOME:-.}/.tunnel/jobs}
case $base in /*) ;; *) base=$PWD/$base ;; esac

node=
if [ -r /proc/sys/kernel/hostname ]; then
  IFS= read -r node </proc/sys/kernel/hostname
else
  node=$(uname -n)
fi
: "${node:=unknown}"

boot=
if [ -r /proc/sys/kernel/random/boot_id ]; then
  IFS= read -r boot </proc/sys/kernel/random/boot_id
elif boot=$(sysctl -n kern.boottime 2>/dev/null); then
  boot=$(printf '%s' "$boot" | tr -c '[:alnum:]' _)
fi
# Where nobody says which boot it is, its name tells a machine from another.
: "${boot:=unknown-$node}"

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

if [ -r /proc/1/stat ] && start_of 1; then boot=$boot:$start; else boot=$boot:-; fi

# look_at FILE: sets life to what became of the process that the file names: alive, dead, or elsewhere, which is on another machine
# that has this folder as well, or in another container, where nobody here can see it. Sets pid, and at (its machine's name).
look_at() {
  pid='' was='' when='' at='' life=dead
  read -r pid was when _ at _ 2>/dev/null <"$1" || return 0
  if [ "$when" = "$boot" ]; then
    if start_of "$pid" && [ "$start" = "$was" ]; then life=alive; fi
  elif [ "$at" != "$node" ] || [ "${when%:*}" = "${boot%:*}" ]; then
    life=elsewhere
  fi
}

# alive FILE: whether the process that the file names is there.
alive() {
  look_at "$1"
  [ "$life" = alive ]
}

# now: sets epoch (seconds of the clock) and uptime (seconds that no clock change moves).
now() {
  epoch=$(date +%s)
  uptime=$epoch
  if [ -r /proc/uptime ]; then read -r uptime _ </proc/uptime; fi
}

# clock: sets seconds, of a clock that no change of the date moves.
clock() {
  if [ -r /proc/uptime ]; then read -r seconds _ </proc/uptime; else seconds=$(date +%s); fi
  seconds=${seconds%%.*}
}

nap() {
  sleep "$1" 2>/dev/null || sleep 1
}

# detach COMMAND...: becomes the command, in a session of its own. A process that leads a group cannot; a subshell leads none.
detach() {
  begin stay "$@"
}

# leave COMMAND...: starts the command in a session of its own and ends: whoever waits for this process waits for nothing else. It is
# not started with `&`, by which a shell makes it ignore INT and QUIT for ever.
leave() {
  begin leave "$@"
}

# begin HOW COMMAND...: either of them, without a signal that is ignored. What a shell was started to ignore, no shell takes back
# (POSIX, trap): other programs do. Without these, setsid hands on what the login ignores, which after OpenSSH is nothing, or TSTP and
# USR1.
begin() {
  how=$1
  shift
  if command -v setsid >/dev/null 2>&1; then
    # It forks where it leads its group, which the first of two makes the second do.
    twice=
    if [ "$how" = leave ]; then twice=setsid; fi
    if env --default-signal true 2>/dev/null; then exec env --default-signal setsid $twice "$@"; fi
  else
    twice=none
  fi
  if command -v perl >/dev/null 2>&1; then
    exec perl -e 'use POSIX; my $how = shift; $SIG{$_} = "DEFAULT" for keys %SIG; if ($how eq "leave") { my $pid = fork;
      defined $pid or die "fail $!"; exit 0 if $pid } POSIX::setsid(); exec { $ARGV[0] } @ARGV or die "fail $ARGV[0]: $!"' "$how" "$@"
  elif command -v python3 >/dev/null 2>&1; then
    exec python3 -c '
import os, signal, sys
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_DFL)
    except (OSError, ValueError): pass
if sys.argv[1] == "leave" and os.fork(): os._exit(0)
os.setsid()
os.execvp(sys.argv[2], sys.argv[2:])' "$how" "$@"
  elif [ "$twice" != none ]; then
    exec setsid $twice "$@"
  fi
  echo "fail there is no setsid, perl or python3 that could start a job apart from this connection"
  exit 1
}
