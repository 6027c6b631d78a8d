//! The account's resources against a local cloud.

use std::collections::BTreeMap;

use databricks::Request;
use localcloud::{Fault, FaultEffect};
use tfplugin::{Attr, Call, Resource, Set};

use super::mws_credentials::MwsCredentials;
use super::mws_customer_managed_keys::{AwsKeyInfo, MwsCustomerManagedKeys};
use super::mws_networks::MwsNetworks;
use super::mws_permission_assignment::MwsPermissionAssignment;
use super::mws_storage_configurations::MwsStorageConfigurations;
use super::mws_workspaces::MwsWorkspaces;
use crate::rest::{Of, Rest};
use crate::testing::{Cloud, create, reads_back, update};

fn credentials() -> Of<MwsCredentials> {
    Of::from(MwsCredentials {
        credentials_name: "example".into(),
        role_arn: "arn:aws:iam::123456789012:role/databricks".into(),
        ..Default::default()
    })
}

fn storage() -> Of<MwsStorageConfigurations> {
    Of::from(MwsStorageConfigurations {
        storage_configuration_name: "example".into(),
        bucket_name: "example-root-bucket".into(),
        ..Default::default()
    })
}

fn network(number: u8) -> Of<MwsNetworks> {
    let set = |names: &[&str]| Attr::Known(Set(names.iter().map(|name| format!("{name}{number}")).collect()));
    Of::from(MwsNetworks {
        network_name: format!("example-{number}").into(),
        vpc_id: "vpc-0123456789abcdef0".into(),
        subnet_ids: set(&["subnet-0123456789abcde0", "subnet-0123456789abcde1"]),
        security_group_ids: set(&["sg-0123456789abcdef"]),
        ..Default::default()
    })
}

fn workspace(credentials: &MwsCredentials, storage: &MwsStorageConfigurations) -> MwsWorkspaces {
    MwsWorkspaces {
        workspace_name: "example".into(),
        aws_region: "eu-west-1".into(),
        credentials_id: credentials.credentials_id.clone(),
        storage_configuration_id: storage.storage_configuration_id.clone(),
        custom_tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]).into(),
        ..Default::default()
    }
}

/// A fault that loses the answer of a call that took effect.
fn lost(matches: &str) -> Fault {
    Fault { effect: FaultEffect::After, cut: true, status: None, code: None, ..Fault::once(matches, 500, "") }
}

#[tokio::test]
async fn what_is_created_is_read_imported_and_gone_after_its_delete() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();

    let made = create(&cx, credentials()).await;
    assert_eq!(made.external_id.text(), cloud.running.account_id());
    reads_back(&cx, &made).await;
    Of::<MwsCredentials>::delete(&cx, made.clone()).await.unwrap();
    assert!(Of::<MwsCredentials>::read(&cx, made.clone()).await.unwrap().is_none());
    Of::<MwsCredentials>::delete(&cx, made).await.unwrap();

    let made = create(&cx, storage()).await;
    reads_back(&cx, &made).await;
    Of::<MwsStorageConfigurations>::delete(&cx, made.clone()).await.unwrap();
    assert!(Of::<MwsStorageConfigurations>::read(&cx, made).await.unwrap().is_none());

    let key = AwsKeyInfo {
        key_arn: "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001".into(),
        reuse_key_for_cluster_volumes: false.into(),
        ..Default::default()
    };
    let plan = Of::from(MwsCustomerManagedKeys {
        use_cases: vec!["STORAGE".to_owned(), "MANAGED_SERVICES".to_owned()].into(),
        aws_key_info: key.into(),
        ..Default::default()
    });
    let made = create(&cx, plan).await;
    assert_eq!(made.aws_key_info.or_default().key_region.text(), "eu-west-1");
    assert_eq!(made.aws_key_info.or_default().reuse_key_for_cluster_volumes, false.into());
    reads_back(&cx, &made).await;
    Of::<MwsCustomerManagedKeys>::delete(&cx, made.clone()).await.unwrap();
    assert!(Of::<MwsCustomerManagedKeys>::read(&cx, made).await.unwrap().is_none());
}

#[tokio::test]
async fn a_refused_create_tells_what_stands_in_its_way() {
    async fn existing<T: Rest>(cx: &Call<T::Client>, plan: Of<T>) -> Option<String> {
        let failed = Of::<T>::create(cx, plan).await.unwrap_err();
        assert!(failed.partial.is_none(), "{}", failed.error);
        failed.error.existing().map(str::to_owned)
    }

    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let made = create(&cx, network(1)).await;
    // A subnet can be in one network only, and that is what is said, not that the name is taken.
    assert_eq!(existing(&cx, network(1)).await.as_deref(), Some(made.id.text()));
    let other = Of::from(MwsNetworks { network_name: "another".into(), ..network(1).into_inner() });
    assert_eq!(existing(&cx, other).await, None, "another network has the subnets");
    let same_name =
        MwsNetworks { security_group_ids: network(2).security_group_ids.clone(), ..network(1).into_inner() };
    assert_eq!(existing(&cx, Of::from(same_name)).await, None, "the refusal is not about the name");

    let made = create(&cx, credentials()).await;
    assert_eq!(existing(&cx, credentials()).await.as_deref(), Some(made.id.text()));
    let other =
        MwsCredentials { role_arn: "arn:aws:iam::123456789012:role/other".into(), ..credentials().into_inner() };
    assert_eq!(existing(&cx, Of::from(other)).await.as_deref(), Some(made.id.text()), "the name is enough");
}

#[tokio::test]
async fn a_role_that_iam_still_spreads_is_waited_for() {
    let cloud = Cloud::start().await;
    cloud.running.fault(Fault { times: 1, ..Fault::once("localcloud:ValidateCredentials", 400, "") });
    create(&cloud.account(), credentials()).await;
    assert_eq!(cloud.requests("POST", "/credentials"), 2);
}

#[tokio::test]
async fn another_refusal_of_credentials_is_told_at_once() {
    let cloud = Cloud::start().await;
    cloud.running.fault(Fault::once("POST /api/2.0/accounts/*/credentials", 403, "PERMISSION_DENIED"));
    let failed = Of::<MwsCredentials>::create(&cloud.account(), credentials()).await.unwrap_err();
    let text = failed.error.to_string();
    assert!(text.contains("PERMISSION_DENIED"), "{text}");
    assert_eq!(cloud.requests("POST", "/credentials"), 1);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    cloud.running.fault(lost("POST /api/2.0/accounts/*/networks"));
    let failed = Of::<MwsNetworks>::create(&cx, network(1)).await.unwrap_err();
    assert!(failed.partial.is_none());
    assert_eq!(cloud.requests("POST", "/networks"), 1, "a create that may have happened is not repeated");
    let found = Of::<MwsNetworks>::find(&cx, &network(1), cx.marker()).await.unwrap().expect("it was made");
    reads_back(&cx, &found).await;
    assert!(
        Of::<MwsNetworks>::find(&cx, &network(2), cx.marker()).await.unwrap().is_none(),
        "another name is another network"
    );
    let since = cx.marker().since.checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let later = tfplugin::Marker::new(cx.marker().id.clone(), since);
    assert!(Of::<MwsNetworks>::find(&cx, &network(1), &later).await.unwrap().is_none(), "it is older than the create");
}

#[tokio::test]
async fn a_workspace_comes_up_is_changed_in_place_and_frees_its_network_when_it_goes() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let (credentials, storage) = (create(&cx, credentials()).await, create(&cx, storage()).await);
    let (first, second) = (create(&cx, network(1)).await, create(&cx, network(2)).await);
    let plan = MwsWorkspaces { network_id: first.network_id.clone(), ..workspace(&credentials, &storage) };

    let made = MwsWorkspaces::create(&cx, plan).await.map_err(|failed| failed.error).unwrap();
    assert!(made.workspace_id.or_default() > 0, "the id is known before the waiting");
    let made = MwsWorkspaces::ready(&cx, made).await.unwrap();
    assert_eq!(made.workspace_status.text(), "RUNNING");
    assert_eq!(made.workspace_url.text(), cloud.running.workspace_host(made.deployment_name.text()));
    reads_back(&cx, &made).await;

    let plan = MwsWorkspaces {
        network_id: second.network_id.clone(),
        custom_tags: BTreeMap::from([("team".to_owned(), "platform".to_owned())]).into(),
        workspace_status: Attr::Unknown,
        ..made.clone()
    };
    let changed = update(&cx, made.clone(), plan).await;
    assert_eq!((&changed.id, &changed.network_id), (&made.id, &second.network_id));
    reads_back(&cx, &changed).await;
    Of::<MwsNetworks>::delete(&cx, first).await.unwrap();

    // Both are asked to go at once: the network waits for the workspace.
    let (workspace, network) =
        tokio::join!(MwsWorkspaces::delete(&cx, changed.clone()), Of::<MwsNetworks>::delete(&cx, second.clone()));
    workspace.unwrap();
    network.unwrap();
    assert!(MwsWorkspaces::read(&cx, changed).await.unwrap().is_none());
    assert!(Of::<MwsNetworks>::read(&cx, second).await.unwrap().is_none());
}

#[tokio::test]
async fn a_workspace_whose_delete_was_cut_off_is_gone_when_it_is_read() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let (credentials, storage) = (create(&cx, credentials()).await, create(&cx, storage()).await);
    let network = create(&cx, network(1)).await;
    let plan = MwsWorkspaces { network_id: network.network_id.clone(), ..workspace(&credentials, &storage) };
    let made = MwsWorkspaces::create(&cx, plan.clone()).await.map_err(|failed| failed.error).unwrap();
    let made = MwsWorkspaces::ready(&cx, made).await.unwrap();
    let path = format!("/workspaces/{}", made.workspace_id.or_default());
    let answer = cx.client().send::<serde_json::Value>(Request::delete_account(path)).await.unwrap();
    assert_eq!(answer["workspace_status"], "CANCELLING");

    // What nobody can reach any more is not planned with, and what it stood on is free when it is made anew.
    assert!(MwsWorkspaces::read(&cx, made).await.unwrap().is_none());
    MwsWorkspaces::create(&cx, plan).await.map_err(|failed| failed.error).unwrap();
}

#[tokio::test]
async fn a_workspace_that_fails_is_kept_with_its_reasons() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let (credentials, storage) = (create(&cx, credentials()).await, create(&cx, storage()).await);
    let fault = Fault {
        message: Some("The subnet has no route out.".into()),
        ..Fault::once("localcloud:ProvisionWorkspace", 0, "")
    };
    cloud.running.fault(fault);
    let made =
        MwsWorkspaces::create(&cx, workspace(&credentials, &storage)).await.map_err(|failed| failed.error).unwrap();
    let text = MwsWorkspaces::ready(&cx, made.clone()).await.unwrap_err().to_string();
    assert!(text.contains("it is FAILED") && text.contains("no route out"), "{text}");
    let read = MwsWorkspaces::read(&cx, made).await.unwrap().expect("it is not deleted");
    assert_eq!(read.workspace_status.text(), "FAILED");
}

#[tokio::test]
async fn a_permission_assignment_is_changed_and_taken_away() {
    let cloud = Cloud::start().await;
    let (workspace_id, _) = cloud.new_workspace().await;
    let principal = crate::identity::service_principal::ServicePrincipal {
        display_name: "example".into(),
        active: true.into(),
        ..Default::default()
    };
    let principal = create(&cloud.either(), principal).await;
    let cx = cloud.account();
    let plan = |permission: &str| {
        Of::from(MwsPermissionAssignment {
            workspace_id: workspace_id.into(),
            principal_id: principal.id.text().parse::<i64>().unwrap().into(),
            permissions: Set(vec![permission.to_owned()]).into(),
            ..Default::default()
        })
    };
    let made = create(&cx, plan("USER")).await;
    reads_back(&cx, &made).await;
    let changed = update(&cx, made, plan("ADMIN")).await;
    reads_back(&cx, &changed).await;
    Of::<MwsPermissionAssignment>::delete(&cx, changed.clone()).await.unwrap();
    assert!(Of::<MwsPermissionAssignment>::read(&cx, changed.clone()).await.unwrap().is_none());
    Of::<MwsPermissionAssignment>::delete(&cx, changed).await.unwrap();
}

#[tokio::test]
async fn an_import_of_another_account_says_so() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let state = Of::<MwsNetworks>::import(&cx, "0e1f2a3b/n-1").await.unwrap();
    let text = Of::<MwsNetworks>::read(&cx, state).await.unwrap_err().to_string();
    assert!(text.contains("belongs to account 0e1f2a3b") && text.contains("DATABRICKS_ACCOUNT_ID"), "{text}");
}
