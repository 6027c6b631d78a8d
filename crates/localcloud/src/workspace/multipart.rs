//! Forms of several parts (RFC 7578), as far as uploads need them.

use http::{HeaderMap, header};

/// The boundary of a form; nothing for a body of another kind.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// Name and content of each part; nothing if the form is not whole.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<(String, &'a [u8])>> {
    let mark = format!("--{boundary}");
    let next = format!("\r\n{mark}");
    let mut rest = body.get(find(body, mark.as_bytes())? + mark.len()..)?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, next.as_bytes())?;
        let part = rest.get(..end)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(part.get(..head_end)?).into_owned();
        parts.push((name_of(&head)?, part.get(head_end + 4..)?));
        rest = rest.get(end + next.len()..)?;
    }
    Some(parts)
}

/// The name in `Content-Disposition: form-data; name="path"`.
fn name_of(head: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let parameter = line.split(';').map(str::trim).find_map(|parameter| parameter.strip_prefix("name="))?;
    Some(parameter.trim_matches('"').to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_parts() {
        let form = b"--x\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n/a\r\n\
            --x\r\ncontent-disposition: form-data; name=\"content\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\n1\r\n2\r\n--x--\r\n";
        let parts = parts(form, "x").unwrap();
        assert_eq!(parts, [("path".to_owned(), b"/a".as_slice()), ("content".to_owned(), b"1\r\n2".as_slice())]);
    }

    #[test]
    fn a_form_that_is_cut_is_none() {
        let check = |form: &[u8]| assert!(parts(form, "x").is_none(), "{}", String::from_utf8_lossy(form));
        check(b"");
        check(b"--x\r\n");
        check(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1");
        check(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x");
        check(b"--x\r\nno head\r\n\r\n1\r\n--x--");
    }

    #[test]
    fn the_boundary_is_read_from_the_header() {
        let check = |value: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(boundary(&headers).as_deref(), expected, "{value}");
        };
        check("multipart/form-data; boundary=abc", Some("abc"));
        check("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", Some("a b"));
        check("application/json", None);
        check("multipart/form-data", None);
    }
}
