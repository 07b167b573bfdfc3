//! One row holds the number that is left.

use super::Pattern;
use crate::database::{Checkout, End, Session, SqlError};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "read-then-write",
        says: "read the number, write it less one",
        checkout: |_| Some(stock(1, read_then_write)),
        is_right: |_, _| false,
    },
];

/// The stock in one row.
pub(super) fn stock(
    tickets: i64,
    buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static,
) -> Checkout {
    let mut checkout = Checkout::new("", tickets, buy);
    checkout.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL)".to_owned()];
    checkout.fill = vec![format!("INSERT INTO stock VALUES (1, {tickets})")];
    checkout.shown = vec![("count".to_owned(), "SELECT count FROM stock".to_owned())];
    checkout.left = Some("SELECT count FROM stock".to_owned());
    checkout
}

fn read_then_write(shop: &mut Session) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let count = shop.number("SELECT count FROM stock", &[])?;
    if count == 0 {
        shop.rollback()?;
        return Ok(End::SoldOut);
    }
    shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
    shop.commit()?;
    shop.sold(1);
    Ok(End::Bought)
}
