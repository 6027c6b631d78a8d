//! Refusals in the shapes of the AWS protocols: EC2's XML, the query protocol's XML, S3's XML, and JSON.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::action::Action;

/// A refusal with an AWS error code.
pub(super) fn refuse(action: &Action, status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let (kind, body) = text(action, code, message);
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn text(action: &Action, code: &str, message: &str) -> (&'static str, String) {
    let (code, message) = (escape(code), escape(message));
    match action.service.as_str() {
        "ec2" => (
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>localcloud</RequestID></Response>"
            ),
        ),
        "s3" => (
            "application/xml",
            format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>localcloud</RequestId></Error>"),
        ),
        "iam" | "sts" => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>localcloud</RequestId></ErrorResponse>"
            ),
        ),
        _ => ("application/x-amz-json-1.1", serde_json::json!({"__type": code, "message": message}).to_string()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_speaks_its_services_language() {
        let check = |service: &str, part: &str| {
            let action = Action { service: service.to_owned(), ..Action::default() };
            let (_, body) = text(&action, "Throttling", "a < b");
            assert!(body.contains(part), "{service}: {body}");
        };
        check("ec2", "<Response><Errors><Error><Code>Throttling</Code><Message>a &lt; b</Message>");
        check("iam", "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>");
        check("s3", "<Error><Code>Throttling</Code>");
        check("kms", r#""__type":"Throttling""#);
    }
}
