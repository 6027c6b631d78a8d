//! What is sent again and what is not, and what people are told.

use std::time::{Duration, Instant};

use databricks::api::clusters::{self, Cluster};
use databricks::{Client, Config, Environment, Error, Request};
use serde_json::{Value, json};

use crate::script::{Play, Service, ok, status};

fn throttled(status: u16, seconds: &'static str) -> Play {
    Play::Answer(
        status,
        vec![("retry-after", seconds)],
        r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#.to_owned(),
    )
}

fn post(path: &str) -> Request {
    Request::post(path).json(&json!({"name": "x"})).unwrap()
}

#[tokio::test]
async fn a_request_carries_token_query_body_and_user_agent() {
    let service = Service::start(&[("POST /api/2.0/things", &[ok(r#"{"id":1}"#)])]).await;
    let environment: Environment =
        [("DATABRICKS_TOKEN", "dapi-s3cret"), ("DATABRICKS_USER_AGENT_EXTRA", "ci/7")].into_iter().collect();
    let config = Config {
        host: Some(service.url("dbc-1.localhost")),
        user_agent: Some("databricks-tf-provider/0.1.0 terraform/1.11.4".to_owned()),
        ..Config::default()
    };
    let client = Client::with_environment(config, &environment).unwrap();
    let answer: Value = client.send(post("/api/2.0/things").query("a b", "c&d")).await.unwrap();
    assert_eq!(answer, json!({"id": 1}));
    let seen = &service.seen("POST /api/2.0/things")[0];
    assert_eq!(seen.query, "a+b=c%26d");
    assert_eq!(seen.header("authorization"), "Bearer dapi-s3cret");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("host"), format!("dbc-1.localhost:{}", service.port));
    assert_eq!(seen.body, r#"{"name":"x"}"#);
    let agent = seen.header("user-agent");
    assert!(
        agent.starts_with("databricks-tf-provider/0.1.0 terraform/1.11.4 os/") && agent.ends_with("ci/7 auth/pat"),
        "{agent}"
    );
}

#[tokio::test]
async fn a_throttled_create_waits_as_long_as_it_is_told() {
    let service =
        Service::start(&[("POST /api/2.0/things", &[throttled(429, "1"), throttled(503, "0"), ok("{}")])]).await;
    let started = Instant::now();
    service.with_token().send::<()>(post("/api/2.0/things")).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(service.seen("POST /api/2.0/things").len(), 3);
}

#[tokio::test]
async fn a_throttled_request_holds_back_the_others_of_its_kind() {
    let service = Service::start(&[
        ("GET /api/2.0/a", &[throttled(429, "1"), ok("{}")]),
        ("GET /api/2.0/a/b", &[ok("{}")]),
        ("GET /api/2.0/other", &[ok("{}")]),
    ])
    .await;
    let client = service.with_token();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send::<()>(Request::get("/api/2.0/a")).await }
    });
    while service.seen("GET /api/2.0/a").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    client.send::<()>(Request::get("/api/2.0/other")).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    client.send::<()>(Request::get("/api/2.0/a/b")).await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(500), "{:?}", started.elapsed());
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_refusal_that_nobody_waits_for_slows_the_others_and_does_not_stop_them() {
    let service =
        Service::start(&[("GET /api/2.0/a", &[throttled(429, "100000")]), ("GET /api/2.0/a/b", &[ok("{}")])]).await;
    let client = service.with_token();
    client.send::<()>(Request::get("/api/2.0/a")).await.unwrap_err();
    let started = Instant::now();
    client.send::<()>(Request::get("/api/2.0/a/b")).await.unwrap();
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(50) && waited < Duration::from_secs(10), "{waited:?}");
}

#[tokio::test]
async fn scim_throttling_with_status_500_is_repeated() {
    let service = Service::start(&[("GET /api/2.0/things", &[throttled(500, "0"), ok("{}")])]).await;
    service.with_token().send::<()>(Request::get("/api/2.0/things")).await.unwrap();
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_not_sent_again() {
    let service = Service::start(&[("POST /api/2.0/things", &[Play::Drop, ok("{}")])]).await;
    let error = service.with_token().send::<()>(post("/api/2.0/things")).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }) && error.may_have_happened(), "{error}");
    assert_eq!(service.seen("POST /api/2.0/things").len(), 1);
}

#[tokio::test]
async fn a_create_on_a_kept_connection_that_was_cut_is_not_sent_again() {
    let service =
        Service::start(&[("GET /api/2.0/x", &[ok("{}")]), ("POST /api/2.0/things", &[Play::Drop, ok("{}")])]).await;
    let client = service.with_token();
    client.send::<()>(Request::get("/api/2.0/x")).await.unwrap();
    client.send::<()>(post("/api/2.0/things")).await.unwrap_err();
    assert_eq!(service.seen("POST /api/2.0/things").len(), 1);
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated_when_its_answer_is_lost() {
    let plays: &[Play] = &[Play::Drop, ok("{}")];
    let check = async |route: &'static str, request: Request| {
        let service = Service::start(&[(route, plays)]).await;
        service.with_token().send::<()>(request).await.unwrap();
        assert_eq!(service.seen(route).len(), 2, "{route}");
    };
    tokio::join!(
        check("GET /api/2.0/t", Request::get("/api/2.0/t")),
        check("PUT /api/2.0/t", Request::put("/api/2.0/t")),
        check("DELETE /api/2.0/t", Request::delete("/api/2.0/t")),
        check("POST /api/2.0/t", post("/api/2.0/t").idempotent()),
    );
}

#[tokio::test]
async fn a_fault_of_the_service_repeats_a_read_and_no_change() {
    let plays: &[Play] = &[status(500, ""), ok("{}")];
    let service = Service::start(&[("GET /api/2.0/t", plays), ("PUT /api/2.0/t", plays)]).await;
    let client = service.with_token();
    client.send::<()>(Request::get("/api/2.0/t")).await.unwrap();
    let error = client.send::<()>(Request::put("/api/2.0/t")).await.unwrap_err();
    assert_eq!((error.status(), service.seen("PUT /api/2.0/t").len()), (Some(500), 1));
}

#[tokio::test]
async fn a_bare_503_repeats_a_read_and_not_a_create() {
    let plays: &[Play] = &[status(503, ""), ok("{}")];
    let service = Service::start(&[("GET /api/2.0/t", plays), ("POST /api/2.0/t", plays)]).await;
    let client = service.with_token();
    client.send::<()>(Request::get("/api/2.0/t")).await.unwrap();
    let error = client.send::<()>(post("/api/2.0/t")).await.unwrap_err();
    assert_eq!((error.status(), service.seen("POST /api/2.0/t").len()), (Some(503), 1));
}

#[tokio::test]
async fn a_create_that_takes_too_long_may_have_happened() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let config = Config { host: Some(host), token: Some("t".into()), ..Config::default() };
    let client = Client::with_environment(config, &Environment::default()).unwrap();
    let request = post("/api/2.0/t").timeout(Duration::from_millis(200));
    let error = client.send::<()>(request).await.unwrap_err();
    assert!(error.may_have_happened() && error.to_string().contains("no answer within the time limit"), "{error}");
}

#[tokio::test]
async fn a_stopped_local_cloud_is_named() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let config = Config {
        host: Some(format!("http://dbc-1.localhost:{port}")),
        token: Some("t".into()),
        retry_timeout_seconds: Some(1),
        ..Config::default()
    };
    let client = Client::with_environment(config, &Environment::default()).unwrap();
    let error = client.send::<()>(post("/api/2.0/t")).await.unwrap_err();
    assert!(error.is_unreachable() && !error.may_have_happened());
    let words = error.to_string();
    assert!(
        words.contains(&format!("cannot reach dbc-1.localhost:{port}")) && words.contains("localcloud up"),
        "{words}"
    );
}

#[tokio::test]
async fn the_apis_words_arrive_and_the_token_does_not() {
    let body = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"bad header Bearer dapi-s3cret"}"#;
    let answer = Play::Answer(400, vec![("x-request-id", "req-1")], body.to_owned());
    let service = Service::start(&[("GET /api/2.0/t", &[answer])]).await;
    let error = service.with_token().send::<()>(Request::get("/api/2.0/t").query("q", "1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /api/2.0/t: 400 INVALID_PARAMETER_VALUE: bad header Bearer [redacted] (request id req-1)"
    );
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn answers_that_are_none_say_so_without_repeating_them() {
    let check = async |body: &str, part: &str| {
        let service = Service::start(&[("GET /api/2.0/t", &[ok(body)])]).await;
        let error = service.with_token().send::<Cluster>(Request::get("/api/2.0/t")).await.unwrap_err();
        assert!(error.to_string().contains(part) && !error.to_string().contains("s3cret"), "{error}");
    };
    check("<html>s3cret</html>", "it is a web page").await;
    check(r#"{"cluster_id":{"s3cret":"s3cret"}}"#, "a field has another type").await;
    check(r#"{"cluster_id":"s3cret"#, "it ends too soon").await;
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_object_and_bytes_come_as_they_are() {
    let service = Service::start(&[("GET /api/2.0/empty", &[ok("")]), ("GET /api/2.0/raw", &[ok("a\nb")])]).await;
    let client = service.with_token();
    assert_eq!(client.send::<Cluster>(Request::get("/api/2.0/empty")).await.unwrap(), Cluster::default());
    assert_eq!(client.send_bytes(Request::get("/api/2.0/raw")).await.unwrap(), "a\nb");
    client.send::<()>(Request::get("/api/2.0/raw")).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let redirect =
        Play::Answer(302, vec![("location", "http://dbc-2.localhost:{port}/elsewhere?state=s3cret")], String::new());
    let service = Service::start(&[("GET /api/2.0/t", &[redirect]), ("GET /elsewhere", &[ok("{}")])]).await;
    let error = service.with_token().send::<()>(Request::get("/api/2.0/t")).await.unwrap_err();
    assert!(error.to_string().contains("redirects to http://dbc-2.localhost"), "{error}");
    assert!(!error.to_string().contains("s3cret") && service.seen("GET /elsewhere").is_empty());
}

#[tokio::test]
async fn the_workspace_id_is_asked_once() {
    let me = Play::Answer(200, vec![("x-databricks-org-id", "4711")], r#"{"id":"1","userName":"a@b.c"}"#.to_owned());
    let service = Service::start(&[("GET /api/2.0/preview/scim/v2/Me", &[me])]).await;
    let client = service.with_token();
    assert_eq!(client.workspace_id().await.unwrap(), "4711");
    assert_eq!(client.me().await.unwrap().user_name, "a@b.c");
    assert_eq!(client.clone().workspace_id().await.unwrap(), "4711");
    assert_eq!(service.seen("GET /api/2.0/preview/scim/v2/Me").len(), 1);
}

#[tokio::test]
async fn a_request_for_the_wrong_level_is_not_sent() {
    let service = Service::start(&[]).await;
    let error = service.with_token().send::<()>(Request::get_account("/credentials")).await.unwrap_err().to_string();
    assert!(error.contains("GET /api/2.0/accounts/{account_id}/credentials belongs to the account API"), "{error}");
    assert!(error.contains("the workspace dbc-1.localhost"), "{error}");
    let account = service.client_at("accounts.localhost", &[("DATABRICKS_TOKEN", "t"), ("DATABRICKS_ACCOUNT_ID", "a")]);
    let error = account.send::<()>(Request::get("/api/2.1/clusters/list")).await.unwrap_err().to_string();
    assert!(
        error.contains("belongs to a workspace's API") && error.contains("account console accounts.localhost"),
        "{error}"
    );
}

#[tokio::test]
async fn the_rate_limit_is_kept() {
    let service = Service::start(&[("GET /api/2.0/t", &[ok("{}")])]).await;
    let config = Config {
        host: Some(service.url("localhost")),
        token: Some("t".into()),
        rate_limit: Some(10),
        ..Config::default()
    };
    let client = Client::with_environment(config, &Environment::default()).unwrap();
    let started = Instant::now();
    let requests = (0..15).map(|at| client.send::<()>(Request::get("/api/2.0/t").query("at", at)));
    futures_util::future::try_join_all(requests).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(480), "{:?}", started.elapsed());
}

#[tokio::test]
async fn all_pages_of_a_list_are_read_and_a_circle_is_noticed() {
    let page =
        |id: u32, next: &str| ok(&format!(r#"{{"clusters":[{{"cluster_id":"{id}"}}],"next_page_token":"{next}"}}"#));
    let list = async |plays: &[Play]| {
        let service = Service::start(&[("GET /api/2.1/clusters/list", plays)]).await;
        let pages = clusters::list::<Cluster>(&service.with_token(), None).await;
        let asked: Vec<String> =
            service.seen("GET /api/2.1/clusters/list").into_iter().map(|seen| seen.query).collect();
        (pages.map(|clusters| clusters.into_iter().map(|one| one.cluster_id).collect::<Vec<_>>()), asked)
    };
    let (clusters, asked) = list(&[page(1, "a"), page(2, "b&c"), page(3, "")]).await;
    assert_eq!(clusters.unwrap(), ["1", "2", "3"]);
    assert_eq!(asked, ["page_size=100", "page_size=100&page_token=a", "page_size=100&page_token=b%26c"]);
    let (clusters, _) = list(&[page(1, "a"), page(2, "a")]).await;
    assert!(clusters.unwrap_err().to_string().contains("leads back"));
}

#[tokio::test]
async fn equal_reads_at_the_same_time_are_one_request() {
    let service =
        Service::start(&[("GET /api/2.0/t", &[Play::Slow(50, "{}")]), ("POST /api/2.0/t", &[ok("{}")])]).await;
    let client = service.with_token();
    let read = || client.send::<()>(Request::get("/api/2.0/t"));
    let seen = || service.seen("GET /api/2.0/t").len();
    futures_util::future::try_join_all((0..10).map(|_| read())).await.unwrap();
    assert_eq!(seen(), 1);
    read().await.unwrap();
    assert_eq!(seen(), 2, "who asks later asks anew");
    tokio::try_join!(read(), client.send::<()>(Request::get("/api/2.0/t").query("q", 1))).unwrap();
    assert_eq!(seen(), 4, "another question");
    let other = service.with_token();
    tokio::try_join!(read(), other.send::<()>(Request::get("/api/2.0/t"))).unwrap();
    assert_eq!(seen(), 6, "another client");
    // What was asked before a write began says nothing of what is there after it.
    let after = async {
        while seen() < 7 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client.send::<()>(post("/api/2.0/t")).await.unwrap();
        read().await
    };
    tokio::try_join!(read(), after).unwrap();
    assert_eq!(seen(), 8, "a write in between");
}

#[tokio::test]
async fn a_read_that_says_so_takes_an_answer_that_came_before_until_something_is_written() {
    let plays: &[Play] = &[status(403, ""), ok(r#"{"at":1}"#), ok(r#"{"at":2}"#), ok(r#"{"at":3}"#)];
    let service = Service::start(&[("GET /api/2.0/t", plays), ("POST /api/2.0/t", &[status(409, "")])]).await;
    let client = service.with_token();
    let shared = async || client.send::<Value>(Request::get("/api/2.0/t").shared()).await;
    assert_eq!(shared().await.unwrap_err().status(), Some(403), "an error is kept for nobody");
    for _ in 0..3 {
        assert_eq!(shared().await.unwrap()["at"], 1);
    }
    assert_eq!(client.send::<Value>(Request::get("/api/2.0/t")).await.unwrap()["at"], 2, "who does not say so asks");
    assert_eq!(shared().await.unwrap()["at"], 1);
    client.send::<()>(post("/api/2.0/t")).await.unwrap_err();
    assert_eq!(shared().await.unwrap()["at"], 3, "also a write that failed");
}

#[tokio::test]
async fn a_read_goes_on_for_those_who_wait_when_the_one_who_asked_is_gone() {
    let service = Service::start(&[("GET /api/2.0/t", &[Play::Slow(200, "{}"), ok("{}")])]).await;
    let client = service.with_token();
    let read = || client.send::<()>(Request::get("/api/2.0/t"));
    let (gone, stays) = tokio::join!(tokio::time::timeout(Duration::from_millis(50), read()), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        read().await
    });
    assert!(gone.is_err());
    stays.unwrap();
}

#[tokio::test]
async fn an_account_and_its_workspaces_count_each_others_writes() {
    let service = Service::start(&[
        ("GET /api/2.0/accounts/acc-1/t", &[ok("{}")]),
        ("GET /api/2.0/accounts/acc-1/workspaces/7", &[ok(r#"{"deployment_name":"dbc-7"}"#)]),
        ("POST /oidc/accounts/acc-1/v1/token", &[crate::script::token("a", 3600)]),
        (
            "GET /oidc/.well-known/oauth-authorization-server",
            &[ok(r#"{"token_endpoint":"http://dbc-7.localhost:{port}/token"}"#)],
        ),
        ("POST /token", &[crate::script::token("w", 3600)]),
        ("POST /api/2.0/t", &[ok("{}")]),
    ])
    .await;
    let credentials =
        [("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s"), ("DATABRICKS_ACCOUNT_ID", "acc-1")];
    let account = service.client_at("accounts.localhost", &credentials);
    let workspace = account.workspace_by_id("7").await.unwrap();
    assert_eq!(workspace.host().host_str(), Some("dbc-7.localhost"));
    for _ in 0..2 {
        account.send::<()>(Request::get_account("/t").shared()).await.unwrap();
    }
    workspace.send::<()>(post("/api/2.0/t")).await.unwrap();
    account.send::<()>(Request::get_account("/t").shared()).await.unwrap();
    assert_eq!(service.seen("GET /api/2.0/accounts/acc-1/t").len(), 2);
}

#[tokio::test]
async fn a_token_with_a_line_break_in_it_is_refused_at_once_and_one_at_its_end_is_none() {
    let service = Service::start(&[("GET /api/2.0/t", &[ok("{}")])]).await;
    let client = |token: &str| {
        let config = Config {
            host: Some(format!(" {}\n", service.url("localhost"))),
            token: Some(token.into()),
            ..Config::default()
        };
        Client::with_environment(config, &Environment::default())
    };
    client(" dapi-1\r\n").unwrap().send::<()>(Request::get("/api/2.0/t")).await.unwrap();
    assert_eq!(service.seen("GET /api/2.0/t")[0].header("authorization"), "Bearer dapi-1");
    let error = client("dapi\ns3cret").unwrap_err().to_string();
    assert!(error.contains("`token` holds a line break") && !error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_request_that_cannot_be_built_fails_at_once() {
    let service = Service::start(&[("GET /api/2.0/t", &[ok("{}")])]).await;
    let started = Instant::now();
    let request = Request::get("/api/2.0/t").header("x-name", "a\nb");
    let error = service.with_token().send::<()>(request).await.unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("cannot be sent"), "{error}");
    assert!(started.elapsed() < Duration::from_millis(500) && service.seen("GET /api/2.0/t").is_empty());
}
