//! Checkouts in a file of SQL, for people without Rust.
//!
//! The file is SQL; lines that begin with `--!` say what it is for:
//!
//! ```sql
//! --! checkout ours
//! --! tickets 1
//! --! setup
//! CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL);
//! --! fill
//! INSERT INTO stock (id, count) VALUES (1, 1);
//! --! show count
//! SELECT count FROM stock;
//! --! left
//! SELECT count FROM stock;
//! --! role buyer
//! BEGIN;
//! --! into count
//! SELECT count FROM stock;
//! --! if :count = 0
//!   ROLLBACK;
//!   --! stop sold out
//! --! end
//! UPDATE stock SET count = :count - 1;
//! COMMIT;
//! --! sold
//! ```
//!
//! | line | meaning |
//! | --- | --- |
//! | `checkout NAME`, `tickets N` | its name; how many there are to be sold |
//! | `setup`, `fill` | statements that make the tables; that fill them, before each execution |
//! | `show NAME`, `left` | a query for what traces show; for how many are left by the ledger |
//! | `role NAME [N]` | what actors of a role do; there are N of them, or as many as are asked for |
//! | `retry N` | first in a role: on a failure that may go away, roll back and start over, N times at most |
//! | `into A B …` | the columns of the first row that the next query finds are `:A`, `:B`, … from then on |
//! | `choose NAME: A \| B` | each alternative is explored; `:NAME` is the one taken |
//! | `if COND`, `else`, `end` | COND is `:A = 1` (or `<>`, `<`, `>`, `<=`, `>=`), `none` (the last query found no row) or `unchanged` (the last statement changed none) |
//! | `sold [N]` | the buyer is told that they bought |
//! | `stop WORDS` | the role ends: `bought`, `sold out`, `withdrew`, or in its own way |
//!
//! `:customer` is a number that no other actor has.

mod parse;
mod perform;

use super::{Checkout, DatabaseError};
use std::path::Path;

/// Reads a checkout from a file.
///
/// # Errors
/// The file cannot be read, or is no checkout; the message names the line.
pub fn read(path: &Path) -> Result<Checkout, DatabaseError> {
    let named = |what: String| DatabaseError::File(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    let mut checkout = parse::checkout(&text).map_err(named)?;
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let path = if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) };
    checkout.called = Some(format!("--file {path}"));
    Ok(checkout)
}

/// Reads a checkout from text.
///
/// # Errors
/// It is no checkout; the message names the line.
pub fn parse(text: &str) -> Result<Checkout, DatabaseError> {
    parse::checkout(text).map_err(DatabaseError::File)
}
