#!/usr/bin/env bash
# Tests the Spark data source with a real Spark and a real sshd, in an environment of its own under .cache/spark-sftp.
# shellcheck source=../../scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

case ${1-} in
  -h | -help | --help)
    cat <<'EOF'
integrations/spark-sftp/test.sh [quick] [ARGUMENT…]

Lints and tests the Spark data source; arguments go to pytest. Needs Rust, Java 17 and Python 3.11 or newer (PYTHON names it).
quick runs each kind of test once, and a third of the cuts. What is built is kept in integrations/spark-sftp/target (SPARK_SFTP_TARGET
names another place), and shares nothing with the other crates.
EOF
    exit 0
    ;;
esac

here=$root/integrations/spark-sftp
environment=$cache/spark-sftp/venv
python=${PYTHON-python3}
export CARGO_TARGET_DIR=${SPARK_SFTP_TARGET-$here/target} CARGO_INCREMENTAL=0
if [ "${1-}" = quick ]; then
  shift
  set -- --quick "$@"
fi
mkdir -p "$cache/spark-sftp"

need cargo "install Rust from https://rustup.rs (rust-toolchain.toml picks the version)"
need "$python" "install Python 3.11 or newer, or name one with PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "$python is older than 3.11: name a newer one with PYTHON"
ensure_package sshd openssh-server
ensure_package java openjdk-17-jre-headless
ensure_package proftpd proftpd-core
[ -e /usr/lib/proftpd/mod_sftp.so ] || ensure_package mod_sftp proftpd-mod-crypto

if ! cmp -s "$here/requirements-test.txt" "$environment/requirements-test.txt"; then
  say "Making a Python environment with Spark in .cache/spark-sftp (a minute or two)"
  rm -rf "$environment"
  {
    "$python" -m venv "$environment" &&
      "$environment/bin/pip" install --quiet --disable-pip-version-check "$(grep '^uv==' "$here/requirements-test.txt" | cut -d' ' -f1)" &&
      "$environment/bin/uv" pip sync --quiet --python "$environment/bin/python" "$here/requirements-test.txt"
  } >"$cache/spark-sftp/venv.log" 2>&1 || die "Spark could not be installed: see .cache/spark-sftp/venv.log"
  cp "$here/requirements-test.txt" "$environment/requirements-test.txt"
fi

say "Linting"
(cd "$here" && cargo fmt --check && cargo clippy --quiet --locked --all-targets -- -D warnings)
"$environment/bin/ruff" check --quiet --no-cache "$here"
"$environment/bin/ruff" format --quiet --no-cache --check "$here"
(cd "$here" && "$environment/bin/mypy" --cache-dir "$cache/spark-sftp/mypy" --no-error-summary)

say "Testing the core"
(cd "$here" && PYO3_PYTHON="$environment/bin/python" cargo test --quiet --locked)

# The package as people install it: out of its wheel.
say "Building and installing the wheel"
wheel=$environment/wheel
rm -rf "$wheel"
(cd "$here" && "$environment/bin/maturin" build --quiet --locked --profile "${PROFILE-dev}" --interpreter "$environment/bin/python" --out "$wheel")
"$environment/bin/uv" pip install --quiet --python "$environment/bin/python" --no-deps --reinstall "$wheel"/*.whl

say "Testing with Spark"
cd "$here"
PYTHONDONTWRITEBYTECODE=1 exec "$environment/bin/pytest" "$@"
