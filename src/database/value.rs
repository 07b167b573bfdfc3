//! What statements carry and bring back.

use super::SqlError;
use std::fmt;

/// One value of SQL, as checkouts use them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// Anything else, as text.
    Text(String),
}

impl Value {
    /// A value that came as text: a whole number if it is written as one.
    pub(super) fn of_text(text: &str) -> Value {
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Value::Int(number),
            _ => Value::Text(text.to_owned()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The whole number in a column, counted from 0.
    ///
    /// # Errors
    /// There is no such column, or no whole number in it.
    pub fn int(&self, column: usize) -> Result<i64, SqlError> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(*number),
            other => Err(SqlError::wrong(format!("column {column} should hold a whole number, and holds {other:?}"))),
        }
    }

    /// The value in a column, counted from 0, as text.
    ///
    /// # Errors
    /// There is no such column.
    pub fn text(&self, column: usize) -> Result<String, SqlError> {
        self.0
            .get(column)
            .map(Value::to_string)
            .ok_or_else(|| SqlError::wrong(format!("there is no column {column} in the answer")))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [value] => write!(f, "{value}"),
            several => write!(f, "({})", several.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// What a statement brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The rows of a query.
    pub rows: Vec<Row>,
    /// Whether it was a query.
    pub is_query: bool,
    /// How many rows were changed, by what is no query.
    pub affected: u64,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_query {
            return write!(f, "{} row{}", self.affected, if self.affected == 1 { "" } else { "s" });
        }
        match self.rows.as_slice() {
            [] => f.write_str("none"),
            rows => f.write_str(&listed(rows)),
        }
    }
}

/// Rows on one line.
pub(super) fn listed(rows: &[Row]) -> String {
    rows.iter().map(Row::to_string).collect::<Vec<_>>().join(", ")
}

/// A statement with its parameters written in their places, `$1` and on: how it is shown, and how it is sent to
/// databases whose protocol wants it so. Text is quoted by doubling its quotes, which is all that standard strings
/// need.
///
/// # Errors
/// A placeholder without a parameter.
pub(super) fn with_parameters(sql: &str, params: &[Value]) -> Result<String, SqlError> {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        quoted ^= c == '\'';
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if c != '$' || quoted || digits == 0 {
            text.push(c);
            continue;
        }
        let number: usize = rest[..digits].parse().unwrap_or(0);
        rest = &rest[digits..];
        match params.get(number.wrapping_sub(1)) {
            Some(Value::Text(value)) => text.push_str(&format!("'{}'", value.replace('\'', "''"))),
            Some(value) => text.push_str(&value.to_string()),
            None => {
                let given = params.len();
                return Err(SqlError::wrong(format!("`{sql}` has a placeholder ${number}, and {given} parameters")));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_in_their_places() {
        let text = with_parameters("SELECT $2, '$1', $1", &[Value::Int(-7), Value::from("it's")]).unwrap();
        assert_eq!(text, "SELECT 'it''s', '$1', -7");
        assert!(with_parameters("SELECT $2", &[Value::Null]).is_err());
    }
}
