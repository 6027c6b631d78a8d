//! The handle of a local cloud that serves: its addresses, its misbehaviour, its end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use secret::Secret;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::aws::{self, AwsAccount, AwsObject, AwsUnknown};
use crate::driver;
use crate::faults::Fault;
use crate::inner::Inner;
use crate::log::Entry;
use crate::overview::Overview;

/// A local cloud that serves. It stops when it is dropped; [`Running::stop`] waits for that.
#[derive(Debug)]
pub struct Running {
    inner: Arc<Inner>,
    client_id: String,
    client_secret: Secret<String>,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Takes hold of a local cloud whose accepting `task` has begun.
    pub(crate) fn new(
        inner: Arc<Inner>,
        client_id: String,
        client_secret: Secret<String>,
        task: JoinHandle<()>,
    ) -> Self {
        Self { inner, client_id, client_secret, task: Some(task) }
    }

    /// The port of everything but AWS.
    pub fn port(&self) -> u16 {
        self.inner.settings.port
    }

    /// Address of the account console, as `DATABRICKS_HOST` takes it.
    pub fn accounts_host(&self) -> String {
        self.inner.settings.accounts_url()
    }

    /// Address of a workspace, by its deployment name.
    pub fn workspace_host(&self, deployment_name: &str) -> String {
        self.inner.settings.workspace_url(deployment_name)
    }

    /// What the header `X-Localcloud` carries at `/_localcloud/…`.
    pub fn secret(&self) -> &Secret<String> {
        &self.inner.settings.secret
    }

    /// The Databricks account's id.
    pub fn account_id(&self) -> String {
        self.inner.with(|state| state.account_id.clone())
    }

    /// OAuth client id of the account's first administrator.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// OAuth secret of the account's first administrator.
    pub fn client_secret(&self) -> &Secret<String> {
        &self.client_secret
    }

    /// Address of AWS, when there is one.
    pub fn aws_endpoint(&self) -> Option<String> {
        self.inner.aws_endpoint()
    }

    /// The environment with which everything finds this local cloud: endpoints and credentials. It holds secrets.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("DATABRICKS_HOST", self.accounts_host()),
            ("DATABRICKS_ACCOUNT_ID", self.account_id()),
            ("DATABRICKS_CLIENT_ID", self.client_id.clone()),
            ("DATABRICKS_CLIENT_SECRET", self.client_secret.expose().clone()),
            ("NO_PROXY", "localhost,.localhost,127.0.0.1".to_owned()),
            ("no_proxy", "localhost,.localhost,127.0.0.1".to_owned()),
        ];
        if let Some(endpoint) = self.aws_endpoint() {
            env.push(("AWS_ENDPOINT_URL", endpoint));
            env.push(("AWS_ACCESS_KEY_ID", "localcloud".to_owned()));
            env.push(("AWS_SECRET_ACCESS_KEY", "localcloud".to_owned()));
            env.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
        }
        env
    }

    /// The same for clients whose system does not resolve `accounts.localhost` (glibc, Go), or that know an account console by
    /// `https://accounts.`: the local cloud is their HTTP proxy. `bundle` is a file with [`Running::authorities`], which they trust.
    pub fn proxy_env(&self, bundle: &Path) -> Vec<(&'static str, String)> {
        let mut env = self.env();
        env.retain(|(name, _)| !["DATABRICKS_HOST", "NO_PROXY", "no_proxy"].contains(name));
        env.push(("DATABRICKS_HOST", "https://accounts.localhost".to_owned()));
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
            env.push((name, format!("http://127.0.0.1:{}", self.port())));
        }
        // Not localhost: Go and Python take it for every name that ends so.
        env.push(("NO_PROXY", "127.0.0.1".to_owned()));
        env.push(("no_proxy", "127.0.0.1".to_owned()));
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            env.push((name, bundle.display().to_string()));
        }
        env
    }

    /// The certificates of this machine's authorities and of the local cloud's own, as text (PEM).
    pub fn authorities(&self) -> String {
        self.inner.tls.bundle()
    }

    /// Adds misbehaviour.
    pub fn fault(&self, fault: Fault) {
        self.inner.faults.add(fault);
    }

    /// Ends all misbehaviour.
    pub fn clear_faults(&self) {
        self.inner.faults.clear();
    }

    /// The rules of misbehaviour that are not used up.
    pub fn faults(&self) -> Vec<Fault> {
        self.inner.faults.list()
    }

    /// The actions, as IAM calls them, that callers of the AWS side needed to be allowed so far.
    pub fn aws_permissions(&self) -> std::collections::BTreeSet<String> {
        self.inner.aws.get().map(|side| side.backend.needed()).unwrap_or_default()
    }

    /// The requests so far, the oldest first.
    pub fn requests(&self) -> Vec<Entry> {
        self.inner.log.list()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.inner.log.clear();
    }

    /// Ends the life of every bearer token that the OIDC endpoints issued: clients must ask for new ones.
    pub fn expire_tokens(&self) {
        self.inner.expire_tokens();
    }

    /// How many objects of each kind there are.
    pub fn summary(&self) -> Value {
        driver::tick(&self.inner);
        self.inner.summary()
    }

    /// What there is, as people ask for it: by its names and states, and without a secret.
    pub async fn overview(&self) -> Overview {
        Overview::of(&self.inner).await
    }

    /// Everything that the AWS side holds for the credentials of [`Running::env`], in the regions that somebody asked about: with
    /// [`Running::summary`] it is all that a test can leave behind. What AWS makes of itself is not in it.
    ///
    /// # Errors
    /// [`AwsUnknown`] when the AWS side does not say.
    pub async fn aws_objects(&self) -> Result<BTreeSet<AwsObject>, AwsUnknown> {
        aws::objects(&self.inner).await
    }

    /// A new AWS account, when there is an AWS side.
    pub fn aws_account(&self) -> Option<AwsAccount> {
        AwsAccount::new(&self.inner)
    }

    /// Ends when something asked the local cloud to stop.
    pub async fn stopped(&self) {
        self.inner.stop.cancelled().await;
    }

    /// Stops, and returns when nothing of it is left: no task, no process, and the state is saved.
    pub async fn stop(mut self) {
        self.inner.stop.cancel();
        if let Some(task) = self.task.take() {
            // The task ends by itself; that it panicked would have been reported where it did.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}
