//! Errors and warnings as Terraform shows them: a summary, a detail, and the place in the configuration.

use std::fmt;

use crate::subject::Subject;

/// One step of a path into a Terraform value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or block of an object.
    Attribute(String),
    /// An element of a map.
    Key(String),
    /// An element of a list.
    Index(i64),
}

/// A path into a Terraform value, from the resource's root.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path of a top-level attribute, or of a nested one written with dots: `root_bucket_info.bucket_name`.
    pub fn attribute(dotted: &str) -> Self {
        Self(dotted.split('.').map(|name| Step::Attribute(name.to_owned())).collect())
    }

    /// The path of an attribute of one of `count` blocks that are a set: no path leads into a set, but into its only block.
    pub fn in_block(block: &str, count: usize, attribute: &str) -> Self {
        let set = Self::attribute(block);
        if count == 1 { set.then(Step::Index(0)).then(Step::Attribute(attribute.to_owned())) } else { set }
    }

    /// This path, one step further.
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

/// The path as it stands in a configuration: `route[0].cidr_block`, `tags["Name"]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if at == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Path {
    fn from(dotted: &str) -> Self {
        Self::attribute(dotted)
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went on.
    Warning,
}

/// A message for the person who runs Terraform: the thing, the reason, the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One line that names the thing and what is wrong.
    pub summary: String,
    /// The reason and the way out. May be empty.
    pub detail: String,
    /// The place in the configuration, if one is to blame.
    pub path: Option<Path>,
}

impl Diagnostic {
    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, summary: summary.into(), detail: detail.into(), path: None }
    }
}

/// Why an operation failed. Anything that is a [`std::error::Error`] converts into it with `?`.
///
/// It is the reason alone: what failed is put before it by the framework, which knows the operation, the type and the
/// name, so that people read `Cannot create databricks_aws_vpc "vpc-1": REASON`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    diagnostic: Box<Diagnostic>,
    /// Whether the summary names what failed.
    whole: bool,
    /// Whether it is certain that nothing was made or changed.
    undone: bool,
    /// The id of the object that stands in the way of a create.
    existing: Option<String>,
}

/// The result of an operation of a provider.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with its reason on one line.
    pub fn new(reason: impl Into<String>) -> Self {
        let summary = reason.into();
        let diagnostic = Diagnostic { severity: Severity::Error, summary, detail: String::new(), path: None };
        Self { diagnostic: Box::new(diagnostic), whole: false, undone: false, existing: None }
    }

    /// An error whose one line says what failed as well, in words of its own: the framework puts nothing before it.
    pub fn whole(summary: impl Into<String>) -> Self {
        Self { whole: true, ..Self::new(summary) }
    }

    /// Says more about the reason, and the way out.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.diagnostic.detail = detail.into();
        self
    }

    /// Says that nothing was made: the service refused the creating request, or it never left. Of a create that fails so, no
    /// later one looks for an object.
    #[must_use]
    pub fn undone(self) -> Self {
        Self { undone: true, ..self }
    }

    /// Whether it is certain that nothing was made.
    pub fn is_undone(&self) -> bool {
        self.undone
    }

    /// Says that there is an object of this name already, which is imported by this id, so that nothing was made.
    #[must_use]
    pub fn exists(self, id: impl Into<String>) -> Self {
        Self { undone: true, existing: Some(id.into()), ..self }
    }

    /// What an object is imported by that stands in the way of a create.
    pub fn existing(&self) -> Option<&str> {
        self.existing.as_deref()
    }

    /// Adds a paragraph to the detail.
    #[must_use]
    pub fn also(mut self, paragraph: impl AsRef<str>) -> Self {
        let detail = &mut self.diagnostic.detail;
        if !detail.is_empty() {
            detail.push_str("\n\n");
        }
        detail.push_str(paragraph.as_ref());
        self
    }

    /// The error of `subject`, of which this is the reason.
    pub(crate) fn about(mut self, subject: &Subject) -> Self {
        if !self.whole {
            self.diagnostic.summary = format!("{subject}: {}", self.diagnostic.summary);
            self.whole = true;
        }
        self
    }

    /// Points at an attribute: `"subnet_id"`, `"aws_key_info.key_arn"`.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.diagnostic.path = Some(path.into());
        self
    }

    /// With its path, which leads into a struct, as it leads into a value of the schema.
    pub(crate) fn placed(mut self, schema: &crate::types::Schema) -> Self {
        self.diagnostic.path = self.diagnostic.path.map(|path| schema.body.path(&path));
        self
    }

    /// The diagnostic that Terraform is given.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.summary)?;
        if self.diagnostic.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.diagnostic.detail) }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        *error.diagnostic
    }
}

// As in anyhow: `Error` itself is no `std::error::Error`, which leaves room for this conversion.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut detail = String::new();
        let mut source = error.source();
        while let Some(cause) = source {
            if !detail.is_empty() {
                detail.push_str(": ");
            }
            detail.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(error.to_string()).detail(detail)
    }
}

/// A failed create or update, with what exists nevertheless.
///
/// A create that fails with a partial state is saved as tainted, so nothing is orphaned; one without is taken as
/// "perhaps created": the next create looks for it (see [`crate::Resource::find`]).
#[derive(Debug, Clone)]
pub struct Failed<T> {
    /// What went wrong.
    pub error: Error,
    /// The object as far as it exists.
    pub partial: Option<Box<T>>,
}

impl<T> Failed<T> {
    /// A failure after the object came to be.
    pub fn with(error: impl Into<Error>, partial: T) -> Self {
        Self { error: error.into(), partial: Some(Box::new(partial)) }
    }
}

impl<T, E: Into<Error>> From<E> for Failed<T> {
    fn from(error: E) -> Self {
        Self { error: error.into(), partial: None }
    }
}
