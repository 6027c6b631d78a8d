# Ends a job and says how it ended. In front of this: id, grace, and report.sh.
cd "$base/$id" 2>/dev/null && [ -f supervisor ] && [ ! -s end ] && {
  look_at supervisor
  # What runs elsewhere cannot be ended here, and is not marked as if it could.
  if [ "$life" = elsewhere ]; then false; fi
} && {
  { detach sh "$base/$id/input/supervise" end cancelled "$grace"; } </dev/null >/dev/null 2>&1 &
  tries=0
  clock
  over=$((seconds + grace + 60))
  # The one that ends it goes on if this does not.
  while [ ! -s end ] && { alive supervisor || alive leader; } && [ "$seconds" -lt "$over" ]; do
    clock
    nap 0.1
    tries=$((tries + 1))
    if [ $((tries % 50)) = 0 ]; then printf 'beat\n'; fi
  done
  if [ ! -r /proc/self/environ ]; then printf 'group\n'; fi
}
cd "$base" 2>/dev/null || cd /
ids=$id
report_all
