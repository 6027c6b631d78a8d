//! An AWS account of its own: its objects, faults and requests are apart from those of every other account of the same local cloud.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::action::ACCESS_KEY;
use super::held::{self, AwsObject, AwsUnknown};
use crate::faults::Fault;
use crate::inner::Inner;
use crate::log::Entry;

/// The accounts that this process gave out.
static LAST: AtomicU64 = AtomicU64::new(210_000_000_000);

/// An AWS account of a local cloud. Whoever signs with its access key works in it, in any region. Tests that share a local cloud take
/// one each: nothing that another one makes, misbehaves or logs is seen in it. Only bucket names are of the whole world, as at AWS.
#[derive(Debug, Clone)]
pub struct AwsAccount {
    inner: Arc<Inner>,
    id: String,
    endpoint: String,
}

impl AwsAccount {
    /// A new account, where there is an AWS side.
    pub(crate) fn new(inner: &Arc<Inner>) -> Option<Self> {
        let id = LAST.fetch_add(1, Ordering::Relaxed).saturating_add(1).to_string();
        Some(Self { inner: Arc::clone(inner), id, endpoint: inner.aws_endpoint()? })
    }

    /// The account's number, as it stands in ARNs.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Address of all AWS services, as `AWS_ENDPOINT_URL` takes it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The access key that belongs to the account.
    pub fn access_key_id(&self) -> String {
        format!("{ACCESS_KEY}{}", self.id)
    }

    /// A secret for the access key. Nothing checks it.
    pub fn secret_access_key(&self) -> &'static str {
        "localcloud"
    }

    /// Adds misbehaviour that strikes this account's calls alone.
    pub fn fault(&self, fault: Fault) {
        self.inner.faults.add(Fault { account: Some(self.id.clone()), ..fault });
    }

    /// The account's requests so far, the oldest first. The path of each is its action: `ec2:CreateVpc`.
    pub fn requests(&self) -> Vec<Entry> {
        self.inner.log.list().into_iter().filter(|entry| entry.account.as_ref() == Some(&self.id)).collect()
    }

    /// How often the account asked for an action, such as `ec2:CreateVpc` or `s3:PutBucketPolicy`.
    pub fn asked(&self, action: &str) -> usize {
        self.requests().iter().filter(|entry| entry.path == action).count()
    }

    /// Everything that the account holds, in the regions that it asked about.
    ///
    /// # Errors
    /// [`AwsUnknown`] when the AWS side does not say.
    pub async fn objects(&self) -> Result<BTreeSet<AwsObject>, AwsUnknown> {
        match self.inner.aws() {
            Some(backend) => held::by(backend, Some(&self.id), self.inner.now()).await,
            None => Ok(BTreeSet::new()),
        }
    }
}
