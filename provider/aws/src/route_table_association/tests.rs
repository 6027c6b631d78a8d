use super::*;
use crate::route_table::RouteTable;
use crate::testing::{change, cloud, end, hold, make, subnet, vpc};

#[tokio::test]
async fn an_association_lives_moves_to_another_table_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let part = make(&cloud.call(), subnet(&net, "10.40.0.0/24")).await;
    let table = || RouteTable { vpc_id: net.id.clone(), ..RouteTable::default() };
    let (blue, green) = (make(&cloud.call(), table()).await, make(&cloud.call(), table()).await);
    let config = |table: &RouteTable| RouteTableAssociation {
        subnet_id: part.id.clone(),
        route_table_id: table.id.clone(),
        ..RouteTableAssociation::default()
    };
    cloud.refuse("ec2:AssociateRouteTable", 2, 400, "InvalidRouteTableID.NotFound");
    let import_id = |a: &RouteTableAssociation| format!("{}/{}", a.subnet_id.text(), a.route_table_id.text());
    let made = hold(&cloud, config(&blue), import_id).await;
    let imported = RouteTableAssociation::import(&cx, made.id.text()).await.unwrap();
    let imported = RouteTableAssociation::read(&cx, imported).await.unwrap().unwrap();
    assert_eq!(imported.subnet_id, part.id, "an import by the association's own id");
    let moved = change(&cx, made, config(&green)).await;
    assert_eq!(moved.route_table_id, green.id);
    // Somebody else moves it back.
    let request = cx.client().ec2.replace_route_table_association().association_id(moved.id.text());
    request.route_table_id(blue.id.text()).send().await.unwrap();
    cx.client().tables.changed();
    let seen = RouteTableAssociation::read(&cx, moved).await.unwrap().unwrap();
    assert_eq!(seen.route_table_id, blue.id);
    end(&cloud, seen).await;
}
