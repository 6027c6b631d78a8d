# What is done twice is a recipe. `just` alone lists them; CI runs `lint` and `test`.

_default:
    @just --list --unsorted

# Builds the three programs into target/release
build:
    cargo build --release --locked

# Format and lints, of Rust, Terraform and the scripts
lint:
    scripts/lint.sh

# Whether the tunnel compiles for macOS
macos:
    scripts/check_macos.sh

# Every test; arguments go to cargo test
test *arguments:
    scripts/test.sh {{ arguments }}

# Fuzzes what reads bytes from the network, each target for so many seconds
fuzz seconds="20":
    scripts/fuzz.sh {{ seconds }}

# Tests of the Airflow provider package, with a real Airflow
airflow *arguments:
    integrations/airflow/test.sh {{ arguments }}

# Tests of the Spark data source, with a real Spark
spark-sftp *arguments:
    integrations/spark-sftp/test.sh {{ arguments }}

# What DuckDB and Spark tell of the same statements
sql-engines:
    scripts/compare_sql_engines.sh

# What CI runs
ci: lint macos test (fuzz "10") airflow

# Formats Rust and Terraform
format:
    cargo fmt --all
    terraform fmt -recursive .

# Writes docs/ and examples/ anew from the code
docs:
    UPDATE_DOCS=1 cargo test --workspace --test it docs

# Licences, sources and known vulnerabilities of the dependencies (needs cargo-deny)
deny:
    cargo deny check

# The whole thing on this machine
demo:
    scripts/demo.sh

# Starting time and memory of the provider
bench-provider:
    scripts/bench_provider.sh

# What many AWS objects cost, beside hashicorp/aws
bench-aws *units:
    scripts/bench_aws.sh {{ units }}

# Speed, latency and memory of the tunnel, beside its peers
bench-tunnel *what:
    scripts/bench_tunnel.sh {{ what }}

# What a remote job costs, beside plain ssh.
bench-jobs:
    scripts/bench_jobs.sh

# The tunnel to give away: small, for glibc 2.31 and newer
dist *architectures:
    scripts/build_tunnel.sh {{ architectures }}
