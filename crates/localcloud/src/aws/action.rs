//! Which AWS action a request asks for, as `service:Action`. Pure: it is read from the method, the path, the headers and the body, by
//! the protocol of the service (query, JSON, or S3's REST).

use std::collections::BTreeMap;

use http::{HeaderMap, Method, header};

/// A request's action and the parameters of the query protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Action {
    /// `ec2:CreateVpc`.
    pub(super) fn full_name(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// A parameter of the query protocol.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// Reads a request.
pub(super) fn of(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Action {
    let service = service(headers).unwrap_or_else(|| "s3".to_owned());
    if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        let name = target.rsplit_once('.').map_or(target, |(_, name)| name);
        return Action { service, name: name.to_owned(), parameters: BTreeMap::new() };
    }
    let form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/x-www-form-urlencoded")));
    if form || query.contains("Action=") {
        let source = if form { body } else { query.as_bytes() };
        let parameters: BTreeMap<String, String> =
            url::form_urlencoded::parse(source).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        if let Some(name) = parameters.get("Action").cloned() {
            return Action { service, name, parameters };
        }
    }
    if service == "s3" {
        return Action { service, name: s3(method, path, query), parameters: BTreeMap::new() };
    }
    Action { service, name: method.to_string(), parameters: BTreeMap::new() }
}

/// The service in the credential of a signature: `Credential=AKID/20261121/eu-west-1/ec2/aws4_request`.
fn service(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let credential = value.split("Credential=").nth(1)?.split(',').next()?;
    credential.split('/').nth(3).map(str::to_owned)
}

/// S3's action by method, path and sub-resource.
fn s3(method: &Method, path: &str, query: &str) -> String {
    const SUBRESOURCES: &[(&str, &str)] = &[
        ("policyStatus", "BucketPolicyStatus"),
        ("policy", "BucketPolicy"),
        ("versioning", "BucketVersioning"),
        ("encryption", "BucketEncryption"),
        ("publicAccessBlock", "PublicAccessBlock"),
        ("tagging", "BucketTagging"),
        ("ownershipControls", "BucketOwnershipControls"),
        ("lifecycle", "BucketLifecycleConfiguration"),
        ("logging", "BucketLogging"),
        ("acl", "BucketAcl"),
        ("cors", "BucketCors"),
        ("location", "BucketLocation"),
        ("accelerate", "BucketAccelerateConfiguration"),
        ("notification", "BucketNotificationConfiguration"),
        ("replication", "BucketReplication"),
        ("requestPayment", "BucketRequestPayment"),
        ("website", "BucketWebsite"),
        ("object-lock", "ObjectLockConfiguration"),
    ];
    let in_bucket = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let names: Vec<String> = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    let has = |name: &str| names.iter().any(|one| one == name);
    let verb = match *method {
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        _ => "Get",
    };
    if in_bucket {
        return match *method {
            Method::HEAD => "HeadObject".to_owned(),
            _ => format!("{verb}Object"),
        };
    }
    if let Some((_, noun)) = SUBRESOURCES.iter().find(|(name, _)| has(name)) {
        return format!("{verb}{noun}");
    }
    let name = match *method {
        Method::HEAD => "HeadBucket",
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::POST if has("delete") => "DeleteObjects",
        _ if path == "/" => "ListBuckets",
        _ if has("versions") => "ListObjectVersions",
        _ => "ListObjectsV2",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, uri: &str, signed: &str, extra: &[(&'static str, &str)], body: &str, expected: &str) {
        let mut headers = HeaderMap::new();
        let signature = format!("AWS4-HMAC-SHA256 Credential=AK/20261121/eu-west-1/{signed}/aws4_request, Signature=x");
        headers.insert(header::AUTHORIZATION, signature.parse().unwrap());
        for (name, value) in extra {
            headers.insert(*name, value.parse().unwrap());
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        assert_eq!(of(&method, path, query, &headers, body.as_bytes()).full_name(), expected, "{uri} {body}");
    }

    #[test]
    fn an_action_is_named_as_its_service_names_it() {
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        check(Method::POST, "/", "ec2", &[form], "Action=CreateVpc&CidrBlock=10.0.0.0%2F16", "ec2:CreateVpc");
        check(Method::POST, "/", "iam", &[form], "Action=GetRole&RoleName=x", "iam:GetRole");
        check(Method::GET, "/?Action=GetCallerIdentity", "sts", &[], "", "sts:GetCallerIdentity");
        check(Method::POST, "/", "kms", &[("x-amz-target", "TrentService.CreateKey")], "{}", "kms:CreateKey");
        check(Method::PUT, "/lake", "s3", &[], "", "s3:CreateBucket");
        check(Method::PUT, "/lake?policy", "s3", &[], "{}", "s3:PutBucketPolicy");
        check(Method::PUT, "/lake/?policy=", "s3", &[], "{}", "s3:PutBucketPolicy");
        check(Method::GET, "/lake?accelerate", "s3", &[], "", "s3:GetBucketAccelerateConfiguration");
        check(Method::GET, "/lake?object-lock", "s3", &[], "", "s3:GetObjectLockConfiguration");
        check(Method::DELETE, "/lake", "s3", &[], "", "s3:DeleteBucket");
        check(Method::HEAD, "/lake", "s3", &[], "", "s3:HeadBucket");
        check(Method::PUT, "/lake/a/b", "s3", &[], "", "s3:PutObject");
        check(Method::GET, "/", "s3", &[], "", "s3:ListBuckets");
        check(Method::POST, "/lake?delete", "s3", &[], "", "s3:DeleteObjects");
        check(Method::GET, "/lake?versions", "s3", &[], "", "s3:ListObjectVersions");
    }
}
