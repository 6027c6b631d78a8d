//! A regular expression of a schema. It is compiled when a value first meets it, and kept with its schema: compiling costs
//! milliseconds (in a plan of 400 objects it was 85 % of the provider's time), matching costs microseconds.

use std::fmt;
use std::sync::OnceLock;

use regex::Regex;

/// A regular expression that a text must match.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    words: Option<String>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern of a text, which is not compiled yet.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), words: None, compiled: OnceLock::new() }
    }

    /// With what it asks for in words: `a duration like 30m`.
    #[must_use]
    pub fn in_words(self, words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..self }
    }

    /// What it asks for, in words.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// The regular expression.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `value` matches. A pattern that is none matches everything: it is refused with the schema.
    pub(crate) fn matches(&self, value: &str) -> bool {
        self.compiled().is_none_or(|compiled| compiled.is_match(value))
    }

    /// What is wrong with the pattern itself. It is parsed and not compiled: a development build asks this of all patterns whenever
    /// it starts.
    pub(crate) fn problem(&self) -> Option<String> {
        // Services mean ASCII by these, as Go does, and the letters of all scripts take a hundred times as long to compile.
        if let Some(class) = [r"\w", r"\d", r"\s"].into_iter().find(|class| self.text.contains(class)) {
            return Some(format!("{class} is letters, digits or blanks of all scripts: write those that are meant"));
        }
        regex_syntax::parse(&self.text).err().map(|error| error.to_string())
    }

    fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.words) == (&other.text, &other.words)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_says_what_is_wrong_with_it() {
        assert!(Pattern::new("^[0-9A-Za-z_.@/-]{1,128}$").problem().is_none());
        assert!(Pattern::new("^(").problem().unwrap().contains("unclosed"));
        assert!(Pattern::new(r"^[\w-]+$").problem().unwrap().contains("all scripts"));
    }

    #[test]
    fn a_pattern_is_compiled_once() {
        let pattern = Pattern::new("^[a-z]+$");
        assert!(pattern.compiled.get().is_none(), "not before it is needed");
        assert!(pattern.matches("abc") && !pattern.matches("ABC"));
        let first = std::ptr::from_ref(pattern.compiled().unwrap());
        assert!(pattern.matches("abc"));
        assert_eq!(first, std::ptr::from_ref(pattern.compiled().unwrap()));
    }
}
