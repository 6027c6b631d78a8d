# Stands beside a job until it has ended, apart from the connection and from the job's own process group.
# In front of this: id, digest, timeout (seconds; 0 is none), grace (seconds), and common.sh. It runs in the job's folder:
#   run NONCE UMASK LOGIN    claims the job, runs it, and records how it ended
#   lead UMASK LOGIN         says that the job starts, and becomes its first process
#   end REASON GRACE         ends it and what left its group: TERM, and KILL after the grace
#   watch                    does that when its time is up
umask 077
mode=$1
folder=$PWD

# end_group GROUP SECONDS: ends what is left of a process group, with KILL after so long: whether anything was there.
end_group() {
  kill -TERM "-$1" 2>/dev/null || return 1
  clock
  over=$((seconds + $2))
  while kill -0 "-$1" 2>/dev/null; do
    clock
    if [ "$seconds" -gt "$over" ]; then
      kill -KILL "-$1" 2>/dev/null
      return 0
    fi
    nap 0.1
  done
}

# Sets pids to those of the processes that left the group, which still have the job's id in the environment that they began with.
# Only Linux shows that, and of processes of the same user.
find_escaped() {
  pids=
  for found in $(grep -lF "JOB_ID=$id" /proc/[0-9]*/environ 2>/dev/null); do
    found=${found#/proc/}
    pids="$pids ${found%/environ}"
  done
  [ -n "$pids" ]
}

# end_escaped SECONDS: ends them, with KILL after so long.
end_escaped() {
  told=
  clock
  over=$((seconds + $1))
  while find_escaped; do
    clock
    for pid in $pids; do
      if [ "$seconds" -gt "$over" ]; then
        kill -KILL "$pid" 2>/dev/null
      else
        case " $told " in *" $pid "*) ;; *) kill -TERM "$pid" 2>/dev/null ;; esac
      fi
    done
    if [ "$seconds" -gt $((over + 5)) ]; then break; fi
    told=$pids
    nap 0.1
  done
}

if [ "$mode" = watch ]; then
  sleep "$timeout"
  mode=end
  set -- end timed_out "$grace"
fi

if [ "$mode" = end ]; then
  # The first reason stands.
  ln "input/$2" reason 2>/dev/null
  # A job that was claimed is about to start.
  while [ ! -s leader ] && alive supervisor; do nap 0.1; done
  # Its group is there a moment after itself.
  while alive leader; do
    end_group "$pid" "$3" && break
    nap 0.1
  done
  # Else the supervisor does that, before it says that the job has ended.
  if ! alive supervisor; then end_escaped "$3"; fi
  exit 0
fi

if [ "$mode" = lead ]; then
  if start_of $$; then
    printf '%s %s %s - %s\n' $$ "$start" "$boot" "$node" 1<>input/leader && mv input/leader leader
  fi
  detach sh "$folder/input/run" "$2" "$3"
fi

nonce=$2 user_mask=$3 login=$4
input=new.$nonce
refuse() {
  printf '%s\n' "${1%%"$newline"*}"
  exit 0
}
start_of $$ || refuse "fail this process does not find itself"
problem=$(printf '%s %s %s %s %s\n' $$ "$start" "$boot" "$digest" "$node" | cat 2>&1 >"$input/supervisor") || refuse "fail $problem"
# A hard link is made once, whoever asks, and is never seen half written.
if ! problem=$(ln "$input/supervisor" supervisor 2>&1); then
  [ -f supervisor ] || refuse "fail $problem"
  rm -rf "$input"
  refuse taken
fi
now
problem=$( {
  mv "$input" input && : >stdout && : >stderr && : >status &&
    printf '%s %s\n' "$epoch" "$uptime" | cat >started
} 2>&1) || {
  # Nothing ran: the claim is given back, last.
  rm -rf input stdout stderr status started
  rm -f supervisor
  refuse "fail $problem"
}
from=/dev/null
if [ -f input/stdin ]; then from=input/stdin; fi
watcher=
if [ "$timeout" -gt 0 ]; then
  detach sh input/supervise watch </dev/null >/dev/null 2>&1 &
  watcher=$!
fi
# Whoever asked may have gone.
(
  trap '' PIPE
  echo started 2>/dev/null
)
exec >/dev/null 2>&1
# A shell that is told to end has to record first how the job does. Trapped is not ignored: the job begins as after a login.
trap : HUP INT QUIT
# Not with `&`, by which the job would ignore INT and QUIT for ever. By the id in their environment the job's processes are found.
LOG_FILE="$folder/stdout" STATUS_FILE="$folder/status" PID_FILE="$folder/pid" JOB_ID="$id" \
  sh input/supervise lead "$user_mask" "$login" <"$from" >>stdout 2>>stderr
code=$?
# A job is its process group: what its first process leaves behind ends with it.
if read -r leader _ 2>/dev/null <leader; then end_group "$leader" 5; fi
# Where it is to end, so does what left the group.
if [ -s reason ]; then end_escaped 5; fi
if [ -n "$watcher" ]; then kill -KILL "-$watcher"; fi
rm -f input/stdin
state=exited
if [ -s reason ]; then read -r state <reason; fi
now
out=$(wc -c <stdout)
err=$(wc -c <stderr)
last=$(tail -c 500 status)
last=${last##*"$newline"}
# Over the bytes that were reserved: this needs no room, and is seen whole or not at all.
until printf '%s %s - %s %s %s %s\n%s\n' "$state" "$code" "$epoch" "$uptime" $((out)) $((err)) "$last" 1<>input/end &&
  mv input/end end; do
  # Whoever removed the folder does not want to know.
  [ -e supervisor ] || exit 0
  nap 1
done
