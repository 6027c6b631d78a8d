# Where the state is kept. Copy this to vars/backend.hcl, choose, and run: scripts/bootstrap_state.sh
# Without `encrypt`: the bucket encrypts with a key of its own, and encrypt = true asks for S3's key instead.

bucket       = "acme-terraform-states"
key          = "databricks/lakehouse.tfstate"
region       = "eu-west-1"
use_lockfile = true
