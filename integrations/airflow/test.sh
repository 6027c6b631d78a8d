#!/usr/bin/env bash
# Tests the provider package with a real Airflow, in an environment of its own under .cache/airflow.
# shellcheck source=../../scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

case ${1-} in
  -h | -help | --help)
    cat <<'EOF'
integrations/airflow/test.sh [ARGUMENT…]

Lints and tests the Airflow provider package; arguments go to pytest. TUNNEL_PROGRAM names the tunnel that jobs run with
(default: target/debug/tunnel), LOCALCLOUD_PROGRAM the local cloud (default: target/debug/localcloud).
EOF
    exit 0
    ;;
esac

here=$root/integrations/airflow
environment=$cache/airflow/venv
export TUNNEL_PROGRAM=${TUNNEL_PROGRAM-$root/target/debug/tunnel}
export LOCALCLOUD_PROGRAM=${LOCALCLOUD_PROGRAM-$root/target/debug/localcloud}
export AIRFLOW_TEST_CACHE=$cache/airflow
mkdir -p "$cache/airflow"

for variable in TUNNEL_PROGRAM LOCALCLOUD_PROGRAM; do
  [ -x "${!variable}" ] || die "there is no ${!variable}: cargo build --workspace builds it, and $variable names another one"
done
ensure_package sshd openssh-server
need python3 "install Python 3.10 or newer: sudo apt-get install python3 python3-venv"

if ! cmp -s "$here/requirements-test.txt" "$environment/requirements-test.txt"; then
  say "Making a Python environment with Airflow in .cache/airflow (a minute or two)"
  rm -rf "$environment"
  {
    python3 -m venv "$environment" &&
      "$environment/bin/pip" install --quiet --disable-pip-version-check "$(grep '^uv==' "$here/requirements-test.txt" | cut -d' ' -f1)" &&
      "$environment/bin/uv" pip sync --quiet --python "$environment/bin/python" "$here/requirements-test.txt"
  } >"$cache/airflow/venv.log" 2>&1 || die "Airflow could not be installed: see .cache/airflow/venv.log"
  cp "$here/requirements-test.txt" "$environment/requirements-test.txt"
fi

# The package as people install it: out of its wheel, built anew where a file of it changed.
wheel=$environment/wheel
if [ -z "$(find "$wheel" -name '*.whl' 2>/dev/null)" ] ||
  [ -n "$(find "$here/airflow_provider_tunnel" "$here/pyproject.toml" "$here/README.md" -newer "$wheel" ! -name '__pycache__' ! -name '*.pyc')" ]; then
  say "Building and installing the wheel"
  rm -rf "$wheel"
  "$environment/bin/uv" build --quiet --wheel --no-build-isolation --python "$environment/bin/python" --out-dir "$wheel" "$here"
  "$environment/bin/uv" pip install --quiet --python "$environment/bin/python" --no-deps --reinstall "$wheel"/*.whl
  touch "$wheel"
fi

say "Linting"
"$environment/bin/ruff" check --quiet --no-cache "$here"
"$environment/bin/ruff" format --quiet --no-cache --check "$here"
(cd "$here" && "$environment/bin/mypy" --cache-dir "$cache/airflow/mypy" --no-error-summary)

say "Testing with $TUNNEL_PROGRAM"
cd "$here"
PYTHONDONTWRITEBYTECODE=1 exec "$environment/bin/pytest" "$@"
