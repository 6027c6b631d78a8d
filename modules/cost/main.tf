# What the deployment costs by the hour while nobody uses it, awake and asleep. Compute that runs, data that is kept and data that
# is carried come on top: how much of these there is, nobody knows beforehand.

locals {
  awake  = provider::databricks::hourly_cost(var.awake, local.prices)
  asleep = provider::databricks::hourly_cost(var.asleep, local.prices)
}
