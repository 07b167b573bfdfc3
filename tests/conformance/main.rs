//! Promise: the model is the machine. What it predicts is held against real threads and real processes, where every
//! announced step, every observation, every word, every end and, after every step, what the shared objects hold must
//! be as predicted.
#![cfg(not(loom))]

#[path = "../announce_then_replace/mod.rs"]
mod announce_then_replace;
mod ends;
mod files;
mod generated;
mod primitives;
mod programs;
mod staging;

use oversell::scenario::Scenario;

/// Not a test of its own, but a process of those in which threads of a scenario are processes of this test. Without its
/// environment it has nothing to do.
#[test]
fn be_a_process() {
    staging::attend_if_told(scenario);
}

/// The scenarios that only this test knows.
fn scenario(name: &str) -> Scenario {
    match name.split_once(' ') {
        Some(("generated", seed)) => generated::program(seed.parse().unwrap(), 1).0,
        _ if name == "old-handle" => files::write_through_an_old_handle(),
        _ if name == "announce-then-replace" => announce_then_replace::announce_then_replace(),
        _ => ends::scenario(name),
    }
}
