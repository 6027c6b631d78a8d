//! Tags: `tags` and `tags_all` of every resource, the provider's default tags, and the mark of a create.
//!
//! `tags` is what the configuration says, `tags_all` is that with the provider's `default_tags`. The mark
//! ([`Marker::TAG`]) and AWS's own tags (`aws:…`) are in neither.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use tfplugin::{Attr, Call, Failed, Marker, Planning, Resource, Result};

use super::client::Aws;
use super::errors::{Explain, Fault};
use super::marks::Bearer;

/// Keys and values. A value may be unknown while planning.
pub type Tags = BTreeMap<String, Attr<String>>;

/// A resource with an id, `tags` and `tags_all`.
pub trait Tagged {
    /// The object of which nothing but the id is known.
    fn of_id(id: String) -> Self;
    /// Its id.
    fn id(&self) -> &str;
    /// The configured tags.
    fn tags(&self) -> &Attr<Tags>;
    /// The configured tags and the provider's default tags.
    fn tags_all(&self) -> &Attr<Tags>;
    /// Sets both.
    fn set_tags(&mut self, tags: Attr<Tags>, all: Attr<Tags>);
}

/// Implements [`Tagged`] by the fields `id`, `tags` and `tags_all`.
#[macro_export]
macro_rules! tagged {
    ($resource:ty) => {
        impl $crate::tags::Tagged for $resource {
            fn of_id(id: String) -> Self {
                Self { id: id.into(), ..Self::default() }
            }

            fn id(&self) -> &str {
                self.id.text()
            }

            fn tags(&self) -> &tfplugin::Attr<$crate::tags::Tags> {
                &self.tags
            }

            fn tags_all(&self) -> &tfplugin::Attr<$crate::tags::Tags> {
                &self.tags_all
            }

            fn set_tags(&mut self, tags: tfplugin::Attr<$crate::tags::Tags>, all: tfplugin::Attr<$crate::tags::Tags>) {
                self.tags = tags;
                self.tags_all = all;
            }
        }
    };
}

/// The plan of `tags_all`: call it in `Resource::plan`.
pub fn plan<R: Resource<Client = Aws> + Tagged>(planning: &mut Planning<'_, R>) {
    let all = match planning.client {
        Some(aws) => union(&aws.default_tags, planning.planned.tags()),
        None => Attr::Unknown,
    };
    let tags = planning.planned.tags().clone();
    planning.planned.set_tags(tags, all);
}

/// `tags` over `defaults`; unknown as long as any value is.
pub fn union(defaults: &BTreeMap<String, String>, tags: &Attr<Tags>) -> Attr<Tags> {
    let mut all: Tags = defaults.iter().map(|(key, value)| (key.clone(), Attr::Known(value.clone()))).collect();
    match tags {
        Attr::Unknown => return Attr::Unknown,
        Attr::Null => {}
        Attr::Known(tags) => {
            for (key, value) in tags {
                match value {
                    Attr::Unknown => return Attr::Unknown,
                    Attr::Null => {}
                    Attr::Known(_) => {
                        all.insert(key.clone(), value.clone());
                    }
                }
            }
        }
    }
    Attr::Known(all)
}

/// What an object bears, as plain text: default and configured tags. For a creating or changing request.
pub fn wanted(aws: &Aws, tags: &Attr<Tags>) -> BTreeMap<String, String> {
    plain(&union(&aws.default_tags, tags))
}

fn plain(tags: &Attr<Tags>) -> BTreeMap<String, String> {
    let known = tags.known().into_iter().flatten();
    known.filter_map(|(key, value)| Some((key.clone(), value.known()?.clone()))).collect()
}

/// Writes what AWS shows of an object's tags into `tags` and `tags_all`. `tags` keeps what was configured, whether or not a
/// default tag says the same.
pub fn seen(
    defaults: &BTreeMap<String, String>,
    prior: &Attr<Tags>,
    remote: impl IntoIterator<Item = (String, String)>,
) -> (Attr<Tags>, Attr<Tags>) {
    let all: BTreeMap<String, String> = remote.into_iter().filter(|(key, _)| is_ours(key)).collect();
    let configured = |key: &str| prior.known().is_some_and(|prior| prior.contains_key(key));
    let mut own: Tags = all
        .iter()
        .filter(|(key, value)| configured(key) || defaults.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), Attr::Known(value.clone())))
        .collect();
    // A null value in the configuration stands for no tag.
    let nulls = prior.known().into_iter().flatten().filter(|(key, value)| value.is_null() && !all.contains_key(*key));
    own.extend(nulls.map(|(key, _)| (key.clone(), Attr::Null)));
    let tags = if own.is_empty() && !prior.is_known() { Attr::Null } else { Attr::Known(own) };
    (tags, Attr::Known(all.into_iter().map(|(key, value)| (key, Attr::Known(value))).collect()))
}

fn is_ours(key: &str) -> bool {
    key != Marker::TAG && !key.starts_with("aws:")
}

/// What is to be removed and what is to be set. The mark goes where the tags leave it no room: its create is long over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Keys to remove.
    pub remove: Vec<String>,
    /// Tags to set.
    pub set: BTreeMap<String, String>,
}

/// The way from `old` to `new`.
pub fn change(old: &Attr<Tags>, new: &BTreeMap<String, String>) -> Change {
    let old = plain(old);
    let mut remove: Vec<String> = old.keys().filter(|key| !new.contains_key(*key)).cloned().collect();
    if leaves_no_room(new) && !leaves_no_room(&old) {
        remove.push(Marker::TAG.to_owned());
    }
    Change {
        remove,
        set: new
            .iter()
            .filter(|(key, value)| old.get(*key) != Some(value))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    }
}

/// EC2's tags as pairs.
pub fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

/// Writes what EC2 shows into `state`.
pub fn see<R: Tagged>(aws: &Aws, state: &mut R, remote: &[Tag]) {
    let shown = remote.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
    aws.marks.show(shown, || Bearer::Ec2(state.id().to_owned()));
    let (tags, all) = seen(&aws.default_tags, state.tags(), pairs(remote));
    state.set_tags(tags, all);
}

/// Tags that an object may bear: EC2, IAM, KMS and S3 have the same limit.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub(crate) const MOST: usize = 50;

/// Whether the mark would be the tag too many beside these.
pub fn leaves_no_room(wanted: &BTreeMap<String, String>) -> bool {
    wanted.len() >= MOST
}

/// What a creating request gives the object: the wanted tags, and the mark where it is not the tag too many. An object
/// without it is found by its name and its age, where it has a name.
pub fn marked(cx: &Call<Aws>, tags: &Attr<Tags>) -> BTreeMap<String, String> {
    let mut tags = wanted(cx.client(), tags);
    if !leaves_no_room(&tags) {
        tags.insert(Marker::TAG.to_owned(), cx.marker().text().to_owned());
    }
    tags
}

/// The tags of a creating request, as EC2 wants them.
pub fn specification(cx: &Call<Aws>, kind: ResourceType, tags: &Attr<Tags>) -> TagSpecification {
    let tags = marked(cx, tags);
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// Brings an EC2 object's tags from `old_all` to what `tags` and the default tags say.
///
/// # Errors
/// AWS refused.
pub async fn update(cx: &Call<Aws>, id: &str, old_all: &Attr<Tags>, tags: &Attr<Tags>) -> Result<()> {
    let change = change(old_all, &wanted(cx.client(), tags));
    let ec2 = &cx.client().ec2;
    if !change.remove.is_empty() {
        let tags = change.remove.iter().map(|key| Tag::builder().key(key).build());
        let request = ec2.delete_tags().resources(id).set_tags(Some(tags.collect()));
        request.send().await.fault().map_err(|fault| fault.at("tags"))?;
    }
    if !change.set.is_empty() {
        let tags = change.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let request = ec2.create_tags().resources(id).set_tags(Some(tags.collect()));
        request.send().await.fault().map_err(|fault| fault.at("tags"))?;
    }
    Ok(())
}

/// [`update`], for a `Resource::update` in which nothing else can change, or what `Resource::ready` changes.
///
/// # Errors
/// AWS refused.
pub async fn updated<R: Tagged>(cx: &Call<Aws>, state: R, plan: R) -> Result<R, Failed<R>> {
    match update(cx, state.id(), state.tags_all(), plan.tags()).await {
        Ok(()) => Ok(plan),
        Err(error) => Err(Failed::with(error, state)),
    }
}

/// The id of the EC2 object of any type that bears a create's mark.
///
/// # Errors
/// AWS could not be asked.
pub async fn id_of(aws: &Aws, marker: &Marker) -> Result<Option<String>, Fault> {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = aws
        .ec2
        .describe_tags()
        .filters(filter("key", Marker::TAG))
        .filters(filter("value", &format!("{}*", marker.id)));
    let answer = request.send().await.fault()?;
    Ok(answer.tags().iter().find_map(|tag| tag.resource_id.clone()))
}

/// `Resource::find` of an EC2 object: the one that bears the mark. EC2 shows tags late, and a request that was under way when the provider was killed may
/// take effect after it: so the mark is looked for during some seconds. That is rare enough to wait for.
///
/// # Errors
/// AWS could not be asked, in words.
pub async fn find<R: Resource<Client = Aws> + Tagged>(cx: &Call<Aws>, marker: &Marker) -> Result<Option<R>> {
    for pause in [0, 500, 1000, 2000, 3000] {
        cx.sleep(Duration::from_millis(pause)).await?;
        if let Some(id) = id_of(cx.client(), marker).await? {
            return R::read(cx, R::of_id(id)).await;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn tags(pairs: &[(&str, &str)]) -> Attr<Tags> {
        Attr::Known(map(pairs).into_iter().map(|(key, value)| (key, Attr::Known(value))).collect())
    }

    #[test]
    fn configured_tags_win_over_default_tags() {
        let defaults = map(&[("team", "data"), ("env", "dev")]);
        assert_eq!(union(&defaults, &tags(&[("env", "prod")])), tags(&[("env", "prod"), ("team", "data")]));
        assert_eq!(union(&defaults, &Attr::Null), tags(&[("env", "dev"), ("team", "data")]));
        assert_eq!(union(&defaults, &Attr::Unknown), Attr::Unknown);
        let unknown = Attr::Known(Tags::from([("a".to_owned(), Attr::Unknown)]));
        assert_eq!(union(&defaults, &unknown), Attr::Unknown);
    }

    #[test]
    fn a_read_hides_the_mark_and_tells_default_tags_from_own_ones() {
        let defaults = map(&[("team", "data")]);
        let check = |prior: &Attr<Tags>, remote: &[(&str, &str)], own: &Attr<Tags>, all: &Attr<Tags>| {
            let (seen_own, seen_all) = seen(&defaults, prior, map(remote));
            assert_eq!((&seen_own, &seen_all), (own, all));
        };
        let mark = (Marker::TAG, "m-1");
        check(&Attr::Null, &[mark, ("team", "data"), ("aws:x", "y")], &Attr::Null, &tags(&[("team", "data")]));
        check(&Attr::Null, &[mark, ("new", "1")], &tags(&[("new", "1")]), &tags(&[("new", "1")]));
        check(&tags(&[]), &[mark], &tags(&[]), &tags(&[]));
        let own = tags(&[("team", "data")]);
        check(&own, &[("team", "data")], &own, &own);
        check(&own, &[("team", "ops")], &tags(&[("team", "ops")]), &tags(&[("team", "ops")]));
        check(&own, &[], &tags(&[]), &tags(&[]));
    }

    #[test]
    fn a_change_sends_what_differs_and_nothing_else() {
        let change =
            change(&tags(&[("keep", "1"), ("edit", "1"), ("drop", "1")]), &map(&[("keep", "1"), ("edit", "2")]));
        assert_eq!(change, Change { remove: vec!["drop".to_owned()], set: map(&[("edit", "2")]) });
    }

    #[test]
    fn the_mark_makes_room_for_the_fiftieth_tag() {
        let many = |count: usize| (0..count).map(|at| (format!("k{at}"), "v".to_owned())).collect::<BTreeMap<_, _>>();
        let attr = |tags: &BTreeMap<String, String>| {
            Attr::Known(tags.iter().map(|(key, value)| (key.clone(), Attr::Known(value.clone()))).collect())
        };
        assert_eq!(change(&attr(&many(48)), &many(49)).remove, [""; 0]);
        assert_eq!(change(&attr(&many(49)), &many(50)).remove, [Marker::TAG]);
        assert_eq!(change(&attr(&many(50)), &many(50)), Change::default());
    }
}
