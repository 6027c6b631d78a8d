#!/usr/bin/env bash
# Builds `tunnel` to be given away: small, stripped, for glibc 2.31 and newer (Debian 11, Ubuntu 20.04, Databricks Runtime).
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    echo "Usage: scripts/build_tunnel.sh [x86_64] [aarch64]"
    echo
    echo "Builds target/dist/tunnel-ARCH for Linux: for the processors that are named, or else for each whose Rust library is installed."
    echo "Zig, from PyPI, is the linker."
    exit 0
    ;;
esac

# triple ARCH: what Rust calls these machines.
triple() {
  printf '%s-unknown-linux-gnu\n' "$1"
}

# has_library ARCH: whether Rust's library for these processors is installed. Without rustup it is for this machine's.
has_library() {
  if command -v rustup >/dev/null 2>&1; then
    rustup target list --installed | grep -x "$(triple "$1")" >/dev/null
  else
    [ "$1" = "$(uname -m)" ]
  fi
}

cd "$root"
need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
if [ $# -eq 0 ]; then
  for arch in x86_64 aarch64; do
    if has_library "$arch"; then
      set -- "$@" "$arch"
    else
      say "Leaving out $arch: scripts/build_tunnel.sh $arch installs Rust's library for it (rustup target add $(triple "$arch")) and builds it"
    fi
  done
  [ $# -gt 0 ] || die "Rust's library for Linux is not installed: name the processors, x86_64 or aarch64"
fi
for arch in "$@"; do
  case $arch in x86_64 | aarch64) ;; *) die "unknown processor $arch: x86_64 or aarch64" ;; esac
done
ensure_zig
mkdir -p target/dist
for arch in "$@"; do
  target=$(triple "$arch")
  ensure_library "$target"
  say "Building for $target"
  cargo zigbuild --locked --profile dist -p tunnel --target "$target.2.31"
  install -m 755 "target/$target/dist/tunnel" "target/dist/tunnel-$arch"
  size=$(wc -c <"target/dist/tunnel-$arch")
  newest=$(grep -ao 'GLIBC_2\.[0-9]*' "target/dist/tunnel-$arch" | sort -uV | tail -1)
  printf '%s: %s bytes, needs %s\n' "target/dist/tunnel-$arch" "$size" "$newest"
done
