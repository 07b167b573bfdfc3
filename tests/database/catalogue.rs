//! Promise: the whole catalogue at every level, the same table every time; every failure with its reviewed witness;
//! and right patterns never fail.

use crate::reviewed::reviewed;
use crate::servers::{mariadb, or_skip, postgres, sqlite};
use crate::surveyed::{made, surveyed};
use oversell::database::table::{SIGNS, legend, overview, table};
use oversell::database::{Dialect, Level, Property, Question, Verdict, catalogue, witnesses};
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

const KINDS: [(Dialect, &str); 3] =
    [(Dialect::Sqlite, "sqlite"), (Dialect::Postgres, "postgres"), (Dialect::Mariadb, "mariadb")];

/// The witnesses of each checkout, as they are kept.
fn kept(kind: Dialect, name: &str) -> Option<Vec<(String, String)>> {
    let reports = surveyed(kind)?;
    let of = |pattern: &catalogue::Pattern| {
        let of_pattern: Vec<_> = reports.iter().filter(|report| report.checkout == pattern.name).cloned().collect();
        Some((format!("db.{}.{name}", pattern.name), witnesses(&of_pattern)?))
    };
    Some(catalogue::all().iter().filter_map(of).collect())
}

fn table_of(kind: Dialect) {
    let Some(reports) = surveyed(kind) else { return };
    let name = KINDS.iter().find(|(other, _)| *other == kind).map(|(_, name)| *name).unwrap();
    reviewed(&format!("db.table.{name}"), &format!("{}\n{}", table(reports), legend(Question::of(2))));
}

#[test]
fn the_table_of_sqlite_is_as_reviewed() {
    table_of(Dialect::Sqlite);
}

#[test]
fn the_table_of_postgres_is_as_reviewed() {
    table_of(Dialect::Postgres);
}

#[test]
fn the_table_of_mariadb_is_as_reviewed() {
    table_of(Dialect::Mariadb);
}

#[test]
fn the_overview_is_as_reviewed() {
    let all: Vec<_> = KINDS.iter().filter_map(|(kind, _)| surveyed(*kind)).collect();
    if all.len() < KINDS.len() {
        return;
    }
    // In the order of the catalogue; of SQLite's four ways, the first.
    let mut reports = Vec::new();
    for pattern in catalogue::all() {
        let its = all.iter().copied().flatten().filter(|report| report.checkout == pattern.name);
        reports.extend(its.filter(|report| !report.database.contains('-')).cloned());
    }
    reviewed("db.overview", &format!("{}\n{SIGNS}", overview(&reports)));
}

#[test]
fn every_failure_has_its_reviewed_witness_and_none_is_left_over() {
    let mut expected = BTreeSet::new();
    for (kind, name) in KINDS {
        let Some(kept) = kept(kind, name) else { return };
        expected.insert(format!("db.table.{name}.snap"));
        for (name, text) in kept {
            reviewed(&name, &text);
            expected.insert(format!("{name}.snap"));
        }
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.filter(|name| name.starts_with("db.") && name.ends_with(".snap")).collect();
    let left_over: Vec<_> = files
        .difference(&expected)
        .filter(|name| !name.starts_with("db.cut.") && *name != "db.overview.snap")
        .collect();
    assert!(left_over.is_empty(), "{left_over:?}");
}

#[test]
fn witnesses_fit_a_review_and_name_no_machine() {
    for (kind, name) in KINDS {
        for (name, text) in kept(kind, name).unwrap_or_default() {
            // Beyond the title and the line that replays it, which are sentences.
            let rows = text.lines().filter(|line| line.starts_with([' ', '✗']) && !line.contains(':'));
            let widest = rows.map(UnicodeWidthStr::width).max().unwrap_or(0);
            assert!(widest <= 100, "{name} is {widest} columns wide:\n{text}");
            assert!(!text.contains('\u{1b}') && !text.contains("/tmp") && !text.contains("0x"), "{name}:\n{text}");
        }
    }
}

#[test]
fn right_patterns_never_fail_and_wrong_ones_do() {
    for (kind, _) in KINDS {
        for report in surveyed(kind).unwrap_or_default() {
            let pattern = catalogue::Pattern::named(&report.checkout).unwrap();
            let of_the_shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell];
            let holds = of_the_shop.iter().all(|property| report.finding(*property).verdict == Verdict::Proved);
            let place = format!("{} on {} at {}", report.checkout, report.database, report.level);
            assert_eq!(holds, (pattern.is_right)(kind, report.level), "{place}");
            assert!(matches!(report.finding(Property::SellsOut).verdict, Verdict::Possible(_)), "{place}");
        }
    }
}

fn oversells(name: &str, database: &str, level: Level) -> Option<bool> {
    let kind = KINDS.iter().find(|(_, name)| *name == database).map(|(kind, _)| *kind).unwrap();
    let report = surveyed(kind)?
        .iter()
        .find(|report| report.checkout == name && report.database == database && report.level == level);
    report.unwrap().finding(Property::NoOversell).verdict.holds().map(|holds| !holds)
}

#[test]
fn read_committed_oversells_and_repeatable_read_does_so_only_in_mariadb() {
    for (database, level, expected) in [
        ("postgres", Level::ReadCommitted, true),
        ("postgres", Level::RepeatableRead, false),
        ("postgres", Level::Serializable, false),
        ("mariadb", Level::ReadCommitted, true),
        ("mariadb", Level::RepeatableRead, true),
        ("mariadb", Level::Serializable, false),
        ("sqlite", Level::Deferred, false),
    ] {
        let found = oversells("read-then-write", database, level);
        assert!(found.is_none_or(|found| found == expected), "{database} at {level}");
    }
}

/// `cargo test --release --test database -- --ignored ten_runs`
#[test]
#[ignore = "the whole catalogue, ten times"]
fn ten_runs_give_one_table() {
    let kinds = [sqlite(), or_skip(postgres()).into_iter().collect(), or_skip(mariadb()).into_iter().collect()];
    std::thread::scope(|scope| {
        for kind in kinds {
            scope.spawn(move || {
                let all = || {
                    let reports = made(&kind, 2, 3);
                    let traces: Vec<_> =
                        reports.iter().filter_map(|report| witnesses(std::slice::from_ref(report))).collect();
                    (reports.len(), format!("{}{}", table(&reports), traces.concat()))
                };
                let (count, first) = all();
                for run in 2..=10 {
                    assert_eq!(all().1, first, "run {run}");
                }
                let names: Vec<_> = kind.iter().map(|database| database.name()).collect();
                println!("{}: ten equal tables of {count}, with their witnesses", names.join(", "));
            });
        }
    });
}
