//! Promise: what is a step of its own is found to matter: each of these outcomes is only there because a statement is
//! taken apart, and free runs have them too.

use crate::servers::all;
use crate::surveyed;
use oversell::database::{Database, Deed, Dialect, End, Level, Outcome, replay};
use std::sync::Arc;

fn outcomes(name: &str, database: &str, level: Level) -> Option<(Arc<dyn Database>, Vec<Outcome>)> {
    let database = all().into_iter().find(|other| other.name() == database)?;
    let report = surveyed::report(name, &*database, level)?;
    Some((database, report.outcomes.iter().map(|(outcome, _)| outcome.clone()).collect()))
}

fn failed(why: &str) -> End {
    End::Failed(why.to_owned())
}

#[test]
fn a_snapshot_that_is_older_than_skip_locked_fails_it() {
    for level in [Level::RepeatableRead, Level::Serializable] {
        let Some((postgres, outcomes)) = outcomes("skip-locked", "postgres", level) else { return };
        let too_old = failed("could not serialize access due to concurrent update");
        assert!(outcomes.iter().any(|outcome| outcome.ends == [too_old.clone(), End::Bought]), "{level}: {outcomes:?}");
        // A snapshot; then the other's whole purchase; and only then the first statement.
        let checkout = oversell::database::catalogue::Pattern::named("skip-locked").unwrap();
        let checkout = checkout.on(Dialect::Postgres).unwrap();
        let replayed = replay(&postgres, &checkout, level, 2, "0,1,1,1,1,0").unwrap();
        assert_eq!(replayed.execution.outcome.unwrap().ends, [too_old, End::Bought]);
    }
}

#[test]
fn one_who_begins_in_vain_keeps_another_from_committing() {
    for name in ["sqlite-busy", "sqlite-wal-busy"] {
        let (_, outcomes) = outcomes("conditional-update", name, Level::Immediate).unwrap();
        let both = [failed("busy"), failed("busy")];
        // In a write-ahead log nobody keeps a writer from committing.
        let expected = name == "sqlite-busy";
        assert_eq!(outcomes.iter().any(|outcome| outcome.ends == both), expected, "{name}: {outcomes:?}");
    }
}

#[test]
fn two_who_insert_what_they_select_hold_each_other_up() {
    for level in [Level::RepeatableRead, Level::ConsistentSnapshot, Level::Serializable] {
        let Some((_, outcomes)) = outcomes("insert-select-where", "mariadb", level) else { return };
        let refused = failed("Failed to read auto-increment value from storage engine");
        assert!(outcomes.iter().any(|outcome| outcome.ends == [refused.clone(), End::Bought]), "{outcomes:?}");
    }
}

#[test]
fn a_retry_fails_again_before_the_other_commit_is_seen() {
    let Some((postgres, outcomes)) = outcomes("count-then-insert-retried", "postgres", Level::Serializable) else {
        return;
    };
    let again = failed("could not serialize access due to read/write dependencies among transactions");
    assert!(outcomes.iter().any(|outcome| outcome.ends == [End::Bought, again.clone()]), "{outcomes:?}");
    let checkout = oversell::database::catalogue::Pattern::named("count-then-insert-retried").unwrap();
    let checkout = checkout.on(Dialect::Postgres).unwrap();
    let replayed = |schedule| replay(&postgres, &checkout, Level::Serializable, 2, schedule).unwrap();
    let held = replayed("0,0,0,h0,1,1,1,1,1,1,0");
    assert_eq!(held.execution.outcome.unwrap().ends, [End::Bought, again]);
    // Seen between its two tries, it is in vain no more.
    let seen = replayed("0,0,0,h0,1,1,1,0,1,1,1");
    assert_eq!(seen.execution.outcome.unwrap().ends, [End::Bought, End::SoldOut]);
    // Nobody else needs to move for what is held to be seen, but then it was not held; and a cut keeps it.
    let error = replay(&postgres, &checkout, Level::Serializable, 2, "0,0,0,h0,0").unwrap_err().to_string();
    assert!(error.contains("possible is 1"), "{error}");
    let cut = replayed("0,0,0,h0,1,l0").execution.beats.pop().unwrap();
    assert_eq!(cut.committed.as_deref(), Some("orders: seat 1"));
    assert!(cut.deeds.contains(&(0, Deed::Ended(failed("the connection is cut")))), "{cut:?}");
}

#[test]
fn a_statement_on_its_own_oversells_before_its_commit() {
    let Some((_, outcomes)) = outcomes("insert-select-where", "postgres", Level::ReadCommitted) else { return };
    assert!(outcomes.iter().any(|outcome| outcome.sold == 2), "{outcomes:?}");
}
