//! Signing in, at workspace and account level.

use databricks::{Client, Config, Environment, Error, Request};

use crate::script::{Play, Service, ok, status, token};

const DISCOVERY: &str = "GET /oidc/.well-known/oauth-authorization-server";
const TOKEN: &str = "POST /oidc/v1/token";
const THING: &str = "GET /api/2.0/t";

fn discovery() -> Play {
    ok(r#"{"token_endpoint":"http://dbc-1.localhost:{port}/oidc/v1/token"}"#)
}

async fn service(tokens: &[Play], things: &[Play]) -> Service {
    Service::start(&[(DISCOVERY, &[discovery()]), (TOKEN, tokens), (THING, things)]).await
}

fn thing() -> Request {
    Request::get("/api/2.0/t")
}

#[tokio::test]
async fn a_service_principal_signs_in_once_for_many_requests() {
    let service = service(&[token("first", 3600), token("second", 3600)], &[ok("{}")]).await;
    let client = service.with_oauth();
    futures_util::future::try_join_all((0..10).map(|_| client.send::<()>(thing()))).await.unwrap();
    let asked = service.seen(TOKEN);
    assert_eq!(asked.len(), 1);
    // the-id:s3cret
    assert_eq!(asked[0].header("authorization"), "Basic dGhlLWlkOnMzY3JldA==");
    assert_eq!(asked[0].body, "grant_type=client_credentials&scope=all-apis");
    assert!(service.seen(THING).iter().all(|seen| seen.header("authorization") == "Bearer first"));
    assert_eq!(client.bearer().await.unwrap().expose(), "first");
}

#[tokio::test]
async fn an_account_signs_in_at_its_own_endpoint_and_its_workspaces_at_theirs() {
    let service = Service::start(&[
        ("POST /oidc/accounts/acc-1/v1/token", &[token("account", 3600)]),
        (DISCOVERY, &[discovery()]),
        (TOKEN, &[token("workspace", 3600)]),
        ("GET /api/2.0/accounts/acc-1/workspaces", &[ok("[]")]),
        (THING, &[ok("{}")]),
    ])
    .await;
    let account = service.client_at(
        "accounts.localhost",
        &[("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s"), ("DATABRICKS_ACCOUNT_ID", "acc-1")],
    );
    assert!(account.is_account());
    account.send::<Vec<()>>(Request::get_account("/workspaces")).await.unwrap();
    let url = service.url("dbc-1.localhost").parse().unwrap();
    for _ in 0..2 {
        account.workspace(&url).unwrap().send::<()>(thing()).await.unwrap();
    }
    assert_eq!(service.seen(THING)[1].header("authorization"), "Bearer workspace");
    assert_eq!(service.seen(TOKEN).len(), 1, "the workspace's client is kept");
}

#[tokio::test]
async fn a_token_is_not_good_for_another_host() {
    let service = Service::start(&[]).await;
    let error = service.with_token().workspace(&"https://dbc-2.cloud.databricks.com".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("are not good for dbc-2.cloud.databricks.com"), "{error}");
}

#[tokio::test]
async fn an_expired_token_is_fetched_anew() {
    let service = service(&[token("first", 0), token("second", 3600)], &[ok("{}")]).await;
    let client = service.with_oauth();
    for _ in 0..3 {
        client.send::<()>(thing()).await.unwrap();
    }
    let used: Vec<String> = service.seen(THING).iter().map(|seen| seen.header("authorization").to_owned()).collect();
    assert_eq!(used, ["Bearer first", "Bearer second", "Bearer second"]);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let tokens = [token("first", 3600), token("second", 3600), token("third", 3600)];
    let served = service(&tokens, &[status(401, ""), ok("{}")]).await;
    let client = served.with_oauth();
    client.send::<()>(thing()).await.unwrap();
    assert_eq!(served.seen(THING)[1].header("authorization"), "Bearer second");
    let refused = service(&tokens, &[status(401, "")]).await;
    let error = refused.with_oauth().send::<()>(thing()).await.unwrap_err();
    assert_eq!((error.status(), refused.seen(THING).len(), refused.seen(TOKEN).len()), (Some(401), 2, 2));
}

#[tokio::test]
async fn a_create_refused_for_its_token_is_sent_again() {
    let route: (&str, &[Play]) = ("POST /api/2.0/t", &[status(401, ""), ok("{}")]);
    let service = Service::start(&[(DISCOVERY, &[discovery()]), (TOKEN, &[token("t", 3600)]), route]).await;
    service.with_oauth().send::<()>(Request::post("/api/2.0/t")).await.unwrap();
}

#[tokio::test]
async fn a_personal_access_token_that_is_refused_is_not_tried_twice() {
    let service = Service::start(&[(THING, &[status(401, "")])]).await;
    service.with_token().send::<()>(thing()).await.unwrap_err();
    assert_eq!(service.seen(THING).len(), 1);
}

#[tokio::test]
async fn a_busy_token_endpoint_is_asked_again() {
    let busy = Play::Answer(429, vec![("retry-after", "0")], String::new());
    let service = service(&[busy, Play::Drop, token("t", 3600)], &[ok("{}")]).await;
    service.with_oauth().send::<()>(thing()).await.unwrap();
    assert_eq!(service.seen(TOKEN).len(), 3);
}

#[tokio::test]
async fn wrong_credentials_say_what_to_check() {
    let refusal = status(401, r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#);
    let service = service(&[refusal], &[ok("{}")]).await;
    let error = service.with_oauth().send::<()>(thing()).await.unwrap_err();
    assert!(matches!(error, Error::Auth { method: "oauth-m2m", .. }));
    let words = error.to_string();
    for part in [
        "cannot sign in at dbc-1.localhost with oauth-m2m",
        "Client authentication failed",
        "Check the client id and secret",
    ] {
        assert!(words.contains(part), "{words}");
    }
    assert!(!words.contains("s3cret") && service.seen(THING).is_empty() && service.seen(TOKEN).len() == 1);
}

#[tokio::test]
async fn a_token_endpoint_elsewhere_in_plain_http_gets_no_secret() {
    let evil = ok(r#"{"token_endpoint":"http://evil.example.com/token"}"#);
    let service = Service::start(&[(DISCOVERY, &[evil])]).await;
    let error = service.with_oauth().send::<()>(thing()).await.unwrap_err();
    assert!(error.to_string().contains("is not https"), "{error}");
}

#[tokio::test]
async fn a_host_without_discovery_is_no_workspace() {
    let service = Service::start(&[(DISCOVERY, &[ok("<html>hello</html>")])]).await;
    let error = service.with_oauth().send::<()>(thing()).await.unwrap_err();
    assert!(error.to_string().contains("it is no Databricks workspace"), "{error}");
}

#[tokio::test]
async fn a_token_file_is_exchanged() {
    let service = service(&[token("exchanged", 3600)], &[ok("{}")]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a.b.c\n").unwrap();
    let path = file.path().to_str().unwrap();
    let client = service.client(&[("DATABRICKS_OIDC_TOKEN_FILEPATH", path), ("DATABRICKS_CLIENT_ID", "sp")]);
    client.send::<()>(thing()).await.unwrap();
    let form = &service.seen(TOKEN)[0].body;
    for part in
        ["grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange", "subject_token=a.b.c", "client_id=sp"]
    {
        assert!(form.contains(part), "{form}");
    }
    assert_eq!(service.seen(THING)[0].header("authorization"), "Bearer exchanged");
}

#[tokio::test]
async fn tokens_of_the_environment_and_of_github_are_exchanged() {
    let github: (&str, &[Play]) = ("GET /github", &[ok(r#"{"value":"of.git.hub"}"#)]);
    let routes = [(DISCOVERY, &[discovery()][..]), (TOKEN, &[token("exchanged", 3600)]), (THING, &[ok("{}")]), github];
    let service = Service::start(&routes).await;
    let url = format!("{}/github?run=7", service.url("dbc-1.localhost"));
    for (environment, subject) in [
        (vec![("DATABRICKS_OIDC_TOKEN", "of.the.environment\n")], "of.the.environment"),
        (vec![("DATABRICKS_OIDC_TOKEN_ENV", "OTHER"), ("OTHER", "of.another")], "of.another"),
        (
            vec![
                ("DATABRICKS_AUTH_TYPE", "github-oidc"),
                ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "for-github"),
                ("DATABRICKS_TOKEN_AUDIENCE", "aud"),
            ],
            "of.git.hub",
        ),
    ] {
        service.client(&environment).send::<()>(thing()).await.unwrap();
        let asked = service.seen(TOKEN).pop().unwrap();
        assert!(asked.body.contains(&format!("subject_token={subject}&")), "{}", asked.body);
    }
    let asked = &service.seen("GET /github")[0];
    assert_eq!((asked.query.as_str(), asked.header("authorization")), ("run=7&audience=aud", "Bearer for-github"));
}

#[tokio::test]
async fn a_user_name_and_a_password_are_refused_with_the_reason() {
    let service = Service::start(&[]).await;
    let config = Config { host: Some(service.url("dbc-1.localhost")), ..Config::default() };
    for environment in [
        vec![("DATABRICKS_USERNAME", "ada"), ("DATABRICKS_PASSWORD", "s3cret")],
        vec![("DATABRICKS_AUTH_TYPE", "basic"), ("DATABRICKS_TOKEN", "t")],
    ] {
        let environment: Environment = environment.into_iter().collect();
        let error = Client::with_environment(config.clone(), &environment).unwrap_err().to_string();
        assert!(error.contains("10 July 2024") && error.contains("client_id") && !error.contains("s3cret"), "{error}");
    }
}

/// A service with a certificate that nobody vouches for.
#[tokio::test]
async fn a_certificate_of_nobody_is_refused_unless_told_otherwise() {
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::rustls::{ServerConfig, pki_types::PrivateKeyDer};

    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("https://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
            }
        }
    });
    let client = |skip_verify| {
        let config = Config {
            host: Some(host.clone()),
            token: Some("t".into()),
            retry_timeout_seconds: Some(1),
            skip_verify,
            ..Config::default()
        };
        Client::with_environment(config, &Environment::default()).unwrap()
    };
    client(true).send::<()>(thing()).await.unwrap();
    assert!(client(false).send::<()>(thing()).await.unwrap_err().is_unreachable());
    serving.abort();
}

#[cfg(unix)]
#[tokio::test]
async fn the_official_cli_is_asked_when_auth_type_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let service = Service::start(&[(THING, &[ok("{}")])]).await;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("databricks");
    let script = "#!/bin/sh\n[ \"$1 $2 $3\" = 'auth token --host' ] && echo '{\"access_token\":\"cli\",\"expiry\":\"2999-01-01T00:00:00Z\"}'\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = Config {
        host: Some(service.url("dbc-1.localhost")),
        auth_type: Some("databricks-cli".to_owned()),
        databricks_cli_path: Some(program.to_str().unwrap().to_owned()),
        ..Config::default()
    };
    let client = Client::with_environment(config, &Environment::default()).unwrap();
    client.send::<()>(thing()).await.unwrap();
    assert_eq!(service.seen(THING)[0].header("authorization"), "Bearer cli");
}
