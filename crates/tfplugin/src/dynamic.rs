//! A value whose type the configuration decides.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::types::Type;
use crate::value::Value;

/// The newtype name by which a [`Dynamic`] passes our serializer and deserializer.
pub(crate) const DYNAMIC: &str = "tfplugin::Dynamic";
/// The mark of a dynamic attribute in a JSON schema.
pub(crate) const MARK: &str = "x-tf-dynamic";

/// A value and its type: an attribute of it takes anything.
///
/// With serde it is the hexadecimal text of the wire form, which keeps types, unknown parts and every digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamic {
    /// What `value` is.
    pub of: Type,
    /// The value.
    pub value: Value,
}

impl Serialize for Dynamic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = Value::Dynamic(Box::new((self.of.clone(), self.value.clone())));
        let bytes = crate::msgpack::encode(&value, &Type::Dynamic).map_err(S::Error::custom)?;
        serializer.serialize_newtype_struct(DYNAMIC, &hex::encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Dynamic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl<'de> serde::de::Visitor<'de> for Hex {
            type Value = String;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value of any type")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<String, D::Error> {
                String::deserialize(inner)
            }
        }
        let hex = deserializer.deserialize_newtype_struct(DYNAMIC, Hex)?;
        let bytes = hex::decode(hex).map_err(D::Error::custom)?;
        match crate::msgpack::decode(&bytes, &Type::Dynamic).map_err(D::Error::custom)? {
            Value::Dynamic(pair) => Ok(Self { of: pair.0, value: pair.1 }),
            other => Err(D::Error::custom(format!("{} stands where a value of any type must", other.kind()))),
        }
    }
}

impl JsonSchema for Dynamic {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Dynamic".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "x-tf-dynamic": true })
    }
}
