//! What Databricks answered, in Terraform's words: the action that failed, the API's reason, and "gone" apart from "failed".

use databricks::Error as ApiError;
use tfplugin::{Attr, Error, Result};

/// A call's answer on its way into a resource's operation.
pub(crate) trait Answer<T> {
    /// The answer, or an error that begins with what was tried: `Cannot create the network configuration "x"`.
    fn or_say(self, action: impl FnOnce() -> String) -> Result<T>;

    /// The answer; `None` for an object that does not exist; or an error as of [`Answer::or_say`].
    fn if_exists(self, action: impl FnOnce() -> String) -> Result<Option<T>>;
}

impl<T> Answer<T> for std::result::Result<T, ApiError> {
    fn or_say(self, action: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| refusal(&action(), error))
    }

    fn if_exists(self, action: impl FnOnce() -> String) -> Result<Option<T>> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(refusal(&action(), error)),
        }
    }
}

/// An attribute of a text that the API leaves out, or sends empty, where there is none.
pub(crate) fn text(found: String) -> Attr<String> {
    if found.is_empty() { Attr::Null } else { Attr::Known(found) }
}

/// What the API is sent for an optional text: the empty text is left out.
pub(crate) fn sent(attribute: &Attr<String>) -> String {
    attribute.text().to_owned()
}

/// An error for people: `action` in the summary, the API's own words and causes in the detail.
pub(crate) fn refusal(action: &str, error: ApiError) -> Error {
    let cause = Error::from(error);
    Error::whole(format!("Cannot {action}")).detail(cause.to_string())
}
