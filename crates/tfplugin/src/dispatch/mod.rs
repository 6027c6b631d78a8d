//! One file per group of calls: from the message to the value tree, through the pure rules and the resource, and back.

pub(crate) mod action;
pub(crate) mod apply;
pub(crate) mod configure;
pub(crate) mod data;
pub(crate) mod ephemeral;
pub(crate) mod functions;
pub(crate) mod import;
pub(crate) mod plan;
pub(crate) mod read;
pub(crate) mod schemas;
pub(crate) mod upgrade;
pub(crate) mod validate;

use crate::call::Marker;
use crate::diagnostic::{Diagnostic, Error, Severity};
use crate::proto;
use crate::types::Schema;
use crate::value::Value;
use crate::walk;

/// What a call answers: its response, or what is wrong.
pub(crate) type Outcome<A> = Result<A, Vec<Diagnostic>>;

impl From<Error> for Vec<Diagnostic> {
    fn from(error: Error) -> Self {
        vec![error.into()]
    }
}

/// The marker of calls that create nothing.
fn no_marker() -> Marker {
    Marker::new("", jiff::Timestamp::UNIX_EPOCH)
}

/// What there is to say, each once.
pub(crate) fn diagnostics(diagnostics: Vec<Diagnostic>) -> Vec<proto::Diagnostic> {
    let mut said: Vec<proto::Diagnostic> = Vec::new();
    for diagnostic in diagnostics.into_iter().map(crate::wire::diagnostic) {
        if !said.contains(&diagnostic) {
            said.push(diagnostic);
        }
    }
    said
}

fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// What a read found, as Terraform wants it: `prior`'s spelling where both mean the same, no write-only value, all known.
fn found(schema: &Schema, prior: &Value, new: &Value) -> Outcome<Value> {
    let kept = crate::plan::semantic_keep(schema, prior, new);
    let (value, unknown) = walk::settled(crate::plan::without_write_only(schema, &kept));
    match unknown {
        Some(path) => Err(Error::new("The provider has a bug: a value is unknown after reading")
            .detail(format!("{path} was left unknown. Please report this."))
            .at(path)
            .into()),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::diagnostics;
    use crate::diagnostic::Diagnostic;

    #[test]
    fn a_diagnostic_is_said_once() {
        let said = |summary: &str| Diagnostic::warning(summary, "the same detail");
        let said = diagnostics(vec![said("one"), said("two"), said("one")]);
        assert_eq!(said.iter().map(|it| it.summary.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    }
}
