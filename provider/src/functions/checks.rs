//! Checks of what a policy is made of, the same for a function's arguments and options and a data source's attributes.

use tfplugin::{Attr, Diagnostic, Error, FunctionError};

use super::partition::{self, Partition};

/// Something that no policy can be made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The name of the argument, option or attribute.
    pub(super) input: &'static str,
    /// What is wrong with it, for people.
    pub(super) text: String,
}

pub(super) type Checked<T> = Result<T, Wrong>;

/// `text` is wrong with `input`.
pub(super) fn wrong<T>(input: &'static str, text: impl Into<String>) -> Checked<T> {
    Err(Wrong { input, text: text.into() })
}

impl Wrong {
    /// The error of a function with these arguments. What is none of them is a member of the object of options behind them.
    pub(super) fn in_call(self, arguments: &[&str]) -> FunctionError {
        let at = arguments.iter().position(|argument| *argument == self.input).unwrap_or(arguments.len());
        FunctionError { text: self.text, argument: i64::try_from(at).ok() }
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        Self::new(wrong.text).at(wrong.input)
    }
}

/// What a data source says of its configuration before it is read: nothing while a value of it is unknown.
pub(super) fn problems(inputs: &[&Attr<String>], policy: impl FnOnce() -> Checked<String>) -> Vec<Diagnostic> {
    if inputs.iter().any(|input| input.is_unknown()) {
        return Vec::new();
    }
    policy().err().map(|wrong| Error::from(wrong).into()).into_iter().collect()
}

/// A text that is not empty; the empty text is none.
pub(super) fn given(attribute: &Attr<String>) -> Option<&str> {
    attribute.known().map(String::as_str).filter(|text| !text.is_empty())
}

/// A text that must not be empty.
pub(super) fn filled<'a>(input: &'static str, text: &'a str) -> Checked<&'a str> {
    if text.is_empty() { wrong(input, format!("{input} must not be empty.")) } else { Ok(text) }
}

/// The id of an AWS account.
pub(super) fn aws_account_id<'a>(input: &'static str, text: &'a str) -> Checked<&'a str> {
    if is_account_id(text) {
        Ok(text)
    } else {
        wrong(input, format!("{text:?} is no AWS account id: twelve digits, 123456789012 for example."))
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a bucket: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
pub(super) fn bucket<'a>(input: &'static str, text: &'a str) -> Checked<&'a str> {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    let inside = bytes.iter().all(|byte| edge(Some(byte)) || matches!(byte, b'-' | b'.'));
    if (3..=63).contains(&bytes.len()) && inside && edge(bytes.first()) && edge(bytes.last()) {
        Ok(text)
    } else {
        wrong(input, format!("{text:?} is no bucket name: 3 to 63 lower-case letters, digits, hyphens and dots."))
    }
}

/// The ARN of something of one of these services: `arn:PARTITION:SERVICE:REGION:ACCOUNT:WHAT`.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
pub(super) fn arn<'a>(input: &'static str, text: &'a str, services: &[&str]) -> Checked<&'a str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, _, _, what]
            if partition.starts_with("aws") && services.contains(service) && !what.is_empty() =>
        {
            Ok(text)
        }
        _ => wrong(
            input,
            format!("{input} has {text:?}, which is no ARN: arn:aws:{}:… is expected.", services.join(" or arn:aws:")),
        ),
    }
}

/// The partition of this name; the commercial one without a name.
pub(super) fn partition(name: Option<&str>) -> Checked<&'static Partition> {
    let Some(name) = name else { return Ok(&partition::AWS) };
    match partition::by_name(name) {
        Some(partition) => Ok(partition),
        None => wrong("aws_partition", format!("aws_partition must be one of {}.", partition::names().join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_name_that_s3_takes() {
        for name in ["abc", "my-root.bucket-1", &"a".repeat(63)] {
            assert!(bucket("bucket", name).is_ok(), "{name}");
        }
        for name in ["", "ab", "Root", "-root", "root-", "ro_ot", "ro ot", &"a".repeat(64)] {
            assert!(bucket("bucket", name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_account_is_twelve_digits() {
        assert!(aws_account_id("id", "123456789012").is_ok());
        for id in ["", "12345678901", "1234567890123", "12345678901a", "arn:aws:iam::123456789012:root"] {
            assert!(aws_account_id("id", id).is_err(), "{id}");
        }
    }

    #[test]
    fn an_arn_has_six_parts_and_the_right_service() {
        for good in ["arn:aws:iam::123456789012:role/a:b", "arn:aws-us-gov:iam::123456789012:root", "arn:aws:sts::1:x"]
        {
            assert!(arn("role", good, &["iam", "sts"]).is_ok(), "{good}");
        }
        for bad in ["", "not an arn", "arn:aws:iam::123456789012:", "arn:aws:s3:::bucket", "arn:gcp:iam::1:role/r"] {
            let wrong = arn("role", bad, &["iam", "sts"]).unwrap_err();
            assert!(
                wrong.text.starts_with("role has") && wrong.text.contains("arn:aws:iam or arn:aws:sts"),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_function_blames_the_argument_and_else_the_options() {
        let check = |input, expected| {
            assert_eq!(Wrong { input, text: String::new() }.in_call(&["a", "b"]).argument, Some(expected), "{input}");
        };
        check("a", 0);
        check("b", 1);
        check("aws_partition", 2);
    }

    #[test]
    fn nothing_is_said_while_something_is_unknown() {
        let refuse = || wrong("a", "no");
        assert_eq!(problems(&[&Attr::Unknown], refuse), []);
        let said = problems(&[&"x".into(), &Attr::Null], refuse);
        assert_eq!(said.first().map(|one| one.path.clone()), Some(Some("a".into())));
    }
}
