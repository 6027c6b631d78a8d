//! Texts as values of other types; dates and times also by patterns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Date32Type, Field, TimeUnit};
use arrow::util::display::FormatOptions;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use super::Malformed;
use crate::encode::patterns::Patterns;
use crate::failure::{Failure, Result};
use crate::options::Options;

/// How texts become values.
#[derive(Debug, Clone)]
pub(crate) struct Times(Patterns);

impl Times {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Ok(Self(Patterns::new(options)?))
    }

    /// A column of texts as one of another type.
    ///
    /// # Errors
    /// Where a text is none of these values, and that is not to be null.
    pub(super) fn cast(&self, texts: &ArrayRef, field: &Field, malformed: Malformed) -> Result<ArrayRef> {
        let wrong = |error: &str| {
            Failure::value(format!("the column {} has a value that is no {}: {error}", field.name(), field.data_type()))
        };
        let by_pattern: Option<ArrayRef> = match (field.data_type(), &self.0) {
            (DataType::Date32, Patterns { date: Some(pattern), .. }) => {
                let days =
                    |text: &str| Some(Date32Type::from_naive_date(NaiveDate::parse_from_str(text, pattern).ok()?));
                Some(Arc::new(parsed(texts, days).collect::<Date32Array>()))
            }
            (DataType::Timestamp(TimeUnit::Microsecond, Some(zone)), Patterns { timestamp: Some(pattern), .. }) => {
                let micros = |text: &str| match DateTime::parse_from_str(text, pattern) {
                    Ok(time) => Some(time.timestamp_micros()),
                    // Without an offset it is the clock of the session's zone.
                    Err(_) => local(zone, clock(text, pattern)?),
                };
                let array: TimestampMicrosecondArray = parsed(texts, micros).collect();
                Some(Arc::new(array.with_timezone(Arc::clone(zone))))
            }
            (DataType::Timestamp(TimeUnit::Microsecond, None), Patterns { timestamp_ntz: Some(pattern), .. }) => {
                let micros = |text: &str| Some(clock(text, pattern)?.and_utc().timestamp_micros());
                Some(Arc::new(parsed(texts, micros).collect::<TimestampMicrosecondArray>()))
            }
            _ => None,
        };
        match by_pattern {
            Some(array) if malformed == Malformed::Fail && array.null_count() > texts.null_count() => {
                Err(wrong("it is not written as the pattern says"))
            }
            Some(array) => Ok(array),
            None => {
                let options =
                    CastOptions { safe: malformed != Malformed::Fail, format_options: FormatOptions::default() };
                cast_with_options(texts, field.data_type(), &options).map_err(|error| wrong(&error.to_string()))
            }
        }
    }
}

fn parsed<T>(texts: &ArrayRef, parse: impl Fn(&str) -> Option<T>) -> impl Iterator<Item = Option<T>> {
    texts.as_string::<i32>().iter().map(move |text| parse(text?))
}

/// What a clock shows. A date alone is its midnight.
fn clock(text: &str, pattern: &str) -> Option<NaiveDateTime> {
    let date = || Some(NaiveDate::parse_from_str(text, pattern).ok()?.and_time(NaiveTime::MIN));
    NaiveDateTime::parse_from_str(text, pattern).ok().or_else(date)
}

/// Microseconds since 1970 at which a zone's clock shows this.
fn local(zone: &str, clock: NaiveDateTime) -> Option<i64> {
    let zone: arrow::array::timezone::Tz = zone.parse().ok()?;
    Some(clock.and_local_timezone(zone).earliest()?.timestamp_micros())
}

/// A column as one of another type, where that is possible without a loss that nobody sees.
///
/// # Errors
/// Where it is not.
pub(crate) fn as_type(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if array.data_type() == field.data_type() {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, field.data_type(), &options).map_err(|error| {
        Failure::value(format!("the column {} cannot be read as {}: {error}", field.name(), field.data_type()))
    })
}
