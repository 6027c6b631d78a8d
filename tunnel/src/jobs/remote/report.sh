# Functions that say what is known of jobs.

# line NAME FILE: the first line of a file.
line() {
  if IFS= read -r text 2>/dev/null <"$2"; then printf '%s %s\n' "$1" "$text"; fi
}

# ending JOB: says how it ended.
ending() {
  [ -s "$1/end" ] || return 1
  {
    IFS= read -r text
    printf 'end %s\n' "$text"
    IFS= read -r text
    if [ -n "$text" ]; then printf 'status %s\n' "$text"; fi
  } <"$1/end"
}

# report JOB: says what is known of it.
report() {
  if [ ! -f "$1/supervisor" ]; then
    printf 'job %s\nmissing\n' "$1"
    return 0
  fi
  printf 'job %s\n' "$1"
  line spec "$1/input/spec"
  line started "$1/started"
  ending "$1" && return 0
  look_at "$1/supervisor"
  case $life in
    alive) printf 'alive\n' ;;
    elsewhere) printf 'elsewhere %s\n' "$at" ;;
    # It writes how the job ended before it ends itself.
    dead) ending "$1" && return 0 ;;
  esac
  if [ -s "$1/status" ]; then
    text=$(tail -c 500 "$1/status")
    printf 'status %s\n' "${text##*"$newline"}"
  fi
  logs="$logs $1/stdout $1/stderr"
}

# report_all: every job.
report_all() {
  logs=
  now
  printf 'now %s %s\n' "$epoch" "$uptime"
  for id in $ids; do
    report "$id"
  done
  # shellcheck disable=SC2086
  if [ -n "$logs" ]; then wc -c $logs 2>/dev/null; fi
  printf '.\n'
}
