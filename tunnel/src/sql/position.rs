//! Where in a statement an error is, shown below its words.

/// The line with the error and a mark below it, where the words say `(line 1, pos 7)`. Positions count from 0, lines from 1.
pub fn shown(message: &str, statement: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once("(line ")?;
    let (line, rest) = rest.split_once(", pos ")?;
    let (position, _) = rest.split_once(')')?;
    let (line, position): (usize, usize) = (line.trim().parse().ok()?, position.trim().parse().ok()?);
    let text = statement.lines().nth(line.checked_sub(1)?)?;
    if position > text.chars().count() {
        return None;
    }
    // A tab stays one, so that the mark stands below its place.
    let before = text.chars().take(position).map(|c| if c == '\t' { c } else { ' ' });
    let text: String = text.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
    Some(format!("  {text}\n  {}^", before.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        let message = "[PARSE_SYNTAX_ERROR] Syntax error at or near 'FORM'. SQLSTATE: 42601 (line 2, pos 9)";
        assert_eq!(shown(message, "-- x\nSELECT 1 FORM t").unwrap(), "  SELECT 1 FORM t\n           ^");
        assert_eq!(shown("(line 1, pos 2)", "a\tb").unwrap(), "  a\tb\n   \t^");
        for (message, statement) in
            [("(line 3, pos 1)", "a"), ("(line 0, pos 1)", "a"), ("(line 1, pos 9)", "a"), ("none", "a")]
        {
            assert_eq!(shown(message, statement), None, "{message}");
        }
    }
}
