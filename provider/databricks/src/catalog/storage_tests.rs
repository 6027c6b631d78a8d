//! Metastores, storage credentials and external locations against a local cloud.

use databricks::Request;
use serde_json::Value as Json;
use tfplugin::{Attr, Call, Planning, Resource};

use super::external_location::{EncryptionDetails, ExternalLocation, SseEncryptionDetails};
use super::metastore::Metastore;
use super::storage_credential::{AwsIamRole, StorageCredential};
use crate::clients::AnyWorkspace;
use crate::rest::{Of, Rest};
use crate::testing::{Cloud, create, reads_back, update};

const ROLE: &str = "arn:aws:iam::123456789012:role/data";

async fn credential(cx: &Call<AnyWorkspace>, name: &str) -> Of<StorageCredential> {
    let role = AwsIamRole { role_arn: ROLE.into(), ..AwsIamRole::default() };
    let plan = StorageCredential { name: name.into(), aws_iam_role: role.into(), ..Default::default() };
    create(cx, Of::from(plan)).await
}

fn location(url: &str) -> ExternalLocation {
    ExternalLocation { name: "raw".into(), url: url.into(), credential_name: "data".into(), ..Default::default() }
}

#[tokio::test]
async fn the_service_says_what_the_roles_trust_needs() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = credential(&cx, "data").await;
    let role = made.aws_iam_role.known().unwrap();
    assert!(!role.external_id.text().is_empty() && role.unity_catalog_iam_arn.text().starts_with("arn:aws:iam::"));
    assert!(!made.storage_credential_id.text().is_empty());
    reads_back(&cx, &made).await;
    let plan = StorageCredential { comment: "words".into(), ..made.clone().into_inner() };
    let changed = update(&cx, made, Of::from(plan)).await;
    reads_back(&cx, &changed).await;
}

#[tokio::test]
async fn a_credential_in_use_changes_and_goes_by_force_alone() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = credential(&cx, "data").await;
    create(&cx, Of::from(location("s3://raw/in"))).await;
    let role = AwsIamRole { role_arn: "arn:aws:iam::123456789012:role/other".into(), ..AwsIamRole::default() };
    let plan = StorageCredential { aws_iam_role: role.into(), ..made.clone().into_inner() };
    let failed = Of::<StorageCredential>::update(&cx, made.clone(), Of::from(plan.clone())).await.unwrap_err();
    assert!(failed.error.to_string().contains("used by external location raw"), "{}", failed.error);
    let made = update(&cx, made, Of::from(StorageCredential { force_update: true.into(), ..plan })).await;
    let error = Of::<StorageCredential>::delete(&cx, made.clone()).await.unwrap_err();
    assert!(error.to_string().contains("used by external location raw"), "{error}");
    let forced = StorageCredential { force_destroy: true.into(), ..made.into_inner() };
    Of::<StorageCredential>::delete(&cx, Of::from(forced)).await.unwrap();
}

#[tokio::test]
async fn a_location_is_encrypted_as_it_says() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    credential(&cx, "data").await;
    let key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000";
    let sse = SseEncryptionDetails { algorithm: "AWS_SSE_KMS".into(), aws_kms_key_arn: key.into() };
    let details = EncryptionDetails { sse_encryption_details: sse.into() };
    let plan = ExternalLocation {
        encryption_details: details.into(),
        skip_validation: true.into(),
        force_update: true.into(),
        ..location("s3://raw/in/")
    };
    let made = create(&cx, Of::from(plan)).await;
    assert_eq!((made.id.text(), made.url.text()), ("raw", "s3://raw/in/"));
    let told: Json = cx.client().send(Request::get("/api/2.1/unity-catalog/external-locations/raw")).await.unwrap();
    assert_eq!(told["encryption_details"]["sse_encryption_details"]["aws_kms_key_arn"], key);
    reads_back(&cx, &made).await;
    let plan = ExternalLocation { comment: "words".into(), ..made.clone().into_inner() };
    let changed = update(&cx, made, Of::from(plan)).await;
    // What is Terraform's own asks nobody.
    let before = cloud.running.requests().iter().filter(|one| one.method == "PATCH").count();
    let plan = ExternalLocation { force_update: Attr::Null, ..changed.clone().into_inner() };
    update(&cx, changed, Of::from(plan)).await;
    assert_eq!(cloud.running.requests().iter().filter(|one| one.method == "PATCH").count(), before);
}

#[tokio::test]
async fn an_isolated_location_is_bound_to_its_workspace() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    credential(&cx, "data").await;
    let plan = ExternalLocation { isolation_mode: "ISOLATION_MODE_ISOLATED".into(), ..location("s3://raw/in") };
    let made = create(&cx, Of::from(plan)).await;
    assert_eq!(made.isolation_mode.text(), "ISOLATION_MODE_ISOLATED");
    let path = "/api/2.1/unity-catalog/bindings/external_location/raw";
    let found: Json = cx.client().send(Request::get(path)).await.unwrap();
    let id: i64 = cx.client().workspace_id().await.unwrap().parse().unwrap();
    assert_eq!(found["bindings"][0]["workspace_id"], id);
}

#[test]
fn a_key_stands_with_the_algorithm_that_has_one() {
    let check = |algorithm: &str, key: Attr<String>, expected: usize| {
        let sse = SseEncryptionDetails { algorithm: algorithm.into(), aws_kms_key_arn: key };
        let details = EncryptionDetails { sse_encryption_details: sse.into() };
        let said =
            ExternalLocation::validate(&ExternalLocation { encryption_details: details.into(), ..location("s3://a") });
        assert_eq!(said.len(), expected, "{algorithm}: {said:?}");
    };
    check("AWS_SSE_KMS", "arn:aws:kms:1".into(), 0);
    check("AWS_SSE_KMS", Attr::Unknown, 0);
    check("AWS_SSE_KMS", Attr::Null, 1);
    check("AWS_SSE_S3", Attr::Null, 0);
    check("AWS_SSE_S3", "arn:aws:kms:1".into(), 1);
}

fn metastore() -> Metastore {
    Metastore {
        name: "main".into(),
        region: "eu-west-1".into(),
        storage_root: "s3://main/root".into(),
        delta_sharing_recipient_token_lifetime_in_seconds: 3600.into(),
        ..Default::default()
    }
}

/// Whether a plan of another root replaces a metastore, and what it plans.
fn planned(prior: &Of<Metastore>, root: &str) -> (bool, String) {
    let config = Of::from(Metastore { storage_root: root.into(), ..prior.clone().into_inner() });
    let (mut planned, mut replaces, mut warnings) = (config.clone(), Vec::new(), Vec::new());
    let mut planning = Planning {
        prior: Some(prior),
        config: &config,
        planned: &mut planned,
        replaces: &mut replaces,
        warnings: &mut warnings,
        client: None,
        now: jiff::Timestamp::now(),
    };
    Of::<Metastore>::plan(&mut planning).unwrap();
    (!replaces.is_empty(), planned.storage_root.text().to_owned())
}

#[tokio::test]
async fn a_metastore_of_the_account_has_its_root_as_it_is_configured() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let made = create(&cx, Of::from(metastore())).await;
    assert_eq!(made.storage_root.text(), "s3://main/root");
    assert_eq!(made.delta_sharing_recipient_token_lifetime_in_seconds, 3600.into());
    let read = Of::<Metastore>::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.storage_root, made.storage_root);
    // As the official provider's states have it.
    let told = format!("s3://main/root/{}", made.id.text());
    let prior = Of::from(Metastore { storage_root: told.as_str().into(), ..made.clone().into_inner() });
    assert_eq!(planned(&prior, "s3://main/root"), (false, told));
    assert_eq!(planned(&made, "s3://other/root"), (true, "s3://other/root".to_owned()));
    let plan = Metastore { name: "other".into(), ..made.clone().into_inner() };
    let renamed = update(&cx, made, Of::from(plan)).await;
    assert_eq!(
        (renamed.name.text(), cloud.requests("PATCH", renamed.id.text())),
        ("other", 0),
        "an account's change is a PUT"
    );
    Of::<Metastore>::delete(&cx, renamed.clone()).await.unwrap();
    assert!(Of::<Metastore>::read(&cx, renamed).await.unwrap().is_none());
}

#[tokio::test]
async fn a_metastore_is_made_through_a_workspace_too() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace_either().await;
    let made = create(&cx, Of::from(Metastore { region: Attr::Unknown, ..metastore() })).await;
    assert_eq!(made.region.text(), "eu-west-1", "the workspace's");
    let plan = Metastore { delta_sharing_organization_name: "Example".into(), ..made.clone().into_inner() };
    update(&cx, made.clone(), Of::from(plan)).await;
    assert_eq!(cloud.requests("PUT", made.id.text()), 0, "a workspace's change is a PATCH");
}
