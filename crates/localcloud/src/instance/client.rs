//! Asking a running local cloud for something.

use std::time::Duration;

use serde_json::Value;

use super::folder::Note;

/// Why a running local cloud did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It does not answer.
    #[error("the local cloud on port {port} does not answer: {source}")]
    Silent {
        /// Its port.
        port: u16,
        /// The HTTP client's reason.
        source: reqwest::Error,
    },
    /// It refuses.
    #[error("the local cloud refuses: {0}")]
    Refused(String),
}

/// Sends a request to one of its own endpoints.
///
/// # Errors
/// [`AskError`] when it does not answer, or refuses.
pub async fn ask(note: &Note, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<Value, AskError> {
    let silent = |source| AskError::Silent { port: note.port, source };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().map_err(silent)?;
    let url = format!("http://127.0.0.1:{}/_localcloud/{path}", note.port);
    let mut request = client.request(method, url).header(crate::admin::HEADER, note.secret.expose());
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.map_err(silent)?;
    let good = response.status().is_success();
    let answer: Value = response.json().await.map_err(silent)?;
    if good {
        return Ok(answer);
    }
    let message = answer.get("message").and_then(Value::as_str).unwrap_or("it does not say why");
    Err(AskError::Refused(message.to_owned()))
}

/// Whether the one that wrote the note answers.
pub async fn is_healthy(note: &Note) -> bool {
    match ask(note, reqwest::Method::GET, "health", None).await {
        Ok(answer) => answer.get("pid").and_then(Value::as_u64) == Some(u64::from(note.pid)),
        Err(_) => false,
    }
}
