//! Nothing: this crate is all tests.
