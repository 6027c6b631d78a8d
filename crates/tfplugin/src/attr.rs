//! An attribute of a Terraform object: known, null, or unknown until something else is applied.
//!
//! One type serves configuration, plan and state alike. Unknown values appear while planning only: what
//! [`Resource::create`](crate::Resource::create) and its siblings receive is known, except for the computed attributes
//! that they are there to find out.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The newtype name by which [`Attr`] asks our deserializer which of its three states a value is in.
pub(crate) const ATTR: &str = "tfplugin::Attr";
/// The unit struct name by which an unknown [`Attr`] is written.
pub(crate) const UNKNOWN: &str = "tfplugin::Unknown";

/// A value that is null (not set), unknown (decided during the apply) or known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Known only after something is applied.
    Unknown,
    /// A value.
    Known(T),
}

use Attr::{Known, Null, Unknown};

impl<T> Attr<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Known(value) => Some(value),
            Null | Unknown => None,
        }
    }

    /// The value, if it is known, taking ownership.
    pub fn into_known(self) -> Option<T> {
        match self {
            Known(value) => Some(value),
            Null | Unknown => None,
        }
    }

    /// Whether the attribute is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Null)
    }

    /// Whether the attribute is unknown until something is applied.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Unknown)
    }

    /// Whether the attribute has a value.
    pub fn is_known(&self) -> bool {
        matches!(self, Known(_))
    }

    /// Whether the attribute is set; `None` while it may still turn out to be null.
    pub fn is_set(&self) -> Option<bool> {
        match self {
            Known(_) => Some(true),
            Null => Some(false),
            Unknown => None,
        }
    }

    /// Applies `f` to a known value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Known(value) => Known(f(value)),
            Null => Null,
            Unknown => Unknown,
        }
    }

    /// A view of the attribute without taking it.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Known(value) => Known(value),
            Null => Null,
            Unknown => Unknown,
        }
    }

    /// The known value, or the type's default.
    pub fn or_default(&self) -> T
    where
        T: Clone + Default,
    {
        self.known().cloned().unwrap_or_default()
    }
}

impl Attr<String> {
    /// The known text; empty where there is none.
    pub fn text(&self) -> &str {
        self.known().map_or("", String::as_str)
    }
}

impl Attr<bool> {
    /// Whether the attribute is known and true.
    pub fn is_true(&self) -> bool {
        matches!(self, Known(true))
    }
}

/// Whether exactly one of some attributes is set, each told by [`Attr::is_set`]. What is unknown yet may be the one, or none:
/// `terraform validate` knows no variable.
///
/// # Errors
/// How many are set, if it can be one no more.
pub fn one_of(set: impl IntoIterator<Item = Option<bool>>) -> Result<(), usize> {
    let (mut known, mut open) = (0, false);
    for set in set {
        known += usize::from(set == Some(true));
        open |= set.is_none();
    }
    if known == 1 || (known == 0 && open) { Ok(()) } else { Err(known) }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Known(value)
    }
}

impl From<&str> for Attr<String> {
    fn from(value: &str) -> Self {
        Known(value.to_owned())
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Null, Known)
    }
}

impl<T: Serialize> Serialize for Attr<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Null => serializer.serialize_none(),
            Unknown => serializer.serialize_unit_struct(UNKNOWN),
            Known(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AttrVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for AttrVisitor<T> {
            type Value = Attr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, null or unknown")
            }

            // Our own deserializer answers `none` for null and `unit` for unknown.
            fn visit_none<E>(self) -> Result<Attr<T>, E> {
                Ok(Null)
            }

            fn visit_unit<E>(self) -> Result<Attr<T>, E> {
                Ok(Unknown)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Attr<T>, D::Error> {
                T::deserialize(deserializer).map(Known)
            }

            // Any other deserializer (JSON, say) knows nothing of unknown values.
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Attr<T>, D::Error> {
                Option::<T>::deserialize(deserializer).map(Attr::from)
            }
        }
        deserializer.deserialize_newtype_struct(ATTR, AttrVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Attr<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
