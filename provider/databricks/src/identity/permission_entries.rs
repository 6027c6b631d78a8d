//! The entries of an object's permissions: what is given, and who keeps rights whatever is given.

use databricks::Client;
use databricks::api::permissions::{self, AccessControl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL};

use super::permission_kinds::{Keeps, Kind};

/// What one principal may do: exactly one is named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    /// Mail address of a user.
    #[schemars(extend("x-tf" = OPTIONAL.ignores_case()))]
    pub user_name: Attr<String>,
    /// Name of a group.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub group_name: Attr<String>,
    /// Application id of a service principal.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub service_principal_name: Attr<String>,
    /// `CAN_USE`, `CAN_MANAGE` and others, as the kind of object has them.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub permission_level: Attr<String>,
}

pub(super) const OWNER: &str = "IS_OWNER";
pub(super) const MANAGE: &str = "CAN_MANAGE";
pub(super) const ADMINS: &str = "admins";

impl Given {
    pub(super) fn names(&self) -> [&Attr<String>; 3] {
        [&self.user_name, &self.service_principal_name, &self.group_name]
    }

    pub(super) fn principal(&self) -> &str {
        self.names().into_iter().find_map(Attr::known).map_or("", String::as_str)
    }

    pub(super) fn sent(&self) -> AccessControl {
        AccessControl {
            user_name: self.user_name.text().to_owned(),
            group_name: self.group_name.text().to_owned(),
            service_principal_name: self.service_principal_name.text().to_owned(),
            permission_level: self.permission_level.text().to_owned(),
            ..AccessControl::default()
        }
    }

    pub(super) fn told(entry: &AccessControl, level: &str) -> Self {
        Self {
            user_name: super::text(entry.user_name.clone()),
            group_name: super::text(entry.group_name.clone()),
            service_principal_name: super::text(entry.service_principal_name.clone()),
            permission_level: level.into(),
        }
    }
}

/// The entry with which somebody of this name keeps a level.
fn entry(name: &str, level: &str) -> AccessControl {
    let (permission_level, name) = (level.to_owned(), name.to_owned());
    match name.contains('@') {
        true => AccessControl { user_name: name, permission_level, ..AccessControl::default() },
        false => AccessControl { service_principal_name: name, permission_level, ..AccessControl::default() },
    }
}

/// Who keeps rights beside those that are configured.
pub(super) async fn kept(
    client: &Client,
    kind: Kind,
    object: &str,
    configured: &[AccessControl],
) -> Result<Vec<AccessControl>, databricks::Error> {
    let is_owned = configured.iter().any(|one| one.permission_level == OWNER);
    let admins = || AccessControl {
        group_name: ADMINS.to_owned(),
        permission_level: kind.levels.last().map_or(MANAGE, |level| *level).to_owned(),
        ..AccessControl::default()
    };
    let mut kept = match kind.keeps {
        Keeps::Nobody => Vec::new(),
        Keeps::Owner if is_owned => Vec::new(),
        Keeps::Admins if object.ends_with("/tokens") => vec![admins()],
        Keeps::Admins => vec![AccessControl { permission_level: "CAN_USE".to_owned(), ..admins() }],
        Keeps::Caller => vec![entry(&client.me().await?.user_name, MANAGE)],
        Keeps::Owner => {
            let all = permissions::get(client, object).await?;
            let owner = all.iter().find(|one| one.direct() == Some(OWNER));
            match owner {
                Some(owner) => vec![AccessControl {
                    permission_level: OWNER.to_owned(),
                    all_permissions: Vec::new(),
                    ..owner.clone()
                }],
                None => vec![entry(&client.me().await?.user_name, MANAGE)],
            }
        }
    };
    kept.retain(|one| !configured.iter().any(|other| other.principal().eq_ignore_ascii_case(one.principal())));
    Ok(kept)
}
