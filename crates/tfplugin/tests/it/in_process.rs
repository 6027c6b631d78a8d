//! A provider that is served inside the test, as the tests of real providers do it; and what a provider must bear while
//! its configuration is unknown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tfplugin::{Attr, Call, Client, Failed, ID, Provider, REQUIRED, Registry, Resource, Result};

use crate::bench::Bench;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Config {}

struct Nothing;

impl Client<Config> for Nothing {
    const LEVEL: &'static str = "nowhere";

    async fn connect(_: &Config) -> Result<Arc<Self>> {
        Ok(Arc::new(Self))
    }
}

/// An echo.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// The id.
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    /// What is said.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    text: Attr<String>,
}

impl Resource for Echo {
    const NAME: &'static str = "echo_text";
    const EXAMPLE: &'static str = "resource \"echo_text\" \"example\" {\n  text = \"x\"\n}\n";
    const IMPORT_ID: Option<&'static str> = None;
    type Client = Nothing;

    async fn create(_: &Call<Nothing>, plan: Self) -> Result<Self, Failed<Self>> {
        Ok(Self { id: plan.text.clone(), ..plan })
    }

    async fn read(_: &Call<Nothing>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn delete(_: &Call<Nothing>, _: Self) -> Result<()> {
        Ok(())
    }
}

struct Echoes;

impl Provider for Echoes {
    const NAME: &'static str = "echo";
    const VERSION: &'static str = "0.0.0";
    const ADDRESS: &'static str = "registry.terraform.io/tests/echo";
    type Config = Config;
    type Context = Config;

    async fn configure(config: Config, _: &str) -> Result<Config> {
        Ok(config)
    }

    fn registry() -> &'static Registry<Config> {
        static REGISTRY: Registry<Config> = Registry {
            groups: &[tfplugin::group("Echo").resources(&[tfplugin::resource::<Config, Echo>()])],
            functions: &[],
        };
        &REGISTRY
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_served_inside_a_test() {
    let Some(mut bench) = Bench::new() else { return };
    let served = tfplugin::testing::start::<Echoes>(None).await.unwrap();
    bench.set("TF_REATTACH_PROVIDERS", &served.reattach);
    let config = "terraform {\n  required_providers {\n    echo = { source = \"tests/echo\" }\n  }\n}\n\nresource \"echo_text\" \"a\" {\n  text = \"hello\"\n}\n";
    std::fs::write(bench.path("work/main.tf"), config).unwrap();
    let bench = tokio::task::spawn_blocking(move || {
        bench.run(&["apply", "-auto-approve", "-no-color"]).succeeds();
        bench.settled();
        bench
    })
    .await
    .unwrap();
    assert_eq!(bench.instance("echo_text")["attributes"]["id"], "hello");
    assert!(bench.journal().is_empty());
    served.stop().await.unwrap();
}

#[test]
fn a_configuration_that_is_unknown_while_planning_is_known_in_the_apply() {
    let Some(bench) = Bench::new() else { return };
    let world = bench.path("world");
    let config = format!(
        "terraform {{\n  required_providers {{\n    trial = {{ source = \"hashicorp/trial\" }}\n  }}\n}}\n\nresource \"terraform_data\" \"w\" {{\n  input = {world:?}\n}}\n\nprovider \"trial\" {{\n  world = terraform_data.w.output\n}}\n\nresource \"trial_thing\" \"a\" {{\n  name = \"a\"\n}}\n"
    );
    std::fs::write(bench.path("work/main.tf"), config).unwrap();
    bench.run(&["apply", "-auto-approve", "-no-color"]).succeeds();
    bench.settled();
    assert_eq!(bench.objects().len(), 1);
}
