//! One request of the REST API, as a value: what to ask, with which body, and whether it may be repeated.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;

use crate::Error;
use crate::api::identity;

/// Where accounts are served.
pub(crate) const ACCOUNTS: &str = "/api/2.0/accounts";

/// One request. GET, HEAD, PUT, PATCH and DELETE may be repeated when an answer is lost; a POST only if it says so.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The path stands below `/api/2.0/accounts/{account_id}`.
    pub(crate) account: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<(Body, String)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) idempotent: bool,
    /// An answer that came a moment ago will do.
    pub(crate) shared: bool,
}

/// What a request sends.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// These bytes.
    Bytes(Bytes),
    /// What a file holds, read as it is sent, and from its beginning each time.
    File(PathBuf),
}

macro_rules! methods {
    ($($(#[$meta:meta])* $name:ident $account:ident $method:ident,)*) => { $(
        $(#[$meta])*
        pub fn $name(path: impl Into<String>) -> Self {
            Self::new(Method::$method, path, false)
        }

        #[doc = concat!("As [`Request::", stringify!($name), "`], with the path below `/api/2.0/accounts/{account_id}`: `/credentials`.")]
        pub fn $account(path: impl Into<String>) -> Self {
            Self::new(Method::$method, path, true)
        }
    )* };
}

impl Request {
    methods! {
        /// A GET of a path such as `/api/2.1/clusters/get`. A value that stands in a path goes through [`segment`] first.
        get get_account GET,
        /// A POST.
        post post_account POST,
        /// A PUT.
        put put_account PUT,
        /// A PATCH.
        patch patch_account PATCH,
        /// A DELETE.
        delete delete_account DELETE,
        /// A HEAD.
        head head_account HEAD,
    }

    fn new(method: Method, path: impl Into<String>, account: bool) -> Self {
        let idempotent = method != Method::POST;
        let path = path.into();
        Self {
            method,
            path,
            account,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            idempotent,
            shared: false,
        }
    }

    /// Adds a parameter to the query. It must be no secret: addresses are logged.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// When the value is no JSON, which wire types never are.
    pub fn json(self, body: &impl Serialize) -> Result<Self, Error> {
        self.serialized(body, "application/json")
    }

    /// Sends a SCIM body: JSON with SCIM's content type.
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn scim(self, body: &impl Serialize) -> Result<Self, Error> {
        self.serialized(body, identity::CONTENT_TYPE)
    }

    fn serialized(self, body: &impl Serialize, content_type: &str) -> Result<Self, Error> {
        match serde_json::to_vec(body) {
            Ok(bytes) => Ok(self.body(bytes, content_type)),
            Err(error) => Err(Error::Config(format!("{} {}: the request is no JSON: {error}", self.method, self.path))),
        }
    }

    /// Sends these bytes as they are.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>, content_type: &str) -> Self {
        self.body = Some((Body::Bytes(body.into()), content_type.to_owned()));
        self
    }

    /// Sends what a file holds, piece by piece: memory never holds it.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, content_type: &str) -> Self {
        self.body = Some((Body::File(path.into()), content_type.to_owned()));
        self
    }

    /// How long one attempt may take, instead of the client's own limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that the request may be repeated after an answer was lost, because a second time changes nothing more.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Says that an answer will do which the same question got up to 15 seconds ago, if this client wrote nothing meanwhile: for lists in which
    /// many objects are looked up. Not for who waits for a change, and not for what others may have changed just now.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Method and path, for people: `GET /api/2.1/clusters/get`.
    pub(crate) fn name(&self) -> String {
        let base = if self.account { format!("{ACCOUNTS}/{{account_id}}") } else { String::new() };
        format!("{} {base}{}", self.method, self.path)
    }
}

/// A value as one segment of a path: everything but RFC 3986's unreserved characters is encoded, so that a value with a slash or a
/// question mark does not become another address.
pub fn segment(value: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(value, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_is_not_repeated_by_itself() {
        assert!(Request::get("/x").idempotent && Request::delete("/x").idempotent && Request::put("/x").idempotent);
        assert!(!Request::post("/x").idempotent);
        assert!(Request::post("/x").idempotent().idempotent);
    }

    #[test]
    fn a_value_in_a_path_stays_one_segment() {
        assert_eq!(segment("a/b?c#d é-._~"), "a%2Fb%3Fc%23d%20%C3%A9-._~");
        assert_eq!(Request::get_account("/credentials").name(), "GET /api/2.0/accounts/{account_id}/credentials");
    }
}
