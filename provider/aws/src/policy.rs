//! Policy documents: the same meaning in other words, and principals that AWS does not know yet.
//!
//! AWS stores some documents in its own words: a list of one becomes its element, an account id becomes the ARN of its root.
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use std::time::Duration;

use serde_json::{Map, Value as Json};
use tfplugin::{Attr, Diagnostic, Error};

use super::errors::Fault;

/// How long a new role may take to be known as a principal.
pub(crate) const PRINCIPAL_WITHIN: Duration = Duration::from_secs(120);

/// What AWS shows of a document: the words of `prior`, if they mean the same.
pub(crate) fn keep(prior: &Attr<String>, remote: &str) -> Attr<String> {
    match prior.known() {
        Some(prior) if same(prior, remote) => Attr::Known(prior.clone()),
        _ => Attr::Known(remote.to_owned()),
    }
}

/// Whether two documents mean the same. Texts that are no JSON are compared as text.
pub(crate) fn same(left: &str, right: &str) -> bool {
    match (serde_json::from_str(left), serde_json::from_str(right)) {
        (Ok(left), Ok(right)) => canonical(left) == canonical(right),
        _ => left == right,
    }
}

/// A document that is no JSON object, as a diagnostic at its attribute.
pub(crate) fn check(path: &str, document: &Attr<String>) -> Option<Diagnostic> {
    let text = document.known()?;
    let problem = match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(_)) => return None,
        Ok(_) => "it is no JSON object".to_owned(),
        Err(error) => error.to_string(),
    };
    let error = Error::new(format!("{path} is no policy document"))
        .detail(format!("{problem}. Write it with jsonencode({{ … }}), or with one of the provider's functions."));
    Some(error.at(path).into())
}

/// Whether a document was refused because of a principal. A role that was just made is unknown to the other services for
/// a while. The three services tell it by text alone: KMS "Policy contains a statement with one or more invalid principals.",
/// IAM and S3 "Invalid principal in policy".
pub(crate) fn is_principal_unknown(fault: &Fault) -> bool {
    fault.is(&["MalformedPolicyDocumentException", "MalformedPolicyDocument", "MalformedPolicy"])
        && fault.message.to_lowercase().contains("principal")
}

fn canonical(document: Json) -> Json {
    let Json::Object(mut document) = document else { return document };
    if let Some(statements) = document.remove("Statement") {
        let statements = list(statements).into_iter().map(statement).collect();
        document.insert("Statement".to_owned(), Json::Array(statements));
    }
    Json::Object(document)
}

fn statement(statement: Json) -> Json {
    let Json::Object(members) = statement else { return statement };
    let members = members.into_iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("Action" | "NotAction" | "Resource" | "NotResource", value) => texts(value),
            ("Principal" | "NotPrincipal", Json::Object(kinds)) => {
                members_with(kinds, |names| Json::Array(sorted(list(names).into_iter().map(principal).collect())))
            }
            ("Condition", Json::Object(operators)) => members_with(operators, |keys| match keys {
                Json::Object(keys) => members_with(keys, texts),
                other => other,
            }),
            (_, value) => value,
        };
        (name, value)
    });
    Json::Object(members.collect())
}

fn members_with(members: Map<String, Json>, change: impl Fn(Json) -> Json) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name, change(value))).collect())
}

fn list(value: Json) -> Vec<Json> {
    match value {
        Json::Array(elements) => elements,
        one => vec![one],
    }
}

/// One text or several in any order; `true` and `"true"` are the same.
fn texts(value: Json) -> Json {
    let text = |element: Json| match element {
        Json::Bool(_) | Json::Number(_) => Json::String(element.to_string()),
        other => other,
    };
    Json::Array(sorted(list(value).into_iter().map(text).collect()))
}

fn sorted(mut elements: Vec<Json>) -> Vec<Json> {
    elements.sort_by_key(Json::to_string);
    elements.dedup();
    elements
}

/// `arn:aws:iam::123456789012:root` is `123456789012`.
fn principal(name: Json) -> Json {
    let parts: Vec<&str> = name.as_str().unwrap_or_default().split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Json::String((*account).to_owned()),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_compared_by_their_meaning() {
        let check = |left: &str, right: &str, expected: bool| assert_eq!(same(left, right), expected, "{left} {right}");
        let statement = |text: &str| format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#);
        check(
            &statement(r#"[{"Effect":"Allow","Action":["a:B"],"Resource":"*"}]"#),
            &statement(r#"{"Resource":["*"],"Action":"a:B","Effect":"Allow"}"#),
            true,
        );
        check(&statement(r#"[{"Action":["a:B","a:C"]}]"#), &statement(r#"[{"Action":["a:C","a:B"]}]"#), true);
        check(&statement(r#"[{"Action":["a:B"]}]"#), &statement(r#"[{"Action":["a:C"]}]"#), false);
        check(&statement(r#"[{"Sid":"a"},{"Sid":"b"}]"#), &statement(r#"[{"Sid":"b"},{"Sid":"a"}]"#), false);
        check(
            &statement(r#"[{"Principal":{"AWS":"123456789012"}}]"#),
            &statement(r#"[{"Principal":{"AWS":["arn:aws:iam::123456789012:root"]}}]"#),
            true,
        );
        check(
            &statement(r#"[{"Condition":{"Bool":{"aws:SecureTransport":false}}}]"#),
            &statement(r#"[{"Condition":{"Bool":{"aws:SecureTransport":["false"]}}}]"#),
            true,
        );
        check(
            &statement(r#"[{"Condition":{"Bool":{"aws:SecureTransport":"true"}}}]"#),
            &statement(r#"[{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]"#),
            false,
        );
        check("no json", "no json", true);
        check("no json", "{}", false);
    }

    #[test]
    fn the_configurations_words_are_kept_while_the_meaning_is_the_same() {
        let own = Attr::from(r#"{ "Statement": [ {"Action": ["a:B"]} ] }"#);
        assert_eq!(keep(&own, r#"{"Statement":{"Action":"a:B"}}"#), own);
        assert_eq!(keep(&own, "{}"), Attr::from("{}"));
        assert_eq!(keep(&Attr::Null, "{}"), Attr::from("{}"));
    }

    #[test]
    fn a_document_that_is_no_json_object_is_refused_at_its_attribute() {
        assert_eq!(check("policy", &Attr::Unknown), None);
        assert_eq!(check("policy", &"{}".into()), None);
        for text in ["", "[]", "{", "Allow"] {
            let diagnostic = check("policy", &text.into()).unwrap();
            assert_eq!(diagnostic.path, Some("policy".into()), "{text}");
        }
    }

    #[test]
    fn a_new_principal_is_waited_for_and_a_bad_document_is_not() {
        let check = |code: &str, message: &str, expected: bool| {
            let fault = Fault::refused(code, message);
            assert_eq!(is_principal_unknown(&fault), expected, "{code} {message}");
        };
        check(
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
            true,
        );
        check("MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:…\"", true);
        check("MalformedPolicy", "Invalid principal in policy", true);
        check("MalformedPolicy", "Policy has invalid resource", false);
        check("AccessDenied", "principal", false);
    }
}
