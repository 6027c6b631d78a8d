# Sends a job's logs from an offset: blocks of `data STREAM OFFSET SIZE`, the bytes, a line end. In front of this: id, follow,
# out and err (offsets; - for a log that is not wanted), and report.sh.
if ! cd "$base/$id" 2>/dev/null || [ ! -f supervisor ]; then
  printf 'now 0 0\njob %s\nmissing\n.\n' "$id"
  exit 0
fi

# send STREAM OFFSET SIZE: what is there beyond the offset; sets offset.
send() {
  offset=$2
  if [ "$3" -gt "$2" ]; then
    printf 'data %s %s %s\n' "$1" "$2" $(($3 - $2))
    tail -c "+$(($2 + 1))" "$1" | head -c $(($3 - $2))
    printf '\n'
    offset=$3
    quiet=0
  elif [ "$3" -lt "$2" ]; then
    printf 'shrunk %s %s\n' "$1" $(($3))
    offset=$3
  fi
}

# size FILE: sets size; a job that was claimed this moment has no logs yet.
size() {
  size=0
  if [ -f "$1" ]; then size=$(($(wc -c <"$1"))); fi
}

quiet=0
while :; do
  # First whether it has ended, then what is there: so nothing is missed.
  over=0
  if [ -s end ] || ! alive supervisor; then over=1; fi
  if [ "$out" != - ]; then
    size stdout
    send stdout "$out" "$size"
    out=$offset
  fi
  if [ "$err" != - ]; then
    size stderr
    send stderr "$err" "$size"
    err=$offset
  fi
  if [ "$over" = 1 ] || [ "$follow" = 0 ]; then break; fi
  # A word now and then, or this would never notice that nobody listens any more.
  quiet=$((quiet + 1))
  if [ $((quiet % 15)) = 0 ]; then printf 'beat\n'; fi
  nap 0.3
done
cd "$base" || exit 1
ids=$id
report_all
