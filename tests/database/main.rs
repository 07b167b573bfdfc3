//! Promises about checkouts over real databases. Without a server the tests of that database say that they are
//! skipped, and why; SQLite's always run.
#![cfg(not(loom))]
#![cfg(feature = "sqlite")]

mod catalogue;
mod command;
mod drop_in;
mod faults;
mod file;
mod free;
mod hermitage;
mod merging;
mod outside;
mod races;
mod readme;
#[path = "../reviewed/mod.rs"]
mod reviewed;
mod schedules;
mod servers;
mod steps;
mod surveyed;
mod three;
