#!/bin/sh
# Stands for real work: ten steps, each told to the status file, and an exit code that is not 0.
# STEP_SECONDS is how long a step takes.
set -eu

printf 'LOG_FILE is %s\nSTATUS_FILE is %s\nPID_FILE is %s\n' "$LOG_FILE" "$STATUS_FILE" "$PID_FILE"

step=1
while [ "$step" -le 10 ]; do
  echo "$step"
  echo "running step $step" >"$STATUS_FILE"
  sleep "${STEP_SECONDS:-1}"
  step=$((step + 1))
done

exit "${EXIT_CODE:-123}"
