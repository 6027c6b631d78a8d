//! The marks of creates on AWS's objects ([`Marker::TAG`]): one look at all of them for a run without a journal, and their
//! removal once a stored state has the object.
//!
//! EC2 finds tags and removes them from many objects with one request. A bucket keeps its mark: S3 has no request that takes one
//! tag away and leaves the others to whoever else sets them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NatGatewayState, ResourceType, Tag, TagDescription};
use tfplugin::{Call, Error, Marked, Marker, Result};
use tokio::sync::OnceCell;

use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// Marks that are looked at, in pages of 1,000: what a state has loses its mark, so that there are few.
const MOST: usize = 10_000;
/// Objects of one request that removes tags: EC2's limit.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html>
const TOGETHER: usize = 1000;
/// How long what is to be removed is collected.
const COLLECTED: Duration = Duration::from_millis(150);

/// What bears a mark, as its service calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// An EC2 object, by its id.
    Ec2(String),
    /// A role, by its name.
    Role(String),
    /// An instance profile, by its name.
    InstanceProfile(String),
    /// A key, by its id.
    Key(String),
}

/// The marks that a client knows of.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    ec2: OnceCell<Vec<Marked>>,
    pub(crate) keys: OnceCell<Vec<Marked>>,
    /// Marks that reads have shown, by their marker's id.
    shown: Mutex<HashMap<String, Bearer>>,
    /// Those that are to go; `Some` while somebody removes them.
    stored: Mutex<Option<Vec<Bearer>>>,
}

impl Marks {
    /// A read shows the mark of an object.
    pub(crate) fn show<'a>(&self, tags: impl IntoIterator<Item = (&'a str, &'a str)>, bearer: impl FnOnce() -> Bearer) {
        if let Some((_, mark)) = tags.into_iter().find(|(key, _)| *key == Marker::TAG) {
            let id = mark.split(':').next().unwrap_or_default();
            self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), bearer());
        }
    }
}

/// What EC2 shows marked, whatever made it: asked once.
///
/// # Errors
/// EC2 could not be asked.
pub(crate) async fn on_ec2(cx: &Call<Aws>) -> Result<Vec<Marked>> {
    let aws = cx.client();
    let look = || async {
        // A mark that tells whose it is has several parts.
        let (tags, _) = tags_on_ec2(aws, "*:*:*").await?;
        let marked = tags.into_iter().filter_map(|tag| Some(Marked { mark: tag.value?, id: tag.resource_id? }));
        Ok::<_, Fault>(marked.collect())
    };
    Ok(aws.marks.ec2.get_or_try_init(look).await?.clone())
}

/// The tags of marks on EC2's objects whose value is like this, and whether there are more of them.
pub(crate) async fn tags_on_ec2(aws: &Aws, value: &str) -> Result<(Vec<TagDescription>, bool), Fault> {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = aws.ec2.describe_tags().filters(filter("key", Marker::TAG)).filters(filter("value", value));
    let mut pages = request.into_paginator().page_size(1000).send();
    let (mut tags, mut has_more) = (Vec::new(), false);
    while let Some(page) = pages.next().await {
        has_more = tags.len() >= MOST;
        if has_more {
            break;
        }
        tags.extend(page.fault()?.tags.unwrap_or_default());
    }
    let is_nat_gateway = |tag: &TagDescription| tag.resource_type == Some(ResourceType::Natgateway);
    if tags.iter().any(is_nat_gateway) {
        let standing = standing_nat_gateways(aws).await?;
        let stands = |id: &Option<String>| id.as_ref().is_some_and(|id| standing.contains(id));
        tags.retain(|tag| !is_nat_gateway(tag) || stands(&tag.resource_id));
    }
    Ok((tags, has_more))
}

/// The NAT gateways that are not deleted: EC2 shows a deleted one, with its tags, for about an hour.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html>
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

/// A stored state has the object of this marker: its mark goes, with those of others that are shown meanwhile.
pub(crate) fn stored(aws: &Aws, marker: &Marker) {
    let marks = &aws.marks;
    let Some(bearer) = marks.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(&marker.id) else { return };
    let mut stored = marks.stored.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first = stored.is_none();
    stored.get_or_insert_default().push(bearer);
    if is_first {
        let (marks, ec2) = (Arc::clone(marks), aws.ec2.clone());
        let (iam, kms) = (aws.iam.clone(), aws.kms.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(COLLECTED).await;
                let bearers = {
                    let mut stored = marks.stored.lock().unwrap_or_else(PoisonError::into_inner);
                    match stored.take().filter(|bearers| !bearers.is_empty()) {
                        Some(bearers) => {
                            *stored = Some(Vec::new());
                            bearers
                        }
                        None => return,
                    }
                };
                // Who may only look does not remove: the marks stay, and harm nobody.
                if let Err(fault) = remove(&ec2, &iam, &kms, bearers).await {
                    tracing::debug!(error = %Error::from(fault), "marks of creates stay on their objects");
                }
            }
        });
    }
}

async fn remove(
    ec2: &aws_sdk_ec2::Client,
    iam: &aws_sdk_iam::Client,
    kms: &aws_sdk_kms::Client,
    bearers: Vec<Bearer>,
) -> Result<(), Fault> {
    let mut ids = Vec::new();
    for bearer in bearers {
        match bearer {
            Bearer::Ec2(id) => ids.push(id),
            Bearer::Role(name) => {
                iam.untag_role().role_name(name).tag_keys(Marker::TAG).send().await.fault()?;
            }
            Bearer::InstanceProfile(name) => {
                let request = iam.untag_instance_profile().instance_profile_name(name).tag_keys(Marker::TAG);
                request.send().await.fault()?;
            }
            Bearer::Key(id) => {
                kms.untag_resource().key_id(id).tag_keys(Marker::TAG).send().await.fault()?;
            }
        }
    }
    for ids in ids.chunks(TOGETHER) {
        let mark = Tag::builder().key(Marker::TAG).build();
        ec2.delete_tags().set_resources(Some(ids.to_vec())).tags(mark).send().await.fault()?;
    }
    Ok(())
}
