//! Promise: code over the call shapes of `rusqlite` and `postgres` is explored like code over a session.

use crate::servers::{or_skip, plain_sqlite, postgres};
use oversell::database::drop_in;
use oversell::database::{Checkout, End, Level, Property, Question, SqlError, check, witnesses};
use rusqlite::{TransactionBehavior, params};

fn over_rusqlite(shop: &mut drop_in::rusqlite::Connection<'_>, how: TransactionBehavior) -> Result<bool, SqlError> {
    let mut transaction = shop.transaction_with_behavior(how)?;
    let count: i64 = transaction.query_row("SELECT count FROM stock WHERE id = ?1", params![1], |row| row.get(0))?;
    if count == 0 {
        // Dropped, and so rolled back.
        return Ok(false);
    }
    transaction.execute("UPDATE stock SET count = ?1 WHERE id = ?2", params![count - 1, 1])?;
    transaction.commit()?;
    Ok(true)
}

fn ours(buy: impl Fn(&mut oversell::database::Session) -> Result<bool, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut ours = Checkout::new("ours", 1, move |shop| {
        let bought = buy(shop)?;
        shop.sold(i64::from(bought));
        Ok(if bought { End::Bought } else { End::SoldOut })
    });
    ours.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER)".to_owned()];
    ours.fill = vec!["INSERT INTO stock VALUES (1, 1)".to_owned()];
    ours.left = Some("SELECT count FROM stock".to_owned());
    ours
}

#[test]
fn rusqlite_code_is_busy_when_deferred_and_right_when_immediate() {
    let sqlite = plain_sqlite();
    let failing = |how: TransactionBehavior| {
        let checkout = ours(move |shop| {
            let how = if matches!(how, TransactionBehavior::Deferred) { how } else { TransactionBehavior::Immediate };
            over_rusqlite(&mut drop_in::rusqlite::Connection::new(shop), how)
        });
        let level = if matches!(how, TransactionBehavior::Deferred) { Level::Deferred } else { Level::Immediate };
        let report = check(&sqlite, &checkout, level, Question::of(2)).unwrap();
        let fails = |property: &Property| report.finding(*property).verdict.holds() != Some(true);
        (Property::ALL.into_iter().filter(fails).collect::<Vec<_>>(), witnesses(&[report]))
    };
    let (deferred, trace) = failing(TransactionBehavior::Deferred);
    assert_eq!(deferred, [Property::NoFailure]);
    let trace = trace.unwrap();
    assert!(trace.contains("SELECT count FROM stock WHERE id = ?1") && trace.contains("fails: busy"), "{trace}");
    assert_eq!(failing(TransactionBehavior::Immediate).0, []);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_code_sees_its_own_errors_and_rolls_back_when_dropped() {
    use drop_in::postgres::Client;
    let Some(postgres) = or_skip(postgres()) else { return };
    let checkout = ours(|shop| {
        let mut client = Client::new(shop);
        let level = postgres::IsolationLevel::RepeatableRead;
        let mut transaction = client.build_transaction().isolation_level(level).start()?;
        let count: i32 = transaction.query_one("SELECT count FROM stock", &[])?.get(0);
        if count == 0 {
            return Ok(false);
        }
        match transaction.execute("UPDATE stock SET count = $1 WHERE id = $2", &[&(count - 1), &1]) {
            Ok(_) => transaction.commit()?,
            Err(error) if error.code() == Some(&postgres::error::SqlState::T_R_SERIALIZATION_FAILURE) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    });
    let report = check(&postgres, &checkout, Level::ReadCommitted, Question::of(2)).unwrap();
    for property in Property::ALL {
        assert_eq!(report.finding(property).verdict.holds(), Some(true), "{property}");
    }
}
