//! A tutorial in ten pages: a checkout is broken and repaired, step by step.
//!
//! Each page has a program of the catalogue, what `oversell` says of it, and a question. What stands in a box after a `$` is
//! what that command prints, to the letter: a test runs every one of them.
//!
//! | page | program | what happens |
//! | --- | --- | --- |
//! | [1](page_01_alone) | `unlocked` | one buyer, one ticket: how to read a trace |
//! | [2](page_02_oversold) | `unlocked` | two buyers, one ticket, both buy it |
//! | [3](page_03_one_at_a_time) | `task-locked` | a lock around everything: right, and slow |
//! | [4](page_04_any_number) | `purchase-locked` | a lock around the purchase: right for any number of buyers |
//! | [5](page_05_torn) | `purchase-locked` | and yet a buyer dies |
//! | [6](page_06_renamed) | `repaired` | the new count is renamed into place |
//! | [7](page_07_killed) | `purchase-locked`, `repaired` | somebody is killed at the worst moment |
//! | [8](page_08_no_lock) | `check-then-decrement`, `compare-exchange` | without a file, and without a lock |
//! | [9](page_09_deadlock) | `opposite-locks`, `ordered-locks` | two locks, and nobody moves any more |
//! | [10](page_10_hold) | `expiring-hold`, `kept-hold` | a reservation that runs out while its buyer pays |

#[doc = include_str!("01_alone.md")]
pub mod page_01_alone {}
#[doc = include_str!("02_oversold.md")]
pub mod page_02_oversold {}
#[doc = include_str!("03_one_at_a_time.md")]
pub mod page_03_one_at_a_time {}
#[doc = include_str!("04_any_number.md")]
pub mod page_04_any_number {}
#[doc = include_str!("05_torn.md")]
pub mod page_05_torn {}
#[doc = include_str!("06_renamed.md")]
pub mod page_06_renamed {}
#[doc = include_str!("07_killed.md")]
pub mod page_07_killed {}
#[doc = include_str!("08_no_lock.md")]
pub mod page_08_no_lock {}
#[doc = include_str!("09_deadlock.md")]
pub mod page_09_deadlock {}
#[doc = include_str!("10_hold.md")]
pub mod page_10_hold {}
