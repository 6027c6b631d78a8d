//! Row groups of Parquet that are not read, since their statistics say that no row of theirs is asked for.
//!
//! Spark looks at the rows that come by all filters again, so that what is not known here is no reason to leave a row out.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Scalar, StringArray, UInt64Array};
use arrow::compute::kernels::cmp::{gt, gt_eq, lt, lt_eq};
use arrow::compute::starts_with;
use arrow::compute::{and_kleene, or_kleene};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

use super::times;
use crate::failure::{Failure, Result};

/// A filter of Spark on one column. It holds of no null but [`Test::Null`].
#[derive(Debug, Clone)]
pub struct Filter {
    column: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    In(ArrayRef),
    Less(ArrayRef),
    AtMost(ArrayRef),
    More(ArrayRef),
    AtLeast(ArrayRef),
    Begins(String),
    Null,
    NotNull,
}

impl Filter {
    /// By the word that Python has for it, and values of the column's type.
    ///
    /// # Errors
    /// Where the word is not known.
    pub fn new(column: String, word: &str, values: ArrayRef) -> Result<Self> {
        let test = match word {
            "in" => Test::In(values),
            "<" => Test::Less(values),
            "<=" => Test::AtMost(values),
            ">" => Test::More(values),
            ">=" => Test::AtLeast(values),
            "begins" => Test::Begins(values.as_string_opt::<i32>().map_or("", |texts| texts.value(0)).to_owned()),
            "null" => Test::Null,
            "not null" => Test::NotNull,
            _ => return Err(Failure::value(format!("a fault of ours: there is no filter {word:?}"))),
        };
        Ok(Self { column, test })
    }

    /// For each row group, whether it may have rows of which the filter holds; null where nothing is known.
    fn may_hold(&self, file: &ArrowReaderMetadata, wanted: &Schema) -> Result<BooleanArray> {
        let groups = file.metadata().row_groups();
        let Ok(place) = file.schema().index_of(&self.column) else {
            // All are null.
            return Ok(BooleanArray::from(vec![matches!(self.test, Test::Null); groups.len()]));
        };
        let (parquet, there) = (file.metadata().file_metadata().schema_descr(), file.schema());
        let statistics =
            StatisticsConverter::try_new(&self.column, there, parquet)?.with_missing_null_counts_as_zero(false);
        if matches!(self.test, Test::Null | Test::NotNull) {
            let rows = groups.iter().map(|group| u64::try_from(group.num_rows()).ok()).collect::<UInt64Array>();
            let nulls = statistics.row_group_null_counts(groups)?;
            let is_null = matches!(self.test, Test::Null);
            return Ok(if is_null {
                gt(&nulls, &Scalar::new(UInt64Array::from_value(0, 1)))?
            } else {
                lt(&nulls, &rows)?
            });
        }
        // Old files have bounds by an order of their own.
        let is_old = groups.iter().any(|group| {
            let column = statistics.parquet_column_index().and_then(|column| group.columns().get(column)?.statistics());
            column.is_some_and(parquet::file::statistics::Statistics::is_min_max_deprecated)
        });
        let (field, there) = (wanted.field_with_name(&self.column)?, there.field(place));
        if is_old || !keeps_order(there.data_type(), field.data_type()) {
            return Ok(BooleanArray::new_null(groups.len()));
        }
        let bound = |bounds: ArrayRef| times::as_type(&bounds, field);
        let least = bound(statistics.row_group_mins(groups)?)?;
        let most = bound(statistics.row_group_maxes(groups)?)?;
        Ok(self.test.may_hold_between(&least, &most)?)
    }
}

impl Test {
    /// Whether it may hold of a value that is no less and no more than these.
    fn may_hold_between(&self, least: &ArrayRef, most: &ArrayRef) -> std::result::Result<BooleanArray, ArrowError> {
        let one = |values: &ArrayRef, place: usize| Scalar::new(values.slice(place, 1));
        match self {
            Self::Less(value) => lt(least, &one(value, 0)),
            Self::AtMost(value) => lt_eq(least, &one(value, 0)),
            Self::More(value) => gt(most, &one(value, 0)),
            Self::AtLeast(value) => gt_eq(most, &one(value, 0)),
            Self::In(values) => {
                (0..values.len()).try_fold(BooleanArray::from(vec![false; least.len()]), |any, place| {
                    let value = one(values, place);
                    or_kleene(&any, &and_kleene(&lt_eq(least, &value)?, &gt_eq(most, &value)?)?)
                })
            }
            Self::Begins(text) => {
                let text = Scalar::new(StringArray::from_iter_values([text]));
                let may_begin = or_kleene(&lt_eq(least, &text)?, &starts_with(least, &text as &dyn Datum)?)?;
                and_kleene(&may_begin, &gt_eq(most, &text)?)
            }
            Self::Null | Self::NotNull => Ok(BooleanArray::new_null(least.len())),
        }
    }
}

/// Whether values of a file's type are in the same order as those of another type that they are read as. Numbers with a fraction have none
/// that Parquet and Spark agree on (NaN, and two zeros).
fn keeps_order(from: &DataType, to: &DataType) -> bool {
    let are = |kind: fn(&DataType) -> bool| kind(from) && kind(to);
    let is_text = |one: &DataType| matches!(one, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_time = |one: &DataType| matches!(one, DataType::Timestamp(..));
    (from == to && !from.is_floating()) || are(DataType::is_integer) || are(is_text) || are(is_time)
}

/// For each row group of a file, whether it may have rows of which all filters hold.
pub(super) fn may_hold(filters: &[Filter], file: &ArrowReaderMetadata, wanted: &Schema) -> Vec<bool> {
    let mut may_hold = vec![true; file.metadata().num_row_groups()];
    for filter in filters {
        // What cannot be compared excludes nothing.
        let Ok(one) = filter.may_hold(file, wanted) else { continue };
        for (group, holds) in may_hold.iter_mut().zip(one.iter()) {
            *group &= holds != Some(false);
        }
    }
    may_hold
}
