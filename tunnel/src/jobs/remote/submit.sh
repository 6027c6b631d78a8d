# Starts a job once. The input is staged beside the claim and complete before anything is claimed; the supervisor claims.
# In front of this: id, nonce, digest, spec, run, supervise (texts), total (bytes that follow), and the function `parts`, which
# takes them apart with `part FILE SIZE MODE`.
job=$base/$id
stage=$job/new.$nonce
user_mask=$(umask)
login=$PWD
umask 077

# answer_of_claim: says whose the claim is that is there.
answer_of_claim() {
  read -r _ _ _ other _ <"$job/supervisor"
  if [ "$other" = "$digest" ]; then echo exists; else echo other; fi
  exit 0
}

give_up() {
  exec 3<&-
  rm -rf "$stage"
  rmdir "$job" 2>/dev/null
  reason=${1%%"$newline"*}
  # What a limit ended said nothing.
  printf 'fail %s\n' "${reason:-the files in $job cannot be written: a limit of the login (ulimit -f) may be why}"
  exit 1
}

# keep FILE TEXT. cat says what is wrong with a disk; a shell's printf may not.
keep() {
  problem=$(printf '%s\n' "$2" | cat 2>&1 >"$stage/$1") || give_up "$problem"
}

# take SIZE COUNT: blocks of the payload.
take() {
  if [ "$2" -gt 0 ]; then dd bs="$1" count="$2"; fi
}

# part FILE SIZE MODE: the next bytes of the payload, a regular file, so that each block is read whole.
part() {
  problem=$( {
    take 65536 $(($2 / 65536)) && take 256 $(($2 % 65536 / 256)) && take 1 $(($2 % 256))
  } 2>&1 <&3 >"$stage/$1")
  # dd also says how much it has read.
  [ "$(wc -c <"$stage/$1")" -eq "$2" ] || give_up "${problem#*dd: }"
  chmod "$3" "$stage/$1"
}

[ -f "$job/supervisor" ] && answer_of_claim
problem=$(mkdir -p "$job" 2>&1 && mkdir "$stage" 2>&1) ||
  give_up "$problem (TUNNEL_JOBS in the login's environment names another folder for jobs)"
if [ "$total" -gt 0 ]; then
  problem=$(cat 2>&1 >"$stage/payload") || give_up "$problem"
  # A connection that was cut ends the input as well.
  [ "$(wc -c <"$stage/payload")" -eq "$total" ] || give_up "the connection ended before everything had arrived"
  exec 3<"$stage/payload"
  parts
  exec 3<&-
  rm -f "$stage/payload"
fi
keep spec "$spec"
keep run "$run"
keep supervise "$supervise"
# Room for all that is written later: a full disk keeps no job from being ended, and no result from being known.
keep leader "$(printf '%0128d' 0)"
keep end "$(printf '%01024d' 0)"
keep cancelled cancelled
keep timed_out timed_out

if [ -x "${DATABRICKS_TUNNEL_PROGRAM-}" ]; then
  set -- "$DATABRICKS_TUNNEL_PROGRAM" job-supervisor "$nonce" "$user_mask" "$login"
else
  set -- sh "$stage/supervise" run "$nonce" "$user_mask" "$login"
fi
# It keeps the pipe until it has something to say.
answer=$({ cd "$job" && leave "$@"; } </dev/null 2>&1)
case $answer in
  started) echo started ;;
  taken) answer_of_claim ;;
  *) give_up "the job could not be started: ${answer#fail }" ;;
esac
