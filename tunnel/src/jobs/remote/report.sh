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

# report JOB: says what is known of it; fails where it has not ended.
report() {
  if [ ! -f "$1/supervisor" ]; then
    printf 'job %s\nmissing\n' "$1"
    return 0
  fi
  printf 'job %s\n' "$1"
  line spec "$1/input/spec"
  line started "$1/started"
  ending "$1" && return 0
  if alive "$1/supervisor"; then
    printf 'alive\n'
    has_ended=1
  else
    # It writes how the job ended before it ends itself.
    ending "$1" && return 0
    has_ended=0
  fi
  if [ -s "$1/status" ]; then
    text=$(tail -c 500 "$1/status")
    printf 'status %s\n' "${text##*"$newline"}"
  fi
  logs="$logs $1/stdout $1/stderr"
  return $has_ended
}

# report_all: every job, and whether all have ended.
report_all() {
  have_ended=0
  logs=
  now
  printf 'now %s %s\n' "$epoch" "$uptime"
  for id in $ids; do
    report "$id" || have_ended=1
  done
  # shellcheck disable=SC2086
  if [ -n "$logs" ]; then wc -c $logs 2>/dev/null; fi
  printf '.\n'
  return $have_ended
}
