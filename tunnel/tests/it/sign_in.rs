//! A person signs in with a browser, and the tunnel goes on with that login for as long as the workspace renews it.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use databricks::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::Cloud;

const ADA: &str = "ada@example.com";

/// `tunnel` of a person without any credentials in the environment.
fn bare(cloud: &Cloud, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel("ada");
    for name in ["DATABRICKS_HOST", "DATABRICKS_ACCOUNT_ID", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"] {
        tunnel.env_remove(name);
    }
    tunnel.args(words).arg("--outputs").arg(cloud.outputs());
    tunnel
}

/// What a browser does: asks, and answers where it is sent.
async fn browse(address: &str) -> (String, Option<String>) {
    let url = url::Url::parse(address).unwrap();
    let authority = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
    let path = &url[url::Position::BeforePath..];
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let location = answer
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("location: ").then(|| line[10..].trim().to_owned()));
    (answer, location)
}

/// Signs in as somebody; `paste` gives the address by hand, as with a browser on another machine.
async fn login(cloud: &Cloud, who: &str, paste: bool) -> (i32, String) {
    let mut login = bare(cloud, &["login", "--no-browser"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(login.stderr.take().unwrap()).lines();
    let address = loop {
        let line = words.next_line().await.unwrap().unwrap();
        if line.starts_with("http") {
            break line;
        }
    };
    assert!(
        address.contains("client_id=databricks-cli") && address.contains("code_challenge_method=S256"),
        "{address}"
    );
    assert!(address.contains("scope=all-apis+offline_access"), "{address}");
    let (page, _) = browse(&address).await;
    assert!(page.contains(ADA), "{page}");
    let who: String = url::form_urlencoded::byte_serialize(who.as_bytes()).collect();
    let (page, back) = browse(&format!("{address}&login_hint={who}")).await;
    let back = back.unwrap_or_else(|| panic!("{page}"));
    let mut stdin = login.stdin.take().unwrap();
    if paste {
        stdin.write_all(format!("{back}\n").as_bytes()).await.unwrap();
    } else {
        let (page, _) = browse(&back).await;
        assert!(page.contains("Back to the terminal"), "{page}");
    }
    let mut rest = String::new();
    while let Some(line) = words.next_line().await.unwrap() {
        rest += &line;
    }
    (login.wait().await.unwrap().code().unwrap(), rest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_a_browser_and_the_login_is_renewed() {
    let cloud = Cloud::start().await;
    let user: Value = cloud.post("/api/2.0/preview/scim/v2/Users", json!({"userName": ADA})).await;
    let groups: Value = cloud
        .client
        .send(Request::get("/api/2.0/preview/scim/v2/Groups").query("filter", "displayName eq admins"))
        .await
        .unwrap();
    let path = format!("/api/2.0/preview/scim/v2/Groups/{}", groups["Resources"][0]["id"].as_str().unwrap());
    let member = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]});
    cloud.client.send::<()>(Request::patch(&path).json(&member).unwrap()).await.unwrap();

    let connect = async || text(&bare(&cloud, &["keys", "list", "--json"]).output().await.unwrap());
    let (code, _, words) = connect().await;
    assert!(code == 1 && words.contains("tunnel login"), "{words}");
    let (code, words) = login(&cloud, "nobody@example.com", true).await;
    assert!(code == 1 && words.contains("access_denied There is no such user"), "{words}");
    for paste in [true, false] {
        let (code, words) = login(&cloud, ADA, paste).await;
        assert!(code == 0 && words.contains(&format!("as {ADA}")), "{words}");
    }
    let kept = cloud.folder.path().join(".databricks/token-cache.json");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let login_of = || -> Value { serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap() };
    let before = login_of()["tokens"][&cloud.endpoint.host].clone();
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "[]\n"), "{words}");
    assert_eq!(login_of()["tokens"][&cloud.endpoint.host], before, "what is good is used as it is");

    // The access token ends; many processes at once renew it once.
    let expired =
        std::fs::read_to_string(&kept).unwrap().replace(before["expiry"].as_str().unwrap(), "2026-01-01T00:00:00Z");
    std::fs::write(&kept, expired).unwrap();
    for (code, out, words) in futures_util::future::join_all((0..5).map(|_| connect())).await {
        assert_eq!((code, out.as_str()), (0, "[]\n"), "{words}");
    }
    let after = login_of()["tokens"][&cloud.endpoint.host].clone();
    assert!(after["access_token"] != before["access_token"] && after["refresh_token"] != before["refresh_token"]);

    // A login that was ended elsewhere says what to do.
    let mut ended = login_of();
    ended["tokens"][&cloud.endpoint.host]["refresh_token"] = before["refresh_token"].clone();
    ended["tokens"][&cloud.endpoint.host]["expiry"] = "2026-01-01T00:00:00Z".into();
    std::fs::write(&kept, ended.to_string()).unwrap();
    let (code, _, words) = connect().await;
    assert!(
        code == 1 && words.contains("Refresh token is invalid") && words.contains("Sign in again with `tunnel login`"),
        "{words}"
    );
    assert!(!words.contains(before["refresh_token"].as_str().unwrap()));
    cloud.cloud.stop().await;
}
