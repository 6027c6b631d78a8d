#!/usr/bin/env bash
# Installs the built provider where Terraform and OpenTofu find it, and the tunnel into ~/.local/bin, with its manual and completions.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/install.sh

Copies target/release/terraform-provider-databricks into ~/.terraform.d/plugins (for Terraform and OpenTofu),
and target/release/tunnel into \${XDG_BIN_HOME:-~/.local/bin}, each with the programs for drivers that scripts/build_tunnel.sh
built; its manual pages and what bash, zsh and fish complete into \${XDG_DATA_HOME:-~/.local/share}.
Run cargo build --release --locked first." "$@"

built=$root/target/release
for program in terraform-provider-databricks tunnel; do
  [ -x "$built/$program" ] || die "$program is not built: run cargo build --release --locked first"
done
# The programs for drivers. One that is older than this machine's own is of another version.
for_drivers=()
for arch in x86_64 aarch64; do
  program=$root/target/dist/tunnel-$arch
  [ -x "$program" ] || continue
  if [ "$program" -ot "$built/tunnel" ]; then
    say "Leaving out target/dist/tunnel-$arch, which is older than target/release/tunnel: run scripts/build_tunnel.sh $arch"
  else
    for_drivers+=("$program")
  fi
done

# install_tunnel FOLDER: this machine's program, and those for drivers in place of what is there.
install_tunnel() {
  rm -f "$1/tunnel-x86_64" "$1/tunnel-aarch64"
  install -m 0755 "$built/tunnel" "$1/tunnel"
  [ "${#for_drivers[@]}" -eq 0 ] || install -m 0755 "${for_drivers[@]}" "$1/"
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
case $(uname -m) in
  x86_64) machine=amd64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) die "no Terraform platform is known for $(uname -m)" ;;
esac
platform=$(uname -s | tr '[:upper:]' '[:lower:]')_$machine
for registry in registry.terraform.io registry.opentofu.org; do
  folder=$HOME/.terraform.d/plugins/$registry/databricks-aws/databricks/$version/$platform
  mkdir -p "$folder"
  install -m 0755 "$built/terraform-provider-databricks" "$folder/terraform-provider-databricks_v$version"
  # The provider uploads one of them to the workspace for databricks_ssh_endpoint.
  install_tunnel "$folder"
done
programs=${XDG_BIN_HOME:-$HOME/.local/bin}
mkdir -p "$programs"
install_tunnel "$programs"
data=${XDG_DATA_HOME:-$HOME/.local/share}
"$programs/tunnel" man "$data/man/man1"
# completes SHELL FILE: where bash-completion and fish look by themselves, and a folder for zsh's fpath.
completes() {
  mkdir -p "$(dirname -- "$2")"
  "$programs/tunnel" completions "$1" >"$2"
}
completes bash "$data/bash-completion/completions/tunnel"
completes fish "$data/fish/vendor_completions.d/tunnel.fish"
completes zsh "$data/zsh/site-functions/_tunnel"
say "Installed $version for $platform"
say "Where an older build of $version was used: rm .terraform.lock.hcl && terraform init"
if [ "${SHELL##*/}" = zsh ]; then
  # shellcheck disable=SC2016
  say 'For zsh, in ~/.zshrc before compinit: fpath=('"$data"'/zsh/site-functions $fpath)'
fi
case :$PATH: in
  *":$programs:"*) ;;
  *) say "Add $programs to your PATH to run tunnel" ;;
esac
