//! Which handler serves a path: plain slices of routes, matched segment by segment.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::store::kind::{Kind, Verb};

/// Serves one endpoint.
pub(crate) type Handler = fn(&mut Cx<'_>) -> Result<Answer, ApiError>;

/// One endpoint: `{name}` takes a segment, and a last `{name*}` takes the rest of the path.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) pattern: Cow<'static, str>,
    pub(crate) served: Served,
}

/// What serves an endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Served {
    /// A handler of its own.
    ByHand(Handler),
    /// What a kind's row says.
    ByKind(&'static Kind, Verb),
}

/// A route of a table.
pub(crate) const fn route(method: Method, pattern: &'static str, handler: Handler) -> Route {
    Route { method, pattern: Cow::Borrowed(pattern), served: Served::ByHand(handler) }
}

/// The routes of a kind.
pub(crate) fn of_kind(kind: &'static Kind) -> impl Iterator<Item = Route> {
    kind.calls.iter().flat_map(|lines| lines.iter()).map(move |(method, below, verb)| Route {
        method: method.clone(),
        pattern: Cow::Owned(format!("{}{below}", kind.path)),
        served: Served::ByKind(kind, *verb),
    })
}

/// The values of a pattern's names in a path, or nothing if the path is another one. Segments are split before they are decoded.
pub(crate) fn matches(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut params = BTreeMap::new();
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(want), Some(have)) => match name_of(want) {
                Some(name) if name.ends_with('*') => {
                    let mut rest = decode(have)?;
                    for segment in given {
                        rest.push('/');
                        rest.push_str(&decode(segment)?);
                    }
                    params.insert(name.trim_end_matches('*').to_owned(), rest);
                    return Some(params);
                }
                Some(name) if !have.is_empty() => {
                    params.insert(name.to_owned(), decode(have)?);
                }
                None if want == have => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// Whether there is a path that both patterns take.
#[cfg(test)]
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) => match (name_of(a), name_of(b)) {
                (Some(name), _) | (_, Some(name)) if name.ends_with('*') => return true,
                (None, None) if a != b => return false,
                _ => {}
            },
            _ => return false,
        }
    }
}

fn name_of(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected
            .map(|pairs| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>());
        assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
    }

    #[test]
    fn patterns_overlap_where_a_path_matches_both() {
        let check = |one, other, expected| {
            assert_eq!(overlap(one, other), expected, "{one} and {other}");
            assert_eq!(overlap(other, one), expected, "{other} and {one}");
        };
        check("/x/{id}", "/x/list", true);
        check("/x/{id}", "/x/{name}", true);
        check("/x/{id}/edit", "/x/{id}", false);
        check("/x/{id}/edit", "/x/{id}/start", false);
        check("/{a}/list", "/x/{b}", true);
        check("/f/{path*}", "/f/a/b", true);
        check("/f/{path*}", "/g/a", false);
        check("/x", "/x", true);
    }

    #[test]
    fn patterns_match_whole_paths() {
        check("/api/{id}", "/api/7", Some(&[("id", "7")]));
        check("/api/{id}", "/api/a%2Fb", Some(&[("id", "a/b")]));
        check("/api/{id}", "/api/", None);
        check("/api/{id}", "/api/7/x", None);
        check("/api", "/api", Some(&[]));
        check("/api", "/apis", None);
        check("/f/{path*}", "/f/a/b%20c", Some(&[("path", "a/b c")]));
        check("/f/{path*}", "/f/a%2Fb/c", Some(&[("path", "a/b/c")]));
        check("/api/{id}", "/api/%ff", None);
    }
}
