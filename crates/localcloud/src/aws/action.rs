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
    /// The region that the request is signed for.
    pub(super) region: String,
    /// The account whose access key signed the request, where the key tells; see [`account_of`].
    pub(super) account: Option<String>,
}

/// What an access key begins with whose account is the number behind it: `LOCALCLOUD210987654321`. Other keys are the default account's.
pub(super) const ACCESS_KEY: &str = "LOCALCLOUD";

/// Who signed a request, and for what: `AKID/20261121/eu-west-1/ec2/aws4_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Credential<'a> {
    key: &'a str,
    region: &'a str,
    service: &'a str,
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
    let signed = signature(headers, query);
    let credential = signed.as_deref().and_then(credential);
    let service = credential.map_or("s3", |one| one.service).to_owned();
    let region = credential.map_or("us-east-1", |one| one.region).to_owned();
    let account = credential.and_then(|one| account_of(one.key)).map(str::to_owned);
    let action = |name: &str, parameters| Action {
        service: service.clone(),
        name: name.to_owned(),
        parameters,
        region: region.clone(),
        account: account.clone(),
    };
    if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        return action(target.rsplit_once('.').map_or(target, |(_, name)| name), BTreeMap::new());
    }
    let form = is_form(headers);
    if form || query.contains("Action=") {
        let source = if form { body } else { query.as_bytes() };
        let parameters: BTreeMap<String, String> =
            url::form_urlencoded::parse(source).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        if let Some(name) = parameters.get("Action").cloned() {
            return action(&name, parameters);
        }
    }
    if service == "s3" {
        return action(&s3(method, path, query), BTreeMap::new());
    }
    action(method.as_str(), BTreeMap::new())
}

/// Whether the body is that of the query protocol.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/x-www-form-urlencoded")))
}

/// Whether somebody signed the request, in a header or in the address.
pub(super) fn is_signed(headers: &HeaderMap, query: &str) -> bool {
    signature(headers, query).is_some()
}

/// The credential of a signature, in the header or (presigned) in the query.
fn signature(headers: &HeaderMap, query: &str) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(value) = header.and_then(|value| value.split("Credential=").nth(1)) {
        return value.split(',').next().map(str::to_owned);
    }
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.into_owned())
}

fn credential(text: &str) -> Option<Credential<'_>> {
    let mut parts = text.split('/');
    let (key, _, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Credential { key, region, service })
}

/// The account that an access key names.
fn account_of(key: &str) -> Option<&str> {
    let number = key.strip_prefix(ACCESS_KEY)?;
    (number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
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

    #[test]
    fn a_signature_says_for_whom_and_for_where() {
        let check = |uri: &str, signed: Option<&str>, expected: (&str, &str, Option<&str>)| {
            let mut headers = HeaderMap::new();
            if let Some(signed) = signed {
                let value = format!("AWS4-HMAC-SHA256 Credential={signed}, SignedHeaders=host, Signature=x");
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            let seen = of(&Method::GET, path, query, &headers, b"");
            assert_eq!(
                (seen.service.as_str(), seen.region.as_str(), seen.account.as_deref()),
                expected,
                "{uri} {signed:?}"
            );
            assert_eq!(is_signed(&headers, query), signed.is_some() || query.contains("Credential"));
        };
        check(
            "/",
            Some("LOCALCLOUD210987654321/20261121/eu-west-1/ec2/aws4_request"),
            ("ec2", "eu-west-1", Some("210987654321")),
        );
        check("/", Some("LOCALCLOUD21/20261121/eu-west-1/ec2/aws4_request"), ("ec2", "eu-west-1", None));
        check("/", Some("localcloud/20261121/eu-west-2/kms/aws4_request"), ("kms", "eu-west-2", None));
        check("/a?X-Amz-Credential=AK%2F20261121%2Feu-west-1%2Fs3%2Faws4_request", None, ("s3", "eu-west-1", None));
        check("/a", None, ("s3", "us-east-1", None));
    }

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
