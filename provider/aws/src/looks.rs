//! Looks at all objects of AWS that bear the mark of a create, for whoever seeks those that are in no state.
//!
//! EC2 finds its marks by itself. The other services do not: each key, role and bucket is asked, a few at a time.

use std::collections::HashSet;

use aws_sdk_ec2::types::{Filter, NatGatewayState, ResourceType};
use futures_util::{Stream, StreamExt};
use tfplugin::Marked;
use tfplugin::marks::{Bearer, Look};

use crate::client::Aws;
use crate::errors::{Explain, Fault, Kind};
use crate::{iam_role, kms_key, marks, s3_bucket};

/// Requests at a time.
const TOGETHER: usize = 8;
/// Objects of one kind that are asked.
const MOST: usize = 5000;

/// Codes by which AWS says that these credentials may not look, or not in this region.
const CLOSED: &[&str] = &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"];

/// The resource of a kind of EC2's.
const RESOURCES: &[(ResourceType, &str)] = &[
    (ResourceType::ElasticIp, "databricks_aws_eip"),
    (ResourceType::InternetGateway, "databricks_aws_internet_gateway"),
    (ResourceType::Natgateway, "databricks_aws_nat_gateway"),
    (ResourceType::RouteTable, "databricks_aws_route_table"),
    (ResourceType::SecurityGroup, "databricks_aws_security_group"),
    (ResourceType::Subnet, "databricks_aws_subnet"),
    (ResourceType::Vpc, "databricks_aws_vpc"),
    (ResourceType::VpcEndpoint, "databricks_aws_vpc_endpoint"),
];

/// Looks at EC2, KMS and S3 in the client's region, and at IAM.
pub async fn all(aws: &Aws) -> Vec<Look> {
    let region = &aws.region;
    vec![
        look(format!("EC2 objects in {region}"), ec2(aws).await),
        look(format!("KMS keys in {region}"), keys(aws).await),
        look("IAM roles".to_owned(), roles(aws).await),
        look(format!("S3 buckets in {region}"), buckets(aws).await),
    ]
}

fn look(what: String, looked: Result<Look, Fault>) -> Look {
    match looked {
        Ok(look) => Look { what, ..look },
        Err(fault) if fault.kind == Kind::Credentials => {
            let gap = Some("there are no usable AWS credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE)".to_owned());
            Look { what, gap, ..Look::default() }
        }
        Err(fault) if fault.is(CLOSED) => {
            Look { what, gap: Some(tfplugin::Error::from(fault).to_string()), ..Look::default() }
        }
        Err(fault) => Look { what, failure: Some(fault.into()), ..Look::default() },
    }
}

async fn ec2(aws: &Aws) -> Result<Look, Fault> {
    let (tags, has_more) = marks::tags_on_ec2(aws, "*").await?;
    let bearers = tags.into_iter().filter_map(|tag| {
        let kind = tag.resource_type?;
        let resource = RESOURCES.iter().find(|(of_ec2, _)| *of_ec2 == kind).map(|(_, resource)| *resource);
        let marked = Marked { mark: tag.value?, id: tag.resource_id? };
        Some(Bearer { service: format!("ec2:{kind}"), resource, marked })
    });
    let mut bearers: Vec<Bearer> = bearers.collect();
    if bearers.iter().any(is_nat_gateway) {
        let standing = standing_nat_gateways(aws).await?;
        bearers.retain(|bearer| !is_nat_gateway(bearer) || standing.contains(&bearer.marked.id));
    }
    let gap = has_more.then(|| "there are more marks than are looked at".to_owned());
    Ok(Look { bearers, gap, is_partial: true, ..Look::default() })
}

fn is_nat_gateway(bearer: &Bearer) -> bool {
    bearer.resource == Some("databricks_aws_nat_gateway")
}

/// The NAT gateways that are not deleted: EC2 shows a deleted one, with its tags, for about an hour.
async fn standing_nat_gateways(aws: &Aws) -> Result<HashSet<String>, Fault> {
    let states = [NatGatewayState::Pending, NatGatewayState::Available, NatGatewayState::Failed];
    let states = states.map(|state| state.as_str().to_owned()).to_vec();
    let standing = Filter::builder().name("state").set_values(Some(states)).build();
    let mut gateways = aws.ec2.describe_nat_gateways().filter(standing).into_paginator().items().send();
    let mut ids = HashSet::new();
    while let Some(gateway) = gateways.next().await {
        ids.extend(gateway.fault()?.nat_gateway_id);
    }
    Ok(ids)
}

async fn keys(aws: &Aws) -> Result<Look, Fault> {
    let mut ids = Vec::new();
    let mut pages = aws.kms.list_keys().into_paginator().items().send();
    while let Some(key) = pages.next().await
        && ids.len() <= MOST
    {
        ids.extend(key.fault()?.key_id);
    }
    let mark = |id: String| async move {
        let mark = kms_key::remote::standing_mark(aws, &id).await?;
        Ok(mark.map(|mark| Marked { mark, id }))
    };
    each("kms:key", "databricks_aws_kms_key", "keys", ids, mark).await
}

async fn roles(aws: &Aws) -> Result<Look, Fault> {
    let mut names = Vec::new();
    let mut pages = aws.iam.list_roles().into_paginator().items().send();
    while let Some(role) = pages.next().await
        && names.len() <= MOST
    {
        let role = role.fault()?;
        // What AWS makes for its services is none of ours.
        if !role.path.starts_with("/aws-service-role/") && !role.path.starts_with("/aws-reserved/") {
            names.push(role.role_name);
        }
    }
    let mark = |name: String| async move { iam_role::remote::marked(aws, &name).await };
    each("iam:role", "databricks_aws_iam_role", "roles", names, mark).await
}

async fn buckets(aws: &Aws) -> Result<Look, Fault> {
    let mut names = Vec::new();
    let mut pages = aws.s3.list_buckets().bucket_region(&aws.region).into_paginator().page_size(1000).send();
    while let Some(page) = pages.next().await
        && names.len() <= MOST
    {
        names.extend(page.fault()?.buckets.unwrap_or_default().into_iter().filter_map(|bucket| bucket.name));
    }
    let mark = |name: String| async move {
        let mark = s3_bucket::remote::mark(aws, &name).await?;
        Ok(mark.map(|mark| Marked { mark, id: name }))
    };
    each("s3:bucket", "databricks_aws_s3_bucket", "buckets", names, mark).await
}

/// Asks each object of one kind for its mark.
async fn each<F>(
    service: &str,
    resource: &'static str,
    kind: &str,
    mut ids: Vec<String>,
    mark: impl Fn(String) -> F,
) -> Result<Look, Fault>
where
    F: Future<Output = Result<Option<Marked>, Fault>>,
{
    let has_more = ids.len() > MOST;
    ids.truncate(MOST);
    let answers = futures_util::stream::iter(ids).map(mark).buffer_unordered(TOGETHER);
    let (marked, closed) = readable(answers).await?;
    let bearer = |marked| Bearer { service: service.to_owned(), resource: Some(resource), marked };
    let gap = match (closed, has_more) {
        (0, false) => None,
        (0, true) => Some(format!("there are more than {MOST} of them")),
        (closed, _) => Some(format!("the tags of {closed} {kind} are not for these credentials to read")),
    };
    Ok(Look { bearers: marked.into_iter().map(bearer).collect(), gap, is_partial: true, ..Look::default() })
}

/// What bears a mark, and how many objects may not be read. What went away meanwhile bears none.
async fn readable(answers: impl Stream<Item = Result<Option<Marked>, Fault>>) -> Result<(Vec<Marked>, usize), Fault> {
    let (mut marked, mut closed) = (Vec::new(), 0);
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(found) => marked.extend(found),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) if fault.is(CLOSED) => closed += 1,
            Err(fault) => return Err(fault),
        }
    }
    Ok((marked, closed))
}
