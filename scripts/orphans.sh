#!/usr/bin/env bash
# Lists what an apply that was killed may have left behind, through the provider's command of that name.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/orphans.sh [-chdir=FOLDER] [--all] [--json]

Lists the objects that an apply of this deployment made and that are not in its state: an apply that was killed may have left them.
It changes nothing. It looks with the credentials of the environment, those with which the deployment is applied, and says on the
standard error what they may not read, and what to do about each object. Run it while no apply runs.

  -chdir=FOLDER   the root folder of another deployment, after its `terraform init`
  --all           also what other deployments made, and what does not say which one did
  --json          one JSON object, for programs

The program is the provider that `terraform init` chose for the folder, or the one that is built here or on the PATH; PROVIDER names
another one.

Exit code: 0 nothing was found, 1 error, 3 something was found.
TEXT
}

folder=$root
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | -help | --help)
      usage
      exit 0
      ;;
    -chdir=* | --chdir=*) folder=${1#*=} ;;
    -all | --all | -json | --json) arguments+=("$1") ;;
    *) die "unknown argument $1 (see --help)" ;;
  esac
  shift
done

terraform=$(terraform_program)
cd -- "$folder" || die "-chdir=$folder is no folder that can be entered"

# provider_program: the provider that `terraform init` chose for the folder, or the one that is built here or on the PATH.
provider_program() {
  local chosen name=terraform-provider-databricks
  if [ -n "${PROVIDER-}" ]; then
    command -v "$PROVIDER" >/dev/null 2>&1 || die "PROVIDER names $PROVIDER, which is no program: correct or unset it"
    printf '%s\n' "$PROVIDER"
    return
  fi
  for chosen in "${TF_DATA_DIR:-.terraform}"/providers/*/databricks-aws/databricks/*/*/"$name"*; do
    [ -x "$chosen" ] || continue
    (cd -- "$(dirname -- "$chosen")" && printf '%s/%s\n' "$PWD" "$(basename -- "$chosen")")
    return
  done
  if [ -x "$root/target/release/$name" ]; then
    printf '%s\n' "$root/target/release/$name"
    return
  fi
  command -v "$name" || die "$name is neither initialized here, built, nor on the PATH: run '$(basename -- "$terraform") init' first"
}

provider=$(provider_program)
# A state holds secrets: it goes through a pipe, and no file.
state=$("$terraform" state pull) || die "the state cannot be read, and nothing was looked at"
printf '%s' "$state" | "$provider" orphans ${arguments[@]+"${arguments[@]}"}
