//! oversell
#![warn(missing_docs)]
pub mod check;
pub mod cli;
pub mod office;
pub mod platform;
pub mod scenario;
pub mod sync;
pub mod trace;
