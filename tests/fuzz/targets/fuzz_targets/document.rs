//! Databases, beside serde_json.
#![no_main]

#[path = "../kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "each target has one of them")]
#[path = "../../properties/mod.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;
use properties::documents::document;

fuzz_target!(|text: &[u8]| kinds::count(document(text)));
