//! Certificates that are garbled a little.

use crate::properties::certificates::{PROOFS, certificate};
use crate::{Tally, changes, fuzz, is_worthwhile};

const TOKENS: &[&str] =
    &["0", "1", "2", ",", ":", "-", " ", "\"", "[", "]", "null", "any", "no-", "oversell", "torn-read", "\"k\": 1,"];

fn garbled(seed: u8, cases: u32) -> Tally {
    fuzz(seed, cases, &(0..PROOFS.len(), changes(TOKENS, 2)), |(which, changes)| {
        let mut text = PROOFS[which].file.clone().into_bytes();
        changes.iter().for_each(|change| change.make(&mut text));
        Ok(String::from_utf8(text).map_or("no text", |text| certificate(&PROOFS[which], &text)))
    })
}

#[test]
fn a_garbled_certificate_is_refused_or_so() {
    is_worthwhile(&garbled(1, 400), 10, &["unreadable", "another, and refused"]);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_certificates() {
    for seed in 2..12 {
        is_worthwhile(&garbled(seed, 2_000), 10, &["unreadable", "another, and refused"]);
    }
}
