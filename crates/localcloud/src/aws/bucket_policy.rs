//! The policies of buckets, with their conditions: moto takes a statement for one without, and so would refuse everybody what is refused
//! without TLS. What moto is given has no such statement; here it is looked at. Pure.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::action::Action;
use super::behaviour::Refusal;

/// Policies as they were put, by account and bucket.
#[derive(Debug, Default)]
pub(super) struct BucketPolicies(BTreeMap<(Option<String>, String), Bytes>);

impl BucketPolicies {
    /// What moto is given in place of a policy.
    pub(super) fn for_moto(action: &Action, body: &Bytes) -> Option<Bytes> {
        if action.full_name() != "s3:PutBucketPolicy" {
            return None;
        }
        let mut document: Value = serde_json::from_slice(body).ok()?;
        let statements = document.get_mut("Statement")?;
        if let Value::Array(all) = statements {
            all.retain(|statement| !is_conditional_deny(statement));
            all.iter_mut().for_each(spelled);
        } else {
            spelled(statements);
        }
        serde_json::to_vec(&document).ok().map(Bytes::from)
    }

    /// Whether a policy refuses a call because of a condition. That everybody comes with TLS is taken for granted: here it is loopback.
    pub(super) fn refusal(&self, action: &Action, path: &str, headers: &HeaderMap) -> Option<Refusal> {
        if action.service != "s3" {
            return None;
        }
        let (bucket, _) = parts(path);
        let policy = self.0.get(&(action.account.clone(), bucket.to_owned()))?;
        let document: Value = serde_json::from_slice(policy).ok()?;
        let statements = document.get("Statement")?.as_array()?;
        let resource = format!("arn:aws:s3:::{}", path.trim_matches('/'));
        let applies = |statement: &&Value| {
            is_conditional_deny(statement)
                && matches(statement.get("Action"), &action.full_name())
                && matches(statement.get("Resource"), &resource)
                && holds(statement.get("Condition"), headers)
        };
        statements.iter().find(applies).map(|_| Refusal {
            status: StatusCode::FORBIDDEN,
            code: "AccessDenied",
            message: format!(
                "{} on {resource} is refused by an explicit deny in a resource-based policy",
                action.full_name()
            ),
        })
    }

    /// Looks at what moto has done.
    pub(super) fn after(&mut self, action: &Action, path: &str, body: &Bytes, answer: Bytes) -> Bytes {
        if action.service != "s3" {
            return answer;
        }
        let bucket = (action.account.clone(), parts(path).0.to_owned());
        match action.name.as_str() {
            "PutBucketPolicy" if !bucket.1.is_empty() => {
                self.0.insert(bucket, body.clone());
            }
            "DeleteBucketPolicy" | "DeleteBucket" => {
                self.0.remove(&bucket);
            }
            "GetBucketPolicy" => return self.0.get(&bucket).cloned().unwrap_or(answer),
            _ => {}
        }
        answer
    }
}

/// The bucket and the key of a path.
fn parts(path: &str) -> (&str, &str) {
    let path = path.trim_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

fn is_conditional_deny(statement: &Value) -> bool {
    let conditions = statement.get("Condition").and_then(Value::as_object);
    statement.get("Effect").and_then(Value::as_str) == Some("Deny") && conditions.is_some_and(|all| !all.is_empty())
}

/// Moto looks into principals, and knows everybody as an object only.
fn spelled(statement: &mut Value) {
    if let Some(principal) = statement.get_mut("Principal").filter(|principal| principal.is_string()) {
        *principal = json!({ "AWS": principal.take() });
    }
}

fn texts(value: &Value) -> Vec<String> {
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect())
}

fn matches(patterns: Option<&Value>, text: &str) -> bool {
    patterns.is_some_and(|patterns| texts(patterns).iter().any(|pattern| is_like(pattern, text)))
}

/// Whether a text is as a pattern with `*` has it.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether all conditions hold. What is asked about something else than is known here does not.
fn holds(condition: Option<&Value>, headers: &HeaderMap) -> bool {
    let Some(operators) = condition.and_then(Value::as_object) else { return true };
    operators.iter().all(|(operator, keys)| keys.as_object().is_some_and(|keys| all_hold(operator, keys, headers)))
}

fn all_hold(operator: &str, keys: &Map<String, Value>, headers: &HeaderMap) -> bool {
    keys.iter().all(|(key, wanted)| {
        let Some(found) = known(key, headers) else { return false };
        let wanted = texts(wanted);
        let is_one = |found: &str| wanted.iter().any(|one| one == found);
        match operator {
            "Bool" | "StringEquals" | "ArnEquals" => found.as_deref().is_some_and(is_one),
            "StringNotEquals" | "ArnNotEquals" => !found.as_deref().is_some_and(is_one),
            "Null" => is_one(if found.is_none() { "true" } else { "false" }),
            _ => false,
        }
    })
}

/// What a condition's key is in a call; the outer `None` is a key that is not looked at.
fn known(key: &str, headers: &HeaderMap) -> Option<Option<String>> {
    if key == "aws:SecureTransport" {
        return Some(Some("true".to_owned()));
    }
    let header = key.strip_prefix("s3:").filter(|name| name.starts_with("x-amz-server-side-encryption"))?;
    Some(headers.get(header).and_then(|value| value.to_str().ok()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/lake";

    fn policy() -> Bytes {
        let bucket = json!(["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]);
        let deny = |action: &str, condition: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": action, "Resource": bucket, "Condition": condition });
        let sent = |operator: &str, header: &str, value: &str| json!({ operator: { format!("s3:{header}"): value }, "Null": { format!("s3:{header}"): "false" } });
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*" },
                deny("s3:*", json!({ "Bool": { "aws:SecureTransport": "false" } })),
                deny("s3:PutObject", sent("StringNotEquals", "x-amz-server-side-encryption", "aws:kms")),
                deny("s3:PutObject", sent("ArnNotEquals", "x-amz-server-side-encryption-aws-kms-key-id", KEY)),
                deny("s3:*", json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } })),
            ],
        });
        Bytes::from(document.to_string())
    }

    fn action(name: &str) -> Action {
        Action { service: "s3".to_owned(), name: name.to_owned(), ..Action::default() }
    }

    #[test]
    fn moto_gets_no_statement_whose_condition_it_would_not_look_at() {
        let given = BucketPolicies::for_moto(&action("PutBucketPolicy"), &policy()).unwrap();
        let given: Value = serde_json::from_slice(&given).unwrap();
        let only = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*" });
        assert_eq!(given["Statement"], json!([only]));
        assert_eq!(BucketPolicies::for_moto(&action("PutBucketLogging"), &policy()), None);
        assert_eq!(BucketPolicies::for_moto(&action("PutBucketPolicy"), &Bytes::from_static(b"no json")), None);
    }

    #[test]
    fn a_policy_is_told_as_it_was_put_until_it_goes() {
        let mut policies = BucketPolicies::default();
        let mut call = |name: &str, path: &str, body: &'static str| {
            policies.after(&action(name), path, &Bytes::from_static(body.as_bytes()), Bytes::from_static(b"moto"))
        };
        assert_eq!(call("PutBucketPolicy", "/lake", "policy"), "moto");
        assert_eq!(
            (call("GetBucketPolicy", "/lake/", ""), call("GetBucketPolicy", "/b", "")),
            ("policy".into(), "moto".into())
        );
        call("DeleteBucketPolicy", "/lake", "");
        assert_eq!(call("GetBucketPolicy", "/lake", ""), "moto");
        call("PutBucketPolicy", "/lake", "policy");
        call("DeleteBucket", "/lake", "");
        assert_eq!(call("GetBucketPolicy", "/lake", ""), "moto");
    }

    #[test]
    fn a_deny_strikes_where_its_conditions_hold() {
        let mut policies = BucketPolicies::default();
        policies.after(&action("PutBucketPolicy"), "/lake", &policy(), Bytes::new());
        let check = |name: &str, path: &str, sent: &[(&'static str, &'static str)], refused: bool| {
            let headers = sent.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let refusal = policies.refusal(&action(name), path, &headers);
            assert_eq!(refusal.is_some(), refused, "{name} {path} {sent:?}: {refusal:?}");
        };
        let (algorithm, key) = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id");
        check("PutObject", "/lake/a/b", &[], false);
        check("PutObject", "/lake/a/b", &[(algorithm, "AES256")], true);
        check("PutObject", "/other/a/b", &[(algorithm, "AES256")], false);
        check("PutObject", "/lake/a/b", &[(algorithm, "aws:kms"), (key, KEY)], false);
        check("PutObject", "/lake/a/b", &[(algorithm, "aws:kms"), (key, "another")], true);
        check("GetObject", "/lake/a/b", &[(algorithm, "AES256")], false);
        check("DeleteObjects", "/lake", &[], false);
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}")
        };
        check("s3:*", "s3:PutObject", true);
        check("s3:Put*", "s3:GetObject", false);
        check("s3:PutObject", "s3:PutObject", true);
        check("s3:PutObject", "s3:PutObjectAcl", false);
        check("arn:*:lake/*/b", "arn:aws:s3:::lake/a/b", true);
        check("arn:*:lake/*/c", "arn:aws:s3:::lake/a/b", false);
    }
}
