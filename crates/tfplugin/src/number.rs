//! Numbers of any size and precision, as Terraform has them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, ToPrimitive};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::diagnostic::{Error, Result};

/// The newtype name by which a [`Number`] passes our serializer and deserializer without losing a digit.
pub(crate) const NUMBER: &str = "tfplugin::Number";

/// No number has more digits before or after its point; Terraform's own have about 155. It keeps `1e999999999` from
/// filling the memory when it is written out.
const DIGITS: i64 = 5_000;

/// A decimal number. Two spellings of one number (`1`, `1.0`, `1e0`) are equal.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Number(pub BigDecimal);

impl Number {
    /// The number that a float stands for when people write it: 0.1 is one tenth. `None` for infinities and NaN.
    pub(crate) fn shortest(float: f64) -> Option<Self> {
        if float.is_finite() { format!("{float:e}").parse().ok() } else { None }
    }

    /// Exactly the number that a float is. `None` for infinities and NaN.
    pub(crate) fn exact(float: f64) -> Option<Self> {
        BigDecimal::try_from(float).ok().map(Self)
    }

    /// The number as a signed integer, if it is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        if self.0.is_integer() { self.0.to_i64() } else { None }
    }

    /// The number as an unsigned integer, if it is one.
    pub(crate) fn unsigned(&self) -> Option<u64> {
        if self.0.is_integer() { self.0.to_u64() } else { None }
    }

    /// The nearest float.
    pub(crate) fn float(&self) -> Option<f64> {
        self.0.to_f64().filter(|float| float.is_finite())
    }

    /// The float that is exactly this number and whose shortest text is this number too, if there is one.
    ///
    /// Terraform keeps a number that it reads from a float with 53 bits, and compares numbers by their shortest text:
    /// 2^63 as a float is 9223372036854776000 to it, and another number than the one in the configuration.
    pub(crate) fn exact_float(&self) -> Option<f64> {
        let this = |number: Option<Self>| number.as_ref() == Some(self);
        self.float().filter(|float| this(Self::exact(*float)) && this(Self::shortest(*float)))
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self(integer.into())
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        Self(integer.into())
    }
}

impl FromStr for Number {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::new(format!("{:?} is no number", text.chars().take(40).collect::<String>()));
        if text.len() > 2 * DIGITS as usize {
            return Err(wrong());
        }
        // `_` may group digits for bigdecimal, not for Terraform.
        if text.contains('_') {
            return Err(wrong());
        }
        let number = BigDecimal::from_str(text).map_err(|_| wrong())?;
        let (_, scale) = number.as_bigint_and_exponent();
        if (-DIGITS..=DIGITS).contains(&scale) { Ok(Self(number)) } else { Err(wrong()) }
    }
}

/// All digits, without an exponent and without zeros that say nothing.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.normalized().to_plain_string())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NUMBER, &self.to_string())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, integer: i64) -> std::result::Result<Number, E> {
                Ok(integer.into())
            }

            fn visit_u64<E>(self, integer: u64) -> std::result::Result<Number, E> {
                Ok(integer.into())
            }

            fn visit_f64<E: serde::de::Error>(self, float: f64) -> std::result::Result<Number, E> {
                Number::shortest(float).ok_or_else(|| E::custom("a number must be finite"))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Number, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> std::result::Result<Number, D::Error> {
                inner.deserialize_any(self)
            }
        }
        deserializer.deserialize_newtype_struct(NUMBER, NumberVisitor)
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_number_are_equal_and_written_alike() {
        for (text, expected) in [
            ("1", "1"),
            ("1.0", "1"),
            ("1e0", "1"),
            ("-0", "0"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("1e-3", "0.001"),
            ("9223372036854775808", "9223372036854775808"),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            assert_eq!(number(text), number(expected), "{text}");
            assert_eq!(number(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_long_is_an_error() {
        let long = "1".repeat(20_000);
        for text in ["", "x", "1_000", "1e999999999", "-1e-999999999", "1e99999999999999999999", "NaN", "inf", &long] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_float_is_exact_or_the_shortest_text() {
        assert_eq!(Number::shortest(0.1).unwrap(), number("0.1"));
        assert_ne!(Number::exact(0.1).unwrap(), number("0.1"));
        assert_eq!(Number::exact(0.5).unwrap(), number("0.5"));
        assert_eq!(Number::exact(9_223_372_036_854_775_808.0).unwrap(), number("9223372036854775808"));
        assert_eq!(number("0.1").exact_float(), None);
        assert_eq!(number("0.5").exact_float(), Some(0.5));
        assert_eq!(number("9223372036854775808").exact_float(), None);
        assert_eq!(number("1e400").exact_float(), None);
        assert_eq!(Number::exact(f64::NAN), None);
        assert_eq!(Number::shortest(f64::INFINITY), None);
        assert_eq!(number("1e3").integer(), Some(1000));
        assert_eq!(number("1.5").integer(), None);
        assert_eq!(number("18446744073709551615").unsigned(), Some(u64::MAX));
        assert_eq!(number("-1").unsigned(), None);
    }
}
