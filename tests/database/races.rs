//! Promise: what a database does now so, now otherwise leaves a verdict open where waiters race, and is an error
//! elsewhere; and it makes nothing forgotten.

use crate::servers::{or_skip, plain_sqlite, postgres};
use oversell::database::{
    Checkout, Database, DatabaseError, End, Level, Merging, Property, Question, Report, Session, SqlError, Verdict,
    check,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A lock for which buyers wait. Who comes while another waits already, sees something else each time.
const LOCK: &str = "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) \
                    THEN (random() * 1e9)::int ELSE 0 END, pg_advisory_xact_lock(1)::text";

#[test]
fn waiters_that_race_leave_it_open() {
    let Some(postgres) = or_skip(postgres()) else { return };
    let race = Checkout::new("race", 1, |shop| {
        shop.begin(shop.level())?;
        shop.query(LOCK, &[])?;
        shop.commit()?;
        // What was before is performed again, for each place that this can have.
        if shop.customer() == 1 {
            shop.query("SELECT 2", &[])?;
        }
        Ok(End::SoldOut)
    });
    let checked = |buyers| check(&postgres, &race, Level::ReadCommitted, Question::of(buyers)).unwrap();
    assert_eq!(checked(2).finding(Property::NoOversell).verdict, Verdict::Proved);
    let three = checked(3);
    let Verdict::Inconclusive(why) = &three.finding(Property::NoOversell).verdict else { panic!("{three:?}") };
    assert!(why.contains("a race that the server decides"), "{why}");
    // The others were gone on with.
    assert!(three.executions > 20 && !three.outcomes.is_empty(), "{three:?}");
}

/// Load, change, save; of all times that something is read or written, the `odd` one is remarked upon.
fn with_an_odd_time(odd: u64) -> Result<Report, DatabaseError> {
    let times = AtomicU64::new(0);
    let mut shop = Checkout::new("odd", 1, move |shop| {
        let remark = |shop: &mut Session| {
            if times.fetch_add(1, Ordering::Relaxed) == odd {
                shop.say("this once");
            }
        };
        shop.begin(shop.level())?;
        let count = shop.number("SELECT count FROM stock", &[])?;
        remark(shop);
        if count == 0 {
            shop.rollback()?;
            return Ok::<_, SqlError>(End::SoldOut);
        }
        shop.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
        remark(shop);
        shop.commit()?;
        shop.sold(1);
        Ok(End::Bought)
    });
    shop.tables = vec!["CREATE TABLE stock (count INTEGER)".into()];
    shop.fill = vec!["INSERT INTO stock VALUES (1)".into()];
    shop.shown = vec![("count".into(), "SELECT count FROM stock".into())];
    let sqlite: Arc<dyn Database> = plain_sqlite();
    let question = Question { merging: Merging::Commuting, ..Question::of(2) };
    check(&sqlite, &shop, Level::Deferred, question)
}

#[test]
fn what_happens_once_is_an_error_or_makes_no_difference() {
    let outcomes = |report: &Report| report.outcomes.iter().map(|(outcome, _)| outcome.clone()).collect::<Vec<_>>();
    let usual = with_an_odd_time(u64::MAX).unwrap();
    let mut errors = 0;
    for odd in 0..40 {
        match with_an_odd_time(odd) {
            Ok(report) => {
                assert!(report.states >= usual.states, "{odd}: {} of {} states", report.states, usual.states);
                assert_eq!(outcomes(&report), outcomes(&usual), "{odd}");
            }
            Err(DatabaseError::NotDeterministic { .. }) => errors += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(errors > 0);
}
