# Shared by the scripts here: where things are, words for people, and what a script installs where it may.
# shellcheck shell=bash

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache

# say WORDS…: a step of the script, on standard error.
say() {
  if [ -t 2 ]; then printf '\033[1m==> %s\033[0m\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi
}

# die WORDS…: one line that says what is wrong and what to do; the script ends.
die() {
  printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
  exit 1
}

# need PROGRAM HOW: the program is on the PATH, or the script ends with how to get it.
need() {
  command -v "$1" >/dev/null 2>&1 || die "$1 is not on the PATH: $2"
}

# no_arguments TEXT ARGUMENT…: shows the text for --help, and refuses every other argument.
no_arguments() {
  case ${2-} in
    "") return ;;
    -h | -help | --help)
      printf '%s\n' "$1"
      exit 0
      ;;
    *) die "unknown argument $2 (see --help)" ;;
  esac
}

# terraform_program: Terraform, or OpenTofu where that is what there is. TERRAFORM names another one.
terraform_program() {
  local program
  if [ -n "${TERRAFORM-}" ]; then
    command -v "$TERRAFORM" >/dev/null 2>&1 || die "TERRAFORM names $TERRAFORM, which is no program: correct or unset it"
    printf '%s\n' "$TERRAFORM"
    return
  fi
  for program in terraform tofu; do
    if command -v "$program" >/dev/null 2>&1; then
      printf '%s\n' "$program"
      return
    fi
  done
  die "terraform is not on the PATH: install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.11 or newer"
}

# ensure_package PROGRAM PACKAGE: installs a Debian package where this user may; else the script ends with the command.
ensure_package() {
  PATH=$PATH:/usr/sbin command -v "$1" >/dev/null 2>&1 && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing $2"
    export DEBIAN_FRONTEND=noninteractive
    {
      apt-get install -y -qq --no-install-recommends "$2" ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2"; }
    } >"$cache/apt.log" 2>&1 || die "apt-get could not install $2: see .cache/apt.log"
  else
    die "$1 is missing: install it with: sudo apt-get install $2"
  fi
}

# python_environment NAME FILE…: a Python environment in .cache with what the files ask for; a copy of each says that it is there.
python_environment() {
  local venv=$cache/$1 log=$cache/$1.log file is_there=yes
  local -a wanted=()
  shift
  mkdir -p "$cache"
  for file in "$@"; do
    wanted+=(-r "$file")
    cmp -s "$file" "$venv/$(note_of "$file")" || is_there=
  done
  [ -z "$is_there" ] || return 0
  need python3 "install Python 3.10 or newer: sudo apt-get install python3 python3-venv"
  say "Making a Python environment in ${venv#"$root/"}"
  rm -rf "$venv"
  python3 -m venv "$venv" >"$log" 2>&1 ||
    die "python3 cannot make a virtual environment: sudo apt-get install python3-venv (details: ${log#"$root/"})"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}" >>"$log" 2>&1 ||
    die "pip could not install ${*#"$root/"}: see ${log#"$root/"}"
  for file in "$@"; do cp "$file" "$venv/$(note_of "$file")"; done
}

# note_of FILE: the copy of a file of requirements in an environment. localcloud looks for those of its own.
note_of() {
  case $1 in
    */tests/*) printf 'requirements-tests.txt\n' ;;
    *) basename -- "$1" ;;
  esac
}

# ensure_venv: moto, the emulated AWS, localcloud's SQL engine, and the clients of others that our tests use. localcloud uses it through
# LOCALCLOUD_VENV.
ensure_venv() {
  export LOCALCLOUD_VENV=$cache/venv
  python_environment venv "$root/crates/localcloud/requirements.txt" "$root/provider/tests/requirements.txt"
}

# ensure_spark_venv: the same for both of localcloud's SQL engines.
ensure_spark_venv() {
  local of_localcloud=$root/crates/localcloud
  export LOCALCLOUD_VENV=$cache/venv-spark
  python_environment venv-spark "$of_localcloud/requirements.txt" "$of_localcloud/requirements-spark.txt" "$root/provider/tests/requirements.txt"
}

# ensure_zig: cargo zigbuild, and Zig as the C compiler and linker for other systems.
ensure_zig() {
  local zig=$cache/zig
  if [ ! -x "$zig/bin/cargo-zigbuild" ]; then
    need python3 "install Python 3"
    say "Installing Zig and cargo-zigbuild into .cache"
    python3 -m venv "$zig"
    "$zig/bin/pip" install --quiet ziglang cargo-zigbuild
  fi
  export PATH=$zig/bin:$PATH
}

# ensure_library TARGET: Rust's library for another system or other processors. Without rustup the build itself tells.
ensure_library() {
  command -v rustup >/dev/null 2>&1 || return 0
  rustup target list --installed | grep -x "$1" >/dev/null && return
  say "Installing Rust's library for $1"
  rustup target add "$1" || die "Rust's library for $1 could not be installed: rustup target add $1"
}

# ensure_tools: all that the demo and the tests run beside our own programs.
ensure_tools() {
  mkdir -p "$cache"
  need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
  need cc "sudo apt-get install build-essential"
  terraform_program >/dev/null
  ensure_package ssh openssh-client
  ensure_package sshd openssh-server
  # Another server of SFTP; its module comes in a package of its own.
  ensure_package proftpd proftpd-core
  [ -e /usr/lib/proftpd/mod_sftp.so ] || ensure_package mod_sftp proftpd-mod-crypto
  ensure_venv
}

# variables_file ARGUMENT…: reads -auto-approve, -h and the file of choices (as Terraform's -var-file=F, or as it is) into
# auto_approve and var_file. default_file is another one than the deployment's tfvars.
variables_file() {
  auto_approve=
  var_file=
  while [ $# -gt 0 ]; do
    case $1 in
      -auto-approve | --auto-approve) auto_approve=yes ;;
      -var-file=* | --var-file=*) var_file=${1#*=} ;;
      -h | -help | --help)
        usage
        exit 0
        ;;
      -*) die "unknown option $1 (see --help)" ;;
      *)
        [ -z "$var_file" ] || die "one file is taken, and $1 is a second one (see --help)"
        var_file=$1
        ;;
    esac
    shift
  done
  : "${var_file:=${default_file:-$root/vars/databricks.tfvars}}"
  [ -f "$var_file" ] || die "there is no file $var_file (see --help)"
  var_file=$(cd -- "$(dirname -- "$var_file")" && pwd)/$(basename -- "$var_file")
}

# own_words: what Terraform says, without what is of no concern to whoever runs a script: that a part of the deployment is
# planned, and all outputs. Terraform's colours tell where a warning ends; where nobody looks, they are taken away.
own_words() {
  local line box='' is_box='' is_blank='' is_plain=''
  shopt -s extglob
  [ -t 1 ] || is_plain=yes
  while IFS= read -r line || [ -n "$line" ]; do
    [ -z "$is_plain" ] || line=${line//$'\e['*([0-9;])m/}
    case $line in
      *╷*) is_box=yes box=$line ;;
      *╵*)
        case $box in
          *'Resource targeting is in effect'* | *'Applied changes may be incomplete'*) ;;
          *) printf '%s\n%s\n' "$box" "$line" ;;
        esac
        is_box='' is_blank=''
        ;;
      *Outputs:*) break ;;
      *)
        if [ -n "$is_box" ]; then
          box+=$'\n'$line
        elif [ -n "${line//[[:space:]]/}" ]; then
          is_blank=''
          printf '%s\n' "$line"
        elif [ -z "$is_blank" ]; then
          is_blank=yes
          echo
        fi
        ;;
    esac
  done
  cat >/dev/null
}

# said ARGUMENT…: runs Terraform, and says of it what own_words leaves, results and errors each where they belong.
said() {
  { "$terraform" "$@" 2>&1 >&3 | own_words >&2; } 3>&1 | own_words
}

# objects_of_the_state FILE: writes what is deployed into the file. A state in this folder is read before anything is fetched; one
# that is kept elsewhere, after an init.
objects_of_the_state() {
  local errors=$1.errors
  "$terraform" state list -no-color >"$1" 2>"$errors" && return
  if grep -qi 'initialization required' "$errors"; then
    initialized
    "$terraform" state list -no-color >"$1" 2>"$errors" && return
  fi
  grep -qi 'no state file' "$errors" || {
    cat "$errors" >&2
    die "the state cannot be read: nothing was changed"
  }
}

# initialized: the folder is ready for a plan, with the backend of vars/backend.hcl where there is that file.
initialized() {
  local backend=()
  [ -d .terraform ] && return
  [ ! -f vars/backend.hcl ] || backend=(-backend-config=vars/backend.hcl)
  "$terraform" init -input=false -no-color "${backend[@]}" >"$plan/init" 2>&1 || {
    own_words <"$plan/init" >&2
    die "terraform init failed: nothing was changed. Where the state is kept, says -backend-config=FILE"
  }
}

# confirmed: asks whether what stands above may be applied, unless -auto-approve was given; else the script ends.
confirmed() {
  local answer
  [ -z "$auto_approve" ] || return 0
  [ -t 0 ] || die "not confirmed: run it on a terminal, or with -auto-approve"
  read -r -p "Apply this? Only 'yes' is taken: " answer || answer=
  [ "$answer" = yes ] || die "not confirmed: nothing was changed"
}

# apply_only PATTERN NOTHING ARGUMENT…: plans with the arguments, makes sure that each change is of a resource that matches the
# pattern, shows the plan, asks, and applies exactly that plan. NOTHING is said where there is nothing to change. A script's own
# before_applying is called between plan and question.
apply_only() {
  local pattern=$1 nothing=$2 terraform plan changes other
  shift 2
  terraform=$(terraform_program)
  cd "$root"
  # A plan and a state hold secrets: they are readable by their owner alone, and the plan is gone at the end.
  umask 077
  plan=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$plan'" EXIT
  objects_of_the_state "$plan/objects"
  [ -s "$plan/objects" ] || die "nothing is deployed here yet: run '$(basename -- "$terraform") apply -var-file=${var_file#"$root/"}' first"
  initialized
  "$terraform" plan -input=false -json -out="$plan/plan" -var-file="$var_file" "$@" >"$plan/log" || {
    ! grep -q 'acquiring the state lock' "$plan/log" ||
      die "another Terraform holds the lock of this state: nothing was changed. Run this again when that one has ended"
    said plan -input=false -var-file="$var_file" "$@" || true
    die "the plan failed: nothing was changed"
  }
  changes=$(grep '"type":"planned_change"' "$plan/log" | sed -E 's/.*"addr":"(([^"\\]|\\.)*)".*/\1/' || true)
  if [ -z "$changes" ]; then
    say "Nothing to do: $nothing."
    exit
  fi
  other=$(printf '%s\n' "$changes" | grep -Ev "$pattern" || true)
  [ -z "$other" ] || die "the deployment has other pending changes, which a plain 'terraform apply' must make first: $(printf '%s' "$other" | tr '\n' ' ')"
  said show "$plan/plan"
  ! declare -F before_applying >/dev/null || before_applying
  confirmed
  said apply -input=false "$plan/plan" ||
    die "the apply failed, and what it says stands above: run this again, and it goes on from where it is"
}

# on_the_local_cloud dev|release SCRIPT ARGUMENT…: builds our programs with that profile and runs a Python script of this folder, in a
# folder of its own. PROGRAMS tells it where they are.
on_the_local_cloud() {
  local profile=$1 script=$2 work
  shift 2
  export PROGRAMS=$root/target/${profile/dev/debug}
  cd "$root"
  need cargo "install Rust from https://rustup.rs"
  terraform_program >/dev/null
  ensure_venv
  [ -n "${IS_BUILT-}" ] || cargo build --profile "$profile" --locked --quiet -p terraform-provider-databricks -p localcloud -p tunnel
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  "$LOCALCLOUD_VENV/bin/python" "scripts/$script" "$work" "$@"
}

# What of the network costs by the hour and is made anew in a moment: what sleeping removes, and waking brings back. PrivateLink's
# endpoints are not in it, which Databricks knows by their ids.
# shellcheck disable=SC2034 # for the scripts that put the network to sleep and wake it
sleeping_parts='^module\.network\.databricks_aws_(nat_gateway\.this|eip\.nat|route\.nat|vpc_endpoint\.interface)\['

# output NAME: one of the deployment's outputs as text, or nothing where there is none.
output() {
  "$(terraform_program)" output -no-color -raw "$1" 2>/dev/null || true
}

# running_compute: the clusters and SQL warehouses of the workspace that run or start, as lines of `cluster ID NAME` and
# `warehouse ID NAME`. It fails, with tunnel's words, where that cannot be known.
running_compute() {
  local host kind
  local -a states=()
  need tunnel "run scripts/install.sh"
  host=$(output workspace_url)
  [ -n "$host" ] || die "the deployment has no workspace_url: apply it first"
  for kind in cluster warehouse; do
    states=(--state PENDING --state RUNNING --state RESTARTING --state RESIZING)
    [ "$kind" = cluster ] || states=(--state STARTING --state RUNNING)
    # The first line names the columns, which stand two blanks apart.
    tunnel "$kind" list --host "$host" "${states[@]}" |
      sed -n "2,\$s/^ *\([^ ]*\)  *\(.*\)/$kind \1 \2/p" | sed 's/  .*//' || return
  done
}
