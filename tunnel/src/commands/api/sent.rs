//! What is sent: headers, and a body or a form.

use std::path::PathBuf;
use std::str::FromStr;

use databricks::{FormValue, Payload};
use reqwest::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use tokio::io::AsyncReadExt;

use super::ApiArgs;
use crate::error::{Context, Error, Result};

/// A header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header(HeaderName, HeaderValue);

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFile {
    field: String,
    path: PathBuf,
    name: String,
}

/// Reads `Name: value`.
pub(super) fn header(text: &str) -> std::result::Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("write NAME: VALUE")?;
    let name = HeaderName::from_str(name.trim()).map_err(|error| error.to_string())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|error| error.to_string())?;
    Ok(Header(name, value))
}

/// Reads `name=@path` or `name=@path;name of the file`.
pub(super) fn file(text: &str) -> std::result::Result<FormFile, String> {
    let wrong = "write NAME=@FILE, or NAME=@FILE;NAME";
    let (field, value) = text.split_once('=').filter(|(field, _)| !field.is_empty()).ok_or(wrong)?;
    let value = value.strip_prefix('@').ok_or(wrong)?;
    let (path, name) = match value.rsplit_once(';') {
        Some((path, name)) => (PathBuf::from(path), name.to_owned()),
        None => {
            let path = PathBuf::from(value);
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            (path, name.unwrap_or_default())
        }
    };
    if path.as_os_str().is_empty() || name.is_empty() {
        return Err(wrong.to_owned());
    }
    Ok(FormFile { field: field.to_owned(), path, name })
}

/// The headers, without those that are the client's own.
///
/// # Errors
/// When one of them is.
pub(super) fn headers(given: &[Header]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for Header(name, value) in given {
        if [AUTHORIZATION, HOST].contains(name) {
            return Err(Error::new(format!("the header {name} is the tunnel's own"))
                .way_out("Other credentials are said with --profile, another workspace with --host."));
        }
        headers.append(name.clone(), value.clone());
    }
    Ok(headers)
}

/// The body.
///
/// # Errors
/// When stdin cannot be read.
pub(super) async fn payload(args: &ApiArgs) -> Result<Payload> {
    if !args.form.is_empty() || !args.file.is_empty() {
        let texts = args.form.iter().map(|(name, text)| (name.clone(), FormValue::Text(text.clone())));
        let files = args.file.iter().map(|file| {
            let FormFile { field, path, name } = file.clone();
            (field, FormValue::File { path, name })
        });
        return Ok(Payload::Form(texts.chain(files).collect()));
    }
    Ok(match args.data.as_deref() {
        None => Payload::Nothing,
        Some("@-") => {
            let mut bytes = Vec::new();
            let read = tokio::io::stdin().read_to_end(&mut bytes).await;
            read.context(|| "cannot read stdin".to_owned())?;
            Payload::Bytes(bytes.into())
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => Payload::File(path.into()),
            None => Payload::Bytes(text.to_owned().into()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_files_have_names() {
        let check = |text: &str, expected: Option<(&str, &str, &str)>| {
            let found = file(text).ok();
            let found =
                found.as_ref().map(|file| (file.field.as_str(), file.path.to_str().unwrap(), file.name.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check("content=@a/b.py", Some(("content", "a/b.py", "b.py")));
        check("content=@a;b.py;c.py", Some(("content", "a;b.py", "c.py")));
        check("content=a", None);
        check("=@a", None);
        check("content=@", None);
        check("content=@..", None);
    }

    #[test]
    fn headers_are_the_persons_but_for_the_sign_in() {
        let of = |texts: &[&str]| {
            let given: Vec<Header> = texts.iter().map(|text| header(text).unwrap()).collect();
            headers(&given).map(|map| map.len()).map_err(|error| error.to_string())
        };
        assert_eq!(of(&["Content-Type: text/plain", "X-A: b:c", "x-a: d"]), Ok(3));
        assert!(of(&["authorization: Bearer x"]).unwrap_err().contains("--profile"));
        assert!(header("no header").is_err() && header("a b: c").is_err() && header("a: b\nc").is_err());
    }
}
