//! The lifecycle rules of buckets, as they were put: moto forgets filters by size, and how many old versions stay. Pure.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html>: the answer is what was put.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::action::Action;

/// Rules by account and bucket.
#[derive(Debug, Default)]
pub(super) struct Lifecycles(BTreeMap<(Option<String>, String), Bytes>);

impl Lifecycles {
    /// Looks at what moto has done. `path` names the bucket, as clients of a local endpoint have it; what names it in the host is moto's.
    pub(super) fn after(&mut self, action: &Action, path: &str, body: &Bytes, answer: Bytes) -> Bytes {
        if action.service != "s3" {
            return answer;
        }
        let bucket = (action.account.clone(), path.trim_matches('/').to_owned());
        match action.name.as_str() {
            "PutBucketLifecycleConfiguration" if !bucket.1.is_empty() => {
                self.0.insert(bucket, body.clone());
            }
            "DeleteBucketLifecycleConfiguration" | "DeleteBucket" => {
                self.0.remove(&bucket);
            }
            "GetBucketLifecycleConfiguration" => return self.0.get(&bucket).cloned().unwrap_or(answer),
            _ => {}
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_as_they_were_put_until_they_go() {
        let mut rules = Lifecycles::default();
        let mut call = |name: &str, path: &str, body: &'static str| {
            let action = Action { service: "s3".to_owned(), name: name.to_owned(), ..Action::default() };
            rules.after(&action, path, &Bytes::from_static(body.as_bytes()), Bytes::from_static(b"moto"))
        };
        const GET: &str = "GetBucketLifecycleConfiguration";
        assert_eq!(call("PutBucketLifecycleConfiguration", "/lake", "rules"), "moto");
        assert_eq!((call(GET, "/lake/", ""), call(GET, "/other", "")), ("rules".into(), "moto".into()));
        call("DeleteBucketLifecycleConfiguration", "/lake", "");
        assert_eq!(call(GET, "/lake", ""), "moto");
        call("PutBucketLifecycleConfiguration", "/lake", "rules");
        call("DeleteBucket", "/lake", "");
        assert_eq!(call(GET, "/lake", ""), "moto");
    }
}
