//! A provider for the tests of this crate: its cloud is a folder of JSON files. It shows what a provider looks like.
//!
//! Its resources misbehave when they are told to, so that every way through the framework can be seen under Terraform.

#![allow(missing_docs, clippy::panic, reason = "a program for tests: what it is told to do wrong includes a panic")]

mod action;
mod ephemeral;
mod functions;
mod keeper;
mod lookup;
mod shapes;
mod thing;
mod versioned;
mod world;

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, Provider, Registry, Result};

/// The trial provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Config {
    /// The folder that the objects are in.
    #[schemars(extend("x-tf" = OPTIONAL))]
    world: Attr<String>,
    /// Shows that a secret of the provider's configuration is kept out of sight.
    #[schemars(extend("x-tf" = OPTIONAL.sensitive()))]
    password: Attr<String>,
}

struct Trial;

impl Provider for Trial {
    const NAME: &'static str = "trial";
    const VERSION: &'static str = "0.0.0";
    const ADDRESS: &'static str = "registry.terraform.io/hashicorp/trial";
    type Config = Config;
    type Context = Config;

    async fn configure(config: Config, terraform_version: &str) -> Result<Config> {
        tracing::info!(terraform_version, "configured");
        Ok(config)
    }

    fn registry() -> &'static Registry<Config> {
        static REGISTRY: Registry<Config> = Registry {
            groups: &[tfplugin::group("Trial")
                .resources(&[
                    tfplugin::resource::<Config, thing::Thing>(),
                    tfplugin::resource::<Config, shapes::Shapes>(),
                    tfplugin::resource::<Config, keeper::Keeper>(),
                    tfplugin::resource::<Config, versioned::Versioned>(),
                ])
                .data_sources(&[tfplugin::data_source::<Config, lookup::Lookup>()])
                .ephemerals(&[tfplugin::ephemeral::<Config, ephemeral::Session>()])
                .actions(&[tfplugin::action::<Config, action::Shout>()])],
            functions: &[tfplugin::function::<functions::Join>(), tfplugin::function::<functions::Half>()],
        };
        &REGISTRY
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    tfplugin::serve::<Trial>().await
}
