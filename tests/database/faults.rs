//! Promise: a connection may be cut anywhere; and a database that dies, a lock that never comes, a statement that is
//! wrong are clear errors with the statement, with nothing left running and nothing left on disk.

use crate::reviewed::reviewed;
use crate::servers::{all, or_skip, plain_sqlite, postgres};
use oversell::database::{
    Checkout, Database, DatabaseError, Dialect, End, Level, Property, Question, catalogue, check, replay, witnesses,
};
use std::sync::Arc;

fn cut(database: &Arc<dyn Database>, name: &str, level: Level) -> oversell::database::Report {
    let checkout = catalogue::Pattern::named(name).unwrap().on(database.dialect()).unwrap();
    let question = Question { cuts: 1, ..Question::of(2) };
    check(database, &checkout, level, question).unwrap()
}

#[test]
fn a_cut_connection_never_oversells_the_right_patterns() {
    for database in all().into_iter().filter(|database| !database.name().contains("busy")) {
        let level = database.levels()[0];
        let report = cut(&database, "conditional-update", level);
        assert_eq!(report.finding(Property::NoOversell).verdict.holds(), Some(true), "{}", database.name());
        // But one who is cut before their COMMIT is acknowledged has paid for a ticket that they do not know of.
        let ledger = &report.finding(Property::LedgerBalances).verdict;
        let schedule = ledger.witness().unwrap().schedule.to_string();
        assert!(schedule.ends_with("l0"), "{}: {schedule}", database.name());
    }
}

#[test]
fn the_lost_acknowledgement_is_as_reviewed() {
    let Some(postgres) = or_skip(postgres()) else { return };
    let report = cut(&postgres, "conditional-update", Level::ReadCommitted);
    reviewed("db.cut.conditional-update.postgres", &witnesses(&[report]).unwrap());
}

#[test]
fn a_cut_connection_rolls_back_and_frees_its_locks() {
    for database in all().into_iter().filter(|database| !database.name().contains("busy")) {
        let checkout = catalogue::Pattern::named("conditional-update").unwrap().on(database.dialect()).unwrap();
        let level = database.levels()[0];
        // Buyer 1 waits for the row (or the file) of buyer 0, who is cut.
        let text = if database.dialect() == Dialect::Sqlite { "0,1,k0,1,1" } else { "0,1,k0,1" };
        let replayed = replay(&database, &checkout, level, 2, text).unwrap();
        let outcome = replayed.execution.outcome.unwrap();
        assert_eq!(outcome.ends[1], End::Bought, "{}", database.name());
        assert_eq!((outcome.sold, outcome.left), (1, Some(0)), "{}", database.name());
    }
}

/// Reads, asks this, and reads again.
pub fn asks(statement: &'static str) -> Checkout {
    let mut checkout = Checkout::new("ours", 1, move |shop| {
        shop.begin(shop.level())?;
        shop.query("SELECT count FROM stock", &[])?;
        shop.query(statement, &[])?;
        shop.query("SELECT count FROM stock", &[])?;
        shop.commit()?;
        Ok(End::SoldOut)
    });
    checkout.tables = vec!["CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL)".to_owned()];
    checkout.fill = vec!["INSERT INTO stock (id, count) VALUES (1, 1)".to_owned()];
    checkout
}

#[test]
fn a_wrong_statement_is_named_with_whose_it_is_and_what_is_wrong() {
    for database in all() {
        let error =
            check(&database, &asks("SELECT cuont FROM stock"), database.levels()[0], Question::of(2)).unwrap_err();
        let DatabaseError::Wrong { who, statement, message } = &error else { panic!("{error:?}") };
        assert_eq!((who.as_str(), statement.as_str()), ("buyer 0", "SELECT cuont FROM stock"));
        assert!(message.contains("cuont"), "{message}");
        // Nothing of it stays: the next exploration goes as ever.
        let next = check(&database, &asks("SELECT 1"), database.levels()[0], Question::of(2)).unwrap();
        assert_eq!(next.finding(Property::NoFailure).verdict.holds(), Some(true));
    }
}

#[test]
fn a_wrong_table_is_named_too() {
    let mut checkout = asks("SELECT 1");
    checkout.tables = vec!["CREATE TABEL stock (id INTEGER)".to_owned()];
    let error = check(&plain_sqlite(), &checkout, Level::Deferred, Question::of(1)).unwrap_err().to_string();
    assert!(error.starts_with("`CREATE TABEL stock (id INTEGER)` failed:"), "{error}");
}
