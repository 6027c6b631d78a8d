//! A provider at work: its schemas, its configured context, what runs and what is journalled. One per process.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::diagnostic::{Diagnostic, Error, Result};
use crate::journal::Journal;
use crate::proto;
use crate::provider::Provider;
use crate::registry::{ActionEntry, DataSourceEntry, EphemeralEntry, FunctionEntry, ResourceEntry};
use crate::types::{Schema, Type};

/// A schema with what is computed from it once.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) schema: Schema,
    pub(crate) of: Type,
}

/// A configured provider.
pub(crate) struct Configured<Context> {
    pub(crate) context: Context,
    /// A digest of the configuration, without secrets.
    pub(crate) fingerprint: String,
    /// Whether it was said that objects are not read, because the configuration is not known.
    pub(crate) has_said_unread: AtomicBool,
}

/// A provider at work.
pub(crate) struct Server<P: Provider> {
    configured: RwLock<Option<Arc<Configured<P::Context>>>>,
    prepared: Mutex<HashMap<(Kind, &'static str), Arc<Prepared>>>,
    running: Mutex<CancellationToken>,
    /// The calls that are being served.
    pub(crate) tasks: TaskTracker,
    /// Ends when Terraform asks the process to end.
    pub(crate) shutdown: CancellationToken,
    /// Ends when Terraform is gone without having asked.
    pub(crate) gone: CancellationToken,
    pub(crate) journal: Journal,
}

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Provider,
    Resource,
    DataSource,
    Ephemeral,
    Action,
}

impl<P: Provider> Server<P> {
    pub(crate) fn new(journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            configured: RwLock::default(),
            prepared: Mutex::default(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            gone: CancellationToken::new(),
            journal,
        })
    }

    /// The schema of something, made when it is first asked for.
    pub(crate) fn prepared(&self, kind: Kind, name: &'static str, make: impl FnOnce() -> Schema) -> Arc<Prepared> {
        let known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&(kind, name)).cloned();
        known.unwrap_or_else(|| {
            // Made outside of the lock: others go on, and a panic (a wrong schema) poisons nothing.
            let schema = make();
            let of = schema.value_type();
            let prepared = Arc::new(Prepared { schema, of });
            self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert((kind, name), Arc::clone(&prepared));
            prepared
        })
    }

    /// The schema of the provider block.
    pub(crate) fn provider_schema(&self) -> Arc<Prepared> {
        self.prepared(Kind::Provider, P::NAME, || crate::schema::schema_of::<P::Config>(0))
    }

    /// A resource and its schema.
    pub(crate) fn resource(&self, name: &str) -> Result<(&'static ResourceEntry<P::Context>, Arc<Prepared>)> {
        let entry = P::registry().resources().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unheard_of("resource", name))?;
        Ok((entry, self.prepared(Kind::Resource, entry.name, entry.schema)))
    }

    /// A data source and its schema.
    pub(crate) fn data_source(&self, name: &str) -> Result<(&'static DataSourceEntry<P::Context>, Arc<Prepared>)> {
        let entry = P::registry().data_sources().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unheard_of("data source", name))?;
        Ok((entry, self.prepared(Kind::DataSource, entry.name, entry.schema)))
    }

    /// An ephemeral resource and its schema.
    pub(crate) fn ephemeral(&self, name: &str) -> Result<(&'static EphemeralEntry<P::Context>, Arc<Prepared>)> {
        let entry = P::registry().ephemerals().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unheard_of("ephemeral resource", name))?;
        Ok((entry, self.prepared(Kind::Ephemeral, entry.name, entry.schema)))
    }

    /// An action and its schema.
    pub(crate) fn action(&self, name: &str) -> Result<(&'static ActionEntry<P::Context>, Arc<Prepared>)> {
        let entry = P::registry().actions().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unheard_of("action", name))?;
        Ok((entry, self.prepared(Kind::Action, entry.name, entry.schema)))
    }

    /// A function.
    pub(crate) fn function(&self, name: &str) -> Result<&'static FunctionEntry> {
        let entry = P::registry().functions.iter().find(|entry| entry.name == name);
        entry.ok_or_else(|| unheard_of("function", name))
    }

    /// The configured provider.
    pub(crate) fn configured(&self) -> Result<Arc<Configured<P::Context>>> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner).clone();
        configured.ok_or_else(|| {
            Error::new("The provider is not configured")
                .detail("Terraform asked for an operation before it sent the configuration.")
        })
    }

    pub(crate) fn configure(&self, configured: Configured<P::Context>) {
        *self.configured.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(configured));
    }

    /// The token that ends when the user interrupts what runs now.
    pub(crate) fn running(&self) -> CancellationToken {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Interrupts what runs now; what is asked for later (the close of an ephemeral resource) runs as ever.
    pub(crate) fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *running).cancel();
    }

    /// Waits until nothing runs anymore, but no longer than `limit`.
    pub(crate) async fn idle(&self, limit: Duration) {
        self.tasks.close();
        let _ = tokio::time::timeout(limit, self.tasks.wait()).await;
    }
}

fn unheard_of(kind: &str, name: &str) -> Error {
    Error::new(format!("The provider has no {kind} {name}")).detail("Check the name, or the version of the provider.")
}

/// A response that can say what went wrong.
pub(crate) trait Fallible: Default + Send + 'static {
    /// A response that says nothing but this.
    fn failed(diagnostics: Vec<Diagnostic>) -> Self;
}

macro_rules! fallible {
    ($($response:ty),* $(,)?) => {$(
        impl Fallible for $response {
            fn failed(diagnostics: Vec<Diagnostic>) -> Self {
                let mut response = Self::default();
                response.diagnostics = crate::dispatch::diagnostics(diagnostics);
                response
            }
        }
    )*};
}

fallible! {
    proto::schema::GetMetadataResponse, proto::schema::GetProviderSchemaResponse, proto::schema::GetFunctionsResponse,
    proto::ValidateProviderConfigResponse, proto::ConfigureProviderResponse, proto::ValidateResourceConfigResponse,
    proto::UpgradeResourceStateResponse, proto::ReadResourceResponse, proto::PlanResourceChangeResponse,
    proto::ApplyResourceChangeResponse, proto::ImportResourceStateResponse, proto::MoveResourceStateResponse,
    proto::ReadDataSourceResponse, proto::OpenEphemeralResourceResponse, proto::RenewEphemeralResourceResponse,
    proto::CloseEphemeralResourceResponse, proto::PlanActionResponse,
}

impl Fallible for proto::StopProviderResponse {
    fn failed(diagnostics: Vec<Diagnostic>) -> Self {
        Self { error: text(&diagnostics) }
    }
}

impl Fallible for proto::CallFunctionResponse {
    fn failed(diagnostics: Vec<Diagnostic>) -> Self {
        let error = proto::FunctionError {
            text: crate::terminal::function_error(&text(&diagnostics)),
            function_argument: None,
        };
        Self { result: None, error: Some(error) }
    }
}

fn text(diagnostics: &[Diagnostic]) -> String {
    let texts: Vec<String> = diagnostics
        .iter()
        .map(|it| if it.detail.is_empty() { it.summary.clone() } else { format!("{}: {}", it.summary, it.detail) })
        .collect();
    texts.join("; ")
}
