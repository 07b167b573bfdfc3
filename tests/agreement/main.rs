//! Engines agree: with each other, and with a reference that walks every schedule and does nothing clever.

mod agreeing;
mod cases;
mod enumeration;
mod generated;
mod language;
mod listing;
mod running;
mod tutorials;
mod verdicts;
