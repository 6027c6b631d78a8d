//! SCIM: the current user; users, groups and service principals, and patches of them.
//!
//! Base path: `/api/2.0/preview/scim/v2` in a workspace, `/api/2.0/accounts/{account_id}/scim/v2` in an account. Content type
//! `application/scim+json`. Reference: <https://docs.databricks.com/api/workspace/serviceprincipalsv2>.
//! Also the OAuth secrets of service principals: `/api/2.0/accounts/{account_id}/servicePrincipals/{id}/credentials/secrets`, and the
//! workspace's proxy `/api/2.0/accounts/servicePrincipals/{id}/credentials/secrets`.

use secret::Secret;
use serde_json::Value;

use super::wire;
use crate::Request;

/// The schema of a patch.
pub const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The content type of SCIM requests.
pub const CONTENT_TYPE: &str = "application/scim+json; charset=utf-8";

wire! {
    /// `GET /Me`. The answer's header `X-Databricks-Org-Id` is the workspace id.
    #[serde(rename_all = "camelCase")]
    pub struct User {
        /// SCIM schemas.
        pub schemas: Vec<String>,
        /// Numeric id, as text.
        pub id: String,
        /// Mail address of a person, application id of a service principal.
        pub user_name: String,
        /// Name for people.
        pub display_name: String,
        /// Whether it may sign in.
        pub active: Option<bool>,
        /// Id in the identity provider.
        pub external_id: String,
        /// Mail addresses.
        pub emails: Vec<ComplexValue>,
        /// Entitlements.
        pub entitlements: Vec<ComplexValue>,
        /// Groups that it is in.
        pub groups: Vec<ComplexValue>,
        /// Roles, instance profile ARNs among them.
        pub roles: Vec<ComplexValue>,
    }

    /// `/Users`, `/Groups` and `/ServicePrincipals`: what a kind does not have is absent.
    #[serde(rename_all = "camelCase")]
    pub struct Principal {
        /// SCIM schemas.
        pub schemas: Vec<String>,
        /// Numeric id, as text.
        pub id: String,
        /// Mail address of a user.
        pub user_name: String,
        /// OAuth client id of a service principal, a UUID; on AWS the service computes it.
        pub application_id: String,
        /// Name for people.
        pub display_name: String,
        /// Whether it may sign in. Groups do not.
        pub active: Option<bool>,
        /// Id in the identity provider.
        pub external_id: String,
        /// Entitlements: allow-cluster-create, workspace-access, …
        pub entitlements: Vec<ComplexValue>,
        /// Who is in a group: users, groups and service principals, which `$ref` tells apart.
        pub members: Vec<ComplexValue>,
        /// Groups that it is in.
        pub groups: Vec<ComplexValue>,
        /// Roles: `account_admin`, instance profile ARNs.
        pub roles: Vec<ComplexValue>,
    }

    /// A value of a SCIM list attribute.
    pub struct ComplexValue {
        /// The value.
        pub value: String,
        /// Its name for people.
        pub display: String,
        /// Whether it is the first choice.
        pub primary: Option<bool>,
        /// The kind of value: `work`, `direct`.
        #[serde(rename = "type")]
        pub kind: String,
        /// Address of what it refers to.
        #[serde(rename = "$ref")]
        pub reference: String,
    }

    /// `GET /Users?filter=…&startIndex=1&count=100`, and of groups and service principals.
    #[serde(rename_all = "camelCase")]
    pub struct Principals {
        /// SCIM schemas.
        pub schemas: Vec<String>,
        /// How many there are in all.
        pub total_results: i64,
        /// Index of the first one here, from 1.
        pub start_index: i64,
        /// How many are here.
        pub items_per_page: i64,
        /// The principals.
        #[serde(rename = "Resources")]
        pub resources: Vec<Principal>,
    }

    /// `PATCH` of a SCIM object.
    pub struct Patch {
        /// [`PATCH_SCHEMA`].
        pub schemas: Vec<String>,
        /// What to do, in order.
        #[serde(rename = "Operations")]
        pub operations: Vec<PatchOperation>,
    }

    /// One step of a patch.
    pub struct PatchOperation {
        /// `add`, `remove` or `replace`.
        pub op: String,
        /// Where: `active`, `entitlements`, `roles[value eq "X"]`. Without one the value holds attributes.
        pub path: String,
        /// What.
        pub value: Option<Value>,
    }

    /// `POST …/credentials/secrets`.
    pub struct CreateServicePrincipalSecret {
        /// How long it lives, `NNNNs`; the default and the most is `63072000s`, two years.
        pub lifetime: String,
    }

    /// A secret of a service principal. `secret` stands only in the answer of its creation.
    pub struct ServicePrincipalSecret {
        /// Its id.
        pub id: String,
        /// The OAuth client secret.
        pub secret: Secret<String>,
        /// Hash of the secret.
        pub secret_hash: String,
        /// `ACTIVE`.
        pub status: String,
        /// RFC 3339.
        pub create_time: String,
        /// RFC 3339.
        pub update_time: String,
        /// RFC 3339.
        pub expire_time: String,
    }

    /// `GET …/credentials/secrets`; expired ones are not listed.
    pub struct ServicePrincipalSecrets {
        /// One page of them.
        pub secrets: Vec<ServicePrincipalSecret>,
        /// Where the next page starts; empty at the end.
        pub next_page_token: String,
    }
}

/// Who the caller is: the answer is a [`User`].
pub fn me() -> Request {
    Request::get("/api/2.0/preview/scim/v2/Me")
}

impl Patch {
    /// A patch of these operations.
    pub fn new(operations: Vec<PatchOperation>) -> Self {
        Self { schemas: vec![PATCH_SCHEMA.to_owned()], operations }
    }
}

impl ComplexValue {
    /// A value alone.
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}
