//! Promise: nothing is *proved* that an execution can contradict. Each wrong verdict that was ever found is a test here,
//! and so is each way in which code can break what verdicts rest on.
#![cfg(not(loom))]

mod cliffs;
mod covered;
mod deaths;
mod ends;
mod equality;
mod files;
mod hidden;
mod memory;
mod quiet;
mod shop;
mod unbounded;
