//! A Markdown page in the making.

/// The front matter that the registry reads.
pub(super) struct Front<'a> {
    /// The title of the page.
    pub(super) title: &'a str,
    /// The group in the side bar.
    pub(super) subcategory: &'a str,
    /// What search results show: its first paragraph is used.
    pub(super) description: &'a str,
}

/// A page. Its parts are separated by empty lines.
pub(super) struct Page(Vec<String>);

impl Page {
    /// A page that begins with its front matter.
    pub(super) fn new(front: &Front<'_>) -> Self {
        let description = one_line(front.description.split("\n\n").next().unwrap_or_default());
        Self(vec![format!(
            "---\npage_title: {:?}\nsubcategory: {:?}\ndescription: |-\n  {description}\n---",
            front.title, front.subcategory
        )])
    }

    /// A heading.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.0.push(format!("{} {text}", "#".repeat(level)));
    }

    /// Text, if there is any.
    pub(super) fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.0.push(text.to_owned());
        }
    }

    /// A block of code.
    pub(super) fn code(&mut self, language: &str, text: &str) {
        self.0.push(format!("```{language}\n{}\n```", text.trim()));
    }

    /// The section with the example.
    pub(super) fn example(&mut self, hcl: &str) {
        self.heading(2, "Example Usage");
        self.code("terraform", hcl);
    }

    /// A list, if there is anything to list.
    pub(super) fn list(&mut self, items: &[String]) {
        if !items.is_empty() {
            self.0.push(items.join("\n"));
        }
    }

    /// The text of the page.
    pub(super) fn finish(self) -> String {
        self.0.join("\n\n") + "\n"
    }
}

/// Text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
