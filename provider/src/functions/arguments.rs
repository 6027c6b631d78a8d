//! The object of options that may follow a function's arguments.

use tfplugin::{Dynamic, FunctionError, Value};

pub(super) type Outcome<T> = Result<T, FunctionError>;

/// What is wrong with one argument, counted from 0.
pub(super) fn refuse<T>(argument: i64, text: impl Into<String>) -> Outcome<T> {
    Err(FunctionError { text: text.into(), argument: Some(argument) })
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
}

fn example<'n>(allowed: &[&'n str]) -> &'n str {
    allowed.first().copied().unwrap_or("aws_partition")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, text};
    use super::*;

    #[test]
    fn options_are_one_object_with_known_members_of_the_right_type() {
        let check = |given: Vec<Dynamic>, expected: Result<(), &str>| {
            let read = Options::read(&given, 1, &["aws_partition", "roles", "log"]);
            let seen = read.and_then(|options| {
                options.text("aws_partition")?;
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
        check(options(&[("aws_partition", text(""))]), Err("a text that is not empty"));
        check(options(&[("roles", text("a"))]), Err("a list of texts"));
        check(options(&[("log", text("yes"))]), Err("true or false"));
    }
}
