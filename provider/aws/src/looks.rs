//! Looks at all objects of AWS that bear the mark of a create, for whoever seeks those that are in no state.
//!
//! EC2 finds its marks by itself. The other services do not: each key, role, instance profile and bucket is asked, a few at a time.

use aws_sdk_ec2::types::ResourceType;
use futures_util::{Stream, StreamExt};
use tfplugin::Marked;
use tfplugin::marks::{Bearer, Look};

use crate::client::Aws;
use crate::errors::{Explain, Fault, Kind};
use crate::{iam_instance_profile, iam_role, kms_key, marks, s3_bucket};

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
    (ResourceType::VpcFlowLog, "databricks_aws_flow_log"),
    (ResourceType::VpcEndpoint, "databricks_aws_vpc_endpoint"),
];

/// Looks at EC2, KMS and S3 in the client's region, and at IAM.
pub async fn all(aws: &Aws) -> Vec<Look> {
    let region = &aws.region;
    vec![
        look(format!("EC2 objects in {region}"), ec2(aws).await),
        look(format!("KMS keys in {region}"), keys(aws).await),
        look("IAM roles".to_owned(), roles(aws).await),
        look("IAM instance profiles".to_owned(), instance_profiles(aws).await),
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
    let gap = has_more.then(|| "there are more marks than are looked at".to_owned());
    Ok(Look { bearers: bearers.collect(), gap, is_partial: true, ..Look::default() })
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

async fn instance_profiles(aws: &Aws) -> Result<Look, Fault> {
    let mut names = Vec::new();
    let mut pages = aws.iam.list_instance_profiles().into_paginator().items().send();
    while let Some(profile) = pages.next().await
        && names.len() <= MOST
    {
        names.push(profile.fault()?.instance_profile_name);
    }
    let mark = |name: String| async move { iam_instance_profile::remote::marked(aws, &name).await };
    each("iam:instance-profile", "databricks_aws_iam_instance_profile", "instance profiles", names, mark).await
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
        let mark = s3_bucket::tagging::mark(aws, &name).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cloud;

    const TAG: &str = tfplugin::Marker::TAG;

    /// The ids that a look has found, and its gap.
    fn found(look: &Look) -> (Vec<&str>, Option<&str>) {
        (look.bearers.iter().map(|bearer| bearer.marked.id.as_str()).collect(), look.gap.as_deref())
    }

    #[tokio::test]
    async fn a_bucket_a_key_and_an_instance_profile_are_found_by_their_tags_and_a_deleted_key_is_not() {
        let cloud = cloud();
        let aws = cloud.aws();
        let [marked, plain] = ["marked", "plain"].map(|name| cloud.bucket(name));
        let place = aws_sdk_s3::types::BucketLocationConstraint::from("eu-west-1");
        let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(place).build();
        for name in [&marked, &plain] {
            aws.s3.create_bucket().bucket(name).create_bucket_configuration(place.clone()).send().await.unwrap();
        }
        let tag = aws_sdk_s3::types::Tag::builder().key(TAG).value("m-1").build().unwrap();
        let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag).build().unwrap();
        aws.s3.put_bucket_tagging().bucket(&marked).tagging(tags).send().await.unwrap();
        let tag = aws_sdk_kms::types::Tag::builder().tag_key(TAG).tag_value("m-2").build().unwrap();
        let mut keys = Vec::new();
        for _ in 0..2 {
            let made = aws.kms.create_key().tags(tag.clone()).send().await.unwrap();
            keys.push(made.key_metadata.unwrap().key_id);
        }
        aws.kms.schedule_key_deletion().key_id(&keys[1]).send().await.unwrap();
        let tag = aws_sdk_iam::types::Tag::builder().key(TAG).value("m-3").build().unwrap();
        let profile = || aws.iam.create_instance_profile();
        profile().instance_profile_name("marked").tags(tag).send().await.unwrap();
        profile().instance_profile_name("plain").send().await.unwrap();

        let looks = all(&aws).await;
        let [ec2, kms, iam, profiles, s3] = &looks[..] else { panic!("{looks:?}") };
        assert_eq!((found(ec2), found(iam)), ((vec![], None), (vec![], None)));
        assert_eq!(found(kms), (vec![&*keys[0]], None));
        assert_eq!(found(profiles), (vec!["marked"], None));
        assert_eq!(found(s3), (vec![&*marked], None));
        assert_eq!((&*s3.bearers[0].marked.mark, &*s3.bearers[0].service), ("m-1", "s3:bucket"));

        cloud.refuse("s3:GetBucketTagging", 1, 403, "AccessDenied");
        cloud.refuse("kms:ListKeys", 1, 403, "AccessDeniedException");
        cloud.refuse("iam:ListRoles", 1, 400, "ValidationError");
        let looks = all(&aws).await;
        let [_, kms, iam, _, s3] = &looks[..] else { panic!("{looks:?}") };
        assert!(s3.is_partial && s3.gap.as_deref().unwrap().contains("the tags of 1 buckets"), "{s3:?}");
        assert!(!kms.is_partial && kms.gap.is_some() && kms.failure.is_none(), "{kms:?}");
        assert!(iam.failure.is_some(), "{iam:?}");
    }
}
