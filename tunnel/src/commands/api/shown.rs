//! How an answer is shown, and on stderr what was sent, without secrets.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use databricks::{Client, Payload, RawAnswer, RawRequest};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{ApiArgs, Format};
use crate::error::{Context, Error, Result};
use crate::json_text::Indenter;
use crate::workspace::refused;
use crate::{print, say, words};

/// The largest page that is looked at for the next one.
const LARGEST_PAGE: usize = 256 * 1024 * 1024;

/// Where answers go.
pub(super) struct Output {
    format: Format,
    is_terminal: bool,
    include: bool,
    paginate: bool,
    debug: bool,
    file: Option<Whole>,
}

/// A file that is there when all of it is.
struct Whole {
    temporary: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Output {
    /// Prepares it.
    ///
    /// # Errors
    /// When the file cannot be made, or bytes would go to a terminal.
    pub(super) fn new(args: &ApiArgs, debug: bool) -> Result<Self> {
        let is_terminal = std::io::stdout().is_terminal() && args.output_file.is_none();
        if is_terminal && args.output == Format::Binary {
            return Err(Error::new("bytes are nothing for a terminal").way_out("Give --output-file FILE, or a pipe."));
        }
        let file = args.output_file.as_deref().map(Whole::new).transpose()?;
        let (format, include, paginate) = (args.output, args.include, args.paginate);
        Ok(Self { format, is_terminal, include, paginate, debug, file })
    }

    /// Shows an answer as it comes; answers the token of the next page, where pages are followed.
    ///
    /// # Errors
    /// When it is cut off, or cannot be written.
    pub(super) async fn show(&mut self, mut answer: RawAnswer) -> Result<Option<String>> {
        let cut = |error| refused(error, "the answer is not whole");
        if self.debug {
            response(&answer);
        }
        if self.include {
            print::bytes(head(&answer).as_bytes())?;
        }
        let mut page = Vec::new();
        let mut indenter = (self.is_terminal && self.format == Format::Json).then(Indenter::default);
        while let Some(chunk) = answer.chunk().await.map_err(cut)? {
            if self.paginate && page.len() < LARGEST_PAGE {
                page.extend_from_slice(&chunk);
            }
            match (&mut indenter, self.format) {
                (Some(indenter), _) => print::bytes(&indenter.push(&chunk))?,
                (None, Format::Text) if self.is_terminal => {
                    print::bytes(words::printable(&String::from_utf8_lossy(&chunk)).as_bytes())?;
                }
                _ => self.write(&chunk)?,
            }
        }
        if self.is_terminal || self.paginate {
            self.write(b"\n")?;
        }
        Ok(if self.paginate { next_page(&page) } else { None })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file.temporary.write_all(bytes).context(|| format!("cannot write {}", file.path.display())),
            None => print::bytes(bytes),
        }
    }

    /// All of it has come.
    ///
    /// # Errors
    /// When the file cannot be put in its place.
    pub(super) fn end(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), Whole::put)
    }
}

impl Whole {
    fn new(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary =
            tempfile::NamedTempFile::new_in(folder).context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { temporary, path: path.to_owned() })
    }

    fn put(self) -> Result<()> {
        let what = || format!("cannot write {}", self.path.display());
        self.temporary.as_file().sync_all().context(what)?;
        self.temporary.persist(&self.path).context(what)?;
        Ok(())
    }
}

fn next_page(page: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Page {
        next_page_token: Option<String>,
    }
    serde_json::from_slice::<Page>(page).ok()?.next_page_token.filter(|token| !token.is_empty())
}

/// The status and the headers.
fn head(answer: &RawAnswer) -> String {
    format!("HTTP {}\n{}\n", answer.status, lines(&answer.headers, ""))
}

fn lines(headers: &HeaderMap, start: &str) -> String {
    let text = |value: &reqwest::header::HeaderValue| words::in_one_line(&String::from_utf8_lossy(value.as_bytes()));
    headers.iter().map(|(name, value)| format!("{start}{name}: {}\n", text(value))).collect()
}

/// Says what is sent.
pub(super) fn request(client: &Client, request: &RawRequest) {
    let mut url = client.host().clone();
    url.set_path(&request.path);
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    let body = match &request.payload {
        Payload::Nothing => String::new(),
        Payload::Stream(_) => "> a stream\n".to_owned(),
        Payload::Bytes(bytes) => format!("> {}\n", without_secrets(bytes)),
        Payload::File(path) => format!("> the content of {}\n", path.display()),
        Payload::Form(values) => {
            let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
            format!("> a form with {}\n", names.join(", "))
        }
    };
    let headers = lines(&request.headers, "> ");
    say!("> {} {url}\n> authorization: Bearer [redacted]\n{headers}{body}", request.method);
}

fn response(answer: &RawAnswer) {
    say!("< {}\n{}", answer.status, lines(&answer.headers, "< "));
}

/// Says why it is sent again.
pub(super) fn again(answer: &Result<RawAnswer, databricks::Error>) {
    match answer {
        Ok(answer) => response(answer),
        Err(error) => say!("< {}", words::printable(&error.to_string())),
    }
}

/// JSON whose secrets are left out, by the names of their fields; anything else is only counted.
fn without_secrets(body: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return format!("{} bytes", body.len()) };
    redact(&mut value);
    value.to_string()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) && !value.is_null() {
                    *value = Value::from("[redacted]");
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_secret(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    let exact = ["string_value", "bytes_value", "token_value", "value_wo", "assertion", "pem_private_key"];
    exact.contains(&field.as_str())
        || ["secret", "password", "private_key", "access_token", "refresh_token"]
            .iter()
            .any(|part| field.ends_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let body = br#"{"scope":"s","string_value":"hunter2","nested":[{"client_secret":"x","id":9007199254740993}],"password":null}"#;
        assert_eq!(
            without_secrets(body),
            r#"{"scope":"s","string_value":"[redacted]","nested":[{"client_secret":"[redacted]","id":9007199254740993}],"password":null}"#
        );
        assert_eq!(without_secrets(b"\x00\x01"), "2 bytes");
    }

    #[test]
    fn the_next_page_is_found() {
        let check = |page: &str, expected: Option<&str>| assert_eq!(next_page(page.as_bytes()).as_deref(), expected);
        check(r#"{"clusters":[],"next_page_token":"a"}"#, Some("a"));
        check(r#"{"next_page_token":""}"#, None);
        check(r#"{"next_page_token":null}"#, None);
        check("[1]", None);
        check("no json", None);
    }
}
