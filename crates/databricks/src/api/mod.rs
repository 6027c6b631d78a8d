//! What travels on the wire: the requests and answers of the Databricks REST APIs, as plain serde structs; and the calls that more than
//! one product makes, as functions.
//!
//! Names are the API's own (the Databricks SDK for Go v0.175.0 is the reference: `fields.txt` of the project's facts).
//! Every field may be missing in what is received, and an absent value is left out of what is sent: `None`, an empty string, an
//! empty list and an empty map are absent; `Some(0)`, `Some(false)` and `Some("")` are not, so a zero that matters is an `Option`.
//! Unknown fields are ignored; whoever must refuse them (localcloud) does so itself.

pub mod account;
pub mod clusters;
pub mod commands;
pub mod files;
pub mod identity;
pub mod jobs;
pub mod oidc;
pub mod permissions;
pub mod queries;
pub mod secrets;
pub mod statements;
pub mod tokens;
pub mod warehouses;
pub mod workspace;

use std::collections::BTreeMap;

use serde::Deserialize;

/// Whether a value is left out of a request.
pub trait Absent {
    /// True when the value is not sent.
    fn absent(&self) -> bool;
}

/// [`Absent::absent`] as the function that serde asks for.
pub fn absent<T: Absent>(value: &T) -> bool {
    value.absent()
}

/// Reads a value, and null as an absent one, as the official clients do.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl<T> Absent for Option<T> {
    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Absent for BTreeMap<K, V> {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}

impl Absent for String {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}

impl Absent for secret::Secret<String> {
    fn absent(&self) -> bool {
        self.expose().is_empty()
    }
}

macro_rules! never_absent {
    ($($type:ty)*) => { $(impl Absent for $type { fn absent(&self) -> bool { false } })* };
}
never_absent!(bool i32 i64 f64 serde_json::Value);

/// Structs of the wire: every field has a default, may be null, and is left out when it is [`Absent`].
macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => { $(
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        $(#[$meta])*
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "crate::api::absent", deserialize_with = "crate::api::nullable")]
                pub $field: $type,
            )*
        }

        impl crate::api::Absent for $name {
            fn absent(&self) -> bool {
                false
            }
        }
    )* };
}
pub(crate) use wire;

/// Enums of the wire that stay open: a value that this version does not know is kept as `Other`, never an error.
macro_rules! open_enum {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* })*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value that this version does not know, as the API wrote it.
            Other(String),
        }

        impl $name {
            /// The value as the API writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }

        impl crate::api::Absent for $name {
            fn absent(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    )* };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::account::{Workspace, WorkspaceStatus};
    use super::tokens::CreateToken;

    #[test]
    fn a_zero_that_matters_is_sent_and_what_is_absent_is_not() {
        let body = CreateToken {
            comment: "c".to_owned(),
            lifetime_seconds: Some(0),
            autoscope_enabled: Some(false),
            scopes: vec![],
        };
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({"comment": "c", "lifetime_seconds": 0, "autoscope_enabled": false})
        );
    }

    #[test]
    fn null_is_absent() {
        let told = json!({"workspace_id": null, "network_id": null, "workspace_status": null, "custom_tags": null});
        assert_eq!(serde_json::from_value::<Workspace>(told).unwrap(), Workspace::default());
    }

    #[test]
    fn unknown_fields_and_unknown_enum_values_are_read() {
        let workspace: Workspace =
            serde_json::from_value(json!({"workspace_id": 7, "workspace_status": "PAUSED", "new_field": {}})).unwrap();
        assert_eq!(workspace.workspace_id, Some(7));
        assert_eq!(workspace.workspace_status, WorkspaceStatus::Other("PAUSED".to_owned()));
        assert_eq!(serde_json::to_value(&workspace).unwrap(), json!({"workspace_id": 7, "workspace_status": "PAUSED"}));
    }
}
