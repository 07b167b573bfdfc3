//! A lock of the database that is no row's: advisory locks, in the right place and in the wrong one.

use super::counter::{READ, sell, sold_out, stock};
use super::{Pattern, everywhere, snapshots_lose};
use crate::database::{Dialect, End, Session, SqlError};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "advisory-in-transaction",
        says: "take an advisory lock of the transaction; read the number; write it less one",
        checkout: |dialect| (dialect == Dialect::Postgres).then(|| stock(1, in_transaction)),
        is_right: everywhere,
    },
    Pattern {
        name: "advisory-around",
        says: "take an advisory lock of the session; then the whole transaction; then let it go",
        checkout: |dialect| advisory(dialect, |shop, dialect| around(shop, dialect, false)),
        is_right: everywhere,
    },
    Pattern {
        name: "advisory-released-early",
        says: "the same, but let it go before COMMIT",
        checkout: |dialect| advisory(dialect, |shop, dialect| around(shop, dialect, true)),
        is_right: snapshots_lose,
    },
];

fn advisory(
    dialect: Dialect,
    buy: fn(&mut Session, Dialect) -> Result<End, SqlError>,
) -> Option<crate::database::Checkout> {
    (dialect != Dialect::Sqlite).then(|| stock(1, move |shop| buy(shop, dialect)))
}

fn in_transaction(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    shop.query("SELECT pg_advisory_xact_lock(1)", &[])?;
    write_less_one(shop)
}

fn write_less_one(shop: &mut Session) -> Result<End, SqlError> {
    let count = shop.number(READ, &[])?;
    if count == 0 {
        return sold_out(shop);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    sell(shop)
}

fn take(shop: &mut Session, dialect: Dialect) -> Result<(), SqlError> {
    let sql = if dialect == Dialect::Postgres { "SELECT pg_advisory_lock(1)" } else { "SELECT GET_LOCK('stock', 60)" };
    shop.query(sql, &[]).map(drop)
}

fn let_go(shop: &mut Session, dialect: Dialect) -> Result<(), SqlError> {
    let postgres = dialect == Dialect::Postgres;
    shop.query(if postgres { "SELECT pg_advisory_unlock(1)" } else { "SELECT RELEASE_LOCK('stock')" }, &[]).map(drop)
}

fn around(shop: &mut Session, dialect: Dialect, early: bool) -> Result<End, SqlError> {
    take(shop, dialect)?;
    shop.begin(shop.level())?;
    if !early {
        let end = write_less_one(shop);
        shop.rollback()?;
        let_go(shop, dialect)?;
        return end;
    }
    let count = shop.number(READ, &[])?;
    if count > 0 {
        shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    }
    let_go(shop, dialect)?;
    if count == 0 { sold_out(shop) } else { sell(shop) }
}
