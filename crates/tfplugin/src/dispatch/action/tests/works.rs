//! A provider with one action, which does what it is told, right or wrong; and Terraform's side of a call of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tonic::client::Grpc;
use tonic_prost::ProstCodec;

use crate::environment::Working;
use crate::flags::{OPTIONAL, REQUIRED};
use crate::journal::Journal;
use crate::proto::action::EventType;
use crate::proto::{
    ClientCapabilities, ConfigureProviderRequest, ConfigureProviderResponse, Diagnostic, DynamicValue,
    InvokeActionEvent, InvokeActionRequest, PlanActionRequest, PlanActionResponse, Selector,
};
use crate::server::Server;
use crate::service::Service;
use crate::value::Value;
use crate::{
    Action, ActionPlanning, Attr, Call, Client, Error, Progress, Provider, Registry, Result, Secret, action, conform,
    group, wire,
};

/// The provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Config {
    /// Where.
    #[schemars(extend("x-tf" = OPTIONAL))]
    place: Attr<String>,
}

/// Where it is done, and what becomes of it there.
pub(super) struct Place {
    config: Config,
    /// A permit for each action that was interrupted.
    pub(super) interrupted: Arc<Semaphore>,
}

struct Hand(Arc<Semaphore>);

impl Client<Place> for Hand {
    const LEVEL: &'static str = "place";

    fn unknown(place: &Place) -> Vec<&'static str> {
        if place.config.place.is_unknown() { vec!["place"] } else { Vec::new() }
    }

    async fn connect(place: &Place) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Arc::clone(&place.interrupted))))
    }
}

/// What is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Deed {
    /// How.
    #[schemars(extend("x-tf" = REQUIRED), length(max = 20))]
    how: Attr<String>,
    /// How often it is said.
    #[schemars(extend("x-tf" = OPTIONAL.default("2")))]
    times: Attr<i64>,
    /// The word.
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<Secret<String>>,
}

impl Action for Deed {
    const NAME: &'static str = "works_deed";
    const EXAMPLE: &'static str = "action \"works_deed\" \"example\" {\n  config {\n    how = \"well\"\n  }\n}\n";
    const LIMIT: Duration = Duration::from_secs(60);
    type Client = Hand;

    fn validate(config: &Self) -> Vec<crate::Diagnostic> {
        let is_never = config.times.known() == Some(&0);
        is_never.then(|| Error::new("It is done never").at("times").into()).into_iter().collect()
    }

    fn plan(planning: &mut ActionPlanning<'_, Self>) -> Result<()> {
        if planning.config.times.is_unknown() {
            planning.warnings.push(crate::Diagnostic::warning("Who knows how often", ""));
        }
        *planning.waits = planning.config.how.known().is_some_and(|how| how == "later");
        match planning.config.how.known() {
            Some(how) if how == "never" => Err(Error::new("nobody can").at("how")),
            _ => Ok(()),
        }
    }

    async fn invoke(cx: &Call<Hand>, progress: &Progress, config: Self) -> Result<()> {
        for time in 0..config.times.known().copied().unwrap_or_default() {
            progress.say(format!("doing {} {time}", config.how.text())).await;
        }
        match config.how.text() {
            "badly" => Err(Error::new("it is broken").detail("It fell down.").at("how")),
            "aloud" => {
                let word = config.word.known().map(|word| word.expose().clone()).unwrap_or_default();
                progress.say(format!("the word is {word}")).await;
                Err(Error::new(format!("{word} is wrong")).detail(word))
            }
            "panicking" => panic!("boom"),
            "patiently" => {
                cx.cancelled().await;
                cx.client().0.add_permits(1);
                progress.say("tidying up").await;
                cx.sleep(Duration::ZERO).await
            }
            "deafly" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

pub(super) struct Works;

impl Provider for Works {
    const NAME: &'static str = "works";
    const VERSION: &'static str = "1.0.0";
    const ADDRESS: &'static str = "registry.terraform.io/tests/works";
    type Config = Config;
    type Context = Place;

    async fn configure(config: Config, _: &str) -> Result<Place> {
        Ok(Place { config, interrupted: Arc::new(Semaphore::new(0)) })
    }

    fn registry() -> &'static Registry<Place> {
        static REGISTRY: Registry<Place> =
            Registry { groups: &[group("Works").actions(&[action::<Place, Deed>()])], functions: &[] };
        &REGISTRY
    }
}

/// Terraform's side.
pub(super) struct Core {
    pub(super) server: Arc<Server<Works>>,
}

impl Core {
    /// With a provider that nobody has configured.
    pub(super) fn new() -> Self {
        Self { server: Server::new(Journal::new(None, None, Working::default())) }
    }

    /// With a configured provider, whose place is this.
    pub(super) async fn at(place: Value) -> Self {
        let core = Self::new();
        let of = &core.server.provider_schema().of;
        let config = conform::conform(Value::Map(BTreeMap::from([("place".to_owned(), place)])), of).unwrap();
        let config = wire::dynamic(&config, of).unwrap();
        let request = ConfigureProviderRequest { config, ..ConfigureProviderRequest::default() };
        let answer: ConfigureProviderResponse = core.unary("ConfigureProvider", request).await;
        assert_eq!(answer.diagnostics, []);
        core
    }

    pub(super) async fn unary<Q, A>(&self, method: &str, request: Q) -> A
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut grpc = Grpc::new(Service(Arc::clone(&self.server)));
        let path = format!("/tfplugin6.Provider/{method}").parse().unwrap();
        grpc.unary(tonic::Request::new(request), path, ProstCodec::<Q, A>::default()).await.unwrap().into_inner()
    }

    /// The value of a configuration block with these attributes.
    pub(super) fn config(&self, members: &[(&str, Value)]) -> Option<DynamicValue> {
        let (_, prepared) = self.server.action(Deed::NAME).unwrap();
        let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let value = conform::conform(Value::Map(members), &prepared.of).unwrap();
        wire::dynamic(&value, &prepared.of).unwrap()
    }

    pub(super) async fn plan(&self, members: &[(&str, Value)], deferral_allowed: bool) -> PlanActionResponse {
        let client_capabilities = Some(ClientCapabilities { deferral_allowed, write_only_attributes_allowed: true });
        let action_type = Deed::NAME.to_owned();
        let request = PlanActionRequest { action_type, config: self.config(members), client_capabilities };
        self.unary("PlanAction", request).await
    }

    pub(super) async fn invoke(&self, action_type: &str, config: Option<DynamicValue>) -> Run {
        let request = InvokeActionRequest { action_type: action_type.to_owned(), config, client_capabilities: None };
        let mut grpc = Grpc::new(Service(Arc::clone(&self.server)));
        let path = "/tfplugin6.Provider/InvokeAction".parse().unwrap();
        let codec = ProstCodec::<InvokeActionRequest, InvokeActionEvent>::default();
        Run(grpc.server_streaming(tonic::Request::new(request), path, codec).await.unwrap().into_inner())
    }

    /// Has it done in this way.
    pub(super) async fn done(&self, how: &str) -> Run {
        self.invoke(Deed::NAME, self.config(&[("how", text(how))])).await
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A run of the action.
pub(super) struct Run(tonic::Streaming<InvokeActionEvent>);

impl Run {
    /// What is said next.
    pub(super) async fn says(&mut self) -> String {
        match self.0.message().await.unwrap().unwrap().r#type.unwrap() {
            EventType::Progress(progress) => progress.message,
            EventType::Completed(completed) => panic!("it has ended: {completed:?}"),
        }
    }

    /// What else is said, and what stands in the one event of its end.
    pub(super) async fn rest(mut self) -> (Vec<String>, Vec<Diagnostic>) {
        let (mut said, mut ended) = (Vec::new(), None);
        while let Some(event) = self.0.message().await.unwrap() {
            assert!(ended.is_none(), "nothing comes after the end: {event:?}");
            match event.r#type.expect("no event is without a type") {
                EventType::Progress(progress) => said.push(progress.message),
                EventType::Completed(completed) => ended = Some(completed.diagnostics),
            }
        }
        (said, ended.expect("there is an end"))
    }

    /// What stands in its end, of which there is one error.
    pub(super) async fn fails(self) -> Diagnostic {
        let (_, mut found) = self.rest().await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

/// The attribute that a diagnostic points at.
pub(super) fn accused(found: &Diagnostic) -> &str {
    match &found.attribute.as_ref().unwrap().steps[0].selector {
        Some(Selector::AttributeName(name)) => name,
        other => panic!("{other:?}"),
    }
}
