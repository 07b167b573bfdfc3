//! Databases, right and wrong, most of them nearly right.

use crate::properties::documents::document;
use crate::{Change, Tally, changes, fuzz, is_worthwhile};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "0",
    "1",
    "-",
    ".",
    "e9",
    "null",
    "\"count\":1,",
    "\u{feff}",
    "票",
];

fn space() -> impl Strategy<Value = &'static str> {
    select(&["", "", " ", "\n", "\t  ", "\r\n"][..])
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&[r#""count""#, r#""count""#, r#""co\u0075nt""#, r#""counts""#, r#""""#, r#""\"count\":""#, r#""票""#][..])
}

fn value() -> impl Strategy<Value = String> {
    let small = select(
        &[
            "null",
            "true",
            "-0",
            "1.0",
            "1e3",
            "01",
            "1e999",
            "-1",
            "\"1\"",
            r#""\ud800""#,
            "\"}\"",
            "18446744073709551616",
        ][..],
    );
    let leaf = prop_oneof![
        9 => counts(),
        2 => small.prop_map(str::to_owned),
        // Deeper than serde_json lets a value be.
        1 => (1..200usize).prop_map(|deep| "[".repeat(deep) + &"]".repeat(deep)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(", "))),
            vec((key(), inner), 0..3).prop_map(|fields| object(&fields)),
        ]
    })
}

fn object(fields: &[(&'static str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn documents() -> impl Strategy<Value = Vec<u8>> {
    let field = |key, value| {
        (space(), key, space(), space(), value, space())
            .prop_map(|(a, key, b, c, value, d): (_, &str, _, _, String, _)| format!("{a}{key}{b}:{c}{value}{d}"))
    };
    let right = field(select(&[r#""count""#, r#""co\u0075nt""#][..]).boxed(), counts().boxed());
    let others = vec(field(key().boxed(), value().boxed()), 0..3).boxed();
    let fields = (others.clone(), vec(right, 0..=2), others).prop_map(|(a, b, c)| [a, b, c].concat().join(","));
    let whole = (space(), fields, space()).prop_map(|(a, fields, b)| format!("{a}{{{fields}}}{b}").into_bytes());
    let some = prop_oneof![Just(Vec::new()), changes(TOKENS, 2)];
    (whole, some).prop_map(|(mut text, changes): (Vec<u8>, Vec<Change>)| {
        changes.iter().for_each(|change| change.make(&mut text));
        text
    })
}

fn counts() -> impl Strategy<Value = String> {
    prop_oneof![3 => any::<u8>().prop_map(u64::from), 1 => any::<u64>(), 1 => Just(0)]
        .prop_map(|count| count.to_string())
}

fn read_alike(seed: u8, cases: u32) -> Tally {
    fuzz(seed, cases, &documents(), |text| Ok(document(&text)))
}

const KINDS: [&str; 5] = [
    "a purchase",
    "sold out",
    "refused, no JSON",
    "refused, with no count",
    "a purchase, beside what no Value can hold",
];

#[test]
fn a_database_is_read_as_serde_json_reads_it_and_a_purchase_changes_the_digits_alone() {
    is_worthwhile(&read_alike(1, 1_000), 50, &KINDS);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_databases() {
    for seed in 2..12 {
        is_worthwhile(&read_alike(seed, 20_000), 50, &KINDS);
    }
}
