# Sends a job's logs from an offset: blocks of `data STREAM OFFSET SIZE`, the bytes, a line end. In front of this: id, out and err
# (offsets; - for a log that is not wanted), and report.sh.
if ! cd "$base/$id" 2>/dev/null || [ ! -f supervisor ]; then
  printf 'now 0 0\njob %s\nmissing\n.\n' "$id"
  exit 0
fi

# first SIZE: the first bytes of stdin. Not every head counts bytes; every dd does, one at a time.
first() {
  if head -c 1 </dev/null >/dev/null 2>&1; then head -c "$1"; else dd bs=1 count="$1" 2>/dev/null; fi
}

# send STREAM OFFSET: what is there beyond the offset. A job that was claimed this moment has no logs yet.
send() {
  size=0
  if [ -f "$1" ]; then size=$(($(wc -c <"$1"))); fi
  if [ "$size" -gt "$2" ]; then
    printf 'data %s %s %s\n' "$1" "$2" $((size - $2))
    tail -c "+$(($2 + 1))" "$1" | first $((size - $2))
    printf '\n'
  elif [ "$size" -lt "$2" ]; then
    printf 'shrunk %s %s\n' "$1" "$size"
  fi
}

# First what is known of the job, then its logs: one that has ended has nothing more to say.
(
  cd "$base" || exit 1
  ids=$id
  report_all
)
if [ "$out" != - ]; then send stdout "$out"; fi
if [ "$err" != - ]; then send stderr "$err"; fi
printf 'all\n'
