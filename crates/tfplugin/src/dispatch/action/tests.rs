mod works;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use works::{Core, Works, accused, text};

use crate::proto::schema::{
    GetMetadataRequest, GetMetadataResponse, GetProviderSchemaRequest, GetProviderSchemaResponse,
};
use crate::proto::{
    DeferredReason, StopProviderRequest, StopProviderResponse, ValidateResourceConfigRequest,
    ValidateResourceConfigResponse,
};
use crate::provider::Provider;
use crate::value::Value;

const NAME: &str = "works_deed";

async fn stopped(core: &Core) {
    let _: StopProviderResponse = core.unary("StopProvider", StopProviderRequest {}).await;
}

#[tokio::test]
async fn what_is_said_comes_first_and_then_one_end() {
    let core = Core::at(Value::Null).await;
    let (said, found) = core.done("well").await.rest().await;
    assert_eq!(said, ["doing well 0", "doing well 1"]);
    assert_eq!(found, []);
}

#[tokio::test]
async fn no_word_is_lost_though_nobody_reads_for_a_while() {
    let core = Core::at(Value::Null).await;
    let times = Value::Number(500_i64.into());
    let run = core.invoke(NAME, core.config(&[("how", text("well")), ("times", times)])).await;
    tokio::task::yield_now().await;
    let (said, found) = run.rest().await;
    assert!(said.iter().enumerate().all(|(at, said)| *said == format!("doing well {at}")));
    assert_eq!((said.len(), found), (500, Vec::new()));
}

#[tokio::test]
async fn an_error_stands_in_the_end_with_its_place() {
    let core = Core::at(Value::Null).await;
    let error = core.done("badly").await.fails().await;
    assert_eq!(error.summary, "Cannot invoke works_deed: it is broken");
    assert_eq!((error.detail.as_str(), accused(&error)), ("It fell down.", "how"));
}

#[tokio::test]
async fn a_panic_is_an_error_in_the_end_and_nobody_elses() {
    let core = Core::at(Value::Null).await;
    let (said, found) = core.done("panicking").await.rest().await;
    assert_eq!(said.len(), 2, "what was said before it is shown");
    assert_eq!(found[0].summary, "The provider has a bug: it panicked");
    assert!(found[0].detail.starts_with("boom. What it was doing may have taken effect in part."), "{found:?}");
    assert_eq!(core.done("well").await.rest().await.1, []);
}

#[tokio::test]
async fn an_interruption_ends_it_in_its_own_words() {
    let core = Core::at(Value::Null).await;
    let mut run = core.done("patiently").await;
    assert_eq!(run.says().await, "doing patiently 0", "it is said while it runs");
    stopped(&core).await;
    let (said, found) = run.rest().await;
    assert_eq!(said.last().unwrap(), "tidying up");
    assert_eq!(found[0].summary, "Cannot invoke works_deed: Interrupted");
    assert_eq!(core.done("well").await.rest().await.1, [], "what is invoked later runs");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_heed_an_interruption_is_left_behind() {
    let core = Core::at(Value::Null).await;
    let mut run = core.done("deafly").await;
    run.says().await;
    let begun = Instant::now();
    stopped(&core).await;
    let error = run.fails().await;
    assert_eq!(error.summary, "Cannot invoke works_deed: Interrupted");
    assert!(error.detail.contains("may have taken effect in part") && !error.detail.contains("next apply"));
    assert_eq!(begun.elapsed().as_secs(), 10);
    core.server.idle(Duration::from_secs(1)).await;
    assert!(core.server.tasks.is_empty(), "nothing of it runs anymore");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_heed_the_time_limit_is_left_behind() {
    for (timeouts, seconds) in [(Value::Null, 120), (text("5s"), 65)] {
        let core = Core::at(Value::Null).await;
        let timeouts = Value::Map([("invoke".to_owned(), timeouts)].into());
        let config = core.config(&[("how", text("deafly")), ("timeouts", timeouts)]);
        let begun = Instant::now();
        let error = core.invoke(NAME, config).await.fails().await;
        assert_eq!(error.summary, "Cannot invoke works_deed: The time limit was reached");
        assert!(error.detail.contains("its timeouts block"), "{error:?}");
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_interrupts_it() {
    let core = Core::at(Value::Null).await;
    let mut run = core.done("patiently").await;
    run.says().await;
    let interrupted = Arc::clone(&core.server.configured().unwrap().context.interrupted);
    assert_eq!(interrupted.available_permits(), 0);
    drop(run);
    let _ = tokio::time::timeout(Duration::from_secs(20), interrupted.acquire()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_secret_is_in_no_word_and_in_no_error() {
    let core = Core::at(Value::Null).await;
    let config = core.config(&[("how", text("aloud")), ("word", text("open sesame"))]);
    let (said, found) = core.invoke(NAME, config).await.rest().await;
    assert_eq!(said.last().unwrap(), "the word is (sensitive value)");
    assert_eq!(found[0].summary, "Cannot invoke works_deed: (sensitive value) is wrong");
    assert_eq!(found[0].detail, "(sensitive value)");
}

#[tokio::test]
async fn what_cannot_begin_ends_in_the_same_way() {
    let core = Core::at(Value::Null).await;
    let number = |number: i64| Value::Number(number.into());
    for (members, summary) in [
        (&[("how", Value::unknown())][..], "how is not known"),
        (&[("how", text("in more than twenty letters"))], "how"),
        (&[("how", text("well")), ("times", number(0))], "It is done never"),
        (&[], "how is required"),
    ] {
        let error = core.invoke(NAME, core.config(members)).await.fails().await;
        assert!(error.summary.contains(summary), "{error:?}");
    }
    let error = core.invoke(NAME, None).await.fails().await;
    assert_eq!(error.summary, "how is required", "there is no block config");
    let error = core.invoke("works_else", None).await.fails().await;
    assert_eq!(error.summary, "The provider has no action works_else");
    let core = Core::new();
    assert_eq!(core.done("well").await.fails().await.summary, "The provider is not configured");
}

#[tokio::test]
async fn a_plan_bears_what_is_unknown_and_asks_nobody() {
    // Not even a provider that is configured.
    let core = Core::new();
    let planned = core.plan(&[("how", Value::unknown()), ("times", Value::unknown())], true).await;
    assert_eq!(planned.diagnostics.iter().map(|it| it.summary.as_str()).collect::<Vec<_>>(), ["Who knows how often"]);
    assert_eq!(planned.deferred, None);
    let refused = core.plan(&[("how", text("never"))], true).await;
    assert_eq!(refused.diagnostics[0].summary, "Cannot plan works_deed: nobody can");
    assert_eq!(accused(&refused.diagnostics[0]), "how");
    let invalid = core.plan(&[("how", text("well")), ("times", Value::Number(0_i64.into()))], true).await;
    assert_eq!(invalid.diagnostics[0].summary, "It is done never");
}

#[tokio::test]
async fn a_plan_waits_for_the_providers_configuration_where_terraform_allows_it() {
    for (how, place, allowed, expected) in [
        ("later", Value::unknown(), true, true),
        ("later", Value::unknown(), false, false),
        ("later", text("here"), true, false),
        ("well", Value::unknown(), true, false),
    ] {
        let case = format!("{how} {place:?} {allowed}");
        let planned = Core::at(place).await.plan(&[("how", text(how))], allowed).await;
        assert_eq!(planned.diagnostics, []);
        let reason = planned.deferred.map(|deferred| deferred.reason());
        assert_eq!(reason, expected.then_some(DeferredReason::ProviderConfigUnknown), "{case}");
    }
}

#[tokio::test]
async fn a_configuration_is_validated_as_far_as_it_is_known() {
    let core = Core::new();
    let number = |number: i64| Value::Number(number.into());
    for (members, expected) in [
        (&[("how", Value::unknown()), ("times", Value::unknown()), ("word", text("w"))][..], &[][..]),
        (&[("how", text("well")), ("times", number(0))], &["times"]),
        (&[("how", text("in more than twenty letters"))], &["how"]),
    ] {
        let config = core.config(members);
        let type_name = NAME.to_owned();
        let request = ValidateResourceConfigRequest { type_name, config, client_capabilities: None };
        let answer: ValidateResourceConfigResponse = core.unary("ValidateActionConfig", request).await;
        assert_eq!(answer.diagnostics.iter().map(accused).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn terraform_is_told_of_its_schema() {
    let core = Core::new();
    let metadata: GetMetadataResponse = core.unary("GetMetadata", GetMetadataRequest {}).await;
    assert_eq!(metadata.actions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), [NAME]);
    let all: GetProviderSchemaResponse = core.unary("GetProviderSchema", GetProviderSchemaRequest {}).await;
    assert_eq!(all.action_schemas.len(), Works::registry().actions().count());
    let block = all.action_schemas[NAME].schema.clone().unwrap().block.unwrap();
    let attributes: Vec<_> = block
        .attributes
        .iter()
        .map(|it| (it.name.as_str(), it.required, it.optional, it.computed, it.write_only))
        .collect();
    let expected =
        [("how", true, false, false, false), ("times", false, true, false, false), ("word", false, true, false, true)];
    assert_eq!(attributes, expected, "nothing is computed: there is no result");
    let limits = block.block_types[0].block.clone().unwrap().attributes;
    assert_eq!(limits.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["invoke"]);
}
