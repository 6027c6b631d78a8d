//! Who is let in: programs of this machine, and no page of a browser. The local cloud listens on loopback, where a page can reach it by a
//! form, by a script, or under a name of its own that it lets point here (DNS rebinding). Pure.

use http::{HeaderMap, HeaderName, header};

/// Browsers say with it where a request comes from; nothing else sends it. <https://www.w3.org/TR/fetch-metadata/>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Whether a link is followed: `navigate`.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// What becomes of the answer: a window of its own is a `document`, a frame of another page an `iframe`.
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether a host, without its port, is a name of this machine, which no other name server can give to a page.
pub(crate) fn is_own_name(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

/// Whether a script or a form of a page sent the request. A page that a person typed the address of comes from `none`.
pub(crate) fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.get(SEC_FETCH_SITE).is_some_and(|site| site != "none")
}

/// Whether a browser shows the answer to a person, in a window of its own, where no other page reads it: whoever follows a link from
/// another page is no script of it.
pub(crate) fn is_to_be_shown(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName, word: &str| headers.get(name).is_some_and(|value| value == word);
    let is_followed = says(&SEC_FETCH_MODE, "navigate") && says(&SEC_FETCH_DEST, "document");
    !headers.contains_key(header::ORIGIN) && (is_followed || !is_from_a_page(headers))
}

/// A host without its port.
pub(crate) fn without_port(host: &str) -> &str {
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name)
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
pub(crate) fn is_same_secret(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_names_that_point_here() {
        let check = |host: &str, expected| assert_eq!(is_own_name(without_port(host)), expected, "{host}");
        check("127.0.0.1:8080", true);
        check("localhost", true);
        check("[::1]:8080", true);
        check("[::1]", true);
        check("evil.example.com:8080", false);
        check("127.0.0.1.example.com", false);
        check("accounts.localhost:8080", false);
        check("", false);
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (HeaderName::from_static(name), http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_link_that_is_followed_is_told_from_a_script_and_a_frame() {
        let check = |pairs: &[(&'static str, &'static str)], expected| {
            assert_eq!(is_to_be_shown(&headers(pairs)), expected, "{pairs:?}");
        };
        let from = |site| ("sec-fetch-site", site);
        let (navigate, document) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        check(&[], true);
        check(&[from("none"), navigate, document], true);
        check(&[from("cross-site"), navigate, document], true);
        check(&[from("cross-site"), navigate, ("sec-fetch-dest", "iframe")], false);
        check(&[from("cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")], false);
        check(&[from("same-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")], false);
        check(&[from("cross-site")], false);
        check(&[("origin", "http://evil.example.com"), navigate, document], false);
    }

    #[test]
    fn a_page_is_told_from_a_program() {
        let check = |pairs: &[(&'static str, &'static str)], expected| {
            assert_eq!(is_from_a_page(&headers(pairs)), expected, "{pairs:?}");
        };
        check(&[], false);
        check(&[("user-agent", "curl/8")], false);
        check(&[("origin", "http://evil.example.com")], true);
        check(&[("origin", "null")], true);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], false);
    }

    #[test]
    fn secrets_are_compared_whole() {
        let check = |one, other, expected| assert_eq!(is_same_secret(one, other), expected, "{one} {other}");
        check("abc", "abc", true);
        check("abc", "abd", false);
        check("abc", "ab", false);
        check("", "", true);
    }
}
