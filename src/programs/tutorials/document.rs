//! The database document: a JSON object of which only `count` is ours.
//!
//! A purchase changes the digits of the count and not one byte more, so other fields, their order and the
//! spacing survive it.

use crate::sync::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// The text of a database, and where its count stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    text: String,
    /// How many tickets are left.
    count: u64,
    /// Where the digits of `count` stand in `text`.
    digits: Range<usize>,
}

/// Why some content is no database.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    /// Nothing in it: what a reader sees between another's truncate and write.
    #[error("the file is empty")]
    Empty,
    /// Text with a mark at its start that JSON does not have.
    #[error("it starts with a byte-order mark, which JSON must not; save it as UTF-8 without one")]
    ByteOrderMark,
    /// Not UTF-8 text.
    #[error("not UTF-8 text: byte {0} is no part of a character")]
    NotText(usize),
    /// Not one JSON value.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("not a JSON object like {{\"count\": 1}}")]
    NotAnObject,
    /// An object without a count.
    #[error("no \"count\" in the JSON object")]
    NoCount,
    /// A count that is not a number of tickets.
    #[error("\"count\" is {0}, and must be a whole number from 0 to {max}", max = u64::MAX)]
    BadCount(String),
}

impl Document {
    /// The database that the tutorials start with.
    pub fn with_tickets(count: u64) -> Self {
        let text = format!("{{\"count\": {count}}}");
        let digits = "{\"count\": ".len()..text.len() - 1;
        Document { text, count, digits }
    }

    /// Reads a database. Of several counts the last one holds, as with most JSON readers.
    ///
    /// # Errors
    /// Says what keeps the content from being a database.
    pub fn parse(content: &[u8]) -> Result<Self, DocumentError> {
        let text = std::str::from_utf8(content).map_err(|e| DocumentError::NotText(e.valid_up_to()))?;
        if text.starts_with('\u{feff}') {
            return Err(DocumentError::ByteOrderMark);
        }
        if text.trim_ascii().is_empty() {
            return Err(DocumentError::Empty);
        }
        let not_json = |e: serde_json::Error| DocumentError::NotJson(e.to_string());
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        if !whole.get().starts_with('{') {
            return Err(DocumentError::NotAnObject);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let raw = json.deserialize_map(LastCount).map_err(not_json)?.ok_or(DocumentError::NoCount)?.get();
        let count = raw.parse().map_err(|_| DocumentError::BadCount(abridged(raw)))?;
        // `raw` is borrowed from `text`, so the distance of their addresses is its position.
        let start = raw.as_ptr() as usize - text.as_ptr() as usize;
        Ok(Document { text: text.to_owned(), count, digits: start..start + raw.len() })
    }

    /// How many tickets are left.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The content with one ticket fewer; `None` if there is none left.
    pub fn take_one(&self) -> Option<Bytes> {
        let count = self.count.checked_sub(1)?;
        let (before, after) = (&self.text[..self.digits.start], &self.text[self.digits.end..]);
        Some(format!("{before}{count}{after}").into_bytes().into())
    }

    /// The content.
    pub fn bytes(&self) -> Bytes {
        self.text.as_bytes().into()
    }
}

/// At most a screenful of somebody's JSON in an error message.
fn abridged(raw: &str) -> String {
    const LONGEST: usize = 40;
    if raw.chars().count() <= LONGEST {
        return raw.to_owned();
    }
    raw.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}

/// Visits an object and keeps the raw text of the last `count`.
struct LastCount;

impl<'de> Visitor<'de> for LastCount {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut count = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "count" {
                count = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> String {
        let content = Document::parse(text.as_bytes()).unwrap().take_one().unwrap();
        String::from_utf8(content.to_vec()).unwrap()
    }

    #[test]
    fn a_purchase_changes_the_digits_and_nothing_else() {
        assert_eq!(taken(r#"{"count": 1}"#), r#"{"count": 0}"#);
        assert_eq!(
            taken("\n{ \"名\":[1, 2.50],\t\"count\" :10 , \"z\":{\"count\":7},\"a\":null }\n"),
            "\n{ \"名\":[1, 2.50],\t\"count\" :9 , \"z\":{\"count\":7},\"a\":null }\n"
        );
        assert_eq!(taken(r#"{"co\u0075nt":3}"#), r#"{"co\u0075nt":2}"#);
        assert_eq!(taken(r#"{"count":5,"count":3}"#), r#"{"count":5,"count":2}"#);
        assert_eq!(taken(r#"{"count":18446744073709551615}"#), r#"{"count":18446744073709551614}"#);
    }

    #[test]
    fn a_sold_out_document_has_none_to_take() {
        assert_eq!(Document::parse(br#"{"count": 0}"#).unwrap().take_one(), None);
    }

    #[test]
    fn a_fresh_document_reads_back() {
        let fresh = Document::with_tickets(15);
        assert_eq!(Document::parse(&fresh.bytes()), Ok(fresh));
    }

    #[test]
    fn what_is_no_database_is_named() {
        let error = |text: &str| Document::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error(""), DocumentError::Empty);
        assert_eq!(error(" \n"), DocumentError::Empty);
        assert_eq!(Document::parse(&[b'{', 0xff]).unwrap_err(), DocumentError::NotText(1));
        assert_eq!(error("\u{feff}{\"count\": 1}"), DocumentError::ByteOrderMark);
        assert!(matches!(error(r#"{"count": 1"#), DocumentError::NotJson(_)));
        assert!(matches!(error(r#"{"count": 1}}"#), DocumentError::NotJson(_)));
        assert_eq!(error("[1]"), DocumentError::NotAnObject);
        assert_eq!(error("{}"), DocumentError::NoCount);
        for bad in ["-1", "1.5", "1.0", "1e3", "18446744073709551616", "null", "\"1\"", "[1]"] {
            assert_eq!(error(&format!(r#"{{"count": {bad}}}"#)), DocumentError::BadCount(bad.to_owned()));
        }
    }
}
