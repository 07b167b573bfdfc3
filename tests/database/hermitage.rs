//! Promise: the known anomalies are where Hermitage and the manuals put them: possible where they say so, and in no
//! order of statements elsewhere.

use crate::servers::{all, mariadb, or_skip, postgres};
use oversell::database::{Checkout, Database, Dialect, End, Level, Outcome, Question, Role, Session, SqlError, check};
use std::sync::Arc;

type Transaction = fn(&mut Session) -> Result<End, SqlError>;

/// All outcomes of two transactions over Hermitage's table: (1, 10) and (2, 20).
fn outcomes(database: &Arc<dyn Database>, level: Level, first: Transaction, second: Transaction) -> Vec<Outcome> {
    let mut checkout = Checkout::new("hermitage", 0, first);
    let role = |name: &str, code: Transaction| Role { name: name.to_owned(), count: Some(1), code: Arc::new(code) };
    checkout.roles = vec![role("first", first), role("second", second)];
    checkout.tables = vec!["CREATE TABLE test (id INTEGER PRIMARY KEY, value INTEGER)".to_owned()];
    checkout.fill = vec!["INSERT INTO test (id, value) VALUES (1, 10), (2, 20)".to_owned()];
    checkout.shown = vec![("test".to_owned(), "SELECT id, value FROM test ORDER BY id".to_owned())];
    let report = check(database, &checkout, level, Question::of(1)).unwrap();
    report.outcomes.into_iter().map(|(outcome, _)| outcome).collect()
}

fn saw(numbers: &[i64]) -> Result<End, SqlError> {
    Ok(End::Other(format!("saw {numbers:?}")))
}

fn value(t: &mut Session, id: i64) -> Result<i64, SqlError> {
    t.number("SELECT value FROM test WHERE id = $1", &[id.into()])
}

fn set(t: &mut Session, id: i64, value: i64) -> Result<u64, SqlError> {
    t.execute("UPDATE test SET value = $1 WHERE id = $2", &[value.into(), id.into()])
}

/// P4: both read 10 and add one to it.
fn adds_one(t: &mut Session) -> Result<End, SqlError> {
    t.begin(t.level())?;
    let before = value(t, 1)?;
    set(t, 1, before + 1)?;
    t.commit()?;
    saw(&[before])
}

fn lost_update(database: &Arc<dyn Database>, level: Level) -> bool {
    let lost = |outcome: &Outcome| outcome.ends.iter().all(|end| *end == End::Other("saw [10]".to_owned()));
    outcomes(database, level, adds_one, adds_one).iter().any(lost)
}

/// G1a: a value is read that is never committed.
fn aborted_read(database: &Arc<dyn Database>, level: Level) -> bool {
    fn aborts(t: &mut Session) -> Result<End, SqlError> {
        t.begin(t.level())?;
        set(t, 1, 101)?;
        t.rollback()?;
        saw(&[])
    }
    fn reads(t: &mut Session) -> Result<End, SqlError> {
        t.begin(t.level())?;
        let seen = value(t, 1)?;
        t.commit()?;
        saw(&[seen])
    }
    let dirty = |outcome: &Outcome| outcome.ends.contains(&End::Other("saw [101]".to_owned()));
    outcomes(database, level, aborts, reads).iter().any(dirty)
}

/// G-single: one half of another transaction is seen, and not the other.
fn read_skew(database: &Arc<dyn Database>, level: Level) -> bool {
    fn moves(t: &mut Session) -> Result<End, SqlError> {
        t.begin(t.level())?;
        set(t, 1, 12)?;
        set(t, 2, 18)?;
        t.commit()?;
        saw(&[])
    }
    fn reads(t: &mut Session) -> Result<End, SqlError> {
        t.begin(t.level())?;
        let seen = [value(t, 1)?, value(t, 2)?];
        t.commit()?;
        saw(&seen)
    }
    let skewed = |outcome: &Outcome| outcome.ends.contains(&End::Other("saw [10, 18]".to_owned()));
    outcomes(database, level, moves, reads).iter().any(skewed)
}

/// G2-item: each reads both rows and writes another one of them.
fn write_skew(database: &Arc<dyn Database>, level: Level) -> bool {
    fn writes(t: &mut Session, id: i64) -> Result<End, SqlError> {
        t.begin(t.level())?;
        let seen = [value(t, 1)?, value(t, 2)?];
        set(t, id, seen[0] + seen[1])?;
        t.commit()?;
        saw(&seen)
    }
    let skewed = |outcome: &Outcome| outcome.ends.iter().all(|end| *end == End::Other("saw [10, 20]".to_owned()));
    outcomes(database, level, |t| writes(t, 1), |t| writes(t, 2)).iter().any(skewed)
}

/// G2: each looks for rows, finds none, and inserts one that the other would have found.
fn phantom_skew(database: &Arc<dyn Database>, level: Level) -> bool {
    fn inserts(t: &mut Session, id: i64) -> Result<End, SqlError> {
        t.begin(t.level())?;
        let found = t.number("SELECT count(*) FROM test WHERE value = 30", &[])?;
        if found == 0 {
            t.execute("INSERT INTO test (id, value) VALUES ($1, 30)", &[id.into()])?;
        }
        t.commit()?;
        saw(&[found])
    }
    let skewed = |outcome: &Outcome| outcome.ends.iter().all(|end| *end == End::Other("saw [0]".to_owned()));
    outcomes(database, level, |t| inserts(t, 3), |t| inserts(t, 4)).iter().any(skewed)
}

/// Of each anomaly, whether it can happen: aborted read, lost update, read skew, write skew, phantoms.
fn anomalies(database: &Arc<dyn Database>, level: Level) -> [bool; 5] {
    [aborted_read, lost_update, read_skew, write_skew, phantom_skew].map(|anomaly| anomaly(database, level))
}

#[test]
fn postgres_has_the_anomalies_that_hermitage_found() {
    let Some(postgres) = or_skip(postgres()) else { return };
    assert_eq!(anomalies(&postgres, Level::ReadCommitted), [false, true, true, true, true]);
    assert_eq!(anomalies(&postgres, Level::RepeatableRead), [false, false, false, true, true]);
    assert_eq!(anomalies(&postgres, Level::Serializable), [false; 5]);
}

#[test]
fn mariadb_has_the_anomalies_that_hermitage_found() {
    let Some(mariadb) = or_skip(mariadb()) else { return };
    assert_eq!(anomalies(&mariadb, Level::ReadCommitted), [false, true, true, true, true]);
    assert_eq!(anomalies(&mariadb, Level::RepeatableRead), [false, true, false, true, true]);
    assert_eq!(anomalies(&mariadb, Level::Serializable), [false; 5]);
}

#[test]
fn sqlite_is_serializable() {
    for database in all().into_iter().filter(|database| database.dialect() == Dialect::Sqlite) {
        for level in database.levels() {
            assert_eq!(anomalies(&database, *level), [false; 5], "{} at {level}", database.name());
        }
    }
}
