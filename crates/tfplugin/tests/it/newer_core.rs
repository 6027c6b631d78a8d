//! A Terraform that knows actions, which the one on this machine need not do: its calls, in messages of its own, to the trial
//! provider's process over the socket.

use std::collections::HashMap;
use std::process::Child;
use std::time::Duration;

use serde_json::Value as Json;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use crate::bench::Bench;

/// A value of the configuration.
pub(crate) enum Config<'a> {
    Null,
    Unknown,
    Bool(bool),
    Text(&'a str),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Dynamic {
    #[prost(bytes = "vec", tag = "1")]
    msgpack: Vec<u8>,
}

/// An object in message pack.
pub(crate) fn object(members: &[(&str, Config<'_>)]) -> Option<Dynamic> {
    let mut msgpack = Vec::new();
    rmp::encode::write_map_len(&mut msgpack, u32::try_from(members.len()).unwrap()).unwrap();
    for (name, value) in members {
        rmp::encode::write_str(&mut msgpack, name).unwrap();
        match value {
            Config::Null => rmp::encode::write_nil(&mut msgpack).unwrap(),
            Config::Unknown => msgpack.extend([0xd4, 0, 0]),
            Config::Bool(value) => rmp::encode::write_bool(&mut msgpack, *value).unwrap(),
            Config::Text(text) => rmp::encode::write_str(&mut msgpack, text).unwrap(),
        }
    }
    Some(Dynamic { msgpack })
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

/// ConfigureProvider.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Configure {
    #[prost(string, tag = "1")]
    pub(crate) terraform_version: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<Dynamic>,
}

/// An answer that has diagnostics in its first field.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Said {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Diagnostic {
    #[prost(int32, tag = "1")]
    pub(crate) severity: i32,
    #[prost(string, tag = "2")]
    pub(crate) summary: String,
    #[prost(string, tag = "3")]
    pub(crate) detail: String,
}

/// ValidateActionConfig, PlanAction and InvokeAction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Act {
    #[prost(string, tag = "1")]
    pub(crate) kind: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<Dynamic>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Event {
    #[prost(oneof = "Type", tags = "1, 2")]
    pub(crate) r#type: Option<Type>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Type {
    #[prost(message, tag = "1")]
    Progress(Progress),
    #[prost(message, tag = "2")]
    Completed(Said),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Progress {
    #[prost(string, tag = "1")]
    pub(crate) message: String,
}

/// GetProviderSchema, of which the actions are looked at.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Schemas {
    #[prost(map = "string, message", tag = "11")]
    pub(crate) actions: HashMap<String, ActionSchema>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ActionSchema {
    #[prost(message, optional, tag = "1")]
    pub(crate) schema: Option<Schema>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Schema {
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Block {
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

/// The provider's process, and the connection to it.
pub(crate) struct Core {
    process: Child,
    channel: Channel,
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Core {
    /// Starts the trial provider with the bench's world.
    pub(crate) async fn start(bench: &Bench) -> Self {
        let (process, reattach) = bench.start_debugged();
        let reattach: Json = serde_json::from_str(&reattach).unwrap();
        let address = &reattach["registry.terraform.io/hashicorp/trial"]["Addr"]["String"];
        let endpoint = Endpoint::try_from(format!("unix:{}", address.as_str().unwrap())).unwrap();
        let core = Self { process, channel: endpoint.connect().await.unwrap() };
        let world = bench.path("world").display().to_string();
        let config = object(&[("world", Config::Text(&world)), ("password", Config::Null)]);
        let configure = Configure { terraform_version: "1.14.0".to_owned(), config };
        let configured: Said = core.unary("ConfigureProvider", configure).await;
        assert_eq!(configured.diagnostics, []);
        core
    }

    pub(crate) async fn unary<Q, A>(&self, method: &str, request: Q) -> A
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path = format!("/tfplugin6.Provider/{method}").parse().unwrap();
        grpc.unary(tonic::Request::new(request), path, ProstCodec::<Q, A>::default()).await.unwrap().into_inner()
    }

    pub(crate) async fn invoke(&self, act: Act) -> Run {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path = "/tfplugin6.Provider/InvokeAction".parse().unwrap();
        let codec = ProstCodec::<Act, Event>::default();
        Run(grpc.server_streaming(tonic::Request::new(act), path, codec).await.unwrap().into_inner())
    }
}

/// What an action says.
pub(crate) struct Run(tonic::Streaming<Event>);

impl Run {
    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Type> {
        let event = tokio::time::timeout(Duration::from_secs(30), self.0.message()).await.expect("something is said");
        event.unwrap().map(|event| event.r#type.expect("no event is without a type"))
    }

    pub(crate) async fn says(&mut self) -> String {
        match self.next().await {
            Some(Type::Progress(progress)) => progress.message,
            other => panic!("{other:?}"),
        }
    }

    /// The end, after which there is nothing.
    pub(crate) async fn ends(&mut self) -> Vec<Diagnostic> {
        let Some(Type::Completed(said)) = self.next().await else { panic!("it goes on") };
        assert_eq!(self.next().await, None);
        said.diagnostics
    }
}
