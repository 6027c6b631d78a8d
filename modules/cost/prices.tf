# Prices in USD an hour, before taxes and discounts, as AWS's price pages had them. They change rarely, and are no offer: the variable
# `prices` has the last word. https://aws.amazon.com/vpc/pricing/ https://aws.amazon.com/privatelink/pricing/ https://aws.amazon.com/kms/pricing/

locals {
  as_of = "2026-11"

  everywhere = {
    public_address = 0.005
    # A month is 1 USD.
    kms_key = 0.00137
  }

  # A region that is not listed has the prices of the dearest of these that are not in South America: an estimate errs on that side.
  by_region = {
    us-east-1      = { nat_gateway = 0.045, interface_endpoint = 0.010 }
    us-east-2      = { nat_gateway = 0.045, interface_endpoint = 0.010 }
    us-west-1      = { nat_gateway = 0.048, interface_endpoint = 0.011 }
    us-west-2      = { nat_gateway = 0.045, interface_endpoint = 0.010 }
    ca-central-1   = { nat_gateway = 0.050, interface_endpoint = 0.011 }
    eu-central-1   = { nat_gateway = 0.052, interface_endpoint = 0.012 }
    eu-west-1      = { nat_gateway = 0.048, interface_endpoint = 0.011 }
    eu-west-2      = { nat_gateway = 0.050, interface_endpoint = 0.011 }
    eu-west-3      = { nat_gateway = 0.050, interface_endpoint = 0.011 }
    ap-northeast-1 = { nat_gateway = 0.062, interface_endpoint = 0.014 }
    ap-northeast-2 = { nat_gateway = 0.059, interface_endpoint = 0.013 }
    ap-south-1     = { nat_gateway = 0.056, interface_endpoint = 0.013 }
    ap-southeast-1 = { nat_gateway = 0.059, interface_endpoint = 0.013 }
    ap-southeast-2 = { nat_gateway = 0.059, interface_endpoint = 0.013 }
    sa-east-1      = { nat_gateway = 0.093, interface_endpoint = 0.021 }
  }

  of_region = lookup(local.by_region, var.region, local.by_region["ap-northeast-1"])
  prices    = merge(local.everywhere, local.of_region, var.prices)
}
