//! What is known of workspace files beside their bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What is known of files beside their bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Files {
    /// By path without `/Workspace`.
    pub(super) notebooks: BTreeMap<String, String>,
    pub(super) ids: BTreeMap<String, i64>,
    /// Notebooks that came as Jupyter's.
    #[serde(default)]
    pub(super) jupyter: BTreeSet<String>,
}

impl Files {
    /// Whether an object of this id was ever shown.
    pub(crate) fn has_id(&self, id: i64) -> bool {
        self.path(id).is_some()
    }

    /// The path of the object of this id.
    pub(crate) fn path(&self, id: i64) -> Option<&str> {
        self.ids.iter().find(|(_, known)| **known == id).map(|(path, _)| path.as_str())
    }

    /// The id of the object at a path.
    pub(crate) fn id(&self, path: &str) -> Option<i64> {
        self.ids.get(path).copied()
    }
}
