use super::*;
use crate::testing::{change, cloud, end, hold, named};

#[tokio::test]
async fn an_address_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = hold(&cloud, Eip::default(), |address| address.id.text().to_owned()).await;
    assert_eq!((&made.allocation_id, made.domain.text()), (&made.id, "vpc"));
    let made = change(&cx, made, Eip { tags: named("nat"), ..Eip::default() }).await;
    assert_eq!(made.tags, named("nat"));
    end(&cloud, made).await;
}
