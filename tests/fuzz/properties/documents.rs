//! The database, beside what serde_json reads in it.

use oversell::programs::tutorials::Document;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// It is read as serde_json reads it, and a purchase changes the digits of its count alone.
pub fn document(text: &[u8]) -> &'static str {
    let (read, expected) = (Document::parse(text), count(text));
    assert_eq!(read.as_ref().ok().map(Document::count), expected, "{read:?}");
    let whole: Result<Value, _> = serde_json::from_slice(text);
    let Ok(document) = read else {
        let is_database = whole.as_ref().is_ok_and(|value| value["count"].is_u64());
        assert!(!is_database, "{whole:?}");
        return if whole.is_ok() { "refused, with no count" } else { "refused, no JSON" };
    };
    assert_eq!(&*document.bytes(), text);
    let Some(after) = document.take_one() else {
        assert_eq!(document.count(), 0);
        return "sold out";
    };
    assert_eq!(count(&after), Some(document.count() - 1));
    let (old, new) = differing(text, &after);
    assert!(old.iter().chain(new).all(u8::is_ascii_digit), "{old:?} became {new:?}");
    let Ok(mut before) = whole else { return "a purchase, beside what no Value can hold" };
    before["count"] = (document.count() - 1).into();
    assert_eq!(serde_json::from_slice::<Value>(&after).unwrap(), before);
    "a purchase"
}

/// The count, as serde_json reads the fields of an object and the number: the last one of several.
fn count(text: &[u8]) -> Option<u64> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text).ok()?;
    serde_json::from_str(fields.get("count")?.get()).ok()
}

/// What differs between two texts, without what they begin and end with alike.
fn differing<'t>(one: &'t [u8], other: &'t [u8]) -> (&'t [u8], &'t [u8]) {
    let begins = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[begins..], &other[begins..]);
    let ends = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    (&one[..one.len() - ends], &other[..other.len() - ends])
}
