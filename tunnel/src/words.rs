//! Words from the far side, as far as they are fit for a terminal: a reason, a body or a log may hold bytes that speak to the terminal
//! itself (ECMA-48), or a line end that makes one line look like two. They are cleaned where they arrive.

/// Text of several lines without control characters but line ends and tabs.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_control(*c)).collect()
}

/// Text as one line without control characters; what stood on lines of its own stays apart.
pub fn in_one_line(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\t']).map(|line| line.chars().filter(|c| !is_control(*c)).collect::<String>());
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The control characters of C0 and C1, and those of Unicode that turn the direction of what follows.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_speaks_to_the_terminal() {
        let check = |text: &str, expected: &str, one_line: &str| {
            assert_eq!(printable(text), expected, "{text:?}");
            assert_eq!(in_one_line(text), one_line, "{text:?}");
        };
        check("stream closed", "stream closed", "stream closed");
        check("\u{1b}]0;pwn\u{7}\u{1b}[2J", "]0;pwn[2J", "]0;pwn[2J");
        check("\u{9b}31mred\u{7f}", "31mred", "31mred");
        check("a\r\n\tb\n\n", "a\n\tb\n\n", "a b");
        check("\u{202e}evil\u{2066}", "evil", "evil");
        check("Zürich → 東京", "Zürich → 東京", "Zürich → 東京");
        check("", "", "");
    }
}
