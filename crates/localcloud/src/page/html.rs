//! HTML in which what people named means nothing but itself.

use std::fmt::Display;

/// HTML that is being written: what is in the code stands as it is, and everything else escaped.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup. It is part of the program: nothing that came from outside has this type.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text, between elements or between the double quotes of an attribute.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        self.0.push_str(&escaped(&text.to_string()));
        self
    }

    /// Adds what was written apart.
    pub(super) fn add(&mut self, other: Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// What was written.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Text that means nothing else in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_nothing_but_itself() {
        let mut html = Html::default();
        html.raw("<b title=\"").text("\"><script>'&").raw("\">").text(7).raw("</b>");
        assert_eq!(html.into_text(), "<b title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">7</b>");
    }
}
