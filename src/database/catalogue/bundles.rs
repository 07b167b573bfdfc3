//! Two items in one purchase.

use super::counter::sell;
use super::{Pattern, everywhere};
use crate::database::{Checkout, End, Session, SqlError};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "two-items",
        says: "take two items in one transaction, in the order in which the buyer put them into the cart",
        checkout: |_| Some(bundle(|shop| two_items(shop, false))),
        is_right: everywhere,
    },
    Pattern {
        name: "two-items-sorted",
        says: "the same, always in the order of the items' numbers",
        checkout: |_| Some(bundle(|shop| two_items(shop, true))),
        is_right: everywhere,
    },
];

fn bundle(buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = Checkout::new("", 2, buy);
    checkout.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL)".to_owned()];
    checkout.fill = (1..=2).map(|id| format!("INSERT INTO stock (id, count) VALUES ({id}, 2)")).collect();
    checkout.shown = vec![("counts".to_owned(), "SELECT count FROM stock ORDER BY id".to_owned())];
    checkout.left = Some("SELECT min(count) FROM stock".to_owned());
    checkout
}

fn two_items(shop: &mut Session, sorted: bool) -> Result<End, SqlError> {
    let first = shop.choose("cart", &["item 1 then 2", "item 2 then 1"]);
    let items = if sorted || first == 0 { [1, 2] } else { [2, 1] };
    shop.begin(shop.level())?;
    for item in items {
        let sql = "UPDATE stock SET count = count - 1 WHERE id = $1 AND count > 0";
        if shop.execute(sql, &[item.into()])? == 0 {
            shop.rollback()?;
            return Ok(End::SoldOut);
        }
    }
    sell(shop)
}
