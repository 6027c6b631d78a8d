//! What of the official provider's calls is not replayed, and why.

/// Kinds that the local cloud does not serve: none of them is a resource of ours, so that nothing of ours would be tested with it.
/// A test looks that each is still refused.
pub(super) const KINDS_NOT_SERVED: &[(&[&str], &str)] = &[
    (
        &["account_network_policy", "workspace_network_option"],
        "serverless egress: the local cloud has no serverless compute that a policy would hold back",
    ),
    (&["access_control_rule_set"], "who may manage a principal: at the local cloud admins do"),
    (
        &[
            "automatic_cluster_update_workspace_setting",
            "compliance_security_profile_workspace_setting",
            "default_namespace_setting",
            "disable_legacy_access_setting",
            "disable_legacy_dbfs_setting",
            "disable_legacy_features_setting",
            "enhanced_security_monitoring_workspace_setting",
        ],
        "settings with etags: they switch what the local cloud does not have",
    ),
    (
        &["credential", "recipient", "registered_model", "share", "sql_table", "system_schema"],
        "of Unity Catalog, beside what workspaces, catalogs, schemas and volumes need",
    ),
    (&["alert", "query", "sql_global_config"], "of SQL, beside warehouses"),
    (&["dbfs_file", "global_init_script", "repo"], "files of workspaces that volumes and workspace files stand in for"),
];

/// Kinds whose calls are no object's life, and that have a test of their own.
pub(super) const KINDS_OF_THEIR_OWN: &[&str] = &["mount"];

/// A call of a kind that is served.
pub(super) struct LeftOut {
    pub(super) kind: &'static str,
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Why it is not replayed.
    pub(super) reason: &'static str,
}

/// Such calls.
pub(super) const CALLS_LEFT_OUT: &[LeftOut] = &[LeftOut {
    kind: "file",
    operation: "update",
    method: "PUT",
    path: "/api/2.0/fs/files/{p+}",
    reason: "it was recorded without `overwrite`, and an upload without that replaces no file",
}];
