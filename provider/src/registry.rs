//! What the provider has, in the order of its documentation: one line each.

use provider_aws as aws;
use provider_databricks::rest::{data_all, data_one, rest};
use provider_databricks::{account, actions, catalog, compute, identity, settings, sql, ssh, workspace};
use tfplugin::{FunctionEntry, Group, Registry, action, data_source, ephemeral, function, group, resource};

use crate::context::Context;
use crate::functions;

/// All of it.
pub(crate) static REGISTRY: Registry<Context> = Registry { groups: GROUPS, functions: FUNCTIONS };

const GROUPS: &[Group<Context>] = &[
    group("AWS network")
        .actions(&[action::<_, aws::network_sleep::NetworkSleep>()])
        .data_sources(&[data_source::<_, aws::availability_zones::AvailabilityZones>()])
        .resources(&[
            resource::<_, aws::vpc::Vpc>(),
            resource::<_, aws::subnet::Subnet>(),
            resource::<_, aws::internet_gateway::InternetGateway>(),
            resource::<_, aws::eip::Eip>(),
            resource::<_, aws::nat_gateway::NatGateway>(),
            resource::<_, aws::route_table::RouteTable>(),
            resource::<_, aws::route::Route>(),
            resource::<_, aws::route_table_association::RouteTableAssociation>(),
            resource::<_, aws::security_group::SecurityGroup>(),
            resource::<_, aws::vpc_endpoint::VpcEndpoint>(),
            resource::<_, aws::flow_log::FlowLog>(),
        ]),
    group("AWS storage and encryption").resources(&[
        resource::<_, aws::kms_key::KmsKey>(),
        resource::<_, aws::s3_bucket::S3Bucket>(),
        resource::<_, aws::ebs_encryption_by_default::EbsEncryptionByDefault>(),
        resource::<_, aws::iam_role::IamRole>(),
        resource::<_, aws::iam_instance_profile::IamInstanceProfile>(),
    ]),
    group("AWS identity").data_sources(&[data_source::<_, aws::caller_identity::CallerIdentity>()]),
    group("AWS policies").data_sources(&[
        data_source::<_, functions::AssumeRolePolicyData>(),
        data_source::<_, functions::BucketPolicyData>(),
        data_source::<_, functions::CrossaccountPolicyData>(),
        data_source::<_, functions::UnityCatalogAssumeRolePolicyData>(),
        data_source::<_, functions::UnityCatalogPolicyData>(),
    ]),
    group("Account")
        .resources(&[
            rest::<_, account::mws_credentials::MwsCredentials>(),
            rest::<_, account::mws_storage_configurations::MwsStorageConfigurations>(),
            rest::<_, account::mws_customer_managed_keys::MwsCustomerManagedKeys>(),
            rest::<_, account::mws_networks::MwsNetworks>(),
            rest::<_, account::mws_vpc_endpoint::MwsVpcEndpoint>(),
            rest::<_, account::mws_private_access_settings::MwsPrivateAccessSettings>(),
            rest::<_, account::mws_network_connectivity_config::MwsNetworkConnectivityConfig>(),
            rest::<_, account::mws_ncc_private_endpoint_rule::MwsNccPrivateEndpointRule>(),
            resource::<_, account::mws_ncc_binding::MwsNccBinding>(),
            resource::<_, account::mws_workspaces::MwsWorkspaces>(),
            rest::<_, account::mws_permission_assignment::MwsPermissionAssignment>(),
            rest::<_, account::mws_log_delivery::MwsLogDelivery>(),
        ])
        .data_sources(&[
            data_source::<_, account::current_config::CurrentConfig>(),
            data_all::<_, account::mws_credentials::MwsCredentials>(),
            data_one::<_, account::mws_network_connectivity_config::MwsNetworkConnectivityConfig>(),
            data_all::<_, account::mws_network_connectivity_config::MwsNetworkConnectivityConfig>(),
        ]),
    group("Identity")
        .resources(&[
            resource::<_, identity::user::User>(),
            resource::<_, identity::group::Group>(),
            resource::<_, identity::group_member::GroupMember>(),
            resource::<_, identity::entitlements::Entitlements>(),
            resource::<_, identity::service_principal::ServicePrincipal>(),
            resource::<_, identity::service_principal_secret::ServicePrincipalSecret>(),
            rest::<_, identity::account_federation_policy::AccountFederationPolicy>(),
            rest::<_, identity::service_principal_federation_policy::ServicePrincipalFederationPolicy>(),
            resource::<_, identity::permissions::Permissions>(),
            resource::<_, identity::token::Token>(),
        ])
        .data_sources(&[
            data_source::<_, identity::current_user::CurrentUser>(),
            data_source::<_, identity::user_lookup::UserLookup>(),
            data_source::<_, identity::group_lookup::GroupLookup>(),
            data_source::<_, identity::service_principal_lookup::ServicePrincipalLookup>(),
            data_source::<_, identity::service_principals::ServicePrincipals>(),
        ])
        .ephemerals(&[ephemeral::<_, identity::ephemeral_token::EphemeralToken>()])
        .actions(&[
            action::<_, actions::token_revoke::TokenRevoke>(),
            action::<_, actions::service_principal_secret_revoke::ServicePrincipalSecretRevoke>(),
        ]),
    group("Compute")
        .resources(&[
            resource::<_, compute::cluster::Cluster>(),
            rest::<_, compute::instance_profile::InstanceProfile>(),
        ])
        .ephemerals(&[ephemeral::<_, compute::ephemeral_command::EphemeralCommand>()])
        .actions(&[
            action::<_, actions::cluster_start::ClusterStart>(),
            action::<_, actions::cluster_restart::ClusterRestart>(),
            action::<_, actions::cluster_terminate::ClusterTerminate>(),
            action::<_, actions::command::Command>(),
        ]),
    group("SQL")
        .resources(&[rest::<_, sql::sql_endpoint::SqlEndpoint>(), resource::<_, sql::sql_statement::SqlStatement>()])
        .data_sources(&[data_source::<_, sql::sql_rows::SqlRows>()])
        .ephemerals(&[ephemeral::<_, sql::sql_rows::SqlRows>()])
        .actions(&[
            action::<_, actions::sql_statement::SqlStatement>(),
            action::<_, actions::sql_warehouse_start::SqlWarehouseStart>(),
            action::<_, actions::sql_warehouse_stop::SqlWarehouseStop>(),
        ]),
    group("Unity Catalog").resources(&[
        rest::<_, catalog::metastore::Metastore>(),
        resource::<_, catalog::metastore_assignment::MetastoreAssignment>(),
        rest::<_, catalog::storage_credential::StorageCredential>(),
        rest::<_, catalog::external_location::ExternalLocation>(),
        rest::<_, catalog::catalog::Catalog>(),
        rest::<_, catalog::schema::Schema>(),
        rest::<_, catalog::volume::Volume>(),
        rest::<_, catalog::connection::Connection>(),
        resource::<_, catalog::grants::Grants>(),
        resource::<_, catalog::grant::Grant>(),
    ]),
    group("Workspace").resources(&[
        rest::<_, workspace::git_credential::GitCredential>(),
        resource::<_, workspace::secret_scope::SecretScope>(),
        resource::<_, workspace::secret::Secret>(),
        resource::<_, workspace::secret_acl::SecretAcl>(),
        resource::<_, workspace::notebook::Notebook>(),
        resource::<_, workspace::file::File>(),
        resource::<_, workspace::workspace_base_environment::WorkspaceBaseEnvironment>(),
        resource::<_, workspace::default_workspace_base_environment::DefaultWorkspaceBaseEnvironment>(),
    ]),
    group("Settings").resources(&[
        rest::<_, settings::ip_access_list::IpAccessList>(),
        resource::<_, settings::workspace_conf::WorkspaceConf>(),
    ]),
    group("SSH")
        .resources(&[resource::<_, ssh::ssh_endpoint::SshEndpoint>(), resource::<_, ssh::ssh_job::SshJob>()])
        .data_sources(&[data_source::<_, ssh::ssh_endpoint_lookup::SshEndpointLookup>()]),
];

const FUNCTIONS: &[FunctionEntry] = &[
    function::<functions::AwsAssumeRolePolicy>(),
    function::<functions::AwsBucketPolicy>(),
    function::<functions::AwsCrossaccountPolicy>(),
    function::<functions::AwsDeploymentPolicy>(),
    function::<functions::AwsKmsManagedServicesPolicy>(),
    function::<functions::AwsKmsStoragePolicy>(),
    function::<functions::AwsPrivatelinkServices>(),
    function::<functions::AwsUnityCatalogAssumeRolePolicy>(),
    function::<functions::AwsUnityCatalogPolicy>(),
    function::<functions::AwsVpcEndpointPolicy>(),
    function::<functions::HourlyCost>(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    fn words<'a>(text: &'a str, keyword: &str) -> BTreeSet<&'a str> {
        text.split(keyword).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
    }

    #[test]
    fn every_example_has_its_resource_and_no_provider_block() {
        for entry in REGISTRY.resources() {
            let head = format!("resource \"{}\" \"example\" {{", entry.name);
            assert!(entry.example.contains(&head), "{} lacks {head}", entry.name);
            assert!(!entry.example.contains("provider \""), "{}", entry.name);
            assert!(entry.example.ends_with("}\n") && !entry.example.contains('\t'), "{}", entry.name);
        }
    }

    #[test]
    fn every_example_is_as_terraform_fmt_writes_it() {
        let examples = REGISTRY.resources().map(|entry| (entry.name, entry.example));
        let examples = examples.chain(REGISTRY.data_sources().map(|entry| (entry.name, entry.example)));
        let examples = examples.chain(REGISTRY.ephemerals().map(|entry| (entry.name, entry.example)));
        let examples = examples.chain(REGISTRY.actions().map(|entry| (entry.name, entry.example)));
        for (name, example) in examples.chain(FUNCTIONS.iter().map(|entry| (entry.name, entry.example))) {
            let mut terraform = Command::new("terraform")
                .args(["fmt", "-check", "-diff", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("terraform on the PATH");
            terraform.stdin.take().unwrap().write_all(example.as_bytes()).unwrap();
            let answer = terraform.wait_with_output().unwrap();
            assert!(answer.status.success(), "{name}:\n{}", String::from_utf8_lossy(&answer.stdout));
        }
    }

    #[test]
    fn every_action_is_triggered_in_its_example() {
        for entry in REGISTRY.actions() {
            let head = format!("action \"{}\" \"example\" {{", entry.name);
            assert!(entry.example.starts_with(&head), "{} lacks {head}", entry.name);
            let trigger = format!("actions = [action.{}.example]", entry.name);
            assert!(entry.example.contains(&trigger), "{} lacks {trigger}", entry.name);
        }
    }

    #[test]
    fn every_edit_of_an_example_fits_once() {
        for entry in REGISTRY.resources() {
            for (text, _) in entry.example_update.iter().chain(&entry.example_replace) {
                assert_eq!(entry.example.matches(text).count(), 1, "{}: {text}", entry.name);
            }
            assert!(!entry.immutable || entry.example_update.is_none(), "{}", entry.name);
        }
    }

    #[test]
    fn examples_use_nothing_that_is_not_registered() {
        let known: BTreeSet<&str> = REGISTRY.resources().map(|entry| entry.name).collect();
        for entry in REGISTRY.resources() {
            let used = words(entry.example, "resource \"");
            let unknown: Vec<_> =
                used.iter().filter(|name| name.starts_with("databricks_") && !known.contains(**name)).collect();
            assert!(unknown.is_empty(), "{} uses {unknown:?}", entry.name);
        }
    }

    #[test]
    fn nothing_is_refused_while_nothing_is_known() {
        let said: Vec<String> = REGISTRY
            .resources()
            .flat_map(|entry| tfplugin::testing::complaints_about_unknowns(entry).unwrap())
            .collect();
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn every_schema_can_be_built_and_every_attribute_is_described() {
        for (name, schema) in REGISTRY
            .resources()
            .map(|entry| (entry.name, (entry.schema)()))
            .chain(REGISTRY.data_sources().map(|entry| (entry.name, (entry.schema)())))
            .chain(REGISTRY.ephemerals().map(|entry| (entry.name, (entry.schema)())))
            .chain(REGISTRY.actions().map(|entry| (entry.name, (entry.schema)())))
        {
            assert!(!schema.body.description.is_empty(), "{name} is not described");
            for attribute in &schema.body.attributes {
                let text = &attribute.description;
                assert!(text.ends_with('.'), "{name}.{}: {text:?} is no sentence", attribute.name);
            }
        }
    }

    #[test]
    fn a_file_that_nobody_registered_is_found() {
        let provider = Path::new(env!("CARGO_MANIFEST_DIR"));
        let registry = std::fs::read_to_string(provider.join("src/registry.rs")).unwrap();
        let groups = std::fs::read_dir(provider.join("databricks/src")).unwrap().map(|entry| entry.unwrap().path());
        let mut seen = 0;
        for folder in groups.filter(|path| path.is_dir()).chain([provider.join("aws/src")]) {
            let group = match folder.ends_with("src") {
                true => "aws".into(),
                false => folder.file_name().unwrap().to_string_lossy().into_owned(),
            };
            for file in std::fs::read_dir(&folder).unwrap() {
                let path = file.unwrap().path();
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let module = path.file_stem().unwrap().to_string_lossy().into_owned();
                let lines = [
                    "impl Resource for",
                    "impl DataSource for",
                    "impl Ephemeral for",
                    "impl Rest for",
                    "impl Action for",
                ];
                let is_one = lines.iter().any(|line| text.contains(line));
                seen += usize::from(is_one);
                assert!(
                    !is_one || registry.contains(&format!("{group}::{module}::")),
                    "{} is not registered",
                    path.display()
                );
            }
        }
        assert!(seen >= REGISTRY.resources().count(), "the folders were found: {seen}");
    }
}
