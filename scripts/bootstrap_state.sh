#!/usr/bin/env bash
# Makes the bucket in which Terraform keeps its state, and moves the state of this folder there.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/bootstrap_state.sh [-auto-approve] [vars/backend.hcl]

Makes the bucket that the file names: encrypted with a key of its own, versioned, closed to the public, open to TLS only. Then
initializes this folder with it, and moves a state that is kept here into it. States are locked by files beside them
(use_lockfile), so that no table is needed. Begin with a copy of vars/backend.example.hcl.

Safe to run again: it goes on from where it is, and changes nothing that is as it should be. A bucket that exists already, in your
account, is taken over: the plan shows what changes. A state that is there already is never overwritten.

The bucket's own state is in the bucket, as bootstrap/BUCKET.tfstate.

Shows the plan and asks, unless -auto-approve is given.
TEXT
}

# setting NAME: what the file of settings says.
setting() {
  sed -nE "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"([^\"]*)\".*/\1/p" "$var_file" | tail -n 1
}

# quietly ARGUMENT…: runs Terraform; what it says is in $work/log.
quietly() {
  "$terraform" "$@" >"$work/log" 2>&1
}

# refused WORDS…: shows what Terraform said last, and ends.
refused() {
  own_words <"$work/log" >&2
  die "$*"
}

# initialized_with KEY ARGUMENT…: initializes this folder with its state in the bucket, under that key.
initialized_with() {
  local key=$1
  shift
  quietly init -input=false "-backend-config=$var_file" "-backend-config=key=$key" "$@"
}

# state_there KEY: writes the state that the bucket has under that key into $work/there, an empty file where it has none. It fails
# where there is no bucket.
state_there() {
  mkdir -p "$work/look"
  printf 'terraform {\n  backend "s3" {}\n}\n' >"$work/look/main.tf"
  (cd "$work/look" && initialized_with "$1" -reconfigure) || {
    grep -Eq 'NoSuchBucket|does not exist' "$work/log" && return 1
    refused "the bucket $bucket cannot be looked at: nothing was changed"
  }
  (cd "$work/look" && "$terraform" state pull >"$work/there" 2>"$work/log") ||
    refused "the state in $bucket cannot be read: nothing was changed"
}

# content FILE: the outputs and objects of a state. Terraform gives it another lineage and serial when it is moved, and checks at its
# end in another order.
content() {
  sed -E '/^  "(lineage|serial)": /d; /^  "check_results": /,$d' "$1"
}

# kept_under KEY: from now on this folder's state is in the bucket; what is in a file here goes there. What is there is never
# overwritten.
kept_under() {
  local here=$PWD/terraform.tfstate
  state_there "$1" || die "the bucket $bucket has gone: run this again"
  if grep -q '"lineage"' "$here" 2>/dev/null; then
    # What was never written has no lineage. An earlier run may have been cut off when it had written this one.
    if grep -q '"lineage": ""' "$work/there"; then
      (cd "$work/look" && quietly state push "$here") || refused "the state could not be moved: $here is as it was"
    elif [ "$(content "$work/there")" != "$(content "$here")" ]; then
      die "$bucket has another state under $1 already: choose another key in ${var_file#"$root/"}, or move $here away if that is what became of it. Both are as they were"
    fi
    mv "$here" "$here.backup"
  fi
  initialized_with "$1" -reconfigure || refused "this folder could not be initialized with the bucket: run this again"
}

# the_bucket: makes the bucket, or brings it up to date. As long as there is none, its state is a file of $work.
the_bucket() {
  local own_key=bootstrap/$bucket.tfstate
  cp "$root"/modules/state/*.tf .
  rm -f backend_override.tf .terraform.lock.hcl
  if state_there "$own_key"; then
    kept_under "$own_key"
    quietly state show databricks_aws_s3_bucket.this || take_over
    apply_here
    return
  fi
  printf 'terraform {\n  backend "local" {}\n}\n' >backend_override.tf
  quietly init -input=false -reconfigure || refused "terraform init failed: nothing was changed"
  apply_here
  rm backend_override.tf
  kept_under "$own_key"
}

# take_over: a bucket that was not made here is this module's from now on.
take_over() {
  say "The bucket $bucket is there already: it is taken over"
  quietly import -input=false -var-file="$var_file" databricks_aws_s3_bucket.this "$bucket" ||
    refused "the bucket $bucket cannot be taken over: nothing was changed"
}

# finished: what an earlier run began is gone on with, and not made anew: the bucket has its own state in it.
finished() {
  local address
  for address in databricks_aws_kms_key.this databricks_aws_s3_bucket.this; do
    ! { quietly state show -no-color "$address" && grep -q '(tainted)' "$work/log"; } || quietly untaint "$address" ||
      refused "what an earlier run made cannot be finished"
  done
}

# apply_here: shows what there is to do, asks, and does just that.
apply_here() {
  local changes=0
  finished
  quietly plan -input=false -detailed-exitcode -var-file="$var_file" -out="$work/plan" || changes=$?
  case $changes in
    0)
      say "The bucket $bucket is as it should be"
      return
      ;;
    2) ;;
    *) refused "the plan failed: nothing was changed" ;;
  esac
  said show "$work/plan"
  confirmed
  said apply -input=false "$work/plan" ||
    die "the apply failed, and what it says stands above: run this again, and it goes on from where it is"
}

# kept_elsewhere: a state that this folder keeps anywhere but in a file here is not this script's to move.
kept_elsewhere() {
  local note=${TF_DATA_DIR:-.terraform}/terraform.tfstate found
  if grep -q '"backend"' "$note" 2>/dev/null && ! grep -q '"path": null' "$note"; then
    { grep -q "\"bucket\": \"$bucket\"" "$note" && grep -q "\"key\": \"$key\"" "$note"; } ||
      die "this folder keeps its state elsewhere, as $note says: move it with terraform init -migrate-state -backend-config=${var_file#"$root/"}, or delete $note if there is nothing in it"
  fi
  [ -d terraform.tfstate.d ] || return 0
  found=$(find terraform.tfstate.d -name terraform.tfstate -size +0)
  [ -z "$found" ] ||
    die "this folder has states of several workspaces ($found): make the bucket from a clone without them, then move all with terraform init -migrate-state -backend-config=${var_file#"$root/"}"
}

default_file=$root/vars/backend.hcl
variables_file "$@"
terraform=$(terraform_program)
bucket=$(setting bucket) key=$(setting key)
if [ -z "$bucket" ] || [ -z "$key" ]; then
  die "${var_file#"$root/"} names no bucket or no key: copy vars/backend.example.hcl, and choose"
fi
cd "$root"
kept_elsewhere
# A plan and a state hold secrets: they are readable by their owner alone.
umask 077
work=$cache/bootstrap/$bucket
mkdir -p "$work"
cd "$work"
the_bucket
cd "$root"
kept_under "$key"
rm -rf "$work/plan" "$work/there" "$work/look"
say "The state is kept in $bucket, as $key"
[ ! -s terraform.tfstate.backup ] ||
  say "terraform.tfstate.backup is the last one from here, with its secrets: delete it once a plan is empty"
