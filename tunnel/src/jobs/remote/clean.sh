# Removes the files of jobs that have ended, and of submissions that were never finished. In front of this: ids (or all), age
# (seconds since the end).

# remove JOB: first the name, so that nobody sees half a job.
remove() {
  problem=$(mv "$1" ".gone.$1.$$" 2>&1) || {
    printf 'fail %s\n' "${problem%%"$newline"*}"
    exit 1
  }
  printf 'removed %s\n' "$1"
  rm -rf ".gone.$1.$$"
}

cd "$base" 2>/dev/null || {
  printf '.\n'
  exit 0
}
rm -rf .gone.*
if [ "$ids" = all ]; then
  ids=
  for id in *; do
    case $id in '*' | *[!a-z0-9]*) ;; *) ids="$ids $id" ;; esac
  done
fi
now
for id in $ids; do
  if [ ! -f "$id/supervisor" ]; then
    # Somebody may be submitting it now.
    if [ -d "$id" ] && [ -n "$(find "$id" -prune -mtime +0 2>/dev/null)" ]; then
      rm -rf "$id"
    elif [ ! -d "$id" ]; then
      printf 'missing %s\n' "$id"
    fi
    continue
  fi
  if [ ! -s "$id/end" ]; then
    look_at "$id/supervisor"
    if [ "$life" = dead ] && [ ! -s "$id/end" ]; then look_at "$id/leader"; fi
    case $life in
      alive) printf 'runs %s\n' "$id" && continue ;;
      elsewhere) printf 'elsewhere %s %s\n' "$id" "$at" && continue ;;
    esac
  fi
  ended=0
  if [ -s "$id/end" ]; then
    read -r _ _ _ ended _ <"$id/end"
  else
    read -r ended _ 2>/dev/null <"$id/started" || :
  fi
  if [ $((epoch - ended)) -ge "$age" ]; then remove "$id"; else printf 'young %s\n' "$id"; fi
done
printf '.\n'
