# Says what is known of jobs; where `follow` is 1, again and again until all have ended. In front of this: ids, follow, and
# report.sh. With `all` for ids, of every job that is here.

# running: whether one of them still runs. No process is started for that.
running() {
  for id in $ids; do
    if [ -f "$id/supervisor" ] && [ ! -s "$id/end" ] && alive "$id/supervisor"; then return 0; fi
  done
  return 1
}

cd "$base" 2>/dev/null || cd /
if [ "$ids" = all ]; then
  ids=
  for id in */supervisor; do
    case $id in '*/supervisor') ;; *) ids="$ids ${id%/supervisor}" ;; esac
  done
fi
until report_all || [ "$follow" = 0 ]; do
  looks=0
  while running && [ "$looks" -lt 15 ]; do
    nap 0.3
    looks=$((looks + 1))
  done
done
