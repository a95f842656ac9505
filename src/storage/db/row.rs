//! Values bound to a statement, and the rows that it gives.
//!
//! Production enforces limits that local development does not. Every adapter checks them here, so
//! that a test meets them first
//! (<https://developers.cloudflare.com/durable-objects/platform/limits/>).

use gix_hash::ObjectId;

use super::sql_error::SqlError;

/// Bytes that one row, and so one blob or string, may have.
pub const ROW_BYTES_MAX: usize = 2_000_000;

/// Parameters that may be bound to one statement.
pub(crate) const PARAMETERS_MAX: usize = 100;

/// The largest integer that survives the way through JavaScript, `2^53 - 1`.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A value to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A number; at most [`INTEGER_MAX`] either way.
    Integer(i64),
    /// A string.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Bytes that the value takes in a row, numbers neglected.
    fn bytes(self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(blob) => blob.len(),
        }
    }

    /// An object id, or NULL.
    pub(crate) fn id(id: Option<&'a ObjectId>) -> Self {
        id.map_or(Self::Null, |id| Self::Blob(id.as_slice()))
    }

    /// A string, or NULL.
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// A number, or NULL.
    pub(crate) fn integer(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Integer(i64::from(truth))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(blob: &'a [u8]) -> Self {
        Self::Blob(blob)
    }
}

/// One row of a result, valid during the call that shows it. Columns count from 0.
pub trait Row {
    /// Whether the column is NULL.
    fn is_null(&self, column: usize) -> Result<bool, SqlError>;

    /// A number.
    fn integer(&self, column: usize) -> Result<i64, SqlError>;

    /// A string.
    fn text(&self, column: usize) -> Result<String, SqlError>;

    /// Bytes.
    fn blob(&self, column: usize) -> Result<Vec<u8>, SqlError>;

    /// A number that is never negative.
    fn unsigned(&self, column: usize) -> Result<u64, SqlError> {
        u64::try_from(self.integer(column)?).map_err(|_| SqlError::Column {
            column,
            expected: "unsigned integer",
        })
    }

    /// A number of 32 bits.
    fn unsigned32(&self, column: usize) -> Result<u32, SqlError> {
        u32::try_from(self.integer(column)?).map_err(|_| SqlError::Column {
            column,
            expected: "32-bit unsigned integer",
        })
    }

    /// A truth value.
    fn truth(&self, column: usize) -> Result<bool, SqlError> {
        Ok(self.integer(column)? != 0)
    }

    /// An object id.
    fn object_id(&self, column: usize) -> Result<ObjectId, SqlError> {
        let bytes = self.blob(column)?;
        ObjectId::try_from(bytes.as_slice()).map_err(|_| SqlError::Column {
            column,
            expected: "object id",
        })
    }

    /// An object id or NULL.
    fn object_id_or_null(&self, column: usize) -> Result<Option<ObjectId>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.object_id(column).map(Some)
        }
    }

    /// A number or NULL.
    fn integer_or_null(&self, column: usize) -> Result<Option<i64>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.integer(column).map(Some)
        }
    }

    /// A string or NULL.
    fn text_or_null(&self, column: usize) -> Result<Option<String>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.text(column).map(Some)
        }
    }

    /// Bytes, or NULL.
    fn blob_or_null(&self, column: usize) -> Result<Option<Vec<u8>>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.blob(column).map(Some)
        }
    }
}

/// Checks a statement's parameters against the limits above; every adapter calls this first.
pub(crate) fn check_params(params: &[Value<'_>]) -> Result<(), SqlError> {
    if params.len() > PARAMETERS_MAX {
        return Err(SqlError::TooManyParameters {
            count: params.len(),
            limit: PARAMETERS_MAX,
        });
    }
    let mut bytes = 0_usize;
    for param in params {
        bytes = bytes.saturating_add(param.bytes());
        if let Value::Integer(number) = *param
            && number.unsigned_abs() > INTEGER_MAX.unsigned_abs()
        {
            return Err(SqlError::IntegerTooLarge(number));
        }
    }
    if bytes > ROW_BYTES_MAX {
        return Err(SqlError::RowTooLarge {
            bytes,
            limit: ROW_BYTES_MAX,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_exactly_the_limit_fits_and_one_byte_more_does_not() {
        let blob = vec![0; ROW_BYTES_MAX];
        assert_eq!(check_params(&[Value::Blob(&blob)]), Ok(()));
        let expect = SqlError::RowTooLarge {
            bytes: ROW_BYTES_MAX + 1,
            limit: ROW_BYTES_MAX,
        };
        assert_eq!(
            check_params(&[Value::Blob(&blob), Value::Text("x")]),
            Err(expect)
        );
    }

    #[test]
    fn a_statement_takes_a_hundred_parameters() {
        assert_eq!(check_params(&[Value::Null; 100]), Ok(()));
        let expect = SqlError::TooManyParameters {
            count: 101,
            limit: 100,
        };
        assert_eq!(check_params(&[Value::Null; 101]), Err(expect));
    }

    #[test]
    fn an_integer_keeps_its_value_on_the_way_through_javascript() {
        assert_eq!(check_params(&[Value::Integer(INTEGER_MAX)]), Ok(()));
        for number in [INTEGER_MAX + 1, -INTEGER_MAX - 1, i64::MIN, i64::MAX] {
            let expect = Err(SqlError::IntegerTooLarge(number));
            assert_eq!(check_params(&[Value::Integer(number)]), expect);
        }
    }
}
