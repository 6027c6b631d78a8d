//! What permissions can be given on: the attribute that names it, its word in the API, and its levels.
//! API: <https://docs.databricks.com/api/workspace/permissions>

/// A kind of object with permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The attribute with its id, or its path in the workspace.
    pub(super) attribute: &'static str,
    /// Its word in `/api/2.0/permissions/{word}/{id}`.
    pub(super) word: &'static str,
    /// What can be given, from the weakest on; empty where the service alone knows.
    pub(super) levels: &'static [&'static str],
    /// Who keeps rights whatever is configured.
    pub(super) keeps: Keeps,
}

/// Who keeps rights on an object besides the workspace's admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// Nobody.
    Nobody,
    /// Who runs Terraform: it could not change the permissions again, nor remove the object.
    Caller,
    /// The owner, of whom there is always one.
    Owner,
    /// The admins, who have to be named.
    Admins,
}

const FILES: &[&str] = &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"];
const USE: &[&str] = &["CAN_USE", "CAN_MANAGE"];
const QUERY: &[&str] = &["CAN_QUERY", "CAN_MANAGE"];

/// All kinds; of two with one word, an import takes the first.
pub(super) const KINDS: &[Kind] = &[
    of("authorization", "authorization", USE, Keeps::Admins),
    of("cluster_id", "clusters", &["CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"], Keeps::Caller),
    of("cluster_policy_id", "cluster-policies", &["CAN_USE"], Keeps::Nobody),
    of("instance_pool_id", "instance-pools", &["CAN_ATTACH_TO", "CAN_MANAGE"], Keeps::Caller),
    of("job_id", "jobs", &["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"], Keeps::Owner),
    of("pipeline_id", "pipelines", &["CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER"], Keeps::Owner),
    of(
        "sql_endpoint_id",
        "sql/warehouses",
        &["CAN_USE", "CAN_MONITOR", "CAN_VIEW", "CAN_MANAGE", "IS_OWNER"],
        Keeps::Owner,
    ),
    of("directory_id", "directories", FILES, Keeps::Caller),
    of("directory_path", "directories", FILES, Keeps::Caller),
    of("notebook_id", "notebooks", FILES, Keeps::Nobody),
    of("notebook_path", "notebooks", FILES, Keeps::Nobody),
    of("workspace_file_id", "files", FILES, Keeps::Nobody),
    of("workspace_file_path", "files", FILES, Keeps::Nobody),
    of("repo_id", "repos", FILES, Keeps::Nobody),
    of("repo_path", "repos", FILES, Keeps::Nobody),
    of("sql_dashboard_id", "sql/dashboards", &[], Keeps::Nobody),
    of("sql_query_id", "sql/queries", &[], Keeps::Nobody),
    of("sql_alert_id", "sql/alerts", &[], Keeps::Nobody),
    of("dashboard_id", "dashboards", &[], Keeps::Nobody),
    of("experiment_id", "experiments", &[], Keeps::Nobody),
    of("registered_model_id", "registered-models", &[], Keeps::Caller),
    of("serving_endpoint_id", "serving-endpoints", &["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"], Keeps::Caller),
    of("vector_search_endpoint_id", "vector-search-endpoints", USE, Keeps::Caller),
    of("app_name", "apps", USE, Keeps::Caller),
    of("database_instance_name", "database-instances", USE, Keeps::Caller),
    of("database_project_name", "database-projects", USE, Keeps::Caller),
    of("alert_v2_id", "alertsv2", FILES, Keeps::Caller),
    of("knowledge_assistant_id", "knowledge-assistants", QUERY, Keeps::Caller),
    of("supervisor_agent_id", "supervisor-agents", QUERY, Keeps::Caller),
];

const fn of(attribute: &'static str, word: &'static str, levels: &'static [&'static str], keeps: Keeps) -> Kind {
    Kind { attribute, word, levels, keeps }
}

impl Kind {
    /// Whether the attribute has a path, of which the workspace knows the id.
    pub(super) fn is_by_path(self) -> bool {
        self.attribute.ends_with("_path")
    }

    /// The kind and the own id of an object that is called `/clusters/ID`.
    pub(super) fn of_object(id: &str) -> Option<(Self, &str)> {
        let of = |kind: &Self| Some((*kind, id.strip_prefix('/')?.strip_prefix(kind.word)?.strip_prefix('/')?));
        KINDS.iter().find_map(of).filter(|(_, own)| !own.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_of_the_kind_that_its_id_begins_with() {
        for (id, expected) in [
            ("/clusters/0101-x", Some(("cluster_id", "0101-x"))),
            ("/cluster-policies/A1", Some(("cluster_policy_id", "A1"))),
            ("/sql/warehouses/f0", Some(("sql_endpoint_id", "f0"))),
            ("/authorization/tokens", Some(("authorization", "tokens"))),
            ("/notebooks/7", Some(("notebook_id", "7"))),
            ("clusters/0101-x", None),
            ("/clusters/", None),
            ("/planets/7", None),
        ] {
            assert_eq!(Kind::of_object(id).map(|(kind, own)| (kind.attribute, own)), expected, "{id}");
        }
    }
}
