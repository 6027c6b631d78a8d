#!/bin/sh
# Stands in for `tunnel job` in the unit tests: runs what is submitted on this machine, at once, and keeps its result. A test
# calls it by a link in a folder of its own, which holds what it was asked (calls, environment) and its jobs. Files there change
# what it does: refuse (its words), slow (a wait goes on), busy (the next wait is turned away), lost (nobody knows how a job ended).
here=${0%/*}
echo "$*" >>"$here/calls"
env >>"$here/environment"
if [ -f "$here/refuse" ]; then
  echo 'looking for the server' >&2
  echo "tunnel: $(cat "$here/refuse")" >&2
  exit 1
fi
# job --outputs FILE SUBCOMMAND …
cp "$3" "$here/outputs"
verb=$4
shift 4

show() {
  if [ -f "$here/lost" ]; then
    state='"lost","exit_code":null'
  else
    state="\"exited\",\"exit_code\":$(cat "$here/jobs/$1/code")"
  fi
  printf '{"id":"%s","name":null,"key":"%s","command":[],"state":%s,"signal":null,"started_at":"2026-11-27T05:00:00Z",' \
    "$1" "$(cat "$here/jobs/$1/key")" "$state"
  printf '"ended_at":null,"duration_seconds":1.5,"status":"%s","stdout_bytes":%s,"stderr_bytes":%s}' \
    "$(cat "$here/jobs/$1/status" 2>/dev/null)" $(($(wc -c <"$here/jobs/$1/stdout"))) $(($(wc -c <"$here/jobs/$1/stderr")))
}

case $verb in
  submit)
    stdin=/dev/null
    while [ "$1" != -- ]; do
      case $1 in
        --key=*) key=${1#--key=} ;;
        --env=*=*) export "${1#--env=}" ;;
        --stdin=-) stdin=/dev/stdin ;;
      esac
      shift
    done
    shift
    id=$(echo "$key" | cksum | tr -dc 0-9)
    job=$here/jobs/$id
    created=false
    if mkdir -p "$here/jobs" && mkdir "$job" 2>/dev/null; then
      created=true
      echo "$key" >"$job/key"
      STATUS_FILE=$job/status "$@" <"$stdin" >"$job/stdout" 2>"$job/stderr"
      echo $? >"$job/code"
    fi
    printf '{"id":"%s","created":%s,"host":"example"}\n' "$id" "$created"
    ;;
  wait | status)
    if [ "$verb" = wait ] && [ -f "$here/slow" ]; then exec sleep 60; fi
    if [ "$verb" = wait ] && rm "$here/busy" 2>/dev/null; then
      echo 'tunnel: no room' >&2
      exit 125
    fi
    [ "$1" = --json ] || exit 2
    if [ ! -d "$here/jobs/$2" ]; then
      echo '[]'
      echo "tunnel: there is no job $2 there" >&2
      exit 1
    fi
    echo "[$(show "$2")]"
    # What a wait ends with is the job's own code.
    [ "$verb" = status ] || exit "$(cat "$here/jobs/$2/code")"
    ;;
  list)
    separator='['
    for job in "$here"/jobs/*/; do
      [ -d "$job" ] || continue
      job=${job%/}
      printf '%s%s' "$separator" "$(show "${job##*/}")"
      separator=,
    done
    [ "$separator" = , ] || printf '['
    echo ']'
    ;;
  logs) tail -c "+$((${2#--since-offset=} + 1))" "$here/jobs/$3/${1#--stream=}" ;;
  cancel) echo "$2" >>"$here/cancelled" ;;
  clean)
    for id; do :; done
    rm -rf "$here/jobs/$id"
    echo '[]'
    ;;
  *) exit 2 ;;
esac
