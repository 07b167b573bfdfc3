//! A row for each seat: skipping the locked, holding, expiring.

use super::counter::{sell, sold_out};
use super::{Pattern, everywhere, locking, nowhere};
use crate::database::{Checkout, End, Session, SqlError};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "skip-locked",
        says: "take the first free seat that nobody has locked: FOR UPDATE SKIP LOCKED",
        checkout: |dialect| locking(dialect, || seats(2, |shop| skip_locked(shop, false))),
        is_right: everywhere,
    },
    Pattern {
        name: "skip-locked-payment",
        says: "the same, and then a payment that may be declined, with the seat still locked",
        checkout: |dialect| locking(dialect, || seats(1, |shop| skip_locked(shop, true))),
        is_right: nowhere,
    },
    Pattern {
        name: "reserve-and-expire",
        says: "hold the seat, pay, mark it as sold; a hold that has expired is anybody's",
        checkout: |_| Some(held(|shop| reserve(shop, false))),
        is_right: nowhere,
    },
    Pattern {
        name: "reserve-and-confirm",
        says: "the same, and it is sold only if it is still the same hold; else the payment is given back",
        checkout: |_| Some(held(|shop| reserve(shop, true))),
        is_right: everywhere,
    },
];

fn seats(tickets: i64, buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = Checkout::new("", tickets, buy);
    checkout.tables = vec!["CREATE TABLE seats (id INTEGER PRIMARY KEY, sold INTEGER NOT NULL)".to_owned()];
    checkout.fill = (1..=tickets).map(|id| format!("INSERT INTO seats (id, sold) VALUES ({id}, 0)")).collect();
    checkout.shown = vec![("free seats:".to_owned(), "SELECT id FROM seats WHERE sold = 0 ORDER BY id".to_owned())];
    checkout.left = Some("SELECT count(*) FROM seats WHERE sold = 0".to_owned());
    checkout
}

fn skip_locked(shop: &mut Session, payment: bool) -> Result<End, SqlError> {
    shop.begin(shop.level())?;
    let free = shop.query("SELECT id FROM seats WHERE sold = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED", &[])?;
    let Some(seat) = free.first() else { return sold_out(shop) };
    let seat = seat.int(0)?;
    if payment && shop.choose("payment", &["accepted", "declined"]) == 1 {
        shop.rollback()?;
        return Ok(End::Withdrew);
    }
    shop.execute("UPDATE seats SET sold = 1 WHERE id = $1", &[seat.into()])?;
    sell(shop)
}

/// One seat.
fn held(buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = Checkout::new("", 1, buy);
    let table = "CREATE TABLE seat (id INTEGER PRIMARY KEY, state VARCHAR(8) NOT NULL, holder INTEGER NOT NULL)";
    checkout.tables = vec![table.to_owned()];
    checkout.fill = vec!["INSERT INTO seat (id, state, holder) VALUES (1, 'free', 0)".to_owned()];
    checkout.shown = vec![("seat".to_owned(), "SELECT state FROM seat".to_owned())];
    checkout.left = Some("SELECT count(*) FROM seat WHERE state <> 'sold'".to_owned());
    checkout
}

/// Whoever finds a hold that has expired takes it over. (A sweeper that frees expired holds finds the same, in ten
/// times as many executions.)
fn reserve(shop: &mut Session, confirm: bool) -> Result<End, SqlError> {
    let me = [shop.customer().into()];
    let mut mine = shop.execute("UPDATE seat SET state = 'held', holder = $1 WHERE state = 'free'", &me)?;
    if mine == 0 && shop.choose("the hold that is there", &["is valid", "has expired"]) == 1 {
        mine = shop.execute("UPDATE seat SET holder = $1 WHERE state = 'held'", &me)?;
    }
    if mine == 0 {
        shop.say("somebody else has it; comes back later");
        return Ok(End::Withdrew);
    }
    // Here the buyer pays, which takes as long as it takes.
    let still = if confirm { " WHERE state = 'held' AND holder = $1" } else { "" };
    let sold = shop.execute(&format!("UPDATE seat SET state = 'sold'{still}"), &me)?;
    if confirm && sold == 0 {
        shop.say("the hold has expired; the payment is given back");
        return Ok(End::Withdrew);
    }
    shop.sold(1);
    Ok(End::Bought)
}
