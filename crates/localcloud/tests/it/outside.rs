//! How others reach the local cloud: who may steer it, the proxy that makes its names resolve, and calls whose client leaves.

use std::time::{Duration, Instant};

use localcloud::{Fault, FaultEffect};
use reqwest::{Certificate, Client, Method, Proxy, RequestBuilder};
use serde_json::{Value, json};

use crate::bench::{Bench, reply};

fn direct() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// A client as an official SDK is: it takes the proxy and the authorities of the environment, and resolves no name by itself.
fn foreign(bench: &Bench) -> Client {
    let dir = tempfile::tempdir().unwrap();
    let env = bench.cloud.proxy_env(dir.path());
    let value = |name: &str| env.iter().find(|(one, _)| *one == name).unwrap().1.clone();
    assert_eq!(value("HTTP_PROXY"), value("https_proxy"));
    assert_eq!(value("SSL_CERT_FILE"), dir.path().display().to_string());
    let authorities = Certificate::from_pem_bundle(bench.cloud.authorities().as_bytes()).unwrap();
    Client::builder().proxy(Proxy::all(value("HTTP_PROXY")).unwrap()).tls_certs_only(authorities).build().unwrap()
}

#[tokio::test]
async fn its_own_endpoints_want_the_secret_and_refuse_pages_and_other_names() {
    let bench = Bench::new().await;
    let secret = bench.cloud.secret().expose().clone();
    let address = format!("http://127.0.0.1:{}/_localcloud", bench.cloud.port());
    let ask = |method: Method, path: &str, headers: &[(&'static str, &str)]| {
        let mut request = direct().request(method, format!("{address}/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async move { reply(request).await.status.as_u16() }
    };
    let known = ("x-localcloud", secret.as_str());
    for (method, path) in [(Method::GET, "health"), (Method::GET, "requests"), (Method::GET, "state")] {
        assert_eq!(ask(method.clone(), path, &[]).await, 403, "{path} without the secret");
        assert_eq!(ask(method.clone(), path, &[("x-localcloud", "cli")]).await, 403, "{path} with another secret");
        assert_eq!(ask(method.clone(), path, &[known]).await, 200, "{path}");
        assert_eq!(ask(method.clone(), path, &[known, ("host", "localhost:1")]).await, 200, "{path}");
        assert_eq!(
            ask(method.clone(), path, &[known, ("origin", "http://127.0.0.1")]).await,
            403,
            "{path} from a page"
        );
        let rebound = [known, ("host", "evil.example.com")];
        assert_eq!(ask(method, path, &rebound).await, 421, "{path} under a name that points here");
    }
    bench.network("a").await;
    assert_eq!(ask(Method::POST, "reset", &[]).await, 403);
    assert_eq!(ask(Method::POST, "reset", &[known, ("host", "evil.example.com")]).await, 421);
    assert_eq!(bench.cloud.summary()["networks"], 1);
    assert_eq!(ask(Method::POST, "reset", &[known]).await, 200);
    assert_eq!(bench.cloud.summary()["networks"], 0);
}

#[tokio::test]
async fn a_client_that_resolves_no_name_takes_the_local_cloud_as_its_proxy() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let client = foreign(&bench);
    let port = bench.cloud.port();
    let see = |address: String| {
        let request = client.get(format!("{address}/.well-known/databricks-config"));
        async move { reply(request).await.ok() }
    };
    for address in [
        format!("http://accounts.localhost:{port}"),
        "http://accounts.localhost".into(),
        "https://accounts.localhost".into(),
    ] {
        assert_eq!(see(address.clone()).await["host_type"], "account", "{address}");
    }
    for address in [format!("http://{name}.localhost:{port}"), format!("https://{name}.localhost")] {
        assert_eq!(see(address.clone()).await["host_type"], "workspace", "{address}");
    }
    // Two requests of one connection, and one with a body.
    let token = |client: &Client| -> RequestBuilder {
        client
            .post(format!("https://accounts.localhost/oidc/accounts/{}/v1/token", bench.cloud.account_id()))
            .basic_auth(bench.cloud.client_id(), Some(bench.cloud.client_secret().expose()))
            .form(&[("grant_type", "client_credentials"), ("scope", "all-apis")])
    };
    for _ in 0..2 {
        assert!(reply(token(&client)).await.ok()["access_token"].is_string());
    }
}

#[tokio::test]
async fn the_proxy_passes_nothing_on_to_anybody_else() {
    let bench = Bench::new().await;
    let client = foreign(&bench);
    let refused = reply(client.get("http://example.com/")).await;
    assert!(refused.refused(421, "MISDIRECTED_REQUEST").contains("example.com"));
    assert!(client.get("https://example.com/").send().await.is_err());
    assert!(client.get("https://localhost.example.com/").send().await.is_err());
    // The authority signs names of this machine alone.
    let trusted = bench.cloud.authorities();
    assert!(trusted.ends_with("-----END CERTIFICATE-----\n"));
    let other = Bench::new().await;
    assert_ne!(other.cloud.authorities(), trusted);
}

#[tokio::test]
async fn a_call_whose_client_leaves_is_carried_out_and_a_delay_is_where_it_says() {
    let bench = Bench::new().await;
    let slow = |effect| Fault {
        effect,
        status: None,
        delay_ms: Some(5000),
        ..Fault::once("POST /api/2.0/accounts/*/networks", 200, "")
    };
    let create = |salt: &str| {
        let body: Value = json!({
            "network_name": format!("network-{salt}"), "vpc_id": "vpc-1", "subnet_ids": [format!("subnet-{salt}1"), format!("subnet-{salt}2")],
            "security_group_ids": [format!("sg-{salt}")],
        });
        let path = format!("/api/2.0/accounts/{}/networks", bench.cloud.account_id());
        bench.request(Method::POST, "accounts", &path).bearer_auth(&bench.token).json(&body)
    };
    let networks = || bench.cloud.summary()["networks"].as_u64().unwrap();
    bench.cloud.fault(slow(FaultEffect::After));
    let begun = Instant::now();
    let waiting = tokio::spawn(create("a").send());
    while networks() == 0 {
        assert!(begun.elapsed() < Duration::from_millis(4800), "the effect waits for the answer");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(waiting.await.unwrap().unwrap().status().is_success() && begun.elapsed() >= Duration::from_millis(5000));
    bench.cloud.fault(slow(FaultEffect::Before));
    let left = create("b").timeout(Duration::from_millis(1000)).send().await;
    assert!(left.unwrap_err().is_timeout());
    assert_eq!(networks(), 1);
    bench.until("the call is carried out", async || networks() == 2).await;
    let last = bench.cloud.requests().pop().unwrap();
    assert!(last.status == 201 && last.ms >= 5000, "{last:?}");
}
