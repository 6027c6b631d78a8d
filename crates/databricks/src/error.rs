//! What can go wrong with a call, typed: code decides on [`Error::code`] and its neighbours, people read the words.
//!
//! The six shapes of error bodies are those of the Databricks SDK for Go (`apierr`): 2.0, 1.2, SCIM, `CODE: message`, HTML, empty.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// What went wrong. It is cheap to clone, and no variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The API refused.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The configuration cannot work; the text names the attribute, the reason and the way out.
    #[error("{0}")]
    Config(String),
    /// The configuration depends on values that are not known yet, because they come from objects still to be made.
    #[error(
        "the Databricks client cannot be used yet: {} {} known only after apply. Apply the objects that {} from first, or give \
         the value directly",
        join(.attributes), if .attributes.len() == 1 { "is" } else { "are" }, if .attributes.len() == 1 { "it comes" } else { "they come" }
    )]
    Unknown {
        /// Names of the attributes.
        attributes: BTreeSet<&'static str>,
    },
    /// No token could be had.
    #[error("cannot sign in at {host} with {method}: {reason}")]
    Auth {
        /// Where.
        host: String,
        /// How: `pat`, `oauth-m2m`, …
        method: &'static str,
        /// Why not, and the way out.
        reason: String,
    },
    /// The request did not reach the service: nothing happened there.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// Where.
        host: String,
        /// Why.
        reason: String,
    },
    /// The request was sent and no whole answer came back: it may have happened.
    #[error("{request}: no answer from {host}: {reason}. Whether it took effect is not known")]
    Interrupted {
        /// Method and path.
        request: String,
        /// Where.
        host: String,
        /// Why.
        reason: String,
    },
    /// The answer is not what the API promises.
    #[error("{request}: the answer of {host} cannot be read: {reason}")]
    Decode {
        /// Method and path.
        request: String,
        /// Where.
        host: String,
        /// Why.
        reason: String,
    },
}

/// The API's refusal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The API's code, such as `RESOURCE_DOES_NOT_EXIST`; an integer code is its digits.
    pub code: Option<String>,
    /// The API's words.
    pub message: String,
    /// google.rpc details, each with its `@type`.
    pub details: Vec<Value>,
    /// Method and path of the request, without its query.
    pub request: String,
    /// `x-request-id`, for Databricks support.
    pub request_id: Option<String>,
    /// How long the service asks to wait: `Retry-After`, or `RetryInfo` among the details.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// Whether it is certain that the request changed nothing: it was refused, or it was never sent.
    pub fn has_done_nothing(&self) -> bool {
        match self {
            Self::Api(error) => error.status < 500,
            Self::Config(_) | Self::Unknown { .. } | Self::Auth { .. } | Self::Unreachable { .. } => true,
            Self::Interrupted { .. } | Self::Decode { .. } => false,
        }
    }

    /// The HTTP status, if the API answered.
    pub fn status(&self) -> Option<u16> {
        self.api().map(|error| error.status)
    }

    /// The API's code, if it gave one.
    pub fn code(&self) -> Option<&str> {
        self.api().and_then(|error| error.code.as_deref())
    }

    /// The API's refusal, if it is one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The API's words, or this error's own.
    pub fn message(&self) -> String {
        self.api().map_or_else(|| self.to_string(), |error| presentable(&error.message))
    }

    /// Whether the object does not exist. A path that the API does not have (`ENDPOINT_NOT_FOUND`) is no missing object.
    pub fn is_not_found(&self) -> bool {
        self.api().is_some_and(|error| match error.code.as_deref() {
            Some("ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED") => false,
            Some("RESOURCE_DOES_NOT_EXIST") => true,
            _ => error.status == 404,
        })
    }

    /// Whether a cluster does not exist: the clusters API says so with a 400 (the official provider's `wrapMissingClusterError`).
    pub fn is_missing_cluster(&self) -> bool {
        self.is_not_found()
            || self.api().is_some_and(|error| match error.code.as_deref() {
                Some("INVALID_PARAMETER_VALUE") => {
                    error.message.starts_with("Cluster ") && error.message.contains("does not exist")
                }
                Some("INVALID_STATE") => {
                    error.message.starts_with("Cannot access cluster") || error.message.contains("does not exist")
                }
                _ => false,
            })
    }

    /// Whether a run does not exist: the jobs API says so with a 400.
    pub fn is_missing_run(&self) -> bool {
        self.is_not_found()
            || self.api().is_some_and(|error| {
                error.code.as_deref() == Some("INVALID_PARAMETER_VALUE")
                    && error.message.starts_with("Run ")
                    && error.message.contains("does not exist")
            })
    }

    /// Whether an object of that name exists already.
    pub fn is_already_exists(&self) -> bool {
        self.api().is_some_and(|error| {
            matches!(error.code.as_deref(), Some("RESOURCE_ALREADY_EXISTS" | "ALREADY_EXISTS" | "uniqueness"))
                || (error.status == 409 && error.code.as_deref() == Some("RESOURCE_CONFLICT"))
                // The account's configurations say it in words alone.
                || (matches!(error.status, 400 | 409) && error.message.contains("already exists in this account"))
                // SCIM has no code for it.
                || (error.status == 409 && error.code.is_none() && error.message.contains("already exists"))
        })
    }

    /// Whether the object is in use or in transition: `INVALID_STATE`, or a 409 with an empty body (databricks-sdk-go #777).
    pub fn is_invalid_state(&self) -> bool {
        self.api().is_some_and(|error| match error.code.as_deref() {
            Some(code) => code == "INVALID_STATE",
            None => error.status == 409,
        })
    }

    /// Whether the caller may not: 401 or 403.
    pub fn is_denied(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// Whether the service refused the token itself, or the credentials for one. It answers 401 or, for a personal access token, 403
    /// with nothing but the text to tell it from a lack of rights.
    pub fn is_bad_token(&self) -> bool {
        match self.status() {
            Some(401) => true,
            Some(403) => self.message().to_lowercase().contains("invalid access token"),
            _ => matches!(self, Self::Auth { .. }),
        }
    }

    /// Whether the service could not be reached at all, so that nothing happened.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether the workspace is too young to start clusters: another time goes better.
    pub fn is_young_workspace(&self) -> bool {
        self.api().is_some_and(ApiError::is_young_workspace)
    }

    /// Whether a request that changes something may have done so although it failed.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Interrupted { .. } | Self::Decode { .. } => true,
            Self::Api(error) => error.status >= 500 && error.code.as_deref() != Some("REQUEST_LIMIT_EXCEEDED"),
            _ => false,
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl ApiError {
    /// Reads the body of a refusal, whichever of the six shapes it has.
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        let shape = if text.is_empty() {
            Self::default()
        } else {
            json(text).or_else(|| plain(text)).unwrap_or_else(|| html(text))
        };
        let mut error = Self { status, ..shape };
        if error.message.is_empty() {
            let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
            error.message = reason.unwrap_or("no words from the service").to_owned();
        }
        error.retry_after = error.retry_info();
        error
    }

    /// The refusal that a redirect stands for: the API itself never redirects.
    pub fn redirect(status: u16, location: &str) -> Self {
        if location.contains("/login.html") && location.contains("error=private-link-validation-error") {
            return Self {
                status: 403,
                code: Some("PRIVATE_LINK_VALIDATION_ERROR".to_owned()),
                message: "the workspace requires AWS PrivateLink, and this request did not come through it. Use a machine in the \
                          VPC of the VPC endpoint, and check its DNS and the workspace's private access settings"
                    .to_owned(),
                ..Self::default()
            };
        }
        // The query of a location can carry state that nobody needs to read.
        let target = location.split(['?', '#']).next().unwrap_or_default();
        Self {
            status,
            message: format!(
                "the host redirects to {target}, so it is not the address of a Databricks API; check `host`"
            ),
            ..Self::default()
        }
    }

    /// Whether the service says that it did nothing because it was asked too much.
    pub(crate) fn is_throttled(&self) -> bool {
        self.status == 429
            || self.code.as_deref() == Some("REQUEST_LIMIT_EXCEEDED")
            || self.status == 503 && self.retry_after.is_some()
    }

    /// Whether the workspace was made too short a time ago to know its compute. The API has nothing but the text to tell it by
    /// (databricks-sdk-go `apierr`, terraform-provider-databricks #3452).
    pub fn is_young_workspace(&self) -> bool {
        let message = self.message.as_str();
        let signs = [
            "does not have any associated worker environments",
            "There is no worker environment with id",
            "Unknown worker environment",
            "ClusterNotReadyException",
            "UnknownWorkerEnvironmentException",
        ];
        signs.iter().any(|sign| message.contains(sign))
            || message.contains("worker env") && message.contains("not found")
    }

    /// Takes a secret out of the words, should the service have repeated it.
    pub fn redact(&mut self, secret: &str) {
        if !secret.is_empty() && self.message.contains(secret) {
            self.message = self.message.replace(secret, "[redacted]");
        }
    }

    /// google.rpc.RetryInfo: `{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": "1.5s"}`, or with seconds and nanos.
    fn retry_info(&self) -> Option<Duration> {
        self.details.iter().find_map(|detail| {
            let kind = detail.get("@type")?.as_str()?;
            let delay = kind
                .ends_with("google.rpc.RetryInfo")
                .then(|| detail.get("retry_delay").or_else(|| detail.get("retryDelay")))??;
            let seconds = match delay {
                Value::String(text) => text.strip_suffix('s')?.parse::<f64>().ok()?,
                Value::Object(parts) => {
                    let part = |name| parts.get(name).and_then(Value::as_f64).unwrap_or(0.0);
                    part("seconds") + part("nanos") / 1e9
                }
                _ => return None,
            };
            Duration::try_from_secs_f64(seconds).ok()
        })
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.request.is_empty() {
            write!(f, "{}: ", self.request)?;
        }
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {}", presentable(code))?;
        }
        write!(f, ": {}", presentable(&self.message))?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {})", presentable(id))?;
        }
        Ok(())
    }
}

/// Shapes 1 to 3: 2.0 `{error_code, message, details}`, 1.2 `{error}`, SCIM `{detail, status, scimType}`; OAuth's
/// `{error, error_description}` is near to 1.2.
fn json(text: &str) -> Option<ApiError> {
    let Value::Object(fields) = serde_json::from_str(text).ok()? else { return None };
    let field = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let some = |text: String| (!text.is_empty()).then_some(text);
    let details = fields.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
    let detail = field("detail");
    if !detail.is_empty() && detail != "null" || fields.contains_key("scimType") {
        let kind = field("scimType");
        return Some(ApiError { code: some(kind), message: detail, details, ..ApiError::default() });
    }
    let (code, message) = (field("error_code"), field("message"));
    if !code.is_empty() || !message.is_empty() {
        return Some(ApiError { code: some(code), message, details, ..ApiError::default() });
    }
    let (error, description) = (field("error"), field("error_description"));
    if !description.is_empty() {
        return Some(ApiError { code: some(error), message: description, ..ApiError::default() });
    }
    Some(ApiError { message: if error.is_empty() { shorten(text) } else { error }, ..ApiError::default() })
}

/// Shape 4: `CODE: message`.
fn plain(text: &str) -> Option<ApiError> {
    let (code, message) = text.split_once(':')?;
    let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_code.then(|| ApiError { code: Some(code.to_owned()), message: message.trim().to_owned(), ..ApiError::default() })
}

/// Shape 5: a web page whose words stand in `<pre>`; and whatever else it may be.
fn html(text: &str) -> ApiError {
    let pre = text.split_once("<pre>").and_then(|(_, rest)| rest.split_once("</pre>")).map(|(inside, _)| inside.trim());
    let title =
        text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(inside, _)| inside.trim());
    let message = match (pre, title) {
        (Some(words), _) | (None, Some(words)) => words.to_owned(),
        (None, None) => shorten(text),
    };
    ApiError { message, ..ApiError::default() }
}

/// Words of the service as a terminal may show them: of a bearable length, and with control characters escaped.
pub(crate) fn presentable(text: &str) -> String {
    const MOST: usize = 2_000;
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == MOST {
            shown.push_str(&format!("… ({} characters in all)", text.chars().count()));
            break;
        }
        match c {
            '\n' | '\t' => shown.push(c),
            c if c.is_control() => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// The first 200 characters, on one line.
fn shorten(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn join(names: &BTreeSet<&'static str>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_six_shapes_of_error_bodies_are_read() {
        let check = |status: u16, body: &str, code: Option<&str>, message: &str| {
            let error = ApiError::parse(status, body.as_bytes());
            assert_eq!(
                (error.status, error.code.as_deref(), error.message.as_str()),
                (status, code, message),
                "{body}"
            );
        };
        check(
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"gone"}"#,
            Some("RESOURCE_DOES_NOT_EXIST"),
            "gone",
        );
        check(400, r#"{"error_code":1010,"message":"integer"}"#, Some("1010"), "integer");
        check(500, r#"{"error":"1.2 words"}"#, None, "1.2 words");
        check(
            409,
            r#"{"schemas":[],"detail":"taken","status":"409","scimType":"uniqueness"}"#,
            Some("uniqueness"),
            "taken",
        );
        check(404, r#"{"detail":"User 1 not found.","status":404}"#, None, "User 1 not found.");
        check(
            400,
            "MALFORMED_REQUEST: Failed credential(s) validation checks: x: y",
            Some("MALFORMED_REQUEST"),
            "Failed credential(s) validation checks: x: y",
        );
        check(400, "<html><pre> some words </pre></html>", None, "some words");
        check(502, "<html><head><title>502 Bad Gateway</title></head></html>", None, "502 Bad Gateway");
        check(409, "", None, "Conflict");
        check(401, r#"{"error":"invalid_client","error_description":"no"}"#, Some("invalid_client"), "no");
        check(400, r#"["list"]"#, None, r#"["list"]"#);
        check(500, "\u{fffd}\u{0}", None, "\u{fffd}\u{0}");
    }

    #[test]
    fn words_of_the_service_are_shown_without_control_characters_and_not_without_end() {
        let shown = |body: &str| ApiError::parse(400, body.as_bytes()).to_string();
        let error = shown(r#"{"error_code":"BAD\u0007","message":"red \u001b[31m\u0000\r\nnext é"}"#);
        assert_eq!(error, "400 BAD\\u{7}: red \\u{1b}[31m\\u{0}\\u{d}\nnext é");
        let long = shown(&format!(r#"{{"error_code":"X","message":"{}"}}"#, "é".repeat(100_000)));
        assert!(long.len() < 4_100 && long.ends_with("… (100000 characters in all)"), "{}", long.len());
    }

    #[test]
    fn retry_info_is_read_in_both_spellings() {
        let check = |delay: &str, expected: Option<u64>| {
            let body = format!(
                r#"{{"error_code":"X","message":"m","details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":{delay}}}]}}"#
            );
            assert_eq!(ApiError::parse(429, body.as_bytes()).retry_after, expected.map(Duration::from_millis));
        };
        check(r#""1.5s""#, Some(1500));
        check(r#"{"seconds":2,"nanos":500000000}"#, Some(2500));
        check(r#""-3s""#, None);
        check("7", None);
    }

    #[test]
    fn questions_about_an_error_are_answered_by_its_code_first() {
        let error = |status, body: &str| Error::from(ApiError::parse(status, body.as_bytes()));
        assert!(error(404, "").is_not_found());
        assert!(error(400, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":""}"#).is_not_found());
        assert!(!error(404, r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"}"#).is_not_found());
        assert!(
            error(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Cluster 1 does not exist"}"#)
                .is_missing_cluster()
        );
        assert!(!error(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"bad"}"#).is_missing_cluster());
        assert!(error(409, "").is_invalid_state());
        assert!(error(400, r#"{"error_code":"INVALID_STATE","message":"used"}"#).is_invalid_state());
        assert!(!error(400, "").may_have_happened());
        assert!(error(500, "").may_have_happened());
        assert!(error(401, "").is_bad_token());
        assert!(error(403, r#"{"error_code":"403","message":"Invalid access token."}"#).is_bad_token());
        assert!(!error(403, r#"{"error_code":"PERMISSION_DENIED","message":"not an admin"}"#).is_bad_token());
    }

    #[test]
    fn a_redirect_to_the_private_link_page_is_a_denial() {
        let error = ApiError::redirect(302, "https://x/login.html?error=private-link-validation-error:123");
        assert_eq!((error.status, error.code.as_deref()), (403, Some("PRIVATE_LINK_VALIDATION_ERROR")));
        let error = ApiError::redirect(302, "https://x/login.html?next_url=%2Fapi&state=abc");
        assert!(error.message.contains("redirects to https://x/login.html,"), "{}", error.message);
    }

    #[test]
    fn unknown_attributes_are_named() {
        let error = Error::Unknown { attributes: ["host", "token"].into() };
        assert!(error.to_string().contains("`host`, `token` are known only after apply"), "{error}");
    }
}
