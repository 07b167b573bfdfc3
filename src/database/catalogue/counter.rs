//! One row holds the number that is left: reading it, writing it, locking it.

use super::{Pattern, RETRIES, everywhere, locking, nowhere, share, snapshots_lose};
use crate::database::{Checkout, Dialect, End, Session, SqlError};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "read-then-write",
        says: "read the number; write it less one",
        checkout: |_| Some(stock(1, read_then_write)),
        is_right: snapshots_lose,
    },
    Pattern {
        name: "read-then-write-retried",
        says: "the same, started over when the database says that this may help",
        checkout: |_| Some(stock(1, |shop| shop.retrying(RETRIES, read_then_write))),
        is_right: snapshots_lose,
    },
    Pattern {
        name: "load-change-save",
        says: "what an ORM does without a transaction: load the row, change it, save it",
        checkout: |_| Some(stock(1, load_change_save)),
        is_right: nowhere,
    },
    Pattern {
        name: "read-then-decrement",
        says: "read the number; if it is above 0, UPDATE … SET count = count - 1",
        checkout: |_| Some(stock(1, read_then_decrement)),
        is_right: snapshots_lose,
    },
    Pattern {
        name: "conditional-update",
        says: "UPDATE … SET count = count - 1 WHERE count > 0, and look how many rows that changed",
        checkout: |_| Some(stock(1, conditional_update)),
        is_right: everywhere,
    },
    Pattern {
        name: "conditional-unchecked",
        says: "the same, without looking how many rows that changed",
        checkout: |_| Some(stock(1, conditional_unchecked)),
        is_right: nowhere,
    },
    Pattern {
        name: "for-update",
        says: "read the number FOR UPDATE; write it less one",
        checkout: |dialect| locking(dialect, || stock(1, for_update)),
        is_right: everywhere,
    },
    Pattern {
        name: "for-update-too-late",
        says: "read the number; lock the row FOR UPDATE; write the number that was read, less one",
        checkout: |dialect| locking(dialect, || stock(1, for_update_too_late)),
        is_right: snapshots_lose,
    },
    Pattern {
        name: "search-then-for-update",
        says: "show the number; in the same transaction read it again FOR UPDATE, and go by that",
        checkout: |dialect| locking(dialect, || stock(1, search_then_for_update)),
        is_right: everywhere,
    },
    Pattern {
        name: "for-share",
        says: "read the number FOR SHARE; write it less one",
        checkout: |dialect| locking(dialect, || stock(1, move |shop| for_share(shop, dialect))),
        is_right: everywhere,
    },
    Pattern {
        name: "for-share-retried",
        says: "the same, started over after a deadlock",
        checkout: |dialect| {
            locking(dialect, || stock(1, move |shop| shop.retrying(RETRIES, |shop| for_share(shop, dialect))))
        },
        is_right: everywhere,
    },
    Pattern {
        name: "read-and-write-apart",
        says: "read the number in one transaction; write it less one in another",
        checkout: |_| Some(stock(1, read_and_write_apart)),
        is_right: nowhere,
    },
];

/// The stock in one row.
pub(super) fn stock(
    tickets: i64,
    buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static,
) -> Checkout {
    let mut checkout = Checkout::new("", tickets, buy);
    checkout.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL)".to_owned()];
    checkout.fill = vec![format!("INSERT INTO stock (id, count) VALUES (1, {tickets})")];
    checkout.shown = vec![("count".to_owned(), "SELECT count FROM stock".to_owned())];
    checkout.left = Some("SELECT count FROM stock".to_owned());
    checkout
}

pub(super) const READ: &str = "SELECT count FROM stock";

/// Nothing left: whatever was locked is let go.
pub(super) fn sold_out(shop: &mut Session) -> Result<End, SqlError> {
    shop.rollback()?;
    Ok(End::SoldOut)
}

/// Commits, and then tells the buyer.
pub(super) fn sell(shop: &mut Session) -> Result<End, SqlError> {
    shop.commit()?;
    shop.sold(1);
    Ok(End::Bought)
}

pub(super) fn read_then_write(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number(READ, &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

fn load_change_save(shop: &mut Session) -> Result<End, SqlError> {
    let rows = shop.query("SELECT id, count FROM stock", &[])?;
    let (id, count) = (rows[0].int(0)?, rows[0].int(1)?);
    if count == 0 {
        return Ok(End::SoldOut);
    }
    shop.execute("UPDATE stock SET count = $1 WHERE id = $2", &[(count - 1).into(), id.into()])?;
    shop.sold(1);
    Ok(End::Bought)
}

fn read_and_write_apart(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number(READ, &[])?;
    shop.commit()?;
    if count == 0 {
        return Ok(End::SoldOut);
    }
    shop.begin(shop.level())?;
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

pub(super) fn read_then_decrement(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    if shop.number(READ, &[])? == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = count - 1", &[])?;
    sell(shop)
}

const CONDITIONAL: &str = "UPDATE stock SET count = count - 1 WHERE count > 0";

fn conditional_update(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    if shop.execute(CONDITIONAL, &[])? == 0 {
        return sold_out(shop);
    }
    sell(shop)
}

fn conditional_unchecked(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    shop.execute(CONDITIONAL, &[])?;
    sell(shop)
}

fn for_update(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number("SELECT count FROM stock FOR UPDATE", &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

fn for_update_too_late(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number(READ, &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.query("SELECT id FROM stock FOR UPDATE", &[])?;
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

fn search_then_for_update(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    shop.number(READ, &[])?;
    let count = shop.number("SELECT count FROM stock FOR UPDATE", &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

fn for_share(shop: &mut Session, dialect: Dialect) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number(&format!("SELECT count FROM stock {}", share(dialect)), &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}
