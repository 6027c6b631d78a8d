# Says what is known of jobs. In front of this: ids, and report.sh. With `all` for ids, of every job that is here.
cd "$base" 2>/dev/null || cd /
if [ "$ids" = all ]; then
  ids=
  for id in */supervisor; do
    case $id in '*/supervisor') ;; *) ids="$ids ${id%/supervisor}" ;; esac
  done
fi
report_all
