# The backend of a trial on this machine: the local cloud is its AWS.

bucket         = "localcloud-terraform-states"
key            = "lakehouse.tfstate"
region         = "eu-west-1"
use_lockfile   = true
use_path_style = true
