//! Schedules.
#![no_main]

#[path = "../kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "each target has one of them")]
#[path = "../../properties/mod.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;
use properties::schedules::schedule;

fuzz_target!(|text: &str| kinds::count(schedule(text)));
