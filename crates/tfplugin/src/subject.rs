//! What failed, said once for every resource: `Cannot create databricks_aws_security_group "web": REASON`.
//!
//! A resource returns the reason, the API's error for example; the operation, the type and the name are known here.

use std::fmt;

use crate::diagnostic::Error;
use crate::types::{Attribute, Schema};
use crate::value::Value;

/// Names longer than this are cut.
const NAME: usize = 80;

/// What the provider was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
    Import,
    Plan,
    Open,
    Renew,
    Close,
    Invoke,
}

impl Operation {
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Plan => "plan",
            Self::Open => "open",
            Self::Renew => "renew",
            Self::Close => "close",
            Self::Invoke => "invoke",
        }
    }
}

/// An operation on an object: the beginning of what is said when it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    operation: Operation,
    kind: &'static str,
    name: Option<String>,
}

impl Subject {
    /// An operation on an object of which nothing is known but its type.
    pub(crate) fn new(operation: Operation, kind: &'static str) -> Self {
        Self { operation, kind, name: None }
    }

    /// An operation on an object whose name or id stands in `value`.
    pub(crate) fn of(operation: Operation, kind: &'static str, schema: &Schema, value: &Value) -> Self {
        Self { operation, kind, name: name_of(kind, &schema.body.attributes, value) }
    }

    /// An operation on the object of this name or id.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The error of this operation, whose reason is `error`.
    pub(crate) fn failed(&self, error: impl Into<Error>) -> Error {
        error.into().about(self)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cannot {} {}", self.operation.verb(), self.kind)?;
        let Some(name) = &self.name else { return Ok(()) };
        match name.char_indices().nth(NAME) {
            Some((end, _)) => write!(f, " {:?}", format!("{}…", name.get(..end).unwrap_or_default())),
            None => write!(f, " {name:?}"),
        }
    }
}

/// What people call an object: its name, else its id, else the tag `Name`. Never something secret.
fn name_of(kind: &str, attributes: &[Attribute], value: &Value) -> Option<String> {
    let public = |attribute: &&Attribute| !attribute.flags.sensitive && !attribute.flags.write_only;
    let text = |attribute: &Attribute| match value.member(&attribute.name) {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let named = |name: &str| match name {
        "name" | "display_name" => true,
        // `workspace_name` of databricks_mws_workspaces, `bucket` of databricks_aws_s3_bucket; but not `service_name` of
        // databricks_aws_vpc_endpoint.
        name => {
            name.strip_suffix("_name").is_some_and(|noun| kind.contains(noun)) || kind.ends_with(&format!("_{name}"))
        }
    };
    let public: Vec<&Attribute> = attributes.iter().filter(public).collect();
    let find = |wanted: &dyn Fn(&str) -> bool| {
        public.iter().filter(|attribute| wanted(&attribute.name)).find_map(|attribute| text(attribute))
    };
    find(&named).or_else(|| find(&|name| name == "id")).or_else(|| match value.member("tags").member("Name") {
        Value::String(name) if !name.is_empty() && public.iter().any(|attribute| attribute.name == "tags") => {
            Some(name.clone())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;

    use super::*;
    use crate::Attr;
    use crate::flags::{ID, OPTIONAL, REQUIRED};
    use crate::schema::schema_of;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Thing {
        #[schemars(extend("x-tf" = ID))]
        id: Attr<String>,
        #[schemars(extend("x-tf" = REQUIRED.sensitive()))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        service_name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        workspace_name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        bucket: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        tags: Attr<BTreeMap<String, String>>,
    }

    #[test]
    fn an_object_is_called_by_its_name_or_its_id() {
        fn check(kind: &'static str, members: &[(&str, &str)], expected: &str) {
            let text = |text: &str| Value::String(text.to_owned());
            let mut object: BTreeMap<String, Value> = BTreeMap::new();
            for (name, value) in members {
                let value = match *name {
                    "tags" => Value::Map(BTreeMap::from([("Name".to_owned(), text(value))])),
                    _ => text(value),
                };
                object.insert((*name).to_owned(), value);
            }
            let schema = schema_of::<Thing>(0);
            let subject = Subject::of(Operation::Create, kind, &schema, &Value::Map(object));
            assert_eq!(subject.to_string(), expected);
        }
        check("x_aws_vpc", &[], "Cannot create x_aws_vpc");
        check("x_aws_vpc", &[("id", "vpc-1"), ("tags", "web")], "Cannot create x_aws_vpc \"vpc-1\"");
        check("x_aws_vpc", &[("tags", "web")], "Cannot create x_aws_vpc \"web\"");
        check("x_aws_vpc", &[("tags", "we\"\u{1b}b\n")], "Cannot create x_aws_vpc \"we\\\"\\u{1b}b\\n\"");
        check("x_mws_workspaces", &[("id", "7"), ("workspace_name", "w")], "Cannot create x_mws_workspaces \"w\"");
        check("x_aws_s3_bucket", &[("id", "7"), ("bucket", "b")], "Cannot create x_aws_s3_bucket \"b\"");
        check("x_aws_vpc_endpoint", &[("service_name", "com.s3")], "Cannot create x_aws_vpc_endpoint");
        check("x_thing", &[("name", "secret")], "Cannot create x_thing");
        check("x_thing", &[("id", &"i".repeat(200))], &format!("Cannot create x_thing \"{}…\"", "i".repeat(80)));
    }

    #[test]
    fn a_reason_is_put_behind_what_failed_once() {
        let subject = Subject::new(Operation::Delete, "x_thing").named("t-1");
        let error = subject.failed(Error::new("it is in use").detail("Remove its users."));
        assert_eq!(error.diagnostic().summary, "Cannot delete x_thing \"t-1\": it is in use");
        assert_eq!(error.diagnostic().detail, "Remove its users.");
        assert_eq!(subject.failed(error.clone()), error);
        let whole = Error::whole("The job j-1 failed");
        assert_eq!(subject.failed(whole).diagnostic().summary, "The job j-1 failed");
    }
}
