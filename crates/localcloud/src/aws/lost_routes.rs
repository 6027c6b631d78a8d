//! Routes to gateway endpoints that moto forgets. AWS adds one to each route table that an endpoint is given later; moto does not, and
//! refuses to delete the endpoint for want of it. Pure: moto's answer comes in, the call that makes up for it goes out.

use super::action::Action;
use super::xml::field;

/// The body of a call that makes the route for whose absence an endpoint was not deleted.
pub(super) fn missing(action: &Action, answer: &[u8]) -> Option<String> {
    let endpoint = action.parameter("VpcEndpointId.1").filter(|_| action.full_name() == "ec2:DeleteVpcEndpoints")?;
    let answer =
        std::str::from_utf8(answer).ok().filter(|answer| field(answer, "Code") == Some("InvalidRoute.NotFound"))?;
    let word = |start: &str| field(answer, "Message")?.split_whitespace().find(|word| word.starts_with(start));
    let (list, table) = (word("pl-")?, word("rtb-")?);
    Some(format!(
        "Action=CreateRoute&Version=2016-11-15&RouteTableId={table}&DestinationPrefixListId={list}&GatewayId={endpoint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_an_endpoint_lacks_is_made_before_it_is_deleted() {
        let answer = b"<Response><Errors><Error><Code>InvalidRoute.NotFound</Code><Message>no route with \
            destination-cidr-block pl-1 in route table rtb-2</Message></Error></Errors></Response>";
        let action = |name: &str| Action {
            service: "ec2".to_owned(),
            name: name.to_owned(),
            parameters: [("VpcEndpointId.1".to_owned(), "vpce-3".to_owned())].into(),
            ..Action::default()
        };
        let body = missing(&action("DeleteVpcEndpoints"), answer).unwrap();
        assert!(body.ends_with("&RouteTableId=rtb-2&DestinationPrefixListId=pl-1&GatewayId=vpce-3"), "{body}");
        assert_eq!(missing(&action("DeleteRoute"), answer), None);
        assert_eq!(missing(&action("DeleteVpcEndpoints"), b"<Code>Other</Code>"), None);
    }
}
