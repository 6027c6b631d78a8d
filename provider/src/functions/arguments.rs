//! Arguments of the functions: checks of single ones, and the object of options that may follow them.

use tfplugin::{Attr, Dynamic, FunctionError, Value};

use super::partition::{self, Partition};

pub(super) type Outcome<T> = Result<T, FunctionError>;

/// What is wrong with one argument, counted from 0.
pub(super) fn refuse<T>(argument: i64, text: impl Into<String>) -> Outcome<T> {
    Err(FunctionError { text: text.into(), argument: Some(argument) })
}

/// A text that must not be empty.
pub(super) fn filled<'a>(value: &'a Attr<String>, argument: i64, what: &str) -> Outcome<&'a str> {
    match value.text() {
        "" => refuse(argument, format!("The {what} must not be empty.")),
        text => Ok(text),
    }
}

/// The id of an AWS account.
pub(super) fn aws_account_id(value: &Attr<String>, argument: i64) -> Outcome<&str> {
    let text = value.text();
    if is_account_id(text) {
        Ok(text)
    } else {
        refuse(argument, format!("{text:?} is no AWS account id: twelve digits, 123456789012 for example."))
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a bucket: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
pub(super) fn bucket(value: &Attr<String>, argument: i64) -> Outcome<&str> {
    let text = value.text();
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    let inside = bytes.iter().all(|byte| edge(Some(byte)) || matches!(byte, b'-' | b'.'));
    if (3..=63).contains(&bytes.len()) && inside && edge(bytes.first()) && edge(bytes.last()) {
        Ok(text)
    } else {
        refuse(argument, format!("{text:?} is no bucket name: 3 to 63 lower-case letters, digits, hyphens and dots."))
    }
}

/// The object of options at the end of a call.
pub(super) struct Options<'a> {
    members: Vec<(&'a str, &'a Value)>,
    argument: i64,
}

impl<'a> Options<'a> {
    /// Reads the arguments behind the first `argument` ones, where at most one object may stand that has no members but
    /// `allowed`.
    pub(super) fn read(given: &'a [Dynamic], argument: i64, allowed: &[&str]) -> Outcome<Self> {
        let object = match given {
            [] => return Ok(Self { members: Vec::new(), argument }),
            [one] => &one.value,
            [..] => return refuse(argument + 1, "Only one object of options can be given."),
        };
        let members: Vec<(&str, &Value)> = match object {
            Value::Null => Vec::new(),
            Value::Map(members) => members.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            _ => {
                return refuse(argument, format!("Options are an object, {{ {} = … }} for example.", example(allowed)));
            }
        };
        match members.iter().find(|(name, _)| !allowed.contains(name)) {
            Some((name, _)) => {
                refuse(argument, format!("There is no option {name:?}. The options are {}.", allowed.join(", ")))
            }
            None => Ok(Self { members, argument }),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        let found = self.members.iter().find(|(member, _)| *member == name).map(|(_, value)| *value);
        found.filter(|value| !value.is_null())
    }

    fn wrong<T>(&self, name: &str, expected: &str) -> Outcome<T> {
        refuse(self.argument, format!("The option {name} must be {expected}."))
    }

    /// A text; `None` if it is not given or null.
    pub(super) fn text(&self, name: &str) -> Outcome<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => self.wrong(name, "a text that is not empty"),
        }
    }

    /// A text that must be given, `why` it must.
    pub(super) fn demanded(&self, name: &str, why: &str) -> Outcome<&'a str> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None => refuse(self.argument, format!("The option {name} is missing: {why}.")),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str, default: bool) -> Outcome<bool> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => self.wrong(name, "true or false"),
        }
    }

    /// A list of texts; empty if it is not given.
    pub(super) fn texts(&self, name: &str) -> Outcome<Vec<&'a str>> {
        let elements = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::List(elements)) => elements,
            Some(_) => return self.wrong(name, "a list of texts"),
        };
        let text = |element: &'a Value| match element {
            Value::String(text) => Ok(text.as_str()),
            _ => self.wrong(name, "a list of texts"),
        };
        elements.iter().map(text).collect()
    }

    /// An AWS account id that must be given.
    pub(super) fn account(&self, name: &str, why: &str) -> Outcome<&'a str> {
        let text = self.demanded(name, why)?;
        if is_account_id(text) { Ok(text) } else { self.wrong(name, "twelve digits") }
    }

    /// The option `aws_partition`, which every function has.
    pub(super) fn partition(&self) -> Outcome<&'static Partition> {
        let Some(name) = self.text("aws_partition")? else { return Ok(&partition::AWS) };
        match partition::by_name(name) {
            Some(partition) => Ok(partition),
            None => self.wrong("aws_partition", &format!("one of {}", partition::names().join(", "))),
        }
    }
}

fn example<'n>(allowed: &[&'n str]) -> &'n str {
    allowed.first().copied().unwrap_or("aws_partition")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, text};
    use super::*;

    #[test]
    fn a_bucket_has_a_name_that_s3_takes() {
        for name in ["abc", "my-root.bucket-1", &"a".repeat(63)] {
            assert!(bucket(&name.into(), 0).is_ok(), "{name}");
        }
        for name in ["", "ab", "Root", "-root", "root-", "ro_ot", "ro ot", &"a".repeat(64)] {
            assert!(bucket(&name.into(), 0).is_err(), "{name}");
        }
    }

    #[test]
    fn an_account_is_twelve_digits() {
        assert!(aws_account_id(&"123456789012".into(), 0).is_ok());
        for id in ["", "12345678901", "1234567890123", "12345678901a", "arn:aws:iam::123456789012:root"] {
            assert!(aws_account_id(&id.into(), 0).is_err(), "{id}");
        }
    }

    #[test]
    fn options_are_one_object_with_known_members_of_the_right_type() {
        let check = |given: Vec<Dynamic>, expected: Result<(), &str>| {
            let read = Options::read(&given, 1, &["aws_partition", "roles", "log"]);
            let seen = read.and_then(|options| {
                options.partition()?;
                options.texts("roles")?;
                options.flag("log", false).map(drop)
            });
            match (seen, expected) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(part)) => assert!(error.text.contains(part), "{part:?} in {:?}", error.text),
                (seen, expected) => panic!("{expected:?} became {seen:?}"),
            }
        };
        let null = || vec![Dynamic { of: tfplugin::types::Type::Dynamic, value: Value::Null }];
        check(Vec::new(), Ok(()));
        check(null(), Ok(()));
        check(options(&[]), Ok(()));
        check(options(&[("aws_partition", Value::Null), ("log", Value::Bool(true))]), Ok(()));
        check(options(&[("roles", Value::List(vec![text("a"), text("b")]))]), Ok(()));
        check([null(), null()].concat(), Err("Only one object"));
        check(vec![Dynamic { of: tfplugin::types::Type::String, value: text("aws") }], Err("aws_partition = …"));
        check(options(&[("partition", text("aws"))]), Err("aws_partition, roles, log"));
        check(options(&[("aws_partition", text("aws-cn"))]), Err("aws, aws-us-gov, aws-us-gov-dod"));
        check(options(&[("roles", text("a"))]), Err("a list of texts"));
        check(options(&[("log", text("yes"))]), Err("true or false"));
    }
}
