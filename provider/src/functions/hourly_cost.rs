//! hourly_cost, the function: what things that cost by the hour cost together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result};

use super::arguments::{Options, Outcome, refuse};

/// What a number of things cost an hour and a month, by a table of prices. An estimate: data that goes through them, discounts and
/// taxes are not in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct HourlyCost {
    /// How many there are of each kind, `{ nat_gateway = 1 }` for example.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub counts: Attr<BTreeMap<String, f64>>,
    /// What one of each kind costs an hour. A kind that is counted and has no price is an error.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub prices: Attr<BTreeMap<String, f64>>,
    /// An object of options: `currency` (of the prices; `USD` by default).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

/// What they cost.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cost {
    /// The currency.
    pub currency: String,
    /// An hour, all together.
    pub hour: f64,
    /// A month of 730 hours, as AWS's own calculator counts.
    pub month: f64,
    /// An hour, by the kind.
    pub parts: BTreeMap<String, f64>,
}

const HOURS_OF_A_MONTH: f64 = 730.0;

impl Function for HourlyCost {
    const NAME: &'static str = "hourly_cost";
    const SUMMARY: &'static str = "What a number of things cost an hour and a month.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = format("%.2f USD a month", provider::databricks::hourly_cost(
    { nat_gateway = 1, interface_endpoint = 4 },
    { nat_gateway = 0.045, interface_endpoint = 0.01, public_address = 0.005 },
  ).month)
}
"#;
    type Output = Cost;

    fn call(self) -> Result<Cost, FunctionError> {
        let options = Options::read(&self.options, 2, &["currency"])?;
        let currency = options.text("currency")?.unwrap_or("USD").to_owned();
        let (counts, prices) = (numbers(0, &self.counts)?, numbers(1, &self.prices)?);
        let mut parts = BTreeMap::new();
        for (kind, count) in counts {
            let Some(price) = prices.get(kind) else {
                return refuse(1, format!("There is no price of {kind}, of which there are {count}."));
            };
            parts.insert(kind.clone(), rounded(count * price));
        }
        let hour: f64 = parts.values().sum();
        let month = (hour * HOURS_OF_A_MONTH * 100.0).round() / 100.0;
        Ok(Cost { currency, hour: rounded(hour), month, parts })
    }
}

/// The numbers of an argument, none of which may be below zero.
fn numbers(argument: i64, given: &Attr<BTreeMap<String, f64>>) -> Outcome<&BTreeMap<String, f64>> {
    const NONE: &BTreeMap<String, f64> = &BTreeMap::new();
    let numbers = given.known().unwrap_or(NONE);
    match numbers.iter().find(|(_, number)| **number < 0.0) {
        Some((kind, number)) => refuse(argument, format!("{kind} is {number}: it cannot be less than 0.")),
        None => Ok(numbers),
    }
}

/// To a millionth: prices are written with fewer places, and 3 times 0.1 is 0.3.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, text};
    use super::*;

    fn call(counts: &[(&str, f64)], prices: &[(&str, f64)]) -> Result<Cost, FunctionError> {
        let map = |pairs: &[(&str, f64)]| {
            Attr::Known(pairs.iter().map(|(kind, number)| ((*kind).to_owned(), *number)).collect::<BTreeMap<_, _>>())
        };
        HourlyCost { counts: map(counts), prices: map(prices), options: Vec::new() }.call()
    }

    #[test]
    fn what_is_counted_is_paid_and_nothing_else() {
        let prices = [("nat_gateway", 0.045), ("interface_endpoint", 0.01), ("public_address", 0.005)];
        let cost =
            call(&[("nat_gateway", 2.0), ("interface_endpoint", 3.0), ("public_address", 0.0)], &prices).unwrap();
        assert_eq!((cost.hour, cost.month), (0.12, 87.6));
        let parts: Vec<(&str, f64)> = cost.parts.iter().map(|(kind, cost)| (kind.as_str(), *cost)).collect();
        assert_eq!(parts, [("interface_endpoint", 0.03), ("nat_gateway", 0.09), ("public_address", 0.0)]);
        let thirds = call(&[("kms_key", 3.0)], &[("kms_key", 0.1)]).unwrap();
        assert_eq!((thirds.hour, thirds.parts["kms_key"]), (0.3, 0.3), "not 0.30000000000000004");
        let none = call(&[], &prices).unwrap();
        assert_eq!((none.hour, none.currency.as_str()), (0.0, "USD"));
        let (counts, prices) = (Attr::Known(BTreeMap::new()), Attr::Known(BTreeMap::new()));
        let in_euro = HourlyCost { counts, prices, options: options(&[("currency", text("EUR"))]) };
        assert_eq!(in_euro.call().unwrap().currency, "EUR");
    }

    #[test]
    fn a_kind_without_a_price_and_a_number_below_zero_are_refused() {
        let unknown = call(&[("nat_gateway", 1.0)], &[]).unwrap_err();
        assert!(unknown.argument == Some(1) && unknown.text.contains("no price of nat_gateway"), "{unknown:?}");
        let below = call(&[("nat_gateway", -1.0)], &[("nat_gateway", 1.0)]).unwrap_err();
        assert!(below.argument == Some(0) && below.text.contains("nat_gateway is -1"), "{below:?}");
    }
}
