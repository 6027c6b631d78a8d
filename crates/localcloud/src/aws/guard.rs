//! Which requests AWS's endpoint refuses before it looks at what they ask for. Pure.

use http::{HeaderMap, Method};

use super::action::{Action, is_signed};
use crate::guard::{is_from_a_page, is_own_name, without_port};

/// Why a request is refused, as an error code and its text.
pub(super) fn refusal(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    action: &Action,
) -> Option<(&'static str, &'static str)> {
    let host = headers.get(http::header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_aws(without_port(host)) || is_from_a_page(headers) {
        return Some(("AccessDenied", "The local cloud's AWS serves programs of this machine alone, and no page."));
    }
    if path == "/moto-api" || path.starts_with("/moto-api/") {
        return Some((
            "AccessDenied",
            "The emulator's own interface is not AWS's: use the local cloud's faults and reset.",
        ));
    }
    // What S3 lets anybody read, and what trades another proof of identity for credentials.
    let open =
        (action.service == "s3" && (*method == Method::GET || *method == Method::HEAD) && action.parameters.is_empty())
            || ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"].contains(&action.name.as_str());
    if !open && !is_signed(headers, query) {
        return Some(("MissingAuthenticationToken", "Request is missing Authentication Token"));
    }
    None
}

/// The names that clients reach AWS by: this machine's, a bucket's below them, and AWS's own, where a client keeps them in `Host`.
fn is_aws(host: &str) -> bool {
    is_own_name(host)
        || host.ends_with(".localhost")
        || host.ends_with(".amazonaws.com")
        || host.ends_with(".amazonaws.com.cn")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::action;

    const SIGNED: (&str, &str) =
        ("authorization", "AWS4-HMAC-SHA256 Credential=x/20261121/eu-west-1/ec2/aws4_request, Signature=x");

    fn check(method: Method, uri: &str, headers: &[(&'static str, &'static str)], expected: Option<&str>) {
        let mut all = HeaderMap::new();
        all.insert("host", "127.0.0.1:4000".parse().unwrap());
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let action = action::of(&method, path, query, &all, b"");
        let code = refusal(&method, path, query, &all, &action).map(|(code, _)| code);
        assert_eq!(code, expected, "{method} {uri} {headers:?}");
    }

    #[test]
    fn programs_are_served_and_pages_and_the_emulators_interface_are_not() {
        check(Method::POST, "/", &[SIGNED], None);
        check(Method::POST, "/", &[SIGNED, ("host", "ec2.eu-west-1.amazonaws.com")], None);
        check(Method::PUT, "/", &[SIGNED, ("host", "lake.localhost:4000")], None);
        check(Method::POST, "/", &[SIGNED, ("host", "evil.example.com:4000")], Some("AccessDenied"));
        check(Method::POST, "/", &[SIGNED, ("host", "amazonaws.com.example.com")], Some("AccessDenied"));
        check(Method::POST, "/", &[SIGNED, ("origin", "http://evil.example.com")], Some("AccessDenied"));
        check(Method::POST, "/moto-api/reset", &[SIGNED], Some("AccessDenied"));
        check(Method::GET, "/moto-api/data.json", &[], Some("AccessDenied"));
        check(Method::GET, "/moto-api", &[SIGNED], Some("AccessDenied"));
    }

    #[test]
    fn a_call_is_signed_unless_aws_lets_anybody_make_it() {
        let missing = Some("MissingAuthenticationToken");
        check(Method::POST, "/", &[], missing);
        check(Method::GET, "/?Action=CreateVpc&CidrBlock=10.0.0.0%2F16", &[], missing);
        check(Method::PUT, "/lake", &[], missing);
        check(Method::GET, "/lake/a", &[], None);
        check(Method::PUT, "/lake/a?X-Amz-Credential=a%2Fb%2Fc%2Fs3%2Fd", &[], None);
        check(Method::GET, "/?Action=AssumeRoleWithWebIdentity", &[], None);
    }
}
