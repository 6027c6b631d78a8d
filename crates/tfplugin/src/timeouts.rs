//! The `timeouts` block that every resource has.

use std::time::Duration;

use crate::diagnostic::{Error, Path, Result};
use crate::resource::Timeouts;
use crate::schema::TIMEOUTS;
use crate::value::Value;

/// The limits of an object's operations: those of its `timeouts` block, or the resource's own.
///
/// # Errors
/// The block has a text that is no duration.
pub(crate) fn limits(object: &Value, defaults: Timeouts) -> Result<Timeouts> {
    Ok(Timeouts {
        create: limit(object, "create", defaults.create)?,
        update: limit(object, "update", defaults.update)?,
        delete: limit(object, "delete", defaults.delete)?,
    })
}

/// The limit of one operation.
///
/// # Errors
/// As [`limits`].
pub(crate) fn limit(object: &Value, name: &str, default: Duration) -> Result<Duration> {
    match object.member(TIMEOUTS).member(name) {
        Value::String(text) if !text.is_empty() => parse(text).ok_or_else(|| {
            Error::new(format!("{text:?} is no duration"))
                .detail("Write \"30m\", \"1h30m\" or \"45s\".")
                .at(Path::attribute(&format!("{TIMEOUTS}.{name}")))
        }),
        _ => Ok(default),
    }
}

/// `1h30m`, `1.5h`, `45s`, `500ms`: as the Go programs of this field write durations.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: f64 = number.parse().ok()?;
        let unit = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        seconds += number
            * match unit {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = tail;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_read_as_they_are_written_elsewhere() {
        let milliseconds = |text: &str| parse(text).map(|duration| duration.as_millis());
        assert_eq!(milliseconds("30m"), Some(1_800_000));
        assert_eq!(milliseconds("1h30m"), Some(5_400_000));
        assert_eq!(milliseconds("1.5h"), Some(5_400_000));
        assert_eq!(milliseconds("2m3s4ms"), Some(123_004));
        for wrong in ["", "30", "m", "30 m", "-3s", "1d", "1e9h", "99999999999999999999999h", "1.2.3s", "é", "3é"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
