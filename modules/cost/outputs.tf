output "cost" {
  description = "What the deployment costs in USD, an hour and a month of 730 hours, awake and asleep, with the parts an hour and the date of the prices."
  value = {
    as_of  = local.as_of
    awake  = local.awake
    asleep = local.asleep
  }
}

output "saved_asleep" {
  description = "What sleeping saves, in words."
  value       = format("%.2f USD a month (prices of %s)", local.awake.month - local.asleep.month, local.as_of)
}
