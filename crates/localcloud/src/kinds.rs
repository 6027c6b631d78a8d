//! All kinds of objects that are described by a row. A kind is added by its file and its line here.

use crate::account::{
    credentials, customer_managed_keys, federation_policies, log_delivery, network_connectivity_configs, networks,
    private_access_settings, storage_configurations, vpc_endpoints,
};
use crate::catalog::{catalogs, connections, external_locations, metastores, schemas, storage_credentials, volumes};
use crate::sql::warehouses;
use crate::store::kind::Kind;
use crate::workspace::{cluster_policies, git_credentials, instance_pools, instance_profiles, ip_access_lists, jobs};

/// The rows.
pub(crate) const KINDS: &[&Kind] = &[
    &credentials::KIND,
    &storage_configurations::KIND,
    &customer_managed_keys::KIND,
    &networks::KIND,
    &vpc_endpoints::KIND,
    &private_access_settings::KIND,
    &network_connectivity_configs::KIND,
    &network_connectivity_configs::RULES,
    &log_delivery::KIND,
    &federation_policies::OF_ACCOUNT,
    &federation_policies::OF_SERVICE_PRINCIPAL,
    &metastores::OF_ACCOUNT,
    &metastores::KIND,
    &storage_credentials::OF_ACCOUNT,
    &storage_credentials::KIND,
    &external_locations::KIND,
    &catalogs::KIND,
    &schemas::KIND,
    &volumes::KIND,
    &connections::KIND,
    &git_credentials::KIND,
    &instance_profiles::KIND,
    &instance_pools::KIND,
    &cluster_policies::KIND,
    &ip_access_lists::KIND,
    &jobs::KIND,
    &warehouses::KIND,
];
