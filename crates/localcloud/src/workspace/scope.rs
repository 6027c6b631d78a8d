//! A secret scope with what is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A secret scope.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Scope {
    pub(super) secrets: BTreeMap<String, Kept>,
    /// Permissions by principal: an application id, a user name or a group.
    pub(super) acls: BTreeMap<String, Permission>,
}

/// A secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Base64.
    pub(super) value: String,
    pub(super) updated: i64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a principal may do in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Permission {
    Read,
    Write,
    Manage,
}
