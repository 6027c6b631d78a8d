//! What a principal may do in a workspace: a list of words in SCIM, and attributes of their own in Terraform.

use databricks::api::identity::{ComplexValue, PatchOperation};
use serde_json::json;
use tfplugin::{Attr, Diagnostic, Error, Result};

/// The entitlements, in the order of [`Entitled::entitlements`].
pub(super) const ENTITLEMENTS: [&str; 5] = [
    "allow-cluster-create",
    "allow-instance-pool-create",
    "databricks-sql-access",
    "workspace-access",
    "workspace-consume",
];

/// A struct with an attribute for each of the [`ENTITLEMENTS`]; [`entitled!`] makes one of it.
pub(super) trait Entitled: Sized {
    /// The attributes.
    fn entitlements(&self) -> [&Attr<bool>; 5];

    /// The same with these attributes.
    fn with_entitlements(self, entitlements: [Attr<bool>; 5]) -> Self;

    /// The same with what the service tells.
    fn entitled_to(self, told: &[ComplexValue]) -> Self {
        self.with_entitlements(ENTITLEMENTS.map(|name| told.iter().any(|one| one.value == name).into()))
    }
}

/// Says that a struct has the five attributes, under their names.
macro_rules! entitled {
    ($type:ty) => {
        impl $crate::identity::entitled::Entitled for $type {
            fn entitlements(&self) -> [&Attr<bool>; 5] {
                [
                    &self.allow_cluster_create,
                    &self.allow_instance_pool_create,
                    &self.databricks_sql_access,
                    &self.workspace_access,
                    &self.workspace_consume,
                ]
            }

            fn with_entitlements(self, entitlements: [Attr<bool>; 5]) -> Self {
                let [
                    allow_cluster_create,
                    allow_instance_pool_create,
                    databricks_sql_access,
                    workspace_access,
                    workspace_consume,
                ] = entitlements;
                Self {
                    allow_cluster_create,
                    allow_instance_pool_create,
                    databricks_sql_access,
                    workspace_access,
                    workspace_consume,
                    ..self
                }
            }
        }
    };
}
pub(super) use entitled;

/// The words of the entitlements that are true.
fn given(of: &impl Entitled) -> impl Iterator<Item = &'static str> {
    let all = of.entitlements().map(Attr::is_true);
    ENTITLEMENTS.into_iter().zip(all).filter_map(|(name, is_given)| is_given.then_some(name))
}

/// The entitlements as a create sends them.
pub(super) fn values(of: &impl Entitled) -> Vec<ComplexValue> {
    given(of).map(ComplexValue::of).collect()
}

/// The steps from one to the other, entitlement by entitlement: one that has no attribute here stays.
pub(super) fn operations(state: &impl Entitled, plan: &impl Entitled) -> Vec<PatchOperation> {
    let (before, after): (Vec<_>, Vec<_>) = (given(state).collect(), given(plan).collect());
    let step = |name: &&'static str| match (before.contains(name), after.contains(name)) {
        (false, true) => Some(PatchOperation {
            op: "add".to_owned(),
            path: "entitlements".to_owned(),
            value: Some(json!([{ "value": name }])),
        }),
        (true, false) => Some(PatchOperation {
            op: "remove".to_owned(),
            path: format!("entitlements[value eq \"{name}\"]"),
            value: None,
        }),
        _ => None,
    };
    ENTITLEMENTS.iter().filter_map(step).collect()
}

/// Entitlements that exclude each other.
pub(super) fn conflicts(config: &impl Entitled) -> Vec<Diagnostic> {
    let [_, _, sql, access, consume] = config.entitlements();
    let others = [("workspace_access", access), ("databricks_sql_access", sql)];
    let conflict = |name: &'static str| {
        Error::new(format!("workspace_consume cannot be combined with {name}"))
            .detail("Who may use the workspace may consume, too: leave workspace_consume out.")
            .at(name)
            .into()
    };
    let both = others.into_iter().filter(|(_, one)| one.is_true() && consume.is_true());
    both.map(|(name, _)| conflict(name)).collect()
}

/// That an object of the account is given none: entitlements are a workspace's.
pub(super) fn of_account(config: &impl Entitled) -> Result<()> {
    match given(config).next() {
        None => Ok(()),
        Some(name) => Err(Error::new(format!("The entitlement {name} belongs to a workspace")).detail(
            "The provider is configured for the account: remove the attribute, or use a provider whose host is a workspace.",
        )),
    }
}
