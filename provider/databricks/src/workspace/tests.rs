//! Secrets, files and notebooks against a local cloud.

use std::time::Duration;

use databricks::api::{files, secrets};
use tfplugin::{Attr, Resource, Secret as Hidden};

use super::file::File;
use super::secret::Secret;
use super::secret_acl::SecretAcl;
use super::secret_scope::SecretScope;
use crate::catalog::{catalog::Catalog, schema::Schema, volume::Volume};
use crate::rest::Of;
use crate::testing::{Cloud, create, reads_back, update};

fn scope() -> SecretScope {
    SecretScope { name: "app".into(), ..SecretScope::default() }
}

fn hidden(text: &str) -> Attr<Hidden<String>> {
    Hidden::from(text).into()
}

#[tokio::test]
async fn a_secret_that_was_changed_outside_is_put_back_and_not_kept() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    create(&cx, scope()).await;
    let plan = Secret { scope: "app".into(), key: "key".into(), string_value: hidden("ours"), ..Secret::default() };
    let made = create(&cx, plan.clone()).await;
    assert_eq!(made.config_reference.text(), "{{secrets/app/key}}");
    reads_back(&cx, &made).await;
    let put = async |text: &str| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        secrets::put(cx.client(), "app", "key", &text.into()).await.unwrap();
    };
    let read = async |state: &Secret| Secret::read(&cx, state.clone()).await.unwrap().unwrap();
    // Written again, and the same.
    put("ours").await;
    let same = read(&made).await;
    assert_eq!(same.string_value.known().unwrap().expose(), "ours");
    assert_ne!(same.last_updated_timestamp, made.last_updated_timestamp);
    put("theirs").await;
    let changed = read(&same).await;
    assert!(changed.string_value.is_null(), "the other value does not come into the state");
    let mended = update(&cx, changed, plan).await;
    let told = secrets::get(cx.client(), "app", "key").await.unwrap().unwrap();
    assert_eq!(told.expose(), "ours");
    Secret::delete(&cx, mended.clone()).await.unwrap();
    assert!(Secret::read(&cx, mended).await.unwrap().is_none());
}

#[tokio::test]
async fn a_write_only_secret_tells_by_its_version_that_it_was_changed_outside() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    create(&cx, scope()).await;
    let plan = Secret {
        scope: "app".into(),
        key: "key".into(),
        string_value_wo: hidden("ours"),
        string_value_wo_version: 1.into(),
        ..Secret::default()
    };
    let made = Secret { string_value_wo: Attr::Null, ..create(&cx, plan).await };
    let told = secrets::get(cx.client(), "app", "key").await.unwrap().unwrap();
    assert_eq!(told.expose(), "ours");
    assert_eq!(Secret::read(&cx, made.clone()).await.unwrap().unwrap().string_value_wo_version, 1.into());
    tokio::time::sleep(Duration::from_millis(5)).await;
    secrets::put(cx.client(), "app", "key", &"theirs".into()).await.unwrap();
    assert!(Secret::read(&cx, made).await.unwrap().unwrap().string_value_wo_version.is_null());
}

#[test]
fn a_secret_has_one_value() {
    let count = |secret: Secret| Secret::validate(&secret).len();
    let none = Secret::default;
    assert_eq!(count(none()), 1);
    assert_eq!(count(Secret { string_value: hidden("a"), ..none() }), 0);
    assert_eq!(count(Secret { string_value: hidden("a"), string_value_wo: hidden("b"), ..none() }), 1);
    assert_eq!(count(Secret { string_value: Attr::Unknown, ..none() }), 0);
}

#[tokio::test]
async fn the_own_permission_to_manage_a_scope_stays() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    create(&cx, scope()).await;
    let me = cx.client().me().await.unwrap().user_name.clone();
    let acl = |who: &str, what: &str| SecretAcl {
        scope: "app".into(),
        principal: who.into(),
        permission: what.into(),
        ..SecretAcl::default()
    };
    let own = create(&cx, acl(&me, "MANAGE")).await;
    let others = create(&cx, acl("users", "MANAGE")).await;
    for state in [own, others] {
        SecretAcl::delete(&cx, state).await.unwrap();
    }
    let left = secrets::acls(cx.client(), "app").await.unwrap();
    assert_eq!(left.iter().map(|one| one.principal.as_str()).collect::<Vec<_>>(), [me.as_str()]);
}

#[tokio::test]
async fn a_file_is_changed_when_its_bytes_are() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    create(&cx, Of::from(Catalog { name: "a".into(), ..Catalog::default() })).await;
    create(&cx, Of::from(Schema { catalog_name: "a".into(), name: "b".into(), ..Schema::default() })).await;
    let volume = Volume {
        catalog_name: "a".into(),
        schema_name: "b".into(),
        name: "c".into(),
        volume_type: "MANAGED".into(),
        ..Volume::default()
    };
    create(&cx, Of::from(volume)).await;
    let local = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(local.path(), b"one two").unwrap();
    let path = "/Volumes/a/b/c/a folder/é.txt";
    let source = local.path().display().to_string();
    let md5 = super::content::md5(&Attr::Null, &source.clone().into()).unwrap();
    let plan = File { path: path.into(), source: source.into(), md5, ..File::default() };
    let made = create(&cx, plan).await;
    assert_eq!(made.file_size, 7.into());
    let put = async |text: &'static str| {
        // HTTP tells whole seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        files::put(cx.client(), path, &files::Content::Bytes(text.into())).await.unwrap();
    };
    let read = async |state: &File| File::read(&cx, state.clone()).await.unwrap().unwrap();
    put("one two").await;
    let same = read(&made).await;
    assert!(!same.remote_file_modified.is_true() && same.modification_time != made.modification_time);
    put("two one").await;
    assert!(read(&same).await.remote_file_modified.is_true());
    std::fs::write(local.path(), b"another one than planned").unwrap();
    let error = File::update(&cx, same.clone(), same.clone()).await.unwrap_err().error;
    assert!(error.to_string().contains("has changed since it was planned"), "{error}");
    File::delete(&cx, same.clone()).await.unwrap();
    assert!(File::read(&cx, same).await.unwrap().is_none());
}
