//! Certificates. The first byte says which program they are held against.
#![no_main]

#[path = "../kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "each target has one of them")]
#[path = "../../properties/mod.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;
use properties::certificates::{PROOFS, certificate};

fuzz_target!(|text: (u8, &str)| {
    let (which, text) = text;
    kinds::count(certificate(&PROOFS[usize::from(which) % PROOFS.len()], text));
});
