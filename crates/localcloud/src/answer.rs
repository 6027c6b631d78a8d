//! Answers and refusals, in the shapes that the APIs give them.
//!
//! Error shapes: <https://docs.databricks.com/api/workspace/introduction> and, for SCIM, RFC 7644 section 3.12; for OAuth, RFC
//! 6749 section 5.2.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use serde::Serialize;
use serde_json::{Value, json};

/// What an answer's body may fail with while it is streamed.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of every response.
pub(crate) type Body = BoxBody<Bytes, BodyError>;

/// A body that is whole.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// Sets a field of a JSON object; what is no object stays as it is.
pub(crate) fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

/// What an answer waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) workspace: i64,
    pub(crate) statement: String,
    pub(crate) time: Duration,
    /// Whether the statement is canceled where it is not over by then.
    pub(crate) cancels: bool,
}

/// What a handler answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What is waited for before it is told, as it then is.
    pub(crate) wait: Option<Wait>,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::bytes("application/json", body),
            Err(error) => ApiError::internal(format!("the answer could not be written: {error}")).into(),
        }
    }

    /// 200 with a SCIM body.
    pub(crate) fn scim(value: &impl Serialize) -> Self {
        Self { content_type: "application/scim+json", ..Self::json(value) }
    }

    /// 200 with `{}`, which the APIs answer where there is nothing to say.
    pub(crate) fn empty() -> Self {
        Self::bytes("application/json", "{}")
    }

    /// 200 with any body.
    pub(crate) fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, headers: HeaderMap::new(), body: body.into(), wait: None }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same, told when a statement has ended.
    pub(crate) fn waiting(self, wait: Wait) -> Self {
        Self { wait: Some(wait), ..self }
    }

    /// The same with one more header; a value that cannot stand in a header is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(full(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        response
    }
}

/// The form of a refusal's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"error_code", "message"}`; a code of digits is a JSON number, as the real gateway writes it.
    Api,
    /// `{"schemas", "detail", "status"}`.
    Scim,
    /// `CODE: message` as plain text.
    Text,
    /// `{"error"}`, of API 1.2: the code's words stand in front of the message.
    Command,
    /// `{"error", "error_description"}`.
    Oauth,
    /// No body at all.
    Empty,
}

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) shape: Shape,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), shape: Shape::Api }
    }

    /// 400 `INVALID_PARAMETER_VALUE`: a value that the API does not take.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    /// 400 `MALFORMED_REQUEST`: a body that is not of the API's form.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", message)
    }

    /// 404 `RESOURCE_DOES_NOT_EXIST`.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message)
    }

    /// 403 `PERMISSION_DENIED`.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    /// 401 as the gateway gives it, with a number as its code.
    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "401", message)
    }

    /// 409 `INVALID_STATE`: an account object that is in use.
    pub(crate) fn in_use(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "INVALID_STATE", message)
    }

    /// 400 `INVALID_STATE`: a workspace object in the wrong state.
    pub(crate) fn wrong_state(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_STATE", message)
    }

    /// 400 `RESOURCE_ALREADY_EXISTS`.
    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
    }

    /// 404 `ENDPOINT_NOT_FOUND`: a path that no API has, or that this local cloud does not have yet.
    pub(crate) fn no_endpoint(method: &http::Method, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", format!("No API found for '{method} {path}'"))
    }

    /// 500: our own fault.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same in another form.
    pub(crate) fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let (content_type, body) = match error.shape {
            Shape::Api => {
                let code = error.code.parse::<u16>().map_or_else(|_| json!(error.code), |number| json!(number));
                ("application/json", json!({"error_code": code, "message": error.message}).to_string())
            }
            Shape::Scim => (
                "application/scim+json",
                json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "detail": error.message,
                    "status": error.status.as_str(),
                })
                .to_string(),
            ),
            Shape::Text => ("text/plain; charset=utf-8", format!("{}: {}", error.code, error.message)),
            Shape::Command => {
                ("application/json", json!({"error": format!("{}: {}", error.code, error.message)}).to_string())
            }
            Shape::Oauth => {
                ("application/json", json!({"error": error.code, "error_description": error.message}).to_string())
            }
            Shape::Empty => ("text/plain; charset=utf-8", String::new()),
        };
        Self::bytes(content_type, body).with_status(error.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: ApiError, expected: &str) {
        let answer = Answer::from(error);
        assert_eq!(String::from_utf8(answer.body.to_vec()).unwrap(), expected);
    }

    #[test]
    fn a_refusal_has_the_shape_of_its_api() {
        let error = ApiError::malformed("No.");
        check(error.clone(), r#"{"error_code":"MALFORMED_REQUEST","message":"No."}"#);
        check(error.clone().shaped(Shape::Text), "MALFORMED_REQUEST: No.");
        check(error.clone().shaped(Shape::Empty), "");
        check(error.clone().shaped(Shape::Command), r#"{"error":"MALFORMED_REQUEST: No."}"#);
        check(
            error.shaped(Shape::Scim),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"No.","status":"400"}"#,
        );
        check(ApiError::unauthenticated("Who?"), r#"{"error_code":401,"message":"Who?"}"#);
        let grant = ApiError::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", "No.").shaped(Shape::Oauth);
        check(grant, r#"{"error":"unsupported_grant_type","error_description":"No."}"#);
    }
}
