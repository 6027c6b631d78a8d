//! Links to the chunks of results, as a storage service signs them: who has one needs no token, and it holds for a while.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html>

use std::path::PathBuf;

use http::{Method, Request, Response, StatusCode, header};
use uuid::Uuid;

use super::file::{self, FileBody, Part};
use super::settings::results;
use crate::answer::{Answer, Body};
use crate::call::Settings;
use crate::guard;
use crate::principal::hash;
use crate::time::millis;

/// What the paths of links begin with, at the local cloud's plain address.
const PREFIX: &str = "/sql-results/";

/// A link to a chunk, and when it expires (RFC 3339).
pub(super) fn new(settings: &Settings, now: i64, workspace: i64, statement: &str, chunk: usize) -> (String, String) {
    let expires = now.saturating_add(millis(settings.sql.link_lifetime));
    let path = format!("{PREFIX}{workspace}/{statement}/{chunk}");
    let signature = signature(settings, &path, expires);
    let url = format!("http://127.0.0.1:{}{path}?expires={expires}&signature={signature}", settings.port);
    let expiration = jiff::Timestamp::from_millisecond(expires).map(|at| at.to_string()).unwrap_or_default();
    (url, expiration)
}

fn signature(settings: &Settings, path: &str, expires: i64) -> String {
    let secret = settings.sql.links.expose();
    hash(&format!("{secret}|{path}|{expires}|{secret}"))
}

/// Whether a path is one of a link.
pub(crate) fn is_link(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Serves a chunk to who has a link to it.
pub(crate) async fn serve<B>(settings: &Settings, now: i64, request: &Request<B>) -> Response<Body> {
    match check(settings, now, request) {
        Ok(file) => match send(file, request).await {
            Ok(response) => response,
            Err(answer) => (*answer).into(),
        },
        Err(answer) => (*answer).into(),
    }
}

/// The file that a link leads to.
fn check<B>(settings: &Settings, now: i64, request: &Request<B>) -> Result<PathBuf, Box<Answer>> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or \
                       the Authorization header should be specified";
        return Err(refusal(StatusCode::BAD_REQUEST, "InvalidArgument", message));
    }
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    let expires: Option<i64> = value("expires").and_then(|text| text.parse().ok());
    let (Some(expires), Some(given)) = (expires, value("signature")) else {
        return Err(refusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"));
    };
    let is_signed = guard::is_same_secret(&given, &signature(settings, path, expires));
    if !is_signed || request.method() != Method::GET {
        let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
        return Err(refusal(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message));
    }
    if expires <= now {
        return Err(refusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"));
    }
    let missing = || refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    let mut parts = path.strip_prefix(PREFIX).unwrap_or_default().split('/');
    let workspace: Option<i64> = parts.next().and_then(|text| text.parse().ok());
    let statement = parts.next().and_then(|text| Uuid::parse_str(text).ok());
    let chunk: Option<u32> = parts.next().and_then(|text| text.parse().ok());
    let (Some(workspace), Some(statement), Some(chunk)) = (workspace, statement, chunk) else { return Err(missing()) };
    Ok(results(&settings.dir, workspace).join(statement.to_string()).join(chunk.to_string()))
}

async fn send<B>(path: PathBuf, request: &Request<B>) -> Result<Response<Body>, Box<Answer>> {
    let missing = |_| refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    let opened = tokio::fs::File::open(&path).await.map_err(missing)?;
    let size = opened.metadata().await.map_err(missing)?.len();
    let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let part = match range.map_or(Some(Part::whole(size)), |range| file::part(range, size)) {
        Some(part) => part,
        None => {
            let answer =
                refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The requested range is not satisfiable");
            return Err(Box::new(answer.with_header(header::CONTENT_RANGE, &format!("bytes */{size}"))));
        }
    };
    let body = FileBody::new(opened, &part).await.map_err(missing)?;
    let mut response = Response::new(http_body_util::BodyExt::boxed(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("binary/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    if part.is_part
        && let Ok(value) = format!("bytes {}-{}/{size}", part.from, part.end.saturating_sub(1)).parse()
    {
        headers.insert(header::CONTENT_RANGE, value);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Box<Answer> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{}</RequestId>\
         </Error>",
        Uuid::new_v4().simple()
    );
    Box::new(Answer::bytes("application/xml", body).with_status(status))
}
