//! One row holds the number that is left, and something guards it: a version, a constraint.

use super::counter::{read_then_decrement, read_then_write, sell, sold_out, stock};
use super::{Pattern, RETRIES, everywhere, snapshots_lose};
use crate::database::{Checkout, End, Session, SqlError, Trouble};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "version-new-transaction",
        says: "a version column; if it has moved on, start over in a new transaction",
        checkout: |_| Some(versioned(|shop| shop.retrying(RETRIES, buy_by_version))),
        is_right: everywhere,
    },
    Pattern {
        name: "version-same-transaction",
        says: "a version column; if it has moved on, read again in the same transaction, three times at most",
        checkout: |_| Some(versioned(version_same_transaction)),
        is_right: everywhere,
    },
    Pattern {
        name: "check-then-write",
        says: "read the number; write it less one; with CHECK (count >= 0)",
        checkout: |_| Some(checked(read_then_write)),
        is_right: snapshots_lose,
    },
    Pattern {
        name: "check-then-decrement",
        says: "read the number; UPDATE … SET count = count - 1; with CHECK (count >= 0)",
        checkout: |_| Some(checked(read_then_decrement_checked)),
        is_right: everywhere,
    },
];

fn checked(buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = stock(1, buy);
    checkout.tables =
        vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL CHECK (count >= 0))".into()];
    checkout
}

fn read_then_decrement_checked(shop: &mut Session) -> Result<End, SqlError> {
    match read_then_decrement(shop) {
        Err(error) if error.trouble == Trouble::Constraint => sold_out(shop),
        other => other,
    }
}

fn versioned(buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = stock(2, buy);
    let table = "CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, version INTEGER NOT NULL)";
    checkout.tables = vec![table.to_owned()];
    checkout.fill = vec!["INSERT INTO stock (id, count, version) VALUES (1, 2, 0)".to_owned()];
    checkout
}

/// One attempt; whether it came through, or what the end is.
fn attempt(shop: &mut Session) -> Result<Option<End>, SqlError> {
    let rows = shop.query("SELECT count, version FROM stock", &[])?;
    let (count, version) = (rows[0].int(0)?, rows[0].int(1)?);
    if count == 0 {
        return sold_out(shop).map(Some);
    }
    let sql = "UPDATE stock SET count = $1, version = $2 WHERE version = $3";
    if shop.execute(sql, &[(count - 1).into(), (version + 1).into(), version.into()])? == 0 {
        return Ok(None);
    }
    sell(shop).map(Some)
}

fn buy_by_version(shop: &mut Session) -> Result<End, SqlError> {
    loop {
        shop.begin(shop.level())?;
        if let Some(end) = attempt(shop)? {
            return Ok(end);
        }
        shop.rollback()?;
        shop.again("the version has moved on");
    }
}

fn version_same_transaction(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    for _ in 0..3 {
        if let Some(end) = attempt(shop)? {
            return Ok(end);
        }
    }
    shop.rollback()?;
    Ok(End::Failed("the version has moved on three times".to_owned()))
}
