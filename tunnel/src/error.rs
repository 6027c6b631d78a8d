//! What can go wrong, in words for the person in front of it: the thing, the reason, and the way out.

use std::fmt;

/// An error for people. Code never decides by its text.
#[derive(Debug)]
pub struct Error {
    what: String,
    way_out: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    is_unread: bool,
    exit_code: u8,
}

/// Exit codes of errors that scripts tell apart.
pub mod exit {
    /// Something failed or was refused.
    pub const FAILED: u8 = 1;
    /// What was named is not there.
    pub const NOT_THERE: u8 = 3;
    /// Nobody is signed in, or who is may not do it.
    pub const DENIED: u8 = 4;
    /// The person interrupted it, as shells have it.
    pub const INTERRUPTED: u8 = 130;
}

/// The result of everything that ends at a person.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that says which thing failed, and why if that is known.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), way_out: None, source: None, is_unread: false, exit_code: exit::FAILED }
    }

    /// That whoever read stdout has gone (`| head`): nobody wants to read of that either.
    pub fn unread() -> Self {
        Self { is_unread: true, ..Self::new("nobody reads stdout any more") }
    }

    /// Whether it is [`Self::unread`].
    pub fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// The same error with what the person can do about it.
    #[must_use]
    pub fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }

    /// The same error with the code that the program exits with.
    #[must_use]
    pub fn exits_with(mut self, code: u8) -> Self {
        self.exit_code = code;
        self
    }

    /// The code that the program exits with.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn std::error::Error);
        let mut said = self.what.clone();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many libraries repeat their cause in their own text.
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            cause = error.source();
        }
        match &self.way_out {
            Some(way_out) => write!(f, "\n{way_out}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Says what was being done when something failed.
pub trait Context<T> {
    /// Turns the error into an [`Error`] that begins with `what`.
    ///
    /// # Errors
    /// The error that it was given, with `what` in front.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(what()).caused_by(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_thing_the_reason_and_the_way_out() {
        let reason = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = Error::new("cannot read outputs.json").caused_by(reason).way_out("Give another file.");
        assert_eq!(error.to_string(), "cannot read outputs.json: no such file\nGive another file.");
    }
}
