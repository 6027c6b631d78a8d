#!/usr/bin/env bash
# Installs the built provider where Terraform and OpenTofu find it, and the tunnel into ~/.local/bin.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

no_arguments "Usage: scripts/install.sh

Copies target/release/terraform-provider-databricks into ~/.terraform.d/plugins (for Terraform and OpenTofu),
and target/release/tunnel into \${XDG_BIN_HOME:-~/.local/bin}. Run cargo build --release --locked first." "$@"

built=$root/target/release
for program in terraform-provider-databricks tunnel; do
  [ -x "$built/$program" ] || die "$program is not built: run cargo build --release --locked first"
done
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
  # The provider uploads it to the workspace for databricks_ssh_endpoint.
  install -m 0755 "$built/tunnel" "$folder/tunnel"
done
programs=${XDG_BIN_HOME:-$HOME/.local/bin}
mkdir -p "$programs"
install -m 0755 "$built/tunnel" "$programs/tunnel"
say "Installed $version for $platform"
say "Where an older build of $version was used: rm .terraform.lock.hcl && terraform init"
case :$PATH: in
  *":$programs:"*) ;;
  *) say "Add $programs to your PATH to run tunnel" ;;
esac
