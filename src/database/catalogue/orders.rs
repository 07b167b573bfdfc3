//! The orders are counted: what is left is what there was less the orders.

use super::counter::{sell, sold_out};
use super::{Pattern, RETRIES, dual, everywhere, identity, locking, when_serializable, with_current_locks};
use crate::database::{Checkout, Dialect, End, Session, SqlError, Trouble};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "count-then-insert",
        says: "count the orders; if there are fewer than tickets, insert one (write skew)",
        checkout: |dialect| Some(orders(dialect, 1, "", count_then_insert)),
        is_right: when_serializable,
    },
    Pattern {
        name: "count-then-insert-retried",
        says: "the same, started over when the database says that this may help",
        checkout: |dialect| Some(orders(dialect, 1, "", |shop| shop.retrying(RETRIES, count_then_insert))),
        is_right: when_serializable,
    },
    Pattern {
        name: "insert-select-where",
        says: "INSERT … SELECT … WHERE (SELECT count(*) …) < tickets: one statement, on its own",
        checkout: |dialect| Some(orders(dialect, 1, "", move |shop| insert_select(shop, dialect))),
        is_right: with_current_locks,
    },
    Pattern {
        name: "lock-then-count",
        says: "lock the event's row FOR UPDATE; count the orders; insert one",
        checkout: |dialect| locking(dialect, || with_event(dialect, |shop| lock_then_count(shop, false))),
        is_right: |dialect, level| match dialect {
            // The lock comes before the first plain read, which takes the snapshot.
            Dialect::Mariadb => level != crate::database::Level::ConsistentSnapshot,
            _ => when_current(dialect, level),
        },
    },
    Pattern {
        name: "search-lock-count",
        says: "count the orders to show it; lock the event's row FOR UPDATE; count again; insert one",
        checkout: |dialect| locking(dialect, || with_event(dialect, |shop| lock_then_count(shop, true))),
        is_right: when_current,
    },
    Pattern {
        name: "max-seat",
        says: "take the seat after the highest that is taken: max(seat) + 1",
        checkout: |dialect| Some(orders(dialect, 1, "", max_seat)),
        is_right: when_serializable,
    },
    Pattern {
        name: "unique-seat",
        says: "the same with UNIQUE (seat); a duplicate is tried again in a new transaction",
        checkout: |dialect| Some(orders(dialect, 2, " UNIQUE", |shop| shop.retrying(RETRIES, unique_seat))),
        is_right: everywhere,
    },
    Pattern {
        name: "unique-seat-once",
        says: "the same with UNIQUE (seat); a duplicate is told to be sold out",
        checkout: |dialect| Some(orders(dialect, 2, " UNIQUE", unique_seat_once)),
        is_right: when_serializable,
    },
];

/// Where a read after a lock sees what was committed before the lock came, or the transaction fails.
fn when_current(dialect: Dialect, level: crate::database::Level) -> bool {
    use crate::database::Level::{ReadCommitted, Serializable};
    dialect == Dialect::Sqlite || matches!(level, ReadCommitted | Serializable)
}

/// A table of orders. `seat` follows the seat's type.
fn orders(
    dialect: Dialect,
    tickets: i64,
    seat: &str,
    buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static,
) -> Checkout {
    let mut checkout = Checkout::new("", tickets, buy);
    let id = identity(dialect);
    checkout.tables = vec![format!("CREATE TABLE orders ({id}, seat INTEGER NOT NULL{seat})")];
    checkout.shown = vec![("orders for".to_owned(), "SELECT seat FROM orders ORDER BY seat, id".to_owned())];
    checkout.shown[0].0 = "orders: seat".to_owned();
    checkout.left = Some(format!("SELECT {tickets} - count(*) FROM orders"));
    checkout
}

fn with_event(
    dialect: Dialect,
    buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static,
) -> Checkout {
    let mut checkout = orders(dialect, 1, "", buy);
    checkout.tables.push("CREATE TABLE event (id INTEGER PRIMARY KEY)".to_owned());
    checkout.fill.push("INSERT INTO event (id) VALUES (1)".to_owned());
    checkout
}

const COUNT: &str = "SELECT count(*) FROM orders";
const INSERT: &str = "INSERT INTO orders (seat) VALUES (1)";

fn count_then_insert(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    if shop.number(COUNT, &[])? >= 1 {
        return sold_out(shop);
    }
    shop.execute(INSERT, &[])?;
    sell(shop)
}

fn insert_select(shop: &mut Session, dialect: Dialect) -> Result<End, SqlError> {
    let from = dual(dialect);
    let sql = format!("INSERT INTO orders (seat) SELECT 1{from} WHERE (SELECT count(*) FROM orders) < 1");
    if shop.execute(&sql, &[])? == 0 {
        return Ok(End::SoldOut);
    }
    shop.sold(1);
    Ok(End::Bought)
}

fn lock_then_count(shop: &mut Session, search: bool) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    if search {
        shop.number(COUNT, &[])?;
    }
    shop.query("SELECT id FROM event FOR UPDATE", &[])?;
    if shop.number(COUNT, &[])? >= 1 {
        return sold_out(shop);
    }
    shop.execute(INSERT, &[])?;
    sell(shop)
}

const NEXT_SEAT: &str = "SELECT coalesce(max(seat), 0) + 1 FROM orders";

fn max_seat(shop: &mut Session) -> Result<End, SqlError> {
    take_next_seat(shop, 1)
}

fn take_next_seat(shop: &mut Session, seats: i64) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let seat = shop.number(NEXT_SEAT, &[])?;
    if seat > seats {
        return sold_out(shop);
    }
    shop.execute("INSERT INTO orders (seat) VALUES ($1)", &[seat.into()])?;
    sell(shop)
}

fn unique_seat(shop: &mut Session) -> Result<End, SqlError> {
    loop {
        match take_next_seat(shop, 2) {
            Err(error) if error.trouble == Trouble::Constraint => {
                shop.rollback()?;
                shop.again("that seat is taken");
            }
            other => return other,
        }
    }
}

fn unique_seat_once(shop: &mut Session) -> Result<End, SqlError> {
    match take_next_seat(shop, 2) {
        Err(error) if error.trouble == Trouble::Constraint => sold_out(shop),
        other => other,
    }
}
