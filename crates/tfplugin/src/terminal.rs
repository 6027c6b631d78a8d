//! Text of others on its way to a terminal: control characters are shown and not obeyed, and a whole web page is cut.

use crate::diagnostic::Diagnostic;

/// A summary is one line of at most so many characters.
const LINE: usize = 300;
/// What did not fit into it is told in the detail, up to here.
const REASON: usize = 2_000;
/// A detail has at most so many characters; a failed job's last words are among the longest.
const DETAIL: usize = 10_000;

/// What a running action says has at most so many characters.
const PROGRESS: usize = 1_000;

/// A diagnostic as a terminal may be given it.
pub(crate) fn diagnostic(mut diagnostic: Diagnostic) -> Diagnostic {
    let summary = line(&diagnostic.summary);
    let mut detail = text(&diagnostic.detail);
    if let Some(short) = cut(&summary, LINE) {
        let reason = text(diagnostic.summary.trim());
        let reason = cut(&reason, REASON).unwrap_or(reason);
        detail = if detail.is_empty() { reason } else { format!("{reason}\n\n{detail}") };
        diagnostic.summary = short;
    } else {
        diagnostic.summary = summary;
    }
    diagnostic.detail = cut(&detail, DETAIL).unwrap_or(detail);
    diagnostic
}

/// The error of a function. Terraform puts a full stop behind it.
pub(crate) fn function_error(error: &str) -> String {
    let error = text(error.trim());
    let error = cut(&error, REASON).unwrap_or(error);
    error.trim_end_matches('.').to_owned()
}

/// What a running action says.
pub(crate) fn progress(message: &str) -> String {
    let message = text(message.trim());
    cut(&message, PROGRESS).unwrap_or(message)
}

/// On one line.
fn line(original: &str) -> String {
    escape(&original.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// On as many lines as it has.
fn text(original: &str) -> String {
    escape(&original.replace("\r\n", "\n"))
}

/// What would move the cursor, colour the screen or turn the direction of writing is written out: `\u{1b}`.
fn escape(original: &str) -> String {
    let mut escaped = String::with_capacity(original.len());
    for letter in original.chars() {
        match letter {
            '\n' | '\t' => escaped.push(letter),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.extend(letter.escape_unicode()),
            letter if letter.is_control() => escaped.extend(letter.escape_unicode()),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The first `most` characters, and how many follow; `None` if it has no more than that.
fn cut(text: &str, most: usize) -> Option<String> {
    let (end, _) = text.char_indices().nth(most)?;
    let rest = text.get(end..).unwrap_or_default().chars().count();
    Some(format!("{}… ({rest} more characters)", text.get(..end).unwrap_or_default().trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(summary: &str, detail: &str) -> (String, String) {
        let shown = diagnostic(Diagnostic::warning(summary, detail));
        (shown.summary, shown.detail)
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(
            shown("a\0b\u{1b}[2J\r\nc", "d\u{7}\n\te\r\n\u{202e}f"),
            ("a\\u{0}b\\u{1b}[2J c".to_owned(), "d\\u{7}\n\te\n\\u{202e}f".to_owned(),)
        );
        assert_eq!(shown("Grüße 🙂", ""), ("Grüße 🙂".to_owned(), String::new()));
    }

    #[test]
    fn a_body_of_a_hundred_kilobytes_is_cut() {
        let (summary, detail) = shown(&format!("Cannot read x: {}", "y".repeat(100_000)), "Try again.");
        assert!(summary.len() < 400 && summary.ends_with("… (99715 more characters)"), "{summary}");
        assert!(detail.len() < 2_100 && detail.ends_with("\n\nTry again."), "{detail}");
        let (_, detail) = shown("s", &"z".repeat(100_000));
        assert!(detail.len() < 10_100);
    }

    #[test]
    fn a_function_leaves_the_full_stop_to_terraform() {
        assert_eq!(function_error("It must not be empty.\u{1b}."), "It must not be empty.\\u{1b}");
        assert_eq!(function_error("It must not be empty."), "It must not be empty");
    }
}
