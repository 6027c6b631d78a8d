#!/usr/bin/env bash
# Builds `tunnel` to be given away: small, stripped, for glibc 2.31 and newer (Debian 11, Ubuntu 20.04, Databricks Runtime).
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/build_tunnel.sh [x86_64] [aarch64]"
    echo
    echo "Builds target/dist/tunnel-ARCH for this machine's processors, or for those that are named. Zig, from PyPI, is the linker."
    exit 0
    ;;
esac

[ $# -gt 0 ] || set -- "$(uname -m)"
for arch in "$@"; do
  case $arch in x86_64 | aarch64) ;; *) die "unknown processor $arch: x86_64 or aarch64" ;; esac
done

cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
need python3 "install Python 3"
zig=$cache/zig
if [ ! -x "$zig/bin/cargo-zigbuild" ]; then
  say "Installing Zig and cargo-zigbuild into .cache"
  python3 -m venv "$zig"
  "$zig/bin/pip" install --quiet ziglang cargo-zigbuild
fi
mkdir -p target/dist
for arch in "$@"; do
  target=$arch-unknown-linux-gnu
  if command -v rustup >/dev/null 2>&1 && ! rustup target list --installed | grep -qx "$target"; then
    say "Installing Rust's library for $target"
    rustup target add "$target" || die "Rust's library for $target could not be installed: rustup target add $target"
  fi
  say "Building for $target"
  PATH=$zig/bin:$PATH cargo zigbuild --locked --profile dist -p tunnel --target "$target.2.31"
  install -m 755 "target/$target/dist/tunnel" "target/dist/tunnel-$arch"
  size=$(stat -c %s "target/dist/tunnel-$arch")
  newest=$(grep -ao 'GLIBC_2\.[0-9]*' "target/dist/tunnel-$arch" | sort -uV | tail -1)
  printf '%s: %s bytes, needs %s\n' "target/dist/tunnel-$arch" "$size" "$newest"
done
