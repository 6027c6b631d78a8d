//! The end of a bucket: what is in it is deleted only if the configuration said so, page by page, and then the bucket. A plan to
//! remove a bucket that would stay is refused.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use tfplugin::{Call, Error, Probe, Result};

use super::{S3Bucket, is_busy};
use crate::client::Aws;
use crate::create::{FAST, SLOW, retrying};
use crate::errors::{Explain, Fault, gone_is_fine, set_and_destroy};

/// How often a bucket is emptied again because somebody wrote into it meanwhile.
const ROUNDS: usize = 5;

/// Deletes the bucket, and what is in it if that is allowed. A bucket that is gone is a success.
pub(super) async fn delete_bucket(cx: &Call<Aws>, state: &S3Bucket) -> Result<()> {
    let name = state.id.text();
    let s3 = &cx.client().s3;
    let request = || async { s3.delete_bucket().bucket(name).send().await.fault() };
    for _ in 0..ROUNDS {
        let within = Duration::from_secs(300).min(cx.left());
        match gone_is_fine(retrying(cx, within, request, is_busy).await, &["NoSuchBucket"]) {
            Ok(()) => return gone(cx, name).await,
            Err(fault) if !fault.is(&["BucketNotEmpty"]) => return Err(fault.into()),
            Err(fault) if !state.force_destroy.is_true() => return Err(fault.explained(way_out())),
            Err(_) => empty(cx, name).await?,
        }
    }
    Err(Error::new("it fills up again while it is emptied")
        .detail("Something still writes into it (logs, a cluster, replication). Stop that, and destroy again."))
}

/// A bucket that is not empty, and whose end is not forced, stays: that is said before anything else is destroyed.
pub(super) async fn check_removal(cx: &Call<Aws>, state: &S3Bucket) -> Result<()> {
    if state.force_destroy.is_true() {
        return Ok(());
    }
    let request = cx.client().s3.list_object_versions().bucket(state.id.text()).max_keys(1);
    match request.send().await.fault() {
        Ok(page) if !(page.versions().is_empty() && page.delete_markers().is_empty()) => {
            Err(Error::new("it is not empty").detail(way_out()).also(
                "Objects that this configuration manages itself (aws_s3_object) are destroyed first, with -target, and then the rest.",
            ))
        }
        // Who may not list, and a bucket that is gone, are the deletion's business.
        _ => Ok(()),
    }
}

fn way_out() -> String {
    let way = set_and_destroy("force_destroy = true");
    format!(
        "There are objects in it, or old versions of objects. To delete them with the bucket, beyond recovery: {way}"
    )
}

/// Deletes all objects, all of their versions and all delete markers: one page at a time is in memory.
async fn empty(cx: &Call<Aws>, name: &str) -> Result<()> {
    let s3 = &cx.client().s3;
    loop {
        // Always the first page: what it named is gone when it is asked for again.
        let page = match s3.list_object_versions().bucket(name).send().await.fault() {
            Ok(page) => page,
            Err(fault) if fault.is_not_found() => return Ok(()),
            Err(fault) => return Err(fault.into()),
        };
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let mut names = Vec::new();
        for (key, version) in versions.chain(markers) {
            let identifier = ObjectIdentifier::builder().key(key.unwrap_or_default());
            let identifier = identifier.set_version_id(version.map(str::to_owned)).build();
            names.push(identifier.map_err(Fault::ours)?);
        }
        if names.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(names)).quiet(true).build();
        let delete = delete.map_err(Fault::ours)?;
        let answer = s3.delete_objects().bucket(name).delete(delete).send().await.fault()?;
        // A 200 may carry refusals, object by object.
        if let Some(refused) = answer.errors().first() {
            let key = refused.key().unwrap_or_default();
            let fault = Fault::refused(refused.code().unwrap_or_default(), refused.message().unwrap_or_default());
            let count = answer.errors().len();
            return Err(Error::from(fault).also(format!("{count} objects were refused; the first is {key}.")));
        }
        // Between two pages an interruption is heard.
        cx.sleep(Duration::ZERO).await?;
        if cx.left().is_zero() {
            return Err(Error::new("the time ran out while it was emptied").detail(
                "What is deleted is deleted: destroy again, or raise delete in the resource's timeouts block.",
            ));
        }
    }
}

async fn gone(cx: &Call<Aws>, name: &str) -> Result<()> {
    cx.poll(&format!("bucket {name} to be gone"), FAST, SLOW, || async {
        match cx.client().s3.head_bucket().bucket(name).send().await.fault() {
            Err(fault) if fault.is_not_found() => Ok(Probe::Done(())),
            // The name is somebody else's by now.
            Err(fault) if fault.is(&["Forbidden", "AccessDenied"]) => Ok(Probe::Done(())),
            Err(fault) => Err(fault.into()),
            Ok(_) => Ok(Probe::Waiting("still there".to_owned())),
        }
    })
    .await
}
