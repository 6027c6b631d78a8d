//! Links to chunks: who has one needs no token, and it holds for a while, in parts too.

use std::time::Duration;

use localcloud::Fault;
use serde_json::{Value, json};

use super::{Warehouse, client, path};

/// A result of some hundred thousand bytes in one chunk.
async fn linked(warehouse: &Warehouse) -> (Value, String) {
    let told = warehouse.run("SELECT id FROM range(50000)", json!({"disposition": "EXTERNAL_LINKS"})).await;
    (told["statement_id"].clone(), url(&told["result"]))
}

fn url(result: &Value) -> String {
    result["external_links"][0]["external_link"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_is_its_own_credential() {
    let warehouse = Warehouse::new().await;
    let (id, link) = linked(&warehouse).await;
    let get = async |link: &str| client().get(link).send().await.unwrap();
    assert_eq!(get(&link).await.status(), 200);
    let both = client().get(&link).bearer_auth("token").send().await.unwrap();
    assert_eq!(both.status(), 400);
    assert!(both.text().await.unwrap().contains("<Code>InvalidArgument</Code>"));
    for other in [link.replace("/0?", "/1?"), format!("{link}0"), link.replace("expires=", "expires=9")] {
        let refused = get(&other).await;
        assert_eq!(refused.status(), 403, "{other}");
        assert!(refused.text().await.unwrap().contains("<Code>SignatureDoesNotMatch</Code>"));
    }
    assert_eq!(get(link.split('?').next().unwrap()).await.status(), 403);
    // Again and side by side, by new links too.
    let again = url(&warehouse.chunk(&id, 0).await);
    let (one, other, third) = tokio::join!(get(&link), get(&link), get(&again));
    let texts = [one.text().await.unwrap(), other.text().await.unwrap(), third.text().await.unwrap()];
    assert!(texts.iter().all(|text| *text == texts[0] && text.ends_with("[\"49999\"]]")));
    // What is closed is gone.
    warehouse.bench.send(reqwest::Method::DELETE, &warehouse.at, &path(&id, ""), None).await.ok();
    assert_eq!(get(&link).await.status(), 404);
    assert_eq!(warehouse.get(&id).await["status"]["state"], "CLOSED");
}

#[tokio::test]
async fn a_link_expires_and_a_chunk_has_a_new_one() {
    let warehouse = Warehouse::with(|options| options.sql.link_lifetime = Duration::from_secs(1)).await;
    let (id, link) = linked(&warehouse).await;
    warehouse.bench.until("it expires", async || client().get(&link).send().await.unwrap().status() == 403).await;
    let refused = client().get(&link).send().await.unwrap();
    assert_eq!(refused.headers()["content-type"], "application/xml");
    assert!(refused.text().await.unwrap().contains("<Message>Request has expired</Message>"));
    let again = warehouse.chunk(&id, 0).await;
    assert!(again["external_links"][0]["expiration"].as_str().unwrap().ends_with('Z'), "{again}");
    assert_eq!(client().get(url(&again)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_part_of_a_chunk_is_asked_for_by_its_bytes() {
    let warehouse = Warehouse::new().await;
    let (_, link) = linked(&warehouse).await;
    let whole = client().get(&link).send().await.unwrap().bytes().await.unwrap();
    let part = async |range: &str| client().get(&link).header("range", range).send().await.unwrap();
    let middle = part("bytes=1000-1999").await;
    assert_eq!(middle.status(), 206);
    assert_eq!(middle.headers()["content-range"], format!("bytes 1000-1999/{}", whole.len()).as_str());
    assert_eq!(middle.bytes().await.unwrap(), whole.slice(1000..2000));
    assert_eq!(part("bytes=1000-").await.bytes().await.unwrap(), whole.slice(1000..));
    let beyond = part(&format!("bytes={}-", whole.len())).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{}", whole.len()).as_str());
}

#[tokio::test]
async fn a_chunk_is_read_through_ten_cut_links() {
    let warehouse = Warehouse::new().await;
    let (_, link) = linked(&warehouse).await;
    let whole = client().get(&link).send().await.unwrap().bytes().await.unwrap();
    let cut = Fault::once("GET /sql-results/*", 500, "");
    let cut = Fault { times: 10, status: None, code: None, cut_after: Some(20_000), ..cut };
    warehouse.bench.cloud.fault(cut);
    let (mut read, mut cuts) = (Vec::new(), 0);
    while read.len() < whole.len() {
        let range = format!("bytes={}-", read.len());
        let mut response = client().get(&link).header("range", range).send().await.unwrap();
        assert_eq!(response.status(), 206);
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => read.extend_from_slice(&bytes),
                Ok(None) => break,
                Err(_) => {
                    cuts += 1;
                    break;
                }
            }
        }
    }
    assert!(read == whole, "the parts are the whole");
    assert_eq!(cuts, 10);
    assert!(warehouse.bench.cloud.faults().is_empty());
}
