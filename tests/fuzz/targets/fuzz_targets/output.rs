//! Console output. The first line says of which program, of how many buyers and tickets.
#![no_main]

#[path = "../kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "each target has one of them")]
#[path = "../../properties/mod.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;
use properties::outputs::{PROGRAMS, instance, output};

/// More lines than so many buyers ever print.
const LINES: usize = 12;

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let mut digits = lines.next().unwrap_or_default().bytes().map(|digit| usize::from(digit));
    let mut digit = |below: usize| digits.next().unwrap_or(0) % below;
    let (program, buyers, tickets) = (digit(PROGRAMS.len()), 1 + digit(3), digit(3) as u64);
    let lines: Vec<_> = lines.take(LINES).collect();
    kinds::count(output(&instance(PROGRAMS[program], buyers, tickets), &lines));
});
