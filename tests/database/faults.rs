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

fn asks(statement: &'static str) -> Checkout {
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

#[cfg(feature = "postgres")]
mod postgres_alone {
    use super::asks;
    use oversell::database::postgres::Postgres;
    use oversell::database::{Database, DatabaseError, Level, Question, check};
    use postgres::{Client, NoTls};
    use std::sync::Arc;

    fn started() -> Option<Postgres> {
        Postgres::start().inspect_err(|why| println!("skipped, because {why}")).ok()
    }

    #[test]
    fn a_server_that_dies_in_the_middle_is_an_error_with_the_statement() {
        let Some(server) = started() else { return };
        let folder = server.folder().unwrap().to_owned();
        let server: Arc<dyn Database> = Arc::new(server);
        // The checkout ends the server with its second statement.
        let dies = "COPY (SELECT 1) TO PROGRAM 'kill -QUIT $(head -1 postmaster.pid)'";
        let error = check(&server, &asks(dies), Level::ReadCommitted, Question::of(2)).unwrap_err();
        let DatabaseError::Died { who, statement, .. } = &error else { panic!("{error:?}") };
        assert_eq!(who, "buyer 0");
        assert!(statement == dies || statement.starts_with("SELECT count"), "{statement}");
        drop(server);
        assert!(!folder.exists());
    }

    #[test]
    fn a_lock_that_somebody_else_holds_is_an_error_with_the_statement() {
        let Some(server) = started() else { return };
        let url = server.url("postgres").unwrap();
        let mut outside = Client::connect(&url, NoTls).unwrap();
        outside.batch_execute("SELECT pg_advisory_lock(7)").unwrap();
        let server: Arc<dyn Database> = Arc::new(Postgres::at(&url).unwrap());
        let error = check(&server, &asks("SELECT pg_advisory_xact_lock(7)"), Level::ReadCommitted, Question::of(2));
        let error = error.unwrap_err().to_string();
        let start = "`SELECT pg_advisory_xact_lock(7)` of buyer 0 waits for a lock that connection ";
        assert!(error.starts_with(start), "{error}");
        // Freed, it goes; and nothing was left running that would still wait.
        outside.batch_execute("SELECT pg_advisory_unlock(7)").unwrap();
        check(&server, &asks("SELECT pg_advisory_xact_lock(7)"), Level::ReadCommitted, Question::of(2)).unwrap();
        let left: i64 = outside.query_one("SELECT count(*) FROM pg_class WHERE relname = 'stock'", &[]).unwrap().get(0);
        assert_eq!(left, 0);
    }

    #[test]
    fn a_database_with_tables_of_somebody_else_is_not_touched() {
        let Some(server) = started() else { return };
        let url = server.url("postgres").unwrap();
        let mut outside = Client::connect(&url, NoTls).unwrap();
        outside.batch_execute("CREATE TABLE precious (n int); INSERT INTO precious VALUES (1)").unwrap();
        let error = Postgres::at(&url).err().unwrap().to_string();
        assert!(error.starts_with("the database `postgres` has tables; name one that is empty"), "{error}");
        // One that is named for this is used, but not when somebody else has tables in it.
        outside.batch_execute("CREATE DATABASE oversell_here").unwrap();
        let url = server.url("oversell_here").unwrap();
        let ours: Arc<dyn Database> = Arc::new(Postgres::at(&url).unwrap());
        check(&ours, &asks("SELECT 1"), Level::ReadCommitted, Question::of(1)).unwrap();
        let mut inside = Client::connect(&url, NoTls).unwrap();
        inside.batch_execute("CREATE TABLE stock (n int); INSERT INTO stock VALUES (7)").unwrap();
        let error = check(&ours, &asks("SELECT 1"), Level::ReadCommitted, Question::of(1)).unwrap_err().to_string();
        assert!(error.contains("stock that was not made by this"), "{error}");
        let kept: i32 = inside.query_one("SELECT n FROM stock", &[]).unwrap().get(0);
        assert_eq!(kept, 7);
    }

    #[test]
    fn a_server_goes_with_its_folder_also_after_a_panic() {
        let Some(server) = started() else { return };
        let folder = server.folder().unwrap().to_owned();
        assert!(folder.exists());
        let panicked = std::thread::spawn(move || {
            let _server = server;
            std::panic::resume_unwind(Box::new("over"));
        });
        assert!(panicked.join().is_err());
        assert!(!folder.exists());
    }
}
