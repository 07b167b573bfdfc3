//! Lines between processes.
#![no_main]

#[path = "../kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "each target has one of them")]
#[path = "../../properties/mod.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;
use properties::wire::line;

fuzz_target!(|text: &str| kinds::count(line(text)));
