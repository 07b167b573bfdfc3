//! Drop-in types: code as it is, with another import, is checked, and is what it was outside a check.

mod crates;
mod engines;
#[cfg(all(feature = "tokio", not(loom)))]
mod futures;
mod locks;
mod loops;
#[cfg(all(feature = "tokio", not(loom)))]
mod oneshot;
mod outside;
mod refused;
mod shops;
mod sources;
mod time;
mod types;

/// What `oversell new` writes is a test of this crate, too.
#[path = "../../src/cli/new_test.rs"]
mod new;
