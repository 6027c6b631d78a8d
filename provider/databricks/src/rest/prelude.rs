//! What the file of a REST object is written with.

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use tfplugin::{Attr, COMPUTED, Diagnostic, Error, ID, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Secret, Set};

pub use super::{All, Api, List, One, Rest};
pub use crate::clients::{Account, AnyWorkspace, Either, Workspace};
pub use crate::level::ProviderConfig;
