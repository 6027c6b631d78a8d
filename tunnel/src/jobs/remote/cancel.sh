# Ends a job and says how it ended. In front of this: id, grace, and report.sh.
cd "$base/$id" 2>/dev/null && [ -f supervisor ] && [ ! -s end ] && {
  { detach sh "$base/$id/input/supervise" end cancelled "$grace"; } </dev/null >/dev/null 2>&1 &
  tries=0
  # The one that ends it goes on if this does not.
  while [ ! -s end ] && { alive supervisor || alive leader; } && [ "$tries" -lt $((grace * 10 + 100)) ]; do
    nap 0.1
    tries=$((tries + 1))
    if [ $((tries % 50)) = 0 ]; then printf 'beat\n'; fi
  done
}
cd "$base" 2>/dev/null || cd /
ids=$id
report_all
