//! The page that browsers show, and the links that answers hand out: all of them lead somewhere.

use std::collections::BTreeMap;

use localcloud::{Aws, Fault};
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

use crate::aws::venv;
use crate::bench::{Bench, Reply, reply};

const NAVIGATION: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// A browser that follows a link from elsewhere: it sends no fragment, and resolves `*.localhost`.
async fn follow(bench: &Bench, link: &str) -> Reply {
    let url = reqwest::Url::parse(link).unwrap();
    let address = ([127, 0, 0, 1], bench.cloud.port()).into();
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none());
    let client = client.resolve(url.host_str().unwrap(), address).build().unwrap();
    let request = NAVIGATION.iter().fold(client.get(url), |request, (name, value)| request.header(*name, *value));
    reply(request).await
}

async fn shown(bench: &Bench, link: &str) -> String {
    let reply = follow(bench, link).await;
    assert_eq!(reply.status, 200, "{link}: {}", reply.text);
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{link}");
    reply.text
}

fn own(bench: &Bench) -> String {
    format!("http://127.0.0.1:{}/", bench.cloud.port())
}

/// The links of a page.
fn links(page: &str) -> Vec<String> {
    let found = page.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&")));
    found.filter(|link| link.starts_with("http")).collect()
}

/// The addresses in an answer that a browser could open.
fn addresses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| addresses(one, found)),
        Value::Object(all) => all.values().for_each(|one| addresses(one, found)),
        _ => {}
    }
}

async fn cluster(bench: &Bench, host: &str) -> String {
    let body = json!({"cluster_name": "shared <b>&", "spark_version": "16.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1});
    bench.post(host, "/api/2.1/clusters/create", body).await.ok()["cluster_id"].as_str().unwrap().to_owned()
}

/// A run on a cluster, which really runs: its id and what the API says of it.
async fn run(bench: &Bench, host: &str, cluster: &str, argument: &str) -> Value {
    let task = json!({
        "task_key": "main", "existing_cluster_id": cluster,
        "spark_python_task": {"python_file": "/Workspace/Shared/<job>.py", "parameters": [argument]},
    });
    let body = json!({"run_name": "nightly <script>alert(1)</script>", "tasks": [task]});
    let id = bench.post(host, "/api/2.1/jobs/runs/submit", body).await.ok()["run_id"].as_i64().unwrap();
    bench.get(host, &format!("/api/2.1/jobs/runs/get?run_id={id}")).await.ok()
}

#[tokio::test]
async fn a_link_that_is_handed_out_opens() {
    let bench = Bench::new().await;
    let (id, host) = bench.workspace("a").await;
    let cluster = cluster(&bench, &host).await;
    let run = run(&bench, &host, &cluster, "x").await;
    let listed = bench.get(&host, "/api/2.1/jobs/runs/list").await.ok();
    let seen_cluster = bench.get(&host, &format!("/api/2.1/clusters/get?cluster_id={cluster}")).await.ok();
    let workspace = bench.account_get(&format!("/workspaces/{id}")).await.ok();

    let mut found = Vec::new();
    [&run, &listed, &seen_cluster, &workspace].into_iter().for_each(|answer| addresses(answer, &mut found));
    let of_run = run["run_page_url"].as_str().unwrap();
    let of_workspace = workspace["workspace_url"].as_str().unwrap();
    assert!(found.iter().any(|link| link == of_run) && found.iter().any(|link| link == of_workspace), "{found:?}");
    found.push(bench.cloud.accounts_host());
    found.push(own(&bench));
    for link in &found {
        shown(&bench, link).await;
    }
    // A browser goes to what has the fragment as its id.
    let (_, fragment) = of_run.split_once('#').unwrap();
    let page = shown(&bench, of_run).await;
    let (_, article) = page.split_once(&format!("id=\"{fragment}\"")).unwrap();
    assert!(
        article.contains("nightly &lt;script&gt;") && article.contains("/Workspace/Shared/&lt;job&gt;.py"),
        "{page}"
    );
    assert!(page.contains(&cluster) && page.contains("shared &lt;b&gt;&amp;"), "{page}");
    // So do the links of the pages.
    let all = shown(&bench, &own(&bench)).await;
    let on_pages = [links(&all), links(&page)].concat();
    assert!(on_pages.iter().any(|link| link == of_run) && on_pages.contains(&own(&bench)), "{on_pages:?}");
    for link in &on_pages {
        shown(&bench, link).await;
    }
}

#[tokio::test]
async fn what_the_login_endpoints_hand_out_opens() {
    let bench = Bench::new().await;
    let (_, host) = bench.workspace("a").await;
    let pairs = "client_id=databricks-cli&redirect_uri=http%3A%2F%2Flocalhost%3A8020&response_type=code&code_challenge_method=S256";
    let account = format!("/oidc/accounts/{}", bench.cloud.account_id());
    for (host, base) in [("accounts", account.as_str()), (host.as_str(), "/oidc")] {
        let known = bench.get(host, "/.well-known/databricks-config").await.ok();
        assert!(known["oidc_endpoint"].as_str().unwrap().contains(base.split("accounts/").next().unwrap()), "{known}");
        let metadata = bench.get(host, &format!("{base}/.well-known/oauth-authorization-server")).await.ok();
        let issuer = metadata["issuer"].as_str().unwrap();
        let described = follow(&bench, &format!("{issuer}/.well-known/oauth-authorization-server")).await;
        assert_eq!(described.json(), metadata);
        let authorize = metadata["authorization_endpoint"].as_str().unwrap();
        let page = shown(&bench, &format!("{authorize}?{pairs}&code_challenge={}", "x".repeat(43))).await;
        assert!(page.contains("Who signs in?") || page.contains("no users yet"), "{page}");
    }
}

#[tokio::test]
async fn the_page_tells_no_secret_and_changes_nothing() {
    let bench = Bench::new().await;
    let (_, host) = bench.workspace("a").await;
    let token = bench.post(&host, "/api/2.0/token/create", json!({"comment": "of <a>"})).await.ok();
    bench.post(&host, "/api/2.0/secrets/scopes/create", json!({"scope": "vault"})).await.ok();
    let secret = json!({"scope": "vault", "key": "k", "string_value": "hush-hush"});
    bench.post(&host, "/api/2.0/secrets/put", secret).await.ok();
    let cluster = cluster(&bench, &host).await;
    run(&bench, &host, &cluster, "password=hush-hush").await;
    let requests = bench.cloud.requests().len();
    bench.cloud.fault(Fault::once("GET *", 500, "BUSY"));
    for link in [own(&bench), bench.cloud.accounts_host(), bench.cloud.workspace_host(&host)] {
        let page = shown(&bench, &link).await;
        assert!(page.contains("vault") && page.contains("of &lt;a&gt;"), "{page}");
        for secret in [
            token["token_value"].as_str().unwrap(),
            "hush-hush",
            "aHVzaC1odXNo",
            &bench.token,
            bench.cloud.secret().expose(),
            bench.cloud.client_secret().expose(),
        ] {
            assert!(!page.contains(secret), "{link} tells {secret}");
        }
        assert!(!page.contains("<script"), "{page}");
    }
    // It is no request of a program's: no fault strikes it, and it is not logged.
    assert_eq!((bench.cloud.faults().len(), bench.cloud.requests().len()), (1, requests));
    let post = bench.request(Method::POST, &host, "/").header("sec-fetch-site", "cross-site");
    assert_eq!(reply(post).await.status, 401);
}

#[tokio::test]
async fn no_page_of_anybody_else_reads_it_or_frames_it() {
    let bench = Bench::new().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let ask = async |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(client.get(own(&bench)), |request, (name, value)| request.header(*name, *value));
        reply(request).await
    };
    let [site, mode, document] = NAVIGATION;
    for (headers, expected) in [
        (vec![], 200),
        (vec![site, mode, document], 200),
        (vec![("sec-fetch-site", "same-origin"), mode, document], 200),
        (vec![site, mode, ("sec-fetch-dest", "iframe")], 403),
        (vec![site, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")], 403),
        (vec![("origin", "http://evil.example.com")], 403),
        (vec![("host", "evil.example.com"), site, mode, document], 421),
    ] {
        assert_eq!(ask(&headers).await.status.as_u16(), expected, "{headers:?}");
    }
    let page = ask(&[]).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for word in ["default-src 'none'", "style-src 'sha256-", "frame-ancestors 'none'", "form-action 'none'"] {
        assert!(policy.contains(word), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert!(page.headers.get("access-control-allow-origin").is_none());
    // The hash is that of the style: a browser takes it.
    let style = page.text.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
}

#[tokio::test]
async fn everything_that_is_counted_is_shown() {
    let bench = Bench::new().await;
    let (_, host) = bench.workspace("a").await;
    bench.account_post("/scim/v2/Users", json!({"userName": "ada@example.com"})).await.ok();
    bench.cloud.fault(Fault { times: 3, ..Fault::once("GET /never", 503, "BUSY") });
    let page = shown(&bench, &own(&bench)).await;
    for text in ["GET /never", "503 BUSY, without effect", "ada@example.com", "lake-a", &host] {
        assert!(page.contains(text), "{text} in {page}");
    }
    bench.post(&host, "/api/2.0/secrets/scopes/create", json!({"scope": "vault"})).await.ok();
    let counts = |summary: &Value| -> BTreeMap<String, u64> {
        let counted =
            summary.as_object().unwrap().iter().filter_map(|(kind, count)| Some((kind.clone(), count.as_u64()?)));
        counted.filter(|(kind, count)| *count > 0 && kind != "workspace_id").collect()
    };
    let seen = |groups: &Value| -> BTreeMap<String, u64> {
        let groups = groups.as_array().unwrap().iter();
        let groups = groups.map(|group| {
            (group["kind"].as_str().unwrap().to_owned(), group["objects"].as_array().unwrap().len() as u64)
        });
        groups.filter(|(_, count)| *count > 0).collect()
    };
    let overview = serde_json::to_value(bench.cloud.overview().await).unwrap();
    let summary = bench.cloud.summary();
    assert_eq!(seen(&overview["account"]), counts(&summary));
    assert_eq!(seen(&overview["workspaces"][0]["objects"]), counts(&summary["workspaces"][0]));
    assert!(counts(&summary)["networks"] == 1 && counts(&summary["workspaces"][0])["secret_scopes"] == 1);
}

#[tokio::test]
async fn what_sleeping_saves_goes_when_the_network_sleeps() {
    let bench = Bench::with(|options| options.aws = Aws::Moto { venv: venv() }).await;
    let ec2 = async |body: &str| {
        let signature =
            "AWS4-HMAC-SHA256 Credential=x/20261121/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=x";
        let client = Client::builder().no_proxy().build().unwrap();
        let request = client.post(bench.cloud.aws_endpoint().unwrap()).header("authorization", signature);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = reply(request.body(format!("Action={body}&Version=2016-11-15"))).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.text);
        reply.text
    };
    let saves =
        async || serde_json::to_value(bench.cloud.overview().await).unwrap()["sleeping"]["total"].as_u64().unwrap();
    let id = |xml: &str, name: &str| crate::aws::field(xml, name);
    assert_eq!(saves().await, 0);
    let vpc = id(&ec2("CreateVpc&CidrBlock=10.0.0.0/16").await, "vpcId");
    let subnet = async |range: &str| id(&ec2(&format!("CreateSubnet&VpcId={vpc}&CidrBlock={range}")).await, "subnetId");
    let (one, other) = (subnet("10.0.0.0/24").await, subnet("10.0.1.0/24").await);
    let address = id(&ec2("AllocateAddress&Domain=vpc").await, "allocationId");
    let nat = id(&ec2(&format!("CreateNatGateway&SubnetId={one}&AllocationId={address}")).await, "natGatewayId");
    let endpoint = format!(
        "CreateVpcEndpoint&VpcId={vpc}&VpcEndpointType=Interface&ServiceName=com.amazonaws.eu-west-1.sts&SubnetId.1={one}&SubnetId.2={other}"
    );
    let endpoint = id(&ec2(&endpoint).await, "vpcEndpointId");
    // A gateway endpoint is free.
    ec2(&format!("CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.eu-west-1.s3")).await;
    assert_eq!(saves().await, 45 + 2 * 10 + 5);
    let page = shown(&bench, &own(&bench)).await;
    assert!(page.contains("$0.070") && page.contains("aws.amazon.com/vpc/pricing") && page.contains(&nat), "{page}");
    ec2(&format!("DeleteVpcEndpoints&VpcEndpointId.1={endpoint}")).await;
    ec2(&format!("DeleteNatGateway&NatGatewayId={nat}")).await;
    assert_eq!(saves().await, 5);
    let released = async || {
        let text = ec2(&format!("DescribeNatGateways&NatGatewayId.1={nat}")).await;
        id(&text, "state") == "deleted"
    };
    bench.until("the gateway is gone", released).await;
    ec2(&format!("ReleaseAddress&AllocationId={address}")).await;
    assert_eq!(saves().await, 0);
    bench.cloud.stop().await;
}
