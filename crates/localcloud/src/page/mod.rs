//! The page that a browser shows at each of the local cloud's addresses: all of it at its own and at the account's, and a workspace at that
//! workspace's, with the runs that the API's `run_page_url` leads to. It changes nothing, has no script, loads nothing, and holds no
//! secret: like the page for signing in, it is for whoever reaches this machine's port. No page of anybody else reads it (see
//! [`crate::guard`]), and its Content-Security-Policy lets nothing in that people named.

mod cells;
pub(crate) mod html;
mod whole;
mod workspace;

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, Method, Request, Response, header};
use sha2::{Digest as _, Sha256};

use self::html::Html;
use crate::answer::{Answer, ApiError, Body};
use crate::gate::Host;
use crate::guard;
use crate::inner::Inner;
use crate::overview::Overview;

const STYLE: &str = include_str!("style.css");
/// How often it is shown anew, in seconds. Chromium does not at an address with a fragment, which a run's has: the page says of when it is.
const REFRESH: &str = "5";

/// The style by its hash is all that the page may use. <https://www.w3.org/TR/CSP3/>
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// Whether a request is for the page: no API has this path.
pub(crate) fn is_asked_for<B>(request: &Request<B>) -> bool {
    request.uri().path() == "/" && [Method::GET, Method::HEAD].contains(request.method())
}

/// Serves the page of a host.
pub(crate) async fn serve<B>(inner: &Arc<Inner>, host: &Host, request: &Request<B>) -> Response<Body> {
    if !guard::is_to_be_shown(request.headers()) {
        return Answer::from(ApiError::denied("The local cloud's page is for people, and no page reads it.")).into();
    }
    let overview = Overview::of(inner).await;
    let mut body = Html::default();
    let title = match host {
        Host::Workspace(name) => {
            let Some(place) = overview.workspaces.iter().find(|place| place.name == *name) else {
                return Answer::from(ApiError::missing(format!("There is no workspace at {name}.localhost."))).into();
            };
            let (_, latest) =
                inner.log.latest(crate::overview::LATEST, |entry| entry.host == format!("{name}.localhost"));
            workspace::write(&mut body, &overview, place, &latest);
            format!("{name} – local cloud")
        }
        _ => {
            whole::write(&mut body, &overview);
            "Local cloud".to_owned()
        }
    };
    answer(&title, body).into()
}

fn answer(title: &str, body: Html) -> Answer {
    let mut page = Html::default();
    page.raw(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">",
    );
    page.raw("<meta http-equiv=refresh content=").raw(REFRESH).raw("><link rel=icon href=\"data:,\"><title>");
    page.text(title).raw("</title><style>").raw(STYLE).raw("</style></head><body>");
    page.add(body).raw("</body></html>");
    let answer = Answer::bytes("text/html; charset=utf-8", page.into_text());
    [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ]
    .into_iter()
    .fold(answer, |answer, (name, value)| answer.with_header(name, value))
}
