//! Identities, secrets and tokens against a local cloud.

use databricks::{Client, Config, Environment};
use jiff::{SignedDuration, Timestamp};
use localcloud::{Fault, FaultEffect};
use tfplugin::{Attr, Call, DataSource, Ephemeral, Planning, Resource, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::current_user::CurrentUser;
use super::ephemeral_token::EphemeralToken;
use super::service_principal::ServicePrincipal;
use super::service_principal_secret::ServicePrincipalSecret;
use super::token::Token;
use crate::clients::{Either, Workspace};
use crate::level::ProviderConfig;
use crate::testing::{Cloud, call, create, reads_back, update};

fn principal(name: &str) -> ServicePrincipal {
    ServicePrincipal {
        display_name: name.into(),
        active: true.into(),
        disable_as_user_deletion: false.into(),
        ..Default::default()
    }
}

/// What the resource itself says in a plan at `now` that changes nothing else.
fn planned<R: Resource>(prior: &R, now: Timestamp) -> R {
    planned_with_warnings(prior, now).0
}

/// And what it warns of.
fn planned_with_warnings<R: Resource>(prior: &R, now: Timestamp) -> (R, Vec<String>) {
    let (mut planned, mut replaces, mut warnings) = (prior.clone(), Vec::new(), Vec::new());
    let mut planning = Planning {
        prior: Some(prior),
        config: prior,
        planned: &mut planned,
        replaces: &mut replaces,
        warnings: &mut warnings,
        client: None,
        now,
    };
    R::plan(&mut planning).unwrap();
    assert!(replaces.is_empty());
    (planned, warnings.into_iter().map(|warning| warning.summary).collect())
}

fn in_days(days: i64) -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap()
}

#[tokio::test]
async fn a_plan_says_that_a_token_or_a_secret_expires_unless_it_is_renewed_by_itself() {
    let check = |warnings: Vec<String>, name: &str| {
        assert!(matches!(warnings.as_slice(), [one] if one.contains(name) && one.contains("UTC")), "{warnings:?}");
    };
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Token { comment: "nightly".into(), lifetime_seconds: (90 * 86_400).into(), ..Default::default() };
    let token = create(&cx, plan).await;
    assert_eq!(planned_with_warnings(&token, in_days(75)).1, [""; 0]);
    check(planned_with_warnings(&token, in_days(77)).1, "\"nightly\"");
    let renewed = Token { rotate_before_seconds: 86_400.into(), ..token };
    assert_eq!(planned_with_warnings(&renewed, in_days(77)).1, [""; 0]);

    let cx = cloud.either();
    let principal = create(&cx, principal("example")).await;
    let plan = ServicePrincipalSecret {
        service_principal_id: principal.id.clone(),
        lifetime: "7776000s".into(),
        ..Default::default()
    };
    let secret = create(&cx, plan).await;
    assert_eq!(planned_with_warnings(&secret, in_days(75)).1, [""; 0]);
    check(planned_with_warnings(&secret, in_days(77)).1, principal.id.text());
    let renewed = ServicePrincipalSecret { rotate_before_seconds: 86_400.into(), ..secret };
    assert_eq!(planned_with_warnings(&renewed, in_days(77)).1, [""; 0]);
}

#[tokio::test]
async fn a_service_principal_of_the_account_is_renamed_and_deleted() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let made = create(&cx, principal("example")).await;
    assert!(!made.application_id.text().is_empty());
    assert_eq!(made.external_id, Attr::Null, "the mark is hidden");
    reads_back(&cx, &made).await;
    let plan = ServicePrincipal { display_name: "renamed".into(), external_id: "idp-7".into(), ..made.clone() };
    let renamed = update(&cx, made, plan).await;
    assert_eq!((renamed.display_name.text(), renamed.external_id.text()), ("renamed", "idp-7"));
    reads_back(&cx, &renamed).await;
    ServicePrincipal::delete(&cx, renamed.clone()).await.unwrap();
    assert!(ServicePrincipal::read(&cx, renamed.clone()).await.unwrap().is_none());
    ServicePrincipal::delete(&cx, renamed).await.unwrap();
}

#[tokio::test]
async fn a_service_principal_of_the_account_is_only_deactivated_unless_told_otherwise() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let made = create(&cx, ServicePrincipal { disable_as_user_deletion: Attr::Null, ..principal("example") }).await;
    ServicePrincipal::delete(&cx, made.clone()).await.unwrap();
    assert_eq!((cloud.requests("PATCH", made.id.text()), cloud.requests("GET", made.id.text())), (1, 0), "one call");
    let read = ServicePrincipal::read(&cx, made.clone()).await.unwrap().expect("it stays in the account");
    assert_eq!(read.active, false.into());
    let gone = ServicePrincipal { id: "1".into(), ..made };
    ServicePrincipal::delete(&cx, gone).await.unwrap();
}

#[tokio::test]
async fn entitlements_of_a_workspace_come_and_go() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace_either().await;
    let made = create(&cx, ServicePrincipal { allow_cluster_create: true.into(), ..principal("example") }).await;
    assert_eq!((&made.allow_cluster_create, &made.workspace_access), (&true.into(), &false.into()));
    reads_back(&cx, &made).await;
    let plan = ServicePrincipal { allow_cluster_create: false.into(), workspace_access: true.into(), ..made.clone() };
    let updated = update(&cx, made, plan).await;
    assert_eq!((&updated.allow_cluster_create, &updated.workspace_access), (&false.into(), &true.into()));
    reads_back(&cx, &updated).await;
}

#[tokio::test]
async fn a_change_of_what_is_terraforms_own_asks_nobody() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let made = create(&cx, principal("example")).await;
    let before = cloud.running.requests().len();
    let plan = ServicePrincipal { force: true.into(), disable_as_user_deletion: true.into(), ..made.clone() };
    let updated = update(&cx, made, plan).await;
    assert_eq!((updated.force, updated.disable_as_user_deletion), (true.into(), true.into()));
    assert_eq!(cloud.running.requests().len(), before);
}

#[tokio::test]
async fn an_account_makes_and_reads_a_service_principal_of_a_workspace_that_the_block_names() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let (id, _) = cloud.new_workspace().await;
    let provider_config = Attr::Known(ProviderConfig { workspace_id: id.to_string().into() });
    let plan = ServicePrincipal { provider_config, allow_cluster_create: true.into(), ..principal("example") };
    let made = create(&cx, plan).await;
    assert_eq!(made.allow_cluster_create, true.into());
    assert_eq!(cloud.requests("POST", "/api/2.0/preview/scim/v2/ServicePrincipals"), 1, "the workspace was asked");
    let read = ServicePrincipal::read(&cx, made.clone()).await.unwrap().expect("it stands");
    crate::testing::assert_same("read", &read, &made);
    ServicePrincipal::delete(&cx, made).await.unwrap();
}

#[test]
fn what_a_service_principal_cannot_be_is_refused() {
    let check = |config: ServicePrincipal, part: &str| {
        let said: Vec<String> = ServicePrincipal::validate(&config).into_iter().map(|one| one.summary).collect();
        assert_eq!(said.len(), usize::from(!part.is_empty()), "{said:?}");
        assert!(said.iter().all(|one| one.contains(part)), "{said:?}");
    };
    let named = || ServicePrincipal { display_name: "a".into(), ..Default::default() };
    check(named(), "");
    check(ServicePrincipal { application_id: "a".into(), ..Default::default() }, "");
    check(ServicePrincipal { display_name: Attr::Unknown, ..Default::default() }, "");
    check(ServicePrincipal::default(), "display_name or an application_id");
    let both = ServicePrincipal { workspace_access: true.into(), workspace_consume: true.into(), ..named() };
    check(both, "combined with workspace_access");
    let folders =
        ServicePrincipal { force_delete_repos: true.into(), disable_as_user_deletion: true.into(), ..named() };
    check(folders, "force_delete_repos cannot");
}

#[tokio::test]
async fn of_two_service_principals_with_one_name_a_cut_off_create_finds_its_own() {
    let cloud = Cloud::start().await;
    let other = create(&cloud.either(), principal("example")).await;
    let cx = cloud.either();
    cloud.running.fault(Fault {
        effect: FaultEffect::After,
        cut: true,
        status: None,
        ..Fault::once("POST /api/2.0/accounts/*/ServicePrincipals", 500, "")
    });
    ServicePrincipal::create(&cx, principal("example")).await.unwrap_err();
    let found = ServicePrincipal::find(&cx, &principal("example"), cx.marker()).await.unwrap().expect("it was made");
    assert_ne!(found.id, other.id);
}

#[tokio::test]
async fn a_secret_logs_in_until_it_is_deleted() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let owner = create(&cx, principal("example")).await;
    let plan = ServicePrincipalSecret {
        service_principal_id: owner.id.clone(),
        lifetime: "7776000s".into(),
        rotate_before_seconds: 604_800.into(),
        ..Default::default()
    };
    let made = create(&cx, plan.clone()).await;
    reads_back(&cx, &made).await;

    // Not due: the plan is what stands. Due: a new one takes its place.
    assert_eq!(planned(&made, in_days(80)).secret, made.secret);
    let due = planned(&made, in_days(84));
    assert!(due.secret.is_unknown() && due.id.is_unknown());
    let rotated = update(&cx, made.clone(), due).await;
    assert_ne!(rotated.secret, made.secret);
    assert!(ServicePrincipalSecret::read(&cx, made).await.unwrap().is_none(), "the old one is deleted");
    reads_back(&cx, &rotated).await;

    ServicePrincipalSecret::delete(&cx, rotated.clone()).await.unwrap();
    assert!(ServicePrincipalSecret::read(&cx, rotated.clone()).await.unwrap().is_none());
    ServicePrincipalSecret::delete(&cx, rotated).await.unwrap();
}

#[tokio::test]
async fn the_secrets_of_a_principal_are_read_in_one_list_until_one_is_issued() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let owner = create(&cx, principal("example")).await;
    let plan = ServicePrincipalSecret { service_principal_id: owner.id, ..Default::default() };
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(create(&cx, plan.clone()).await);
    }
    assert!(made.iter().all(|one| one.update_time.is_known() && one.lifetime == Attr::Null));
    let before = cloud.requests("GET", "/credentials/secrets");
    for one in &made {
        assert!(ServicePrincipalSecret::read(&cx, one.clone()).await.unwrap().is_some());
    }
    assert_eq!(cloud.requests("GET", "/credentials/secrets") - before, 1);
    let another = create(&cx, plan).await;
    assert!(ServicePrincipalSecret::read(&cx, another).await.unwrap().is_some(), "a new one is seen");
}

/// The value of a secret whose answer was lost is lost as well.
#[tokio::test]
async fn a_secret_that_a_cut_off_create_issued_does_not_stay_and_of_several_none_is_touched() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let owner = create(&cx, principal("example")).await;
    let plan = ServicePrincipalSecret { service_principal_id: owner.id, ..Default::default() };
    let orphan = create(&cx, plan.clone()).await;
    assert!(ServicePrincipalSecret::find(&cx, &plan, cx.marker()).await.unwrap().is_none());
    assert!(ServicePrincipalSecret::read(&cx, orphan).await.unwrap().is_none());

    let (one, other) = (create(&cx, plan.clone()).await, create(&cx, plan.clone()).await);
    assert!(ServicePrincipalSecret::find(&cx, &plan, cx.marker()).await.unwrap().is_none());
    for secret in [one, other] {
        assert!(ServicePrincipalSecret::read(&cx, secret).await.unwrap().is_some());
    }
}

/// The service's clock counts, however far this machine's is from it: here years.
#[tokio::test]
async fn a_secret_is_of_a_create_by_the_services_clock() {
    for (created, is_of_it) in [
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-01T00:01:59Z", true),
        ("2025-12-31T23:59:50Z", false),
        ("2026-01-01T00:02:10Z", false),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://accounts.localhost:{}", listener.local_addr().unwrap().port());
        let service = async {
            let body = format!(r#"{{"secrets":[{{"id":"s-1","create_time":"{created}"}}]}}"#);
            let mut asked = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 65_536];
                let length = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                asked.push(request.split(' ').next().unwrap_or_default().to_owned());
                let head = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\n";
                let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                if asked.len() == 1 + usize::from(is_of_it) {
                    return asked;
                }
            }
        };
        let config = Config {
            host: Some(host),
            account_id: Some("0e1f2a3b-0000-4000-8000-000000000000".into()),
            token: Some(Secret::new("none".to_owned())),
            ..Config::default()
        };
        let client = Client::with_environment(config, &Environment::default()).unwrap();
        let cx: Call<Either> = call(client.into());
        let plan = ServicePrincipalSecret { service_principal_id: "7".into(), ..Default::default() };
        let found = async {
            let found = ServicePrincipalSecret::find(&cx, &plan, cx.marker()).await.unwrap();
            assert!(found.is_none(), "its value is lost");
        };
        let both = async { tokio::join!(found, service) };
        let both = tokio::time::timeout(std::time::Duration::from_secs(10), both).await;
        let ((), asked) = both.expect("as many requests as there should be");
        assert_eq!(asked, if is_of_it { vec!["GET", "DELETE"] } else { vec!["GET"] }, "{created}");
    }
}

#[tokio::test]
async fn a_token_is_issued_renamed_rotated_and_revoked() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Token {
        comment: "nightly import".into(),
        lifetime_seconds: 7_776_000.into(),
        rotate_before_seconds: 604_800.into(),
        ..Default::default()
    };
    let made = create(&cx, plan).await;
    assert_eq!(made.comment.text(), "nightly import", "the mark is hidden");
    reads_back(&cx, &made).await;

    let renamed = update(&cx, made.clone(), Token { comment: "hourly import".into(), ..made.clone() }).await;
    assert_eq!((&renamed.id, &renamed.token_value), (&made.id, &made.token_value), "a comment changes in place");
    reads_back(&cx, &renamed).await;

    assert!(planned(&renamed, in_days(80)).token_value.is_known());
    let due = planned(&renamed, in_days(84));
    assert!(due.token_value.is_unknown());
    let rotated = update(&cx, renamed.clone(), due).await;
    assert_ne!(rotated.token_value, renamed.token_value);
    assert!(Token::read(&cx, renamed).await.unwrap().is_none(), "the old one is revoked");
    reads_back(&cx, &rotated).await;
    Token::delete(&cx, rotated.clone()).await.unwrap();
    assert!(Token::read(&cx, rotated.clone()).await.unwrap().is_none());
    Token::delete(&cx, rotated).await.unwrap();
}

/// What the console shows as the comment of a token.
async fn wire_comment(cx: &tfplugin::Call<crate::clients::AnyWorkspace>, id: &Attr<String>) -> String {
    let all = databricks::api::tokens::list(cx.client(), false).await.unwrap();
    all.into_iter().find(|one| one.token_id == *id.text()).unwrap().comment
}

/// As the official provider does: a provider of the account reaches each workspace.
#[tokio::test]
async fn an_accounts_provider_makes_a_token_in_the_workspace_that_is_named() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace_of_account();
    let (id, _) = cloud.new_workspace().await;
    let provider_config: Attr<ProviderConfig> = ProviderConfig { workspace_id: id.to_string().into() }.into();
    let plan = Token { comment: "a".into(), provider_config: provider_config.clone(), ..Default::default() };
    let made = create(&cx, plan).await;
    assert_eq!(made.provider_config, provider_config);
    reads_back(&cx, &made).await;
    let inside = cx.with(cx.client().workspace_by_id(&id.to_string()).await.unwrap().into());
    assert!(wire_comment(&inside, &made.id).await.starts_with('a'));
    let changed = update(&cx, made.clone(), Token { comment: "b".into(), ..made }).await;
    assert_eq!(wire_comment(&inside, &changed.id).await, "b");
    let me = CurrentUser { provider_config, ..Default::default() };
    assert_eq!(
        CurrentUser::read(&cx, me).await.unwrap().workspace_url.text(),
        inside.client().host().as_str().trim_end_matches('/')
    );
    Token::delete(&cx, changed.clone()).await.unwrap();
    assert!(Token::read(&cx, changed).await.unwrap().is_none());

    let error = Token::create(&cx, Token::default()).await.unwrap_err().error;
    assert_eq!(error.diagnostic().path, Some("provider_config".into()));
    let mut token = Token::default();
    let mut replaces = Vec::new();
    let planning = &mut Planning {
        prior: None,
        config: &Token::default(),
        planned: &mut token,
        replaces: &mut replaces,
        warnings: &mut Vec::new(),
        client: Some(cx.client()),
        now: Timestamp::now(),
    };
    assert_eq!(
        Token::plan(planning).unwrap_err().diagnostic().path,
        Some("provider_config".into()),
        "before the apply, too"
    );
}

#[tokio::test]
async fn the_mark_leaves_the_comment_of_a_token_when_it_is_first_read() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    for comment in [Attr::from("nightly import"), "  blanks\n".into(), "".into(), Attr::Null] {
        let made = create(&cx, Token { comment: comment.clone(), ..Default::default() }).await;
        assert_eq!(made.comment, comment);
        assert!(wire_comment(&cx, &made.id).await.contains("terraform-created-by:"), "a kill before it is stored");
        let read = Token::read(&cx, made.clone()).await.unwrap().expect("it stands");
        assert_eq!(read.comment, comment);
        assert_eq!(wire_comment(&cx, &made.id).await.trim(), comment.text().trim());
        let patched = cloud.requests("PATCH", made.id.text());
        Token::read(&cx, read).await.unwrap().expect("it stands");
        assert_eq!((patched, cloud.requests("PATCH", made.id.text())), (1, 1), "{comment:?}");
    }
}

#[tokio::test]
async fn a_mark_that_cannot_be_taken_away_stops_no_plan() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, Token { comment: "x".into(), ..Default::default() }).await;
    cloud.running.fault(Fault::once("PATCH /api/2.0/token/*", 403, "PERMISSION_DENIED"));
    assert_eq!(Token::read(&cx, made).await.unwrap().unwrap().comment, "x".into());
}

#[tokio::test]
async fn tokens_are_read_in_one_list() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let token = create(&cx, Token { comment: "x".into(), ..Default::default() }).await;
        made.push(Token::read(&cx, token).await.unwrap().unwrap());
    }
    let before = cloud.requests("GET", "/token/list");
    for one in made {
        Token::read(&cx, one).await.unwrap().unwrap();
    }
    assert_eq!(cloud.requests("GET", "/token/list") - before, 1);
}

#[tokio::test]
async fn the_mark_of_a_token_tells_whose_it_is_to_a_machine_without_a_journal() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let text = format!("{}:0123456789ab:1790000000:0123456789abcdef:run", cx.marker().id);
    let marker = tfplugin::Marker::with_text(cx.marker().id.clone(), cx.marker().since, text.clone());
    let marked = crate::testing::call_with(cx.client().clone(), marker.clone());
    let plan = Token { comment: "same".into(), ..Default::default() };
    let lost = create(&marked, plan.clone()).await;
    let found = Token::marked(&cx, &plan).await.unwrap();
    assert_eq!(found, [tfplugin::Marked { mark: text, id: lost.id.text().to_owned() }]);
    assert!(Token::find(&cx, &plan, &marker).await.unwrap().is_none());
    assert!(Token::read(&cx, lost).await.unwrap().is_none());

    // A service that takes no comment of this length gets the marker's id.
    cloud.running.fault(Fault::once("POST /api/2.0/token/create", 400, "INVALID_PARAMETER_VALUE"));
    let made = create(&marked, plan).await;
    let comment = wire_comment(&cx, &made.id).await;
    assert!(comment.ends_with(&format!("(terraform-created-by:{})", marker.id)), "{comment}");
}

#[tokio::test]
async fn a_token_whose_value_was_lost_is_revoked_and_no_other() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Token { comment: "same".into(), ..Default::default() };
    let lost = create(&cx, plan.clone()).await;
    let other = create(&crate::testing::call(cx.client().clone()), plan.clone()).await;
    assert!(Token::find(&cx, &plan, cx.marker()).await.unwrap().is_none());
    assert!(Token::read(&cx, lost).await.unwrap().is_none());
    assert!(Token::read(&cx, other).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_that_cannot_be_asked_for_is_an_error_and_not_gone() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, Token { comment: "x".into(), ..Default::default() }).await;
    cloud.running.fault(Fault::once("GET /api/2.0/token/list", 403, "PERMISSION_DENIED"));
    let text = Token::read(&cx, made).await.unwrap_err().to_string();
    assert!(text.contains("PERMISSION_DENIED"), "{text}");
}

#[tokio::test]
async fn an_ephemeral_token_is_revoked_when_it_is_closed() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let own = cx.with(Workspace::from((**cx.client()).clone()));
    let opened = EphemeralToken::open(&own, EphemeralToken::default()).await.unwrap();
    let id = opened.result.token_id.clone();
    assert!(opened.result.token_value.is_known() && opened.result.expiry_time.or_default() > 0);
    let state = Token { id, ..Default::default() };
    assert!(Token::read(&cx, state.clone()).await.unwrap().is_some());
    EphemeralToken::close(&own, opened.private).await.unwrap();
    assert!(Token::read(&cx, state).await.unwrap().is_none());
}
