//! A shop's own checkout over the crate `postgres`, tried from outside. All of it, with the test, is 40 lines at most.
#![cfg(all(not(loom), feature = "postgres"))]

use oversell::database::drop_in::postgres::{Client, Error};
use oversell::database::postgres::Postgres;
use oversell::database::{Checkout, Database, End, Level, Property, Question, check, witnesses};
use std::sync::Arc;

fn buy(client: &mut Client) -> Result<bool, Error> {
    let mut transaction = client.transaction()?;
    let left: i32 = transaction.query_one("SELECT count FROM stock WHERE id = $1", &[&1])?.get(0);
    if left == 0 {
        return Ok(false);
    }
    transaction.execute("UPDATE stock SET count = $1 WHERE id = $2", &[&(left - 1), &1])?;
    transaction.commit()?;
    Ok(true)
}

#[test]
fn our_checkout_oversells_under_read_committed_alone() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(postgres) = Postgres::start().inspect_err(|why| println!("skipped, because {why}")) else { return Ok(()) };
    let postgres: Arc<dyn Database> = Arc::new(postgres);
    let mut ours = Checkout::new("ours", 1, |shop| {
        let bought = buy(&mut Client::new(shop))?;
        shop.sold(i64::from(bought));
        Ok(if bought { End::Bought } else { End::SoldOut })
    });
    ours.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER)".into()];
    ours.fill = vec!["INSERT INTO stock VALUES (1, 1)".into()];
    ours.shown = vec![("count".into(), "SELECT count FROM stock".into())];
    for (level, holds) in [(Level::ReadCommitted, false), (Level::RepeatableRead, true), (Level::Serializable, true)] {
        let report = check(&postgres, &ours, level, Question::of(2))?;
        let found = report.finding(Property::NoOversell).verdict.holds();
        assert_eq!(found, Some(holds), "{}", witnesses(&[report]).unwrap_or_default());
    }
    Ok(())
}
